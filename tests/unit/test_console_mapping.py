"""How a bank's own CSV is read, worked out on a page: its columns, what becomes of its lines, and the account that is
read so from then on. And a file of evidence, checked on another."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.__main__ import run
from connector.app import setup
from connector.model.source import ConnectionId
from connector.web.console.mapping import SAMPLE_BYTES_MAX
from tests.unit.bankfile_ground import FIXTURES, IBAN
from tests.unit.console_ground import MAIN, Ground, console, form_of, words

BANK = ConnectionId("bankfile")
EXPORTS = Path(__file__).parents[2] / "fixtures" / "exports"
GERMAN = FIXTURES / "bank_de.csv"


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with console(tmp_path_factory.mktemp("mapping")) as made:
        yield made


def get(ground: Ground, path: str, name: str = "dana") -> Any:
    return ground.signed_in(name).get(f"/c/{MAIN}/{path}")


def post(ground: Ground, path: str, *files: tuple[str, bytes], name: str = "dana", **fields: str) -> Any:
    browser = ground.signed_in(name)
    form = form_of(browser.get(f"/c/{MAIN}/bank").text) or form_of(browser.get(f"/c/{MAIN}/today").text)
    parts = [("files", (called, held, "application/octet-stream")) for called, held in files]
    return browser.post(f"/c/{MAIN}/{path}", data={"form": form, **fields}, files=parts or None)


def chosen(page: str) -> dict[str, str]:
    """What the page's form would send as it stands."""
    found = {
        name: html.unescape(picked[1]) if (picked := re.search(r'value="([^"]*)" selected', body)) else ""
        for name, body in re.findall(r'<select id="[^"]+" name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL)
    }
    typed = re.findall(r'<input type="text" id="[^"]+" name="([^"]+)" value="([^"]*)"', page)
    return {**found, **{name: html.unescape(value) for name, value in typed}}


def test_columns_are_proposed_looked_at_and_kept_and_the_account_is_read_so_from_then_on(
    ground: Ground, tmp_path: Path
) -> None:
    values = {"folder": str(tmp_path / "statements"), "account": IBAN, "currency": "EUR", "live": "no"}
    with ground.house() as house:
        wish = setup.Wish(system="bankfile", company=MAIN, zone=None, values=values, allow_writes=False)
        setup.connect(house, wish)
    assert "is read by a mapping, and this connection has none" in words(
        post(ground, "bank", (GERMAN.name, GERMAN.read_bytes())).text
    )
    taken = post(ground, "bank/map", (GERMAN.name, GERMAN.read_bytes()))
    assert taken.status_code == 303
    page = get(ground, "bank/map/columns").text
    assert "Bäckerei Müller GmbH" in words(page), "its first lines, as they are written"
    form = chosen(page)
    assert (form["date"], form["amount"], form["balance"]) == ("Buchungstag", "Betrag", "Saldo")
    assert "dates can be read in two ways" in words(page)
    wrong = post(ground, "bank/map/columns", **{**form, "amount": "Verwendungszweck"})
    assert wrong.status_code == 400
    assert "Choose other columns, and look again" in words(wrong.text)
    assert chosen(wrong.text)["amount"] == "Verwendungszweck", "what was chosen stays chosen"
    assert form["currency"] == "EUR", "that of the account"
    seen = post(ground, "bank/map/columns", **{**form, "dates": "dmy"})
    told = words(seen.text)
    assert "2 came in, 1 went out" in told
    assert "Apr 9, 2026 1,120.00 EUR Bäckerei Müller GmbH RF06 INV1 001" in told
    assert "Apr 8, 2026 -49.90 EUR Stadtwerke Abschlag" in told
    assert "Every amount was checked by the balance after it" in told
    with ground.house() as house:
        assert "mapping" not in house.store.secrets(MAIN, BANK), "nothing is kept by a look"
    kept = post(ground, "bank/map/columns", **chosen(seen.text), do="keep")
    assert kept.status_code == 303, words(kept.text)[:600]
    assert (kept.status_code, kept.headers["location"]) == (303, f"/c/{MAIN}/bank")
    with ground.house() as house:
        path = Path(house.store.secrets(MAIN, BANK)["mapping"])
        assert path.parent == house.config.home / "mappings"
        assert path.stat().st_mode & 0o077 == 0
    assert post(ground, "bank", (GERMAN.name, GERMAN.read_bytes())).status_code == 303
    assert "1,120.00 EUR" in words(get(ground, "bank").text)


@pytest.mark.gate
def test_what_is_no_file_of_a_bank_is_refused_and_nothing_is_kept_in_mind(ground: Ground) -> None:
    for sent, said in (
        (("notes.csv", b"only one column\nand no more\n"), "has no columns"),
        (("large.csv", b"a,b\n" + b"x" * SAMPLE_BYTES_MAX), "One file of at most 4 MB"),
        (("torn.csv", b"\x00\x01,\x02\n"), "it is no text"),
        (("", b""), "No file was chosen"),
    ):
        answer = post(ground, "bank/map", sent)
        assert answer.status_code == 400, sent[0]
        assert said in words(answer.text)
    other = ground.signed_in("erin").get(f"/c/{MAIN}/bank/map/columns")
    assert other.status_code == 403


@pytest.mark.gate
def test_without_a_file_in_mind_one_is_asked_for(ground: Ground) -> None:
    ground.browsers.pop("dana", None)
    assert "A file of your bank" in words(get(ground, "bank/map/columns").text)
    assert post(ground, "bank/map/columns", date="Day").headers["location"] == f"/c/{MAIN}/bank/map"
    assert "send it again" in words(get(ground, "bank/map").text)


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What `match --evidence` wrote of the fixtures' exports."""
    folder = tmp_path_factory.mktemp("evidence")
    written = [part for name in ("out", "findings", "evidence") for part in (f"--{name}", str(folder / name))]
    assert run(["match", "--in", str(EXPORTS), "--currency", "USD", *written]) == 0
    return (folder / "evidence").read_bytes()


def test_forwarded_evidence_holds_or_is_named_line_by_line_and_nothing_is_kept_of_it(
    ground: Ground, evidence: bytes
) -> None:
    with ground.house() as house:
        before = house.store.head(MAIN)
    holds = post(ground, "evidence", ("evidence", evidence), name="vera")
    assert holds.status_code == 200
    assert re.search(
        r"It holds holds evidence: \d+ decisions? and \d+ abstentions? were computed again", words(holds.text)
    )
    altered = re.sub(rb'"pay":(\d)', rb'"pay":9\1', evidence, count=1)
    assert altered != evidence
    wrong = words(post(ground, "evidence", ("evidence", altered), name="vera").text)
    assert "not hold" in wrong
    assert "It holds" not in wrong
    strange = post(ground, "evidence", ("notes.txt", b"nothing of ours\n"))
    assert "it is no line of evidence" in words(strange.text)
    assert "No file was chosen" in words(post(ground, "evidence", ("", b"")).text)
    with ground.house() as house:
        assert house.store.head(MAIN) == before


@pytest.mark.gate
def test_what_is_kept_here_is_computed_again_by_a_press(ground: Ground) -> None:
    assert "Nothing is kept yet that could be checked" in words(post(ground, "evidence", what="kept").text)
    ground.finished(post(ground, "read"))
    assert "It holds" in words(post(ground, "evidence", what="kept").text)
