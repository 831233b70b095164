"""Cleaning up after other hands: what of ours goes, what we add, what only a person does; each with its evidence."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import count

import pytest

from connector.dates import business_date
from connector.model.finding import FindingCode
from connector.model.firm import Connection, PostingAccounts
from connector.model.intent import IntentKind, PostExpense, Posting, VoidPosting, Written
from connector.model.money_in import Payment
from connector.model.party import AccountRole
from connector.model.settlement import BookEntry, Deposit, DepositLine
from connector.model.source import ActorId, CompanyId, Kind, OpId, PlanId, Ref
from connector.model.stamp import read_stamps
from connector.plan import Frame, Plan
from connector.plan.clean_up import Dirt, clean_up
from connector.plan.undo import OwnWrite
from connector.reconcile.match import reconcile
from connector.reconcile.namesakes import namesakes
from connector.reconcile.polluted import Row
from connector.reconcile.shadowed import shadowed
from connector.reconcile.snapshot import Snapshot
from tests.builders import BOOKS, PROCESSOR, USD, Mirror, money, ref
from tests.laws.shadow_world import POLLUTIONS, Shop
from tests.unit.test_conflicts import MARK, NOW, Desk

OURS = OpId("A" * 20)
DAY = business_date("2026-03-29")


def cleaned(
    seen: Snapshot, accounts: PostingAccounts, rows: Sequence[Row], *writes: OwnWrite, wrong: Collection[Ref] = ()
) -> Plan:
    numbers = count(1)
    connection = Connection(
        company_id=CompanyId("harbor"), connection_id=PROCESSOR, system="stripe", account="acct_1", live=False,
        posting=accounts,
    )  # fmt: skip
    frame = Frame(
        plan_id=PlanId("clean-1"), company_id=CompanyId("harbor"), made_at=NOW, made_by=ActorId("dana"),
        new_op_id=lambda: OpId(f"{next(numbers):B>20}"),
    )  # fmt: skip
    return clean_up(seen, Dirt(rows=rows, writes=writes, wrong=wrong), [connection], frame)


class Books(Desk):
    """A desk whose payment is ours, and whatever another hand puts beside it."""

    def own(self, intent: Posting, at: Ref) -> OwnWrite:
        held = self.mirror.records[at]
        assert isinstance(held, Payment | BookEntry)
        amount, allocated = (held.gross, held.allocations) if isinstance(held, Payment) else (held.amount, ())
        answer = Written(ref=at, version="", amount=amount, allocated=allocated)
        return OwnWrite(op_id=OURS, run=PlanId("plan-1"), line=1, intent=intent, answer=answer)

    def fee(self, *, named: bool = True, to: Ref | None = None, ours: bool = False) -> Ref:
        about = f"{MARK}{self.charge}" if ours else self.charge.vendor_id if named else ""
        entry = BookEntry(
            paid_from=self.clearing, paid_to=to or self.fees, on=DAY, amount=money("3.78"), memo=about,
            stamps=read_stamps(about),
        )  # fmt: skip
        return self.mirror.put(ref(Kind.BOOK_ENTRY, "Purchase:1" if ours else "Purchase:2"), entry)

    def own_fee(self) -> OwnWrite:
        wrote = PostExpense(
            books=BOOKS, paid_from=self.clearing, account=self.fees, on=DAY, amount=money("3.78"), about=self.charge,
            memo="",
        )  # fmt: skip
        return self.own(wrote, self.fee(ours=True))

    def cleaned(self, *writes: OwnWrite, wrong: Collection[Ref] = ()) -> Plan:
        ground = self.ground()
        rows = shadowed(ground, reconcile(ground.snapshot), business_date("2026-01-01")).rows
        posting = PostingAccounts(clearing={USD: self.clearing}, bank={USD: self.bank}, fees=self.fees)
        return cleaned(ground.snapshot, posting, rows, *writes, wrong=wrong)


def voids(made: Plan) -> list[Ref]:
    return [line.void.target for line in made.lines if line.void is not None]


def left(made: Plan) -> dict[FindingCode, str]:
    return {each.code: each.next_step for each in made.left_out}


def test_our_fee_beside_an_equal_one_of_another_hand_is_taken_back_as_long_as_that_one_stands() -> None:
    books = Books()
    ours, theirs = books.own_fee(), books.fee()
    made = books.cleaned(ours)
    (line,) = [each for each in made.lines if each.void is not None]
    assert isinstance(line.intent, VoidPosting)
    assert (line.intent.target.vendor_id, line.intent.stamp) == ("Purchase:1", OURS)
    assert theirs in [at for at, _ in line.expects]
    assert {each.ref for each in line.evidence} == {line.intent.target, theirs}
    assert FindingCode.FEE_TWICE not in left(made)


def test_where_the_two_differ_a_person_is_asked_and_their_word_takes_ours_back() -> None:
    books = Books()
    other = books.mirror.account("Bank charges", AccountRole.EXPENSE)
    ours, _ = books.own_fee(), books.fee(to=other)
    asked = books.cleaned(ours)
    assert voids(asked) == []
    assert "--take-back Purchase:1" in left(asked)[FindingCode.FEE_TWICE]
    assert "Open entry Purchase:2" in left(asked)[FindingCode.FEE_TWICE]
    assert ours.answer is not None
    assert voids(books.cleaned(ours, wrong=[ours.answer.ref])) == [ours.answer.ref]


def test_what_a_person_changed_of_ours_since_is_not_taken_back() -> None:
    books = Books()
    ours, _ = books.own_fee(), books.fee()
    assert ours.answer is not None
    held = books.mirror.records[ours.answer.ref]
    assert isinstance(held, BookEntry)
    books.mirror.put(ours.answer.ref, replace(held, paid_to=books.bank))
    assert voids(books.cleaned(ours, wrong=[ours.answer.ref])) == []


def test_what_another_hand_wrote_twice_is_for_a_person_step_by_step_and_never_a_line() -> None:
    books = Books(posted=False)
    for number in ("8", "9"):
        books.mirror.received(number, "Acme", "120.00", unapplied="120.00", memo="ch_1", into=books.clearing)
    books.mirror.deposit("d1", books.bank, {ref(Kind.PAYMENT, "9"): "120.00"})
    made = books.cleaned()
    assert made.lines == ()
    step = left(made)[FindingCode.POSTED_TWICE]
    assert "Take it out of deposit d1 first. Open payment 9 (120.00 USD of" in step
    assert "Payment 8 stays as it is." in step


def test_a_mere_likeness_is_never_a_line_even_where_one_is_ours() -> None:
    books = Books()
    held = books.payment(books.entry)
    hand = books.mirror.account("Undeposited Funds", AccountRole.UNDEPOSITED)
    again = replace(held, memo=None, stamps=(), allocations=(), unapplied=held.gross, into=hand)
    books.mirror.put(ref(Kind.PAYMENT, "zz"), again)
    made = books.cleaned(books.own(books.wrote[0].intent, books.entry))
    assert voids(made) == []
    assert FindingCode.PERHAPS_TWICE in left(made)


def net(books: Books) -> Ref:
    """Another program posted what was left of the charge; the fee is open on the invoice."""
    books.mirror.invoice("INV-1", "Acme", "120.00", still_open="3.78")
    return books.mirror.received(
        "8", "Acme", "116.22", {books.invoice: "116.22"}, memo="ch_1", into=books.clearing, on="2026-03-29"
    )


def test_a_payment_posted_net_is_made_whole_by_two_entries_of_ours_that_come_to_nothing_on_the_clearing_account() -> (
    None
):
    books = Books(posted=False)
    held = net(books)
    made = books.cleaned()
    payment, expense = made.lines
    assert payment.payment is not None
    assert expense.expense is not None
    assert (payment.payment.total, payment.payment.about) == (money("3.78"), held)
    assert [(each.target, each.amount) for each in payment.payment.allocations] == [(books.invoice, money("3.78"))]
    assert (expense.kind, expense.expense.about) == (IntentKind.EXPENSE, books.charge)
    assert sum(each.amount.minor for each in made.effects() if each.account == "Card Clearing") == 0
    assert all(line.evidence for line in made.lines)
    books.mirror.received(
        "10", "Acme", "3.78", {books.invoice: "3.78"}, memo=f"{MARK}{held}", into=books.clearing, on="2026-03-29"
    )
    books.fee(ours=True)
    books.mirror.invoice("INV-1", "Acme", "120.00", still_open="0.00")
    again = books.cleaned()
    assert again.lines == ()
    assert {FindingCode.POSTED_NET, FindingCode.FEE_TWICE, FindingCode.POSTED_TWICE} & left(again).keys() == set()


@pytest.mark.parametrize("closed", [True, False])
def test_a_payment_posted_net_is_left_to_a_person_where_its_day_is_closed_or_nothing_is_open(*, closed: bool) -> None:
    books = Books(posted=False)
    net(books)
    if closed:
        books.mirror.profile(closed_through=business_date("2026-03-31"))
    else:
        books.mirror.invoice("INV-1", "Acme", "120.00", still_open="1.00")
    made = books.cleaned()
    assert made.lines == ()
    assert (FindingCode.CLOSED_PERIOD if closed else FindingCode.POSTED_NET) in left(made)


@pytest.mark.parametrize("kind", POLLUTIONS)
def test_all_that_is_wrong_is_a_line_of_ours_or_a_step_for_a_person_and_no_line_touches_others(
    kind: str,
) -> None:
    for seed in range(6):
        shop = Shop(seed)
        POLLUTIONS[kind](shop)
        rows = shop.shadow().rows
        posting = PostingAccounts(clearing={USD: shop.clearing}, bank={USD: shop.bank}, fees=shop.costs)
        made = cleaned(shop.seen(), posting, rows)
        assert voids(made) == [], "nothing here is known to be ours"
        told = {each.refs[0] for each in made.left_out} | {line.intent.about for line in made.lines}
        assert {row.finding.refs[0] for row in rows} <= told, (seed, shop.by)
        assert all(each.next_step for each in made.left_out)


def double(*, name: str, email: str = "", idle: bool = True) -> Mirror:
    mirror = Mirror()
    mirror.profile()
    mirror.customer("Acme Bakery", email="ap@acme.example")
    mirror.customer(name, email=email or None)
    mirror.invoice("INV-1", "Acme Bakery", "120.00")
    if not idle:
        mirror.invoice("INV-2", name, "10.00")
    mirror.received("8", name, "120.00", unapplied="120.00")
    return mirror


@pytest.mark.parametrize(
    ("name", "email"), [("Acme Bakery (Stripe)", ""), ("Acme Bakery 2", ""), ("A. Baker", "AP@acme.example")]
)
def test_a_second_card_of_a_customer_that_has_the_money_is_put_to_a_person_as_one_to_merge(
    name: str, email: str
) -> None:
    (found,) = namesakes(double(name=name, email=email).seen())
    assert found.refs == (ref(Kind.CUSTOMER, name), ref(Kind.CUSTOMER, "Acme Bakery"))
    assert "merge them in the books" in found.next_step


@pytest.mark.parametrize(("name", "idle"), [("Acme Bricks", True), ("Acme Bakery 2", False)])
def test_other_names_and_cards_with_invoices_of_their_own_are_no_question(name: str, *, idle: bool) -> None:
    assert list(namesakes(double(name=name, idle=idle).seen())) == []


def test_a_deposit_that_the_feed_added_is_a_question_with_its_steps() -> None:
    shop = Shop(3)
    (at,), _ = POLLUTIONS["fed"](shop)
    assert isinstance(shop.records[at], Deposit)
    assert isinstance(shop.records[at].lines[0], DepositLine)  # type: ignore[union-attr]
    made = cleaned(shop.seen(), PostingAccounts(), shop.shadow().rows)
    assert f"Open deposit {at.vendor_id}" in left(made)[FindingCode.BANK_FEED_TWIN]
