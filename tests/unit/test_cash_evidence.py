"""Evidence: every decision can be computed again from its lines alone, and nothing can be changed in them unseen."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector import canonical
from connector.app.matching import Wanted, written
from connector.app.proving import Report, check_file
from connector.errors import UserError
from connector.reconcile.cash.case import Case, Item, Party, Policy, Receipt, ReceiptKind
from tests.bench.cash.files import write
from tests.bench.cash.settings import PROFILES
from tests.bench.cash.world import world

Document = dict[str, Any]
POLICY = Policy(bank_fee=3_000, terms=True, oldest_first=True)
DAY = 739_000


def quiet(_what: str, _done: int, _expected: int | None = None, /) -> None:
    """Nobody looks on."""


def lines(case: Case, company: str = "t") -> list[Document]:
    """The evidence of a case as documents."""
    body = written(company, case, Wanted(evidence=True)).evidence
    return [json.loads(line) for line in body.splitlines()]


def checked(folder: Path, documents: list[Document]) -> Report:
    path = folder / "evidence"
    path.write_bytes(b"".join(canonical.encode(each) + b"\n" for each in documents))
    return check_file(path, quiet)


def item(number: int, amount: int, party: str = "c1", on: int = DAY) -> Item:
    return Item(f"i{number}", f"INV-{number}", party, "USD", amount, on, on + 30)


def receipt(name: str, amount: int, text: str = "", **rest: Any) -> Receipt:
    given = {"on": DAY + 20, "payer_name": "Acme Works", **rest}
    return Receipt(name, ReceiptKind.PAYMENT, given.pop("on"), "USD", amount, text=text, **given)


PARTIES = [
    Party("c1", "Acme Works", discount_bp=200, discount_days=60),
    Party("c2", "Borealis Paper", email="ap@borealis.example"),
]
ITEMS = [
    item(1001, 12_000), item(1002, 34_567), item(1003, 45_678), item(1004, 50_000), item(1005, 777),
    item(1006, 9_900, "c2"), item(1007, 45_123, "c2"), item(1008, 61_234, "c2"), item(1009, 7_711, "c2"),
    item(1010, 8_000), item(1011, -1_234), item(1012, 3_333),
]  # fmt: skip
RECEIPTS = [
    receipt("by-number", 46_567, "INV-1001, INV-1002"),
    receipt("by-key", 45_678, key="i1003"),
    receipt("by-discount", 49_000, "inv 1004"),
    receipt("twice", 46_567, "INV-1001, INV-1002", on=DAY + 25),
    receipt("by-amount", 9_900, payer_name="", email="AP@borealis.example"),
    receipt("by-slip", 45_123, "INV-1070", payer_name="Borealis Paper"),
    receipt("two-at-once", 68_945, payer_name="Borealis Paper", on=DAY + 40),
    receipt("nobody", 5, payer_name="Somebody Else"),
    receipt("less-credit", 6_766, "INV-1010"),
    receipt("returned", 3_333, "INV-1012"),
    Receipt("back", ReceiptKind.REFUND, DAY + 30, "USD", -3_333, related="returned"),
]  # fmt: skip
CASE = Case(parties=PARTIES, items=ITEMS, receipts=RECEIPTS, policy=POLICY)


@pytest.fixture(scope="module")
def evidence() -> list[Document]:
    return lines(CASE)


def of(documents: list[Document], payment: str) -> Document:
    return next(each for each in documents if each["what"] == "payment" and each["payment"]["id"] == payment)


def test_the_case_decides_in_many_ways(evidence: list[Document]) -> None:
    assert {each["payment"]["id"]: each["kind"] for each in evidence if each["what"] == "payment"} == {
        "by-number": "reference",
        "by-key": "key",
        "by-discount": "reference-adjusted",
        "twice": "duplicate",
        "by-amount": "amount",
        "by-slip": "near-miss",
        "two-at-once": "all-due",
        "less-credit": "reference-credit",
        "returned": "reference",
        "back": "reversal",
        "nobody": "unknown-payer",
    }


def test_all_of_it_holds(tmp_path: Path, evidence: list[Document]) -> None:
    report = checked(tmp_path, evidence)
    assert (report.faults, report.decisions, report.abstentions) == ((), 10, 1)


def test_a_line_says_everything_that_its_decision_follows_from(evidence: list[Document]) -> None:
    line = of(evidence, "by-discount")
    assert line["payer"] == {"group": "c1", "basis": "name", "says": "Acme Works", "among": []}
    assert line["spans"] == [{"start": 0, "end": 8, "text": "inv 1004", "how": "whole", "items": ["i1004"]}]
    assert line["settled"] == [{"item": "i1004", "pay": 49_000, "applied": 50_000, "why": "named"}]
    assert line["adjustments"] == [
        {"item": "i1004", "type": "discount", "amount": 1_000, "rule": "200 bp within 60 days"}
    ]
    assert line["sentence"] == (
        "Its text names INV-1004, and it is what was open of that less 10.00 USD of discount (2 % within 60 days)."
    )


def test_an_abstention_says_why_and_what_to_do(evidence: list[Document]) -> None:
    line = of(evidence, "nobody")
    assert (line["step"], line["settled"], line["unapplied"]) == (-1, [], 5)
    assert line["sentence"]
    assert line["next_step"]


def test_the_rivals_of_a_decision_are_named_with_what_speaks_against_them() -> None:
    rivals = lines(
        Case(
            parties=PARTIES,
            items=[item(1001, 12_000), item(1002, 12_000), item(1003, 12_000, "c2")],
            receipts=[receipt("one", 12_000, "INV-1001 and not INV-1003")],
        )
    )
    line = of(rivals, "one")
    assert (line["kind"], line["rivals"]) == ("reference", [{"items": ["i1003"], "why": "It is another customer's."}])


def changed(*path: str | int, to: Any) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        place: Any = document
        for step in path[:-1]:
            place = place[step]
        assert place[path[-1]] != to
        place[path[-1]] = to

    return change


def without(*path: str | int) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        place: Any = document
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]

    return change


TAMPERED: dict[str, tuple[str, Callable[[Document], None]]] = {
    "what came": ("by-number", changed("payment", "amount", to=46_568)),
    "what an item gets": ("by-number", changed("settled", 0, "applied", to=11_999)),
    "what is paid of an item": ("by-number", changed("settled", 0, "pay", to=11_999)),
    "what is left over": ("by-number", changed("unapplied", to=1)),
    "what was open": ("by-number", changed("items", 0, "open", to=12_001)),
    "the number of an item": ("by-number", changed("items", 0, "number", to="INV-2001")),
    "whose an item is": ("by-number", changed("items", 0, "group", to="c2")),
    "a span's place": ("by-number", changed("spans", 0, "start", to=1)),
    "a span's text": ("by-number", changed("spans", 0, "text", to="INV-1009")),
    "a span's item": ("by-number", changed("spans", 0, "items", to=["i1005"])),
    "the text": ("by-number", changed("payment", "text", to="INV-1001, INV-1003")),
    "an item left out of the equation": ("by-number", without("settled", 1)),
    "the class": ("by-number", changed("kind", to="amount")),
    "another class by number": ("by-number", changed("kind", to="reference-subset")),
    "a class that nobody knows": ("by-number", changed("kind", to="by-feeling")),
    "the sentence": ("by-number", changed("sentence", to="Trust me.")),
    "the order": ("by-number", changed("step", to=99)),
    "the day": ("by-discount", changed("payment", "on", to="2124-12-01")),
    "the rule": ("by-discount", changed("adjustments", 0, "rule", to="300 bp within 60 days")),
    "the kind of adjustment": ("by-discount", changed("adjustments", 0, "type", to="rounding")),
    "what is forgiven": ("by-discount", changed("adjustments", 0, "amount", to=1_001)),
    "what was agreed": ("by-discount", changed("items", 0, "discount_bp", to=400)),
    "an adjustment left out": ("by-discount", without("adjustments", 0)),
    "the key": ("by-key", changed("payment", "key", to="i1002")),
    "why an item is there": ("by-key", changed("settled", 0, "why", to="amount")),
    "who paid": ("by-amount", changed("payer", "group", to="c1")),
    "how that is known": ("by-amount", changed("payer", "basis", to="account")),
    "the address": ("by-amount", changed("payment", "email", to="other@borealis.example")),
    "a candidate left out": ("by-amount", without("considered", 1)),
    "how many candidates there were": ("by-amount", changed("considered_all", to=1)),
    "a rival that was open": ("by-amount", changed("items", 1, "open", to=9_900)),
    "a text where there was none": ("by-amount", changed("payment", "text", to="INV-1006")),
    "how likely an accident is": ("two-at-once", changed("accidents_ppm", to=2_000)),
    "one of all that was due": ("two-at-once", without("settled", 0)),
    "the slip": ("by-slip", changed("payment", "text", to="INV-2222")),
    "the credit": ("less-credit", changed("settled", 1, "applied", to=-1_233)),
    "the first of two": ("twice", changed("together", 0, "amount", to=46_566)),
    "the name of the first": ("twice", changed("together", 0, "id", to="nobody")),
    "what is taken back": ("back", changed("settled", 0, "applied", to=-1)),
    "from whom it is taken back": ("back", changed("payment", "related", to="by-key")),
    "an abstention that settles": (
        "nobody",
        changed("settled", to=[{"item": "i1005", "pay": 5, "applied": 5, "why": "amount"}]),
    ),
    "an abstention that keeps nothing": ("nobody", changed("unapplied", to=0)),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_whatever_is_changed_in_a_line_is_found(tmp_path: Path, evidence: list[Document], name: str) -> None:
    payment, change = TAMPERED[name]
    documents = copy.deepcopy(evidence)
    change(of(documents, payment))
    assert checked(tmp_path, documents).count


def test_a_candidate_that_is_hidden_everywhere_in_a_line_is_found_by_the_others(
    tmp_path: Path, evidence: list[Document]
) -> None:
    documents = copy.deepcopy(evidence)
    line = of(documents, "by-amount")
    hidden = next(each for each in line["considered"] if each != "i1006")
    line["considered"].remove(hidden)
    line["items"] = [each for each in line["items"] if each["id"] != hidden]
    line["considered_all"] -= 1
    assert checked(tmp_path, documents).faults == (
        f"t, payment by-amount: it considered {line['considered_all']} open items of {line['considered_all'] + 1}.",
        f"t, payment by-amount: it did not consider {hidden}.",
    )


@pytest.mark.parametrize("what", ["company", "customer", "item", "payment"])
def test_a_line_taken_away_or_put_in_twice_is_found(tmp_path: Path, evidence: list[Document], what: str) -> None:
    place = max(at for at, each in enumerate(evidence) if each["what"] == what)
    assert checked(tmp_path, [*evidence[:place], *evidence[place + 1 :]]).count
    assert checked(tmp_path, [*evidence[: place + 1], *evidence[place:]]).count


def test_decisions_that_change_places_are_found(tmp_path: Path, evidence: list[Document]) -> None:
    first, second = (at for at, each in enumerate(evidence) if each.get("step") in (0, 1))
    documents = list(evidence)
    documents[first], documents[second] = documents[second], documents[first]
    assert checked(tmp_path, documents).count


def test_what_a_company_permits_cannot_be_widened(tmp_path: Path, evidence: list[Document]) -> None:
    documents = copy.deepcopy(evidence)
    documents[0]["policy"]["terms"] = False
    assert checked(tmp_path, documents).count


def test_a_line_that_is_no_evidence_is_told_by_its_number(tmp_path: Path, evidence: list[Document]) -> None:
    path = tmp_path / "evidence"
    good = [canonical.encode(each) for each in evidence]
    path.write_bytes(b"\n".join([*good[:3], b"{", b'{"what":"rumour"}', good[3].replace(b",", b", ", 1), *good[4:]]))
    assert check_file(path, quiet).faults[:3] == (
        "evidence, line 4: it is no line of evidence.",
        "evidence, line 5: nobody knows what it is.",
        "evidence, line 6: it holds more than evidence, or is written otherwise.",
    )


@pytest.mark.parametrize("body", [b"", None])
def test_a_file_without_evidence_is_refused(tmp_path: Path, body: bytes | None) -> None:
    path = tmp_path / "evidence"
    if body is not None:
        path.write_bytes(body)
    with pytest.raises(UserError):
        check_file(path, quiet)


@pytest.mark.parametrize("profile", ["smb", "b2b", "subs"])
def test_every_decision_and_abstention_of_a_world_is_computed_again_from_its_evidence(
    tmp_path: Path, profile: str
) -> None:
    from connector.app.folder import read_cases

    write(tmp_path, list(world(PROFILES[profile], 600, 11)))
    cases = read_cases(tmp_path, POLICY)
    (tmp_path / "evidence").write_bytes(
        b"".join(written(company, case, Wanted(evidence=True)).evidence for company, case in cases)
    )
    report = check_file(tmp_path / "evidence", quiet)
    assert (report.faults, report.decisions + report.abstentions) == (
        (),
        sum(len(case.receipts) for _, case in cases),
    )
    assert report.decisions > report.abstentions > 0
