"""Credit notes and entries by hand: what they take off a debt is applied once, and every report adds up with them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from connector.app.books import Applied, apply_plan, sync_all
from connector.app.house import Desk, new_op_id
from connector.app.proof import prove
from connector.app.rechecks import with_live_profile
from connector.collect.aging import aging
from connector.model.allocation import Allocation
from connector.model.finding import Decision, Ground
from connector.model.intent import IntentKind
from connector.model.invoice import CreditNote, Invoice
from connector.model.source import Kind, PlanId, Ref
from connector.money import Money, currency, from_text
from connector.plan import Frame, Plan, plan
from connector.reconcile.match import Reconciliation
from tests.journeys.firm import Firm, open_firm

WORLD = """
company  Walkabout Tools  home USD  zone America/New_York  country US  realm 9140021  stripe acct_credit
account  Checking  bank USD
account  Stripe Clearing  bank USD
account  Stripe Fees  expense USD
account  Accounts Receivable  receivable USD
customer  Acme Bakery  in quickbooks and stripe as cus_credit_acme
customer  Bolt Bikes  email books@bolt.example
2026-03-02  invoice  W-1  Acme Bakery  120.00 USD  due 2026-04-01
2026-03-03  invoice  W-2  Bolt Bikes  60.25 USD  due 2026-04-02
2026-03-05  credit  CM-1  Acme Bakery  25.00 USD
2026-03-06  journal  JE-1  Acme Bakery  -5.00 USD  memo "goodwill"
2026-03-07  journal  JE-2  Bolt Bikes  7.50 USD  memo "interest"
"""
USD = currency("USD")


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    with open_firm(tmp_path, WORLD) as opened:
        opened.connect_quickly()
        yield opened


def test_the_aging_and_the_proof_are_the_books_own_total_with_entries_by_hand(firm: Firm) -> None:
    held = next(each for each in firm.books("Account") if each["AccountType"] == "Accounts Receivable")
    owed = from_text(str(Decimal(str(held["CurrentBalance"]))), USD)
    assert owed == Money(15_775, USD)
    with firm.desk() as desk:
        proof = prove(desk)
    assert (proof.problems, proof.aging is not None) == ((), True)
    if proof.aging is not None:
        assert [row.total for row in proof.aging.totals] == [owed]
        assert {row.name: (row.open.minor, row.unapplied.minor, row.by_hand.minor) for row in proof.aging.rows} == {
            "Acme Bakery": (12_000, 2_500, -500),
            "Bolt Bikes": (6_775, 0, 0),
        }
    shown = firm.do("aging").out
    assert "journal" in shown
    assert "157.75 USD" in shown
    told = firm.do("aging", "--json").json
    assert told["aging"]["totals"][0]["by_hand"] == {"minor": -500, "currency": "USD"}


def credit(desk: Desk, about: Ref, share: str) -> Plan:
    """A plan of what somebody decided: so much of the credit note against the invoice of the same customer."""
    seen = with_live_profile(desk, desk.snapshot())
    invoice = next(ref for ref, each in seen.invoices.items() if each.number == "W-1")
    amount = from_text(share, USD)
    decision = Decision(
        payment=about,
        gross=Money(0, USD),
        ground=Ground.STORED_KEY,
        allocations=tuple(Allocation(payment=about, target=each, amount=amount) for each in (invoice, about)),
        unapplied=Money(0, USD),
        evidence=(),
        sentence="A person said so.",
    )
    frame = Frame(
        plan_id=PlanId("plan-credit"),
        company_id=desk.id,
        made_at=desk.clock.now(),
        made_by=desk.actor,
        new_op_id=new_op_id,
        instead_of_closed=None,
    )
    return plan(seen, Reconciliation(decisions=(decision,), findings=(), posted={}), desk.processors(), frame)


def apply(desk: Desk, made: Plan) -> Applied:
    return apply_plan(desk, made, lambda *_: None, lambda _: None)


def test_a_credit_note_that_was_decided_on_is_planned_applied_once_and_takes_both_balances_down(firm: Firm) -> None:
    with firm.desk() as desk:
        (note,) = (ref for ref, each in desk.snapshot().credit_notes.items() if each.number == "CM-1")
        made = credit(desk, note, "20.00")
        assert [line.kind for line in made.lines] == [IntentKind.CREDIT]
        firm.faults("quickbooks", "POST /v3/company/*/payment 1 drop-after")
        lost = apply(desk, made)
        assert [str(row.kind) for row in lost.posted.waiting] == ["credit"]
        done = apply(desk, made)
        assert (len(done.posted.done), done.not_landed, done.stale) == (1, (), ())
        assert firm.open_balances() == {"W-1": Decimal(100), "W-2": Decimal("60.25")}
        assert [Decimal(str(each["RemainingCredit"])) for each in firm.books("CreditMemo")] == [Decimal(5)]
        (payment,) = firm.marked("Payment", "PrivateNote")
        assert Decimal(str(payment["TotalAmt"])) == 0
        sync_all(desk, lambda *_: None)
        seen = desk.snapshot()
        debts: dict[Ref, Invoice | CreditNote] = {**seen.invoices, **seen.credit_notes}
        assert {each.number: each.open.minor for each in debts.values()} == {"W-1": 10_000, "W-2": 6_025, "CM-1": 500}
        assert prove(desk).problems == ()
        assert [row.total.minor for row in aging(seen, note.connection, desk.today).totals] == [15_775]
        again = credit(desk, note, "5.00")
        assert again.lines == (), "one application for a credit note, and it stands there with our mark"
    assert len(firm.marked("Payment", "PrivateNote")) == 1
    assert note.kind is Kind.CREDIT_NOTE
