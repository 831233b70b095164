"""The pages in a real browser: they fit, they are read aloud, and nothing in them fails."""

from __future__ import annotations

import pytest

from connector.model.source import Kind
from connector.web.page import Step, render
from tests.browser.window import LONG, WIDTHS, Window, pytestmark  # noqa: F401  they are skipped together
from tests.builders import Mirror, ref
from tests.proofs import HOSTILE, harbor, promise, proof_of

STEPS = [
    Step(title="Sync", sentence="Everything was read.", figures=tuple((f"Figure {n}", "1.00 USD") for n in range(6)))
]


def world() -> Mirror:
    """A firm with everything, and with names that no layout likes."""
    made = harbor()
    for name in (LONG, HOSTILE):
        made.customer(name)
        made.invoice(f"I-{name}", name, "1234567.89", due="2026-01-31")
        made.charge(f"ch_{name}", "1234567.89", payer=name)
    return made


@pytest.fixture(scope="module", params=["holds", "fails"])
def proof_page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a file with two companies, written as the demo writes it."""
    second = world()
    if request.param == "fails":
        second.invoice("INV-7", "Birch", "120.01", still_open="0")
    called = {ref(Kind.INVOICE, "i-INV-2"): [promise("INV-2", "2000.04", "2026-06-05", said=LONG)]}
    html = render([proof_of(world(), "Harbor Supply", called), proof_of(second, LONG)], steps=STEPS)
    path = tmp_path_factory.mktemp("page") / "proof.html"
    path.write_text(html, encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_proof_fits_every_window_and_its_console_is_silent(window: Window, proof_page: str, width: int) -> None:
    window.show(proof_page, width)
    assert window.too_wide() == []
    window.unfold()
    assert window.too_wide() == []
    assert window.problems() == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_proof_has_no_barriers_that_axe_can_find(window: Window, proof_page: str, width: int) -> None:
    window.show(proof_page, width)
    window.unfold()
    assert window.barriers() == []


def test_the_proof_is_drawn_with_its_own_style_and_its_bars_have_a_length(window: Window, proof_page: str) -> None:
    window.show(proof_page, 1280)
    assert window.ask("return getComputedStyle(document.body).backgroundColor") == "rgb(246, 247, 245)"
    headings = window.page.locator("h1, h2").all_inner_texts()
    assert headings[1:] == ["Harbor Supply", LONG, "How we got here"]
    lengths = window.ask(
        "return [...document.querySelectorAll('.bars rect')].map(each => each.getBoundingClientRect().width)"
    )
    assert len(lengths) >= 8
    assert min(lengths) > 0
    assert window.ask("return document.querySelectorAll('script').length") == 0


def test_printed_the_proof_unfolds(window: Window, proof_page: str) -> None:
    window.show(proof_page, 1280)
    every = "[...document.querySelectorAll('details:not([open]) table')]"
    shown = f"return {every}.filter(each => each.checkVisibility()).length"
    assert window.ask(shown) == 0
    with window.printed():
        assert window.ask(shown) == window.ask(f"return {every}.length") > 0
