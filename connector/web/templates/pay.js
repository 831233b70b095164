"use strict";
(() => {
  const spoken = document.querySelector("[role=status]");

  const say = (text) => {
    spoken.textContent = "";
    setTimeout(() => { spoken.textContent = text; }, 50);
  };

  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) break;
    button.hidden = false;
    const label = button.textContent;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        say(button.dataset.done);
        button.textContent = "✓";
        setTimeout(() => { button.textContent = label; }, 2000);
      } catch {
        say(button.dataset.failed);
      }
    });
  }

  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }

  const shown = document.body.dataset.state;
  if (!shown) return;
  let wait = 5000;
  const until = Date.now() + 60 * 60 * 1000;
  const look = async () => {
    try {
      const answer = await fetch("?show=state", { cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" });
      if (answer.ok && (await answer.json()).state !== shown) {
        location.replace(location.pathname + location.search);
        return;
      }
    } catch { /* offline for a moment: asked again below */ }
    wait = Math.min(wait * 1.5, 60000);
    if (Date.now() < until) setTimeout(look, wait);
  };
  setTimeout(look, wait);
})();
