"""Both sides changed the same money since we wrote it: three values, held back until a person has chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import count

import pytest

from connector.dates import business_date, instant_from_iso, zone
from connector.model.allocation import Allocation
from connector.model.finding import Finding, FindingCode
from connector.model.firm import Connection, PostingAccounts
from connector.model.intent import IntentKind, PostPayment, PostTransfer
from connector.model.money_in import AttemptState, Payment, PaymentState
from connector.model.party import AccountRole
from connector.model.paylink import AttemptId, LinkAttempt, LinkId
from connector.model.ruling import Ruling, RulingKind
from connector.model.settlement import BookEntry, Deposit, DepositLine, Payout, PayoutState
from connector.model.source import ActorId, CompanyId, Kind, OpId, PlanId, Ref, Tag
from connector.model.stamp import read_stamps
from connector.plan import Frame, Plan, plan
from connector.reconcile.booked import Written
from connector.reconcile.conflict import Conflict, Values, Wrote
from connector.reconcile.conflicts import conflicts, fees_elsewhere, held_back
from connector.reconcile.match import reconcile
from connector.reconcile.polluted import Ground
from tests.builders import BOOKS, PROCESSOR, USD, Mirror, money, ref

NOW = instant_from_iso("2026-04-20T12:00:00Z")
MARK = f"receivables op={'A' * 20} src="


class Desk:
    """One invoice of 120.00, paid by card and posted by us; its payout of 116.22 arrived."""

    def __init__(self, *, posted: bool = True) -> None:
        self.mirror = Mirror()
        self.mirror.profile()
        self.mirror.customer("Acme")
        self.clearing = self.mirror.account("Card Clearing", AccountRole.BANK)
        self.bank = self.mirror.account("Checking", AccountRole.BANK)
        self.fees = self.mirror.account("Fees", AccountRole.EXPENSE)
        self.invoice = self.mirror.invoice("INV-1", "Acme", "120.00", still_open="0.00" if posted else None)
        self.other = self.mirror.invoice("INV-2", "Acme", "120.00")
        self.charge = self.mirror.charge(
            "ch_1", "120.00", fee="3.78", customer="Acme", tags=(Tag("invoice_number", "INV-1"),)
        )
        self.mirror.customer("Acme", at=PROCESSOR)
        line = self.mirror.entry("txn_1", self.charge, "120.00", "3.78")
        self.payout = self.mirror.payout("po_1", "116.22", line)
        self.wrote: list[Wrote] = []
        if posted:
            self.entry = self.mirror.received(
                "17", "Acme", "120.00", {self.invoice: "120.00"}, memo=f"{MARK}{self.charge}", into=self.clearing,
                on="2026-03-29",
            )  # fmt: skip
            self.wrote.append(Wrote(self._intent(), self.entry))

    def _intent(self) -> PostPayment:
        return PostPayment(
            books=BOOKS,
            customer=ref(Kind.CUSTOMER, "Acme"),
            on=business_date("2026-03-29"),
            total=money("120.00"),
            allocations=(Allocation(payment=self.charge, target=self.invoice, amount=money("120.00")),),
            into=self.clearing,
            about=self.charge,
            memo="",
        )

    def payment(self, at: Ref) -> Payment:
        held = self.mirror.records[at]
        assert isinstance(held, Payment)
        return held

    def refunded(self) -> None:
        """The processor gave 20.00 back."""
        self.mirror.put(self.charge, replace(self.payment(self.charge), refunded=money("20.00")))

    def halved(self) -> None:
        """A person corrected the books to what the customer says they paid."""
        changed = replace(self.payment(self.entry), gross=money("100.00"), unapplied=money("0.00"))
        share = replace(changed.allocations[0], amount=money("100.00"))
        self.mirror.put(self.entry, replace(changed, allocations=(share,)))

    def ground(self) -> Ground:
        accounts = {(PROCESSOR, USD): self.clearing}
        return Ground(
            snapshot=self.mirror.seen(),
            accounts=accounts,
            zone=zone("America/New_York"),
            as_of=business_date("2026-04-20"),
        )

    def found(self, *attempts: LinkAttempt) -> tuple[Conflict, ...]:
        return conflicts(self.ground(), self.wrote, attempts, NOW)

    def held(self, *log: Ruling) -> Mapping[Ref | Written, Finding]:
        return {**fees_elsewhere(self.ground()), **held_back(self.found(), log)}

    def plan(self, *log: Ruling) -> Plan:
        seen, numbers = replace(self.mirror.seen(), rulings=log), count(1)
        posting = PostingAccounts(clearing={USD: self.clearing}, bank={USD: self.bank}, fees=self.fees)
        connection = Connection(
            company_id=CompanyId("harbor"), connection_id=PROCESSOR, system="stripe", account="acct_1", live=False,
            posting=posting,
        )  # fmt: skip
        frame = Frame(
            plan_id=PlanId("plan-1"),
            company_id=CompanyId("harbor"),
            made_at=NOW,
            made_by=ActorId("dana"),
            new_op_id=lambda: OpId(f"{next(numbers):A>20}"),
            held=self.held(*log),
            conflicts=self.found(),
        )
        return plan(seen, reconcile(seen), [connection], frame)


def said(found: Conflict, kind: RulingKind, amount: str = "120.00") -> Ruling:
    return Ruling(
        payment=found.about, kind=kind, by=ActorId("dana"), at=NOW, gross=money(amount), unapplied=money("0.00"),
        seen=found.state, number=1,
    )  # fmt: skip


def kinds(made: Plan) -> list[tuple[IntentKind, str]]:
    return [(line.kind, line.intent.about.vendor_id) for line in made.lines]


def left(made: Plan) -> list[FindingCode]:
    return [finding.code for finding in made.left_out]


def test_nothing_is_a_conflict_while_only_one_side_changed_the_amount() -> None:
    for change in (Desk.refunded, lambda _: None):
        desk = Desk()
        change(desk)
        assert desk.found() == ()


def test_an_amount_changed_on_both_sides_is_shown_in_three_values() -> None:
    desk = Desk()
    desk.refunded()
    desk.halved()
    (found,) = desk.found()
    assert found.about == desk.charge
    assert Values("amount", "120.00 USD", "100.00 USD", "100.00 USD, 20.00 USD refunded") in found.values
    assert found.finding.code is FindingCode.CONFLICT


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("day", {"received_on": business_date("2026-03-28")}),
        ("account", {"into": ref(Kind.ACCOUNT, "Checking")}),
        ("customer", {"customer": ref(Kind.CUSTOMER, "Bolt")}),
    ],
)
def test_every_money_field_that_a_person_changed_beside_a_refund_is_named(
    field: str, change: dict[str, object]
) -> None:
    desk = Desk()
    desk.mirror.customer("Bolt")
    desk.refunded()
    desk.mirror.put(desk.entry, replace(desk.payment(desk.entry), **change))  # type: ignore[arg-type]
    (found,) = desk.found()
    assert {value.field for value in found.values} == {"amount", field}


def test_a_payment_that_a_person_gave_to_another_invoice_is_a_conflict_by_itself() -> None:
    desk = Desk()
    share = Allocation(payment=desk.entry, target=desk.other, amount=money("120.00"))
    desk.mirror.put(desk.entry, replace(desk.payment(desk.entry), allocations=(share,)))
    (found,) = desk.found()
    assert found.values == (Values("settles", "INV-1 120.00 USD", "INV-2 120.00 USD", "INV-1 120.00 USD"),)


def test_what_a_person_applied_of_the_rest_is_no_conflict() -> None:
    desk = Desk()
    more = Allocation(payment=desk.entry, target=desk.other, amount=money("5.00"))
    held = desk.payment(desk.entry)
    desk.mirror.put(desk.entry, replace(held, allocations=(*held.allocations, more)))
    assert desk.found() == ()


def test_while_it_stands_no_plan_touches_that_money_and_either_word_of_a_person_ends_it() -> None:
    desk = Desk()
    desk.refunded()
    desk.halved()
    (found,) = desk.found()
    waiting = desk.plan()
    assert (IntentKind.EXPENSE, "ch_1") not in kinds(waiting)
    assert FindingCode.CONFLICT in left(waiting)
    books = desk.plan(said(found, RulingKind.KEEP_BOOKS))
    assert (IntentKind.EXPENSE, "ch_1") not in kinds(books)
    assert FindingCode.KEPT_OUT in left(books)
    assert (IntentKind.EXPENSE, "ch_1") in kinds(desk.plan(said(found, RulingKind.KEEP_PROCESSOR)))


def test_a_word_stands_for_the_values_that_were_seen_and_for_no_others() -> None:
    desk = Desk()
    desk.refunded()
    desk.halved()
    word = said(desk.found()[0], RulingKind.KEEP_PROCESSOR)
    assert desk.charge not in desk.held(word)
    desk.mirror.put(desk.charge, replace(desk.payment(desk.charge), refunded=money("50.00")))
    assert desk.held(word)[desk.charge].code is FindingCode.CONFLICT


def test_a_transfer_that_a_person_changed_of_a_payout_that_failed_is_a_conflict() -> None:
    desk = Desk()
    memo = f"{MARK}{desk.payout}"
    at = ref(Kind.BOOK_ENTRY, "Transfer:3")
    day = business_date("2026-04-02")
    held = BookEntry(
        paid_from=desk.clearing, paid_to=desk.bank, on=day, amount=money("116.00"), memo=memo, stamps=read_stamps(memo)
    )
    desk.mirror.put(at, held)
    wrote = PostTransfer(
        books=BOOKS, paid_from=desk.clearing, paid_to=desk.bank, on=day, amount=money("116.22"), about=desk.payout,
        memo="",
    )  # fmt: skip
    desk.wrote.append(Wrote(wrote, at))
    assert desk.found() == ()
    payout = desk.mirror.records[desk.payout]
    assert isinstance(payout, Payout)
    desk.mirror.put(desk.payout, replace(payout, state=PayoutState.FAILED))
    (found,) = desk.found()
    assert found.values == (Values("amount", "116.22 USD", "116.00 USD", "116.22 USD, failed"),)


def asked(
    desk: Desk, amount: str, *, state: AttemptState = AttemptState.OFFERED, ends: str = "2026-04-21"
) -> LinkAttempt:
    return LinkAttempt(
        attempt_id=AttemptId("a"), link_id=LinkId("l"), debt=desk.other, connection=PROCESSOR, op_id=OpId("A" * 20),
        amount=money(amount), methods=("card",), state=state, expires_at=instant_from_iso(f"{ends}T00:00:00Z"),
    )  # fmt: skip


def test_an_invoice_changed_while_its_payer_can_still_pay_the_old_amount_is_a_conflict() -> None:
    desk = Desk()
    (found,) = desk.found(asked(desk, "130.00"))
    assert found.values == (Values("amount", "130.00 USD", "120.00 USD", "130.00 USD, offered"),)
    assert held_back([found], ()) == {}, "it is no money yet"
    assert desk.found(asked(desk, "120.00")) == ()
    assert desk.found(asked(desk, "130.00", ends="2026-04-19")) == ()
    assert desk.found(asked(desk, "130.00", state=AttemptState.EXPIRED)) == ()


def fed(desk: Desk, memo: str | None = None) -> Ref:
    """The bank's feed entered the payout as income."""
    whole = money("116.22")
    deposit = Deposit(
        into=desk.bank, on=business_date("2026-04-03"), total=whole, lines=(DepositLine(amount=whole),), memo=memo
    )
    return desk.mirror.put(ref(Kind.DEPOSIT, "d1"), deposit)


@pytest.mark.req("F13")
@pytest.mark.parametrize("memo", [None, "po_1", "STRIPE TRANSFER"])
def test_a_payout_that_checking_has_from_another_origin_is_refused_by_the_plan(memo: str | None) -> None:
    desk = Desk()
    assert (IntentKind.TRANSFER, "po_1") in kinds(desk.plan())
    at = fed(desk, memo)
    refused = desk.plan()
    assert (IntentKind.TRANSFER, "po_1") not in kinds(refused)
    (finding,) = [each for each in refused.left_out if each.code is FindingCode.PAYOUT_IN_BANK]
    assert finding.refs == (desk.payout, at)
    (found,) = desk.found()
    assert (IntentKind.TRANSFER, "po_1") in kinds(desk.plan(said(found, RulingKind.KEEP_PROCESSOR)))


@pytest.mark.req("F13")
def test_a_deposit_of_a_customers_own_check_of_that_sum_is_no_payout() -> None:
    desk = Desk()
    check = desk.mirror.received("18", "Acme", "116.22", on="2026-04-02")
    desk.mirror.deposit("d1", desk.bank, {check: "116.22"})
    assert (IntentKind.TRANSFER, "po_1") in kinds(desk.plan())


@pytest.mark.req("F13")
def test_a_fee_that_another_hand_has_booked_is_not_booked_again() -> None:
    desk = Desk()
    assert (IntentKind.EXPENSE, "ch_1") in kinds(desk.plan())
    entry = BookEntry(
        paid_from=desk.clearing, paid_to=desk.fees, on=business_date("2026-03-30"), amount=money("3.78"), memo="ch_1"
    )
    desk.mirror.put(ref(Kind.BOOK_ENTRY, "Purchase:9"), entry)
    refused = desk.plan()
    assert (IntentKind.EXPENSE, "ch_1") not in kinds(refused)
    assert FindingCode.POSTED_ELSEWHERE in left(refused)


@pytest.mark.parametrize("memo", ["charge ch_1", None])
def test_a_payment_that_another_hand_has_posted_is_not_posted_again(memo: str | None) -> None:
    desk = Desk(posted=False)
    assert (IntentKind.PAYMENT, "ch_1") in kinds(desk.plan())
    desk.mirror.received("9", "Acme", "120.00", unapplied="120.00", memo=memo, into=desk.clearing, on="2026-03-30")
    refused = desk.plan()
    assert (IntentKind.PAYMENT, "ch_1") not in kinds(refused)
    assert FindingCode.POSTED_ELSEWHERE in left(refused)
    (found,) = desk.found()
    assert found.is_settled, "it is there whole, and nobody has to choose"


def test_a_payment_that_was_voided_leaves_no_conflict() -> None:
    desk = Desk()
    desk.refunded()
    desk.mirror.put(desk.entry, replace(desk.payment(desk.entry), gross=money("0.00"), state=PaymentState.VOID))
    assert desk.found() == ()
