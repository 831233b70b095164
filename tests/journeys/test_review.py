"""A person and the questions: shown, confirmed, rejected, allocated, taken back, written; and every wrong word.

The world is worlds/review.world: a proposal by amount, two twins, an invoice less a credit note, money from a stranger.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from connector.app import reviewing
from connector.app.books import apply_plan, make_plan, reconcile_all
from connector.app.keeping import kept
from connector.errors import ReceivablesError, Refused, UnknownRecord, UserError
from connector.model.finding import FindingCode, Ground
from connector.model.ruling import Ruling
from connector.model.source import Kind, Ref
from tests.builders import PROCESSOR
from tests.journeys.firm import KILLED, Firm, open_firm

WORLD = Path(__file__).parent / "worlds" / "review.world"


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """Connected once; each test begins by taking back what an earlier one said."""
    with open_firm(tmp_path_factory.mktemp("review"), WORLD.read_text(encoding="utf-8")) as opened:
        opened.connect_quickly()
        with opened.desk() as desk:
            reviewing.waiting(desk)
        yield opened


@pytest.fixture
def firm(asked: Firm) -> Firm:
    with asked.desk() as desk:
        for payment in ("ch_review_1", "ch_review_2", "ch_review_3", "ch_review_4", "ch_review_5"):
            while True:
                try:
                    reviewing.undo(desk, payment)
                except Refused:
                    break
    return asked


@pytest.fixture
def own_firm(tmp_path: Path) -> Iterator[Firm]:
    """One that may be written to."""
    with open_firm(tmp_path, WORLD.read_text(encoding="utf-8")) as opened:
        opened.connect_quickly()
        yield opened


def log(firm: Firm) -> tuple[Ruling, ...]:
    with firm.desk() as desk:
        return desk.store.rulings(desk.id)


def numbers(firm: Firm, ruling: Ruling) -> dict[str, int]:
    names = {each["Id"]: each["DocNumber"] for each in (*firm.books("Invoice"), *firm.books("CreditMemo"))}
    return {names[each.target.vendor_id]: each.amount.minor for each in ruling.allocations}


def test_the_list_shows_proposals_and_questions_with_their_rivals_reasons_and_sums(firm: Firm) -> None:
    told = firm.do("review", "--json").json
    rows = {row["payment"][2]: row for row in told["waiting"]}
    assert {name: row["reason"] for name, row in rows.items()} == {
        "ch_review_1": "amount",
        "ch_review_2": "reference-credit",
        "ch_review_3": "equal-items",
        "ch_review_4": "unknown-payer",
    }
    assert [row["payment"][2] for row in told["waiting"]] == [
        "ch_review_4",
        "ch_review_2",
        "ch_review_3",
        "ch_review_1",
    ]
    assert told["reasons"] == {"amount": 1, "equal-items": 1, "reference-credit": 1, "unknown-payer": 1}
    assert told["sums"]["USD"]["minor"] == 41_000 + 28_000 + 25_050 + 12_000
    assert len(rows["ch_review_3"]["options"]) == 2
    by_age = firm.do("review", "--by", "age", "--json").json["waiting"]
    assert [row["payment"][2] for row in by_age] == [f"ch_review_{number}" for number in range(1, 5)]
    table = firm.do("review", "--reason", "equal-items").out
    assert "R-1003" in table
    assert "R-1001" not in table
    assert firm.run("review", "--by", "colour").code == 2


def test_a_word_is_kept_with_its_author_and_a_rerun_alters_nothing_of_it(firm: Firm) -> None:
    before = len(log(firm))
    with firm.desk() as desk:
        reviewing.confirm(desk, "ch_review_3", 2)
        first = reconcile_all(desk).outcome
        head = desk.store.head(desk.id)
        assert reconcile_all(desk).outcome == first
        assert desk.store.head(desk.id) == head
    (ruling,) = log(firm)[before:]
    assert (str(ruling.by), ruling.kind, numbers(firm, ruling)) == ("dana", "human", {"R-1004": 25_050})
    (decision,) = [each for each in first.decisions if each.payment == ruling.payment]
    assert decision.ground is Ground.HUMAN


def test_undo_takes_the_word_back_and_the_log_keeps_both(firm: Firm) -> None:
    with firm.desk() as desk:
        reviewing.confirm(desk, "ch_review_1", 1)
        back = reviewing.undo(desk, "ch_review_1")
        found = [each.code for each in back.decided.outcome.findings if each.refs[0].vendor_id == "ch_review_1"]
    said, undone = log(firm)[-2:]
    assert (said.kind, undone.kind, undone.of) == ("human", "undone", said.number)
    assert found == [FindingCode.PROPOSED]


def test_a_rejected_proposal_does_not_come_back(firm: Firm) -> None:
    with firm.desk() as desk:
        reviewing.reject(desk, "ch_review_1", 1)
        rows = {row.payment.vendor_id: row for row in reviewing.waiting(desk)}
        with pytest.raises(ReceivablesError):
            reviewing.confirm(desk, "ch_review_1", 1)
    assert rows["ch_review_1"].code is not FindingCode.PROPOSED


def test_a_confirmed_proposal_teaches_who_pays_and_that_can_be_forgotten(firm: Firm) -> None:
    with firm.desk() as desk:
        reviewing.allocate(desk, "ch_review_4", [("R-1005", "410.00")], on_account=False)
    (fact,) = firm.do("review", "facts", "--json").json
    assert (fact["sign"], fact["source"]) == ("stripe/customer/cus_review_rosen", "person")
    assert firm.run("review", "forget", "f-nothing").code == 2
    assert "Cedar Crafts" in firm.do("review", "forget", fact["fact_id"]).out
    assert firm.do("review", "facts", "--json").json == []


def test_what_was_shown_and_is_not_possible_any_more_is_not_confirmed(firm: Firm) -> None:
    with firm.desk() as desk:
        reviewing.waiting(desk)
        reviewing.allocate(desk, "ch_review_3", [("R-1003", "250.50")], on_account=False)
        reviewing.allocate(desk, "ch_review_2", [("R-1001", "20.00"), ("R-1002", "260.00")], on_account=False)
        with pytest.raises(Refused):
            reviewing.allocate(desk, "ch_review_1", [("R-1001", "120.00")], on_account=False)
        reviewing.undo(desk, "ch_review_2")
        reviewing.allocate(desk, "ch_review_1", [("R-1001", "120.00")], on_account=False)


WRONG: dict[str, tuple[tuple[tuple[str, str], ...], type[ReceivablesError]]] = {
    "more than came": ((("R-1005", "500.00"),), UserError),
    "more than is open": ((("R-1006", "96.00"), ("R-1005", "314.00")), Refused),
    "less than came, and nothing said of the rest": ((("R-1005", "400.00"),), UserError),
    "twice the same": ((("R-1005", "300.00"), ("R-1005", "110.00")), UserError),
    "nothing": ((("R-1005", "0.00"),), UserError),
    "below zero": ((("R-1005", "-410.00"),), UserError),
    "no amount": ((("R-1005", "all"),), UserError),
    "too many digits": ((("R-1005", "410.001"),), UserError),
    "no such invoice": ((("R-9", "410.00"),), UnknownRecord),
    "a credit note above zero": ((("R-1005", "390.00"), ("CM-2001", "20.00")), UserError),
    "two customers": ((("R-1005", "310.00"), ("R-1007", "75.00"), ("R-1001", "25.00")), Refused),
    "no invoice at all": ((), UserError),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_allocation_that_cannot_be_is_refused_in_a_sentence_and_nothing_is_stored(firm: Firm, case: str) -> None:
    shares, refusal = WRONG[case]
    before = log(firm)
    with firm.desk() as desk, pytest.raises(refusal) as told:
        reviewing.allocate(desk, "ch_review_4", shares, on_account=False)
    assert told.value.sentence.endswith(".")
    assert told.value.next_step
    assert log(firm) == before


@pytest.mark.parametrize(
    "words",
    [
        ("confirm", "ch_nobody"),
        ("confirm", "ch_review_1", "7"),
        ("confirm", "ch_review_1", "0"),
        ("reject", "ch_nobody"),
        ("undo", "ch_review_1"),
        ("undo", "ch_nobody"),
        ("allocate", "ch_review_4", "R-1005"),
        ("allocate", "ch_review_4", "=410.00"),
        ("allocate", "ch_review_4"),
    ],
    ids=" ".join,
)
def test_a_wrong_word_ends_with_code_two_and_one_sentence(firm: Firm, words: tuple[str, ...]) -> None:
    ran = firm.run("review", *words)
    assert ran.code == 2
    assert ran.out == ""
    assert "Traceback" not in ran.err
    assert ran.err.count("Error:") == 1


def test_a_decision_is_made_once(firm: Firm) -> None:
    with firm.desk() as desk:
        reviewing.confirm(desk, "ch_review_1", 1)
        before = desk.store.rulings(desk.id)
        for again in (reviewing.confirm, reviewing.reject):
            with pytest.raises(Refused) as told:
                again(desk, "ch_review_1", 1)
            assert "dana decided" in told.value.sentence
        with pytest.raises(Refused):
            reviewing.allocate(desk, "ch_review_1", [("R-1001", "120.00")], on_account=False)
        assert desk.store.rulings(desk.id) == before


def test_whoever_saw_an_older_log_does_not_add_to_a_newer_one(firm: Firm) -> None:
    with firm.desk() as desk:
        ruling = reviewing.confirm(desk, "ch_review_1", 1).ruling
        with pytest.raises(Refused):
            desk.store.add_rulings(desk.author("review"), [ruling], after=ruling.number - 1)


def test_killed_after_its_word_was_stored_the_word_stands_and_nothing_is_half(firm: Firm) -> None:
    ran = firm.run("review", "confirm", "ch_review_1", crash_at="review.ruling-stored")
    assert ran.code == KILLED
    ruling = log(firm)[-1]
    assert (ruling.payment.vendor_id, ruling.kind) == ("ch_review_1", "human")
    assert firm.run("review", "confirm", "ch_review_1").code == 2
    decided = firm.do("reconcile", "--json").json["decisions"]
    assert {each["payment"][2]: each["ground"] for each in decided}["ch_review_1"] == "human"
    firm.do("verify")


def test_rules_choose_what_posts_by_itself_and_refuse_what_is_no_class(firm: Firm) -> None:
    assert firm.do("rules", "--json").json["automatic"] == ["key", "reference", "partial"]
    assert firm.run("rules", "--automatic", "key,guess").code == 2
    assert firm.run("rules", "--bank-fee", "-1").code == 2
    firm.do("rules", "--automatic", "key,reference,partial,amount", "--oldest-first")
    decided = firm.do("reconcile", "--json").json["decisions"]
    assert {each["payment"][2]: each["ground"] for each in decided}["ch_review_1"] == "amount"
    firm.do("rules", "--automatic", "key,reference,partial", "--no-oldest-first")
    decided = firm.do("reconcile", "--json").json["decisions"]
    assert [each["payment"][2] for each in decided] == ["ch_review_5"]


def test_every_decision_and_question_keeps_its_evidence_also_when_it_is_posted(own_firm: Firm) -> None:
    payments = [Ref(PROCESSOR, Kind.PAYMENT, f"ch_review_{number}") for number in range(1, 6)]
    with own_firm.desk() as desk:
        reviewing.waiting(desk)
        before = {payment: kept(desk, payment) for payment in payments}
        reviewing.confirm(desk, "ch_review_2", 1)
        made = make_plan(desk)
        apply_plan(desk, made, lambda *_: None, lambda _row: None)
        after = {payment: kept(desk, payment) for payment in payments}
        assert desk.store.verify(desk.id) == ()
        for word in (reviewing.undo, lambda at, payment: reviewing.confirm(at, payment, 1)):
            with pytest.raises(Refused) as told:
                word(desk, "ch_review_2")
            assert "written to the books" in told.value.sentence
    assert all(each is not None for each in before.values())
    assert [each.line.step for each in before.values() if each is not None] == [0, 0, -1, -1, 0]
    assert after[payments[1]] == before[payments[1]]
    assert after[payments[4]] == before[payments[4]]
    assert [line.kind for line in made.lines][:2] == ["payment", "credit"]
    held = own_firm.open_balances()
    assert {number: int(held[number]) for number in ("R-1001", "R-1002", "R-1007")} == {
        "R-1001": 120,
        "R-1002": 0,
        "R-1007": 0,
    }
    (credit,) = own_firm.books("CreditMemo")
    assert Decimal(str(credit["Balance"])) == 0


def test_a_plan_made_before_a_word_does_not_write_against_it(own_firm: Firm) -> None:
    with own_firm.desk() as desk:
        reviewing.waiting(desk)
        reviewing.confirm(desk, "ch_review_1", 1)
        reviewing.confirm(desk, "ch_review_2", 1)
        made = make_plan(desk)
        reviewing.undo(desk, "ch_review_1")
        reviewing.undo(desk, "ch_review_2")
        applied = apply_plan(desk, made, lambda *_: None, lambda _row: None)
    assert {each.refs[0].vendor_id for each in applied.stale} >= {"ch_review_1", "ch_review_2"}
    held = own_firm.open_balances()
    assert {number: int(held[number]) for number in ("R-1001", "R-1002", "R-1007")} == {
        "R-1001": 120,
        "R-1002": 300,
        "R-1007": 0,
    }
    (credit,) = own_firm.books("CreditMemo")
    assert Decimal(str(credit["Balance"])) == 20


def test_an_invoice_voided_after_a_person_decided_is_asked_about(own_firm: Firm) -> None:
    with own_firm.desk() as desk:
        reviewing.waiting(desk)
        reviewing.confirm(desk, "ch_review_1", 1)
    invoice = own_firm.invoice("R-1001")
    own_firm.in_books("Invoice", {"Id": invoice["Id"], "SyncToken": invoice["SyncToken"]}, operation="void")
    own_firm.sync_quickly()
    with own_firm.desk() as desk:
        outcome = reconcile_all(desk).outcome
        planned = make_plan(desk)
    found = {each.refs[0].vendor_id: each for each in outcome.findings}
    assert found["ch_review_1"].code is FindingCode.DECISION_OVERTAKEN
    assert "R-1001 was voided" in found["ch_review_1"].sentence
    assert "ch_review_1" not in {line.payment.about.vendor_id for line in planned.lines if line.payment is not None}
    assert found["ch_review_1"] in planned.left_out
