"""Customers are linked by their ids once a person has said so; a name or an address alone is a question."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.dates import instant_from_iso
from connector.model.allocation import Allocation
from connector.model.finding import FindingCode
from connector.model.intent import SHAPES
from connector.model.party import Customer
from connector.model.ruling import FactSource, Ruling, RulingKind
from connector.model.source import ActorId, Kind, Ref
from connector.reconcile.learned import facts
from connector.reconcile.match import Reconciliation, reconcile
from connector.reconcile.options import Review
from connector.reconcile.payer import Payers
from connector.reconcile.snapshot import Snapshot
from tests.builders import PROCESSOR, Mirror, money, ref


class Namesakes(Mirror):
    """Two customers of the books with one name, each owing 90.00, and one of the processor's who is called so too."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = (self._named(each) for each in ("7", "8"))
        self.put(ref(Kind.CUSTOMER, "cus_1", PROCESSOR), Customer(name="Maria Silva"))
        self.owed = {each: self._owes(each) for each in (self.first, self.second)}
        self.paid = self.charge("ch_1", "90.00", customer="cus_1")

    def _named(self, vendor_id: str) -> Ref:
        return self.put(ref(Kind.CUSTOMER, vendor_id), Customer(name="Maria Silva"))

    def _owes(self, customer: Ref, number: str = "1") -> Ref:
        return self.invoice(f"N-{customer.vendor_id}-{number}", customer.vendor_id, "90.00")

    def said(self, payment: Ref, invoice: Ref) -> Ruling:
        return Ruling(
            payment=payment,
            kind=RulingKind.HUMAN,
            by=ActorId("dana"),
            at=instant_from_iso("2026-04-01T10:00:00Z"),
            gross=money("90.00"),
            unapplied=money("0.00"),
            allocations=(Allocation(payment=payment, target=invoice, amount=money("90.00")),),
            number=1,
        )


def asked(found: Reconciliation, payment: Ref) -> FindingCode:
    (finding,) = [each for each in found.findings if each.refs[0] == payment]
    return finding.code


def suggested(seen: Snapshot, found: Reconciliation, payment: Ref) -> set[Ref | None]:
    (waiting,) = [each for each in Review(seen, found).waiting() if each.payment == payment]
    targets = [share.target for option in waiting.options for share in option.allocations]
    return {seen.invoices[target].customer for target in targets}


@pytest.mark.req("F7")
def test_one_name_for_two_customers_is_a_question_and_settles_nothing() -> None:
    world = Namesakes()
    found = reconcile(world.seen())
    assert found.decisions == ()
    assert asked(found, world.paid) is FindingCode.SEVERAL_PAYERS


@pytest.mark.req("F7")
@pytest.mark.parametrize("field", ["name", "email"])
def test_a_name_or_an_address_alone_is_a_question(field: str) -> None:
    world = Mirror()
    same = {"name": "Maria Silva", "email": "maria@silva.example"}[field]
    mine = Customer(name=same if field == "name" else "A", email=same if field == "email" else None)
    theirs = replace(mine, name=mine.name if field == "name" else "B")
    world.put(ref(Kind.CUSTOMER, "7"), mine)
    world.put(ref(Kind.CUSTOMER, "cus_1", PROCESSOR), theirs)
    world.invoice("N-1", "7", "90.00")
    paid = world.charge("ch_1", "90.00", customer="cus_1")
    found = reconcile(world.seen())
    assert found.decisions == ()
    assert asked(found, paid) is FindingCode.PROPOSED


@pytest.mark.req("F7")
def test_one_confirmation_links_the_two_by_id_and_it_stays_so_under_another_name() -> None:
    world = Namesakes()
    ruling = world.said(world.paid, world.owed[world.second])
    seen = replace(world.seen(), rulings=(ruling,))
    (fact,) = facts(seen, Payers(seen)).values()
    assert (fact.sign, fact.customer) == ("stripe/customer/cus_1", world.second)
    assert fact.source is FactSource.PERSON
    world.put(ref(Kind.CUSTOMER, "cus_1", PROCESSOR), Customer(name="M. S. Trading", email="new@silva.example"))
    world._owes(world.first, "2")
    world._owes(world.second, "2")
    later = world.charge("ch_2", "90.00", customer="cus_1", on="2026-04-10")
    seen = replace(world.seen(), rulings=(ruling,))
    found = reconcile(seen)
    assert asked(found, later) is FindingCode.PROPOSED
    assert suggested(seen, found, later) == {world.second}


@pytest.mark.req("F7")
def test_nothing_that_can_be_written_is_a_customer() -> None:
    made = {shape.__name__ for shape in SHAPES.values()}
    assert made == {
        "PostPayment", "PostExpense", "PostTransfer", "ApplyCredit", "PostDeposit", "PostJournal", "VoidPosting",
        "PushNote", "OpenPayPage", "CapturePage", "OpenHook", "ShowLink", "GiveBack",
    }  # fmt: skip
