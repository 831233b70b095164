"""An entry of ours that stands twice in the books stops all writing until a person has said which one is right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.firm import Firm, open_firm

POSTED, REFUSED = 5, 2


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    """The month is posted; then somebody copies a payment of ours, as QuickBooks offers it, memo and all."""
    with open_firm(tmp_path) as opened:
        opened.connect_quickly()
        opened.do("plan")
        opened.do("apply", "--yes")
        yield opened


def copied(firm: Firm) -> str:
    """Copy the payment of W-1; the copy's id."""
    original = firm.marked("Payment", "PrivateNote")[0]
    body = {name: original[name] for name in ("CustomerRef", "PrivateNote", "DepositToAccountRef", "TxnDate")}
    made = firm.in_books("Payment", {**body, "TotalAmt": float(original["TotalAmt"])})
    return str(made["Id"])


def written(firm: Firm) -> int:
    """So many objects of ours stand in the books, notes included."""
    entities = ("Payment", "Purchase", "Transfer")
    return sum(len(firm.marked(each, "PrivateNote")) for each in entities) + len(firm.marked("Attachable", "Note"))


def test_while_one_mark_stands_on_two_entries_nothing_is_planned_applied_or_noted(firm: Firm) -> None:
    copied(firm)
    assert "carry one mark of ours" in firm.do("sync").out
    for command in (("plan",), ("apply", "--yes")):
        refused = firm.run(*command)
        assert refused.code == REFUSED
        assert "carry one mark of ours" in refused.err
        assert "findings --dismiss" in refused.err
    firm.run("log", "W-2", "--outcome", "voicemail", "--said", "left a message", "--yes")
    assert written(firm) == POSTED + 1
    assert "carry one mark of ours" in firm.run("status").out


def test_the_copy_is_never_deleted_by_itself(firm: Firm) -> None:
    copy = copied(firm)
    firm.do("sync")
    firm.run("apply", "--yes")
    assert copy in {each["Id"] for each in firm.marked("Payment", "PrivateNote")}


def test_after_a_person_struck_the_copy_out_writing_goes_on(firm: Firm) -> None:
    copy = copied(firm)
    firm.do("sync")
    firm.in_books("Payment", {"Id": copy, "SyncToken": "0"}, operation="delete")
    firm.do("sync")
    firm.do("plan")
    firm.do("log", "W-2", "--outcome", "voicemail", "--said", "left a message", "--yes")
    assert written(firm) == POSTED + 1


def test_after_a_person_dismissed_it_writing_goes_on_until_there_is_another_copy(firm: Firm) -> None:
    copied(firm)
    firm.do("sync")
    found = next(
        each for each in firm.do("findings", "--json").json["notices"] if each["finding"]["code"] == "marked-twice"
    )
    firm.do("findings", "--dismiss", str(found["number"]))
    firm.do("sync")
    firm.do("plan")
    copied(firm)
    firm.do("sync")
    assert firm.run("plan").code == REFUSED
