"""adapters.bankfile: whatever bytes a file holds, it is read exactly or refused in one sentence, and nothing else."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bankfile.folder import Folder
from adapters.bankfile.settings import Settings
from connector.errors import UserError
from tests.unit.bankfile_ground import FIXTURES, IBAN

FILES = {
    "camt053_v2_batch.xml": (IBAN, "EUR"),
    "camt053_v8.xml": (IBAN, "EUR"),
    "ofx1_sgml.qfx": ("000123456789", "USD"),
    "ofx2_xml.ofx": ("5551234567", "CAD"),
    "bank_de.csv": (IBAN, "EUR"),
}
PIECES = st.sampled_from(
    [
        b"",
        b"\0",
        b"\xff",
        b"<",
        b">",
        b"&",
        b"&#0;",
        b"9" * 40,
        b"-",
        b".",
        b"0000",
        b"\n",
        b'"',
        b";",
        "\u0661".encode(),
    ]
)


def refusal(name: str, held: bytes) -> str:
    """The sentence by which a file is refused, "" for one that is taken in."""
    account, code = FILES[name]
    with TemporaryDirectory() as at:
        path = Path(at) / name
        path.write_bytes(held)
        values = {"folder": f"{at}/in", "account": account, "currency": code, "mapping": str(FIXTURES / "bank_de.toml")}
        folder = Folder(Settings.parse(values), may_be_empty=lambda: True)
        said = ""
        try:
            folder.take(path, keep=True)
        except UserError as fault:
            said = f"{fault.sentence} {fault.next_step}"
        kept = list((Path(at) / "in").glob("*"))
    assert len(kept) == (0 if said else 1)
    assert not said or (name in said and "\n" not in said)
    return said


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=15)
@given(drawn=st.data())
def test_a_file_in_which_anything_was_changed_is_read_or_refused(name: str, drawn: st.DataObject) -> None:
    held = (FIXTURES / name).read_bytes()
    for _ in range(drawn.draw(st.integers(1, 3))):
        start = drawn.draw(st.integers(0, len(held)))
        end = min(len(held), start + drawn.draw(st.integers(0, 12)))
        held = held[:start] + drawn.draw(PIECES) + held[end:]
    refusal(name, held)


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith(".csv")])
def test_a_file_that_was_cut_off_is_refused(name: str) -> None:
    held = (FIXTURES / name).read_bytes()
    whole = len(held.rstrip())
    assert all(refusal(name, held[:end]) for end in range(0, whole, 149))


@pytest.mark.parametrize("name", FILES)
def test_the_file_itself_is_taken(name: str) -> None:
    assert refusal(name, (FIXTURES / name).read_bytes()) == ""
