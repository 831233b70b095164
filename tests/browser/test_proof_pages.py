"""The page of a proof that fails and the viewer of an audit pack, from disk: they fit, load nothing, run nothing."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from connector.app.books import apply_plan, make_plan, sync_all
from tests.browser.window import WIDTHS, Window, pytestmark  # noqa: F401  they are skipped together
from tests.journeys.firm import nothing, open_firm
from tests.journeys.test_prove import WORLD, edit_behind_our_back


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A proof with a difference of four kinds, and the viewer of what was posted before."""
    folder = tmp_path_factory.mktemp("proven")
    with open_firm(folder, WORLD) as opened:
        opened.connect_quickly()
        with opened.desk() as desk:
            apply_plan(desk, make_plan(desk), nothing, nothing)
            sync_all(desk, nothing)
        opened.do("audit-pack", "2026-03", "--out", str(folder / "pack.zip"))
        edit_behind_our_back(opened)
        opened.sync_quickly()
        opened.run("prove", "--out", str(folder / "proof.html"))
    with zipfile.ZipFile(folder / "pack.zip") as packed:
        (folder / "index.html").write_bytes(packed.read("index.html"))
    return {"proof": folder / "proof.html", "viewer": folder / "index.html"}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["proof", "viewer"])
def test_a_page_from_disk_fits_and_loads_and_runs_nothing(
    window: Window, pages: dict[str, Path], name: str, width: int
) -> None:
    window.show(pages[name].as_uri(), width)
    assert window.problems() == []
    window.unfold()
    assert window.too_wide() == []
    assert window.barriers() == []
    assert window.ask("return document.scripts.length") == 0
    assert window.ask("return performance.getEntriesByType('resource').length") == 0


def test_the_proof_shows_each_difference_with_its_kind_its_rows_and_its_next_step(
    window: Window, pages: dict[str, Path]
) -> None:
    window.show(pages["proof"].as_uri(), WIDTHS[-1])
    text = window.ask("return document.body.innerText")
    for words in ("Amount", "Date", "Missing here", "Missing there", "stripe/balance_entry/txn_2", "correct the one"):
        assert words in text
