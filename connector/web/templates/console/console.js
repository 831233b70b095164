// Copying an address, and what is left to give out while one types: everything works without this.
document.querySelectorAll("button[data-copies]").forEach((button) => {
  const field = document.getElementById(button.dataset.copies);
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(field.value);
    button.textContent = "Copied";
  });
});

document.querySelectorAll("form[data-gross]").forEach((form) => {
  const digits = (form.dataset.gross.split(".")[1] || "").length;
  // Minor units as whole numbers; null for what is no amount (yet).
  const minor = (text) => {
    const found = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(text.trim());
    if (!found || (found[3] || "").length > digits) return null;
    const size = BigInt(found[2] + (found[3] || "").padEnd(digits, "0"));
    return found[1] ? -size : size;
  };
  const words = (value) => {
    const plain = String(value < 0n ? -value : value).padStart(digits + 1, "0");
    const whole = plain.slice(0, plain.length - digits);
    return `${digits ? `${whole}.${plain.slice(-digits)}` : whole} ${form.dataset.currency}`;
  };
  const tell = () => {
    const typed = [...form.querySelectorAll("[name=amount]")].map((field) => field.value).filter((text) => text.trim());
    const amounts = typed.map(minor);
    const left = amounts.includes(null) ? null : amounts.reduce((rest, each) => rest - each, minor(form.dataset.gross));
    const named = (field) => field.closest(".split").querySelector("[name=number]");
    const over = [...form.querySelectorAll("[data-open]")].find(
      (field) => named(field).value === named(field).defaultValue && (minor(field.value) || 0n) > minor(field.dataset.open),
    );
    const said = left === null ? "One of the amounts cannot be read." : over ? `${over.dataset.open} of ${named(over).value} is open, and no more.` : left < 0n ? `${words(left)} too much.` : `${words(left)} left to give out.`;
    form.querySelector("output").textContent = said;
  };
  form.addEventListener("input", tell);
  tell();
});
