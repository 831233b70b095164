"""Every money field that both sides can change, in three values; and what a person's choice makes of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

from connector.dates import BusinessDate, business_date
from connector.model.allocation import Allocation
from connector.model.finding import FindingCode
from connector.model.firm import Connection, PostingAccounts
from connector.model.intent import IntentKind, JournalPart, PostDeposit, PostExpense, PostJournal, PostTransfer
from connector.model.money_in import Refund, RefundState
from connector.model.party import AccountRole
from connector.model.ruling import Ruling, RulingKind
from connector.model.settlement import BookEntry, Deposit, EntryNature, OwedPart, Payout, PayoutState
from connector.model.source import ActorId, CompanyId, Kind, OpId, PlanId, Ref, Tag
from connector.model.stamp import read_stamps
from connector.plan import Frame, Plan, PlanLine, plan
from connector.reconcile.conflict import Conflict, Values, Wrote, choice_subject, corrections
from connector.reconcile.conflicts import conflicts, held_back
from connector.reconcile.match import reconcile
from connector.reconcile.sides import Ground as Compared
from connector.reconcile.sides import sheets
from tests.builders import BOOKS, PROCESSOR, USD, money, ref
from tests.unit.test_conflicts import MARK, NOW, Desk, said

DAY = business_date("2026-03-29")
ACME = "Accounts receivable: Acme"


class Shop(Desk):
    """The same desk with a receivable account, a fee, a refund and a transfer that we posted."""

    def __init__(self) -> None:
        super().__init__()
        self.owed = self.mirror.account("Receivables", AccountRole.RECEIVABLE)
        self.acme = ref(Kind.CUSTOMER, "Acme")

    def wrote_entry(self, name: str, wrote: PostExpense | PostTransfer | PostJournal, held: BookEntry) -> Ref:
        memo = f"{MARK}{wrote.about}"
        at = self.mirror.put(ref(Kind.BOOK_ENTRY, name), replace(held, memo=memo, stamps=read_stamps(memo)))
        self.wrote.append(Wrote(wrote, at))
        return at

    def fee(self, agreed: str, here: str) -> Ref:
        wrote = PostExpense(
            books=BOOKS, paid_from=self.clearing, account=self.fees, on=DAY, amount=money(agreed), about=self.charge,
            memo="",
        )  # fmt: skip
        held = BookEntry(paid_from=self.clearing, paid_to=self.fees, on=DAY, amount=money(here))
        return self.wrote_entry("Purchase:9", wrote, held)

    def refund(self, here: str, *, state: RefundState = RefundState.DONE) -> Ref:
        """20.00 given back, posted by us; the books say something else of it now."""
        about = self.mirror.put(
            ref(Kind.REFUND, "re_1", PROCESSOR), Refund(payment=self.charge, amount=money("20.00"), on=DAY, state=state)
        )
        line = self.mirror.entry("txn_re", about, "-20.00", "0.00", nature=EntryNature.REFUND)
        parts = (
            JournalPart(account=self.clearing, amount=money("-20.00")),
            JournalPart(account=self.owed, amount=money("20.00"), customer=self.acme),
        )
        now = money(here)
        held = BookEntry(
            paid_from=None, paid_to=None, on=DAY, amount=now, owed=(OwedPart(customer=self.acme, amount=now),),
            moves=((self.clearing, -now), (self.owed, now)),
        )  # fmt: skip
        return self.wrote_entry(
            "JournalEntry:5", PostJournal(books=BOOKS, on=DAY, parts=parts, about=line, memo=""), held
        )

    def look(self) -> tuple[Conflict, ...]:
        return conflicts(self.ground(), self.wrote, (), NOW)

    def planned(self, *log: Ruling) -> Plan:
        seen, numbers = replace(self.mirror.seen(), rulings=log), count(1)
        posting = PostingAccounts(clearing={USD: self.clearing}, bank={USD: self.bank}, fees=self.fees)
        connection = Connection(
            company_id=CompanyId("harbor"), connection_id=PROCESSOR, system="stripe", account="acct_1", live=False,
            posting=posting,
        )  # fmt: skip
        found = conflicts(replace(self.ground(), snapshot=seen), self.wrote, (), NOW)
        frame = Frame(
            plan_id=PlanId("plan-1"), company_id=CompanyId("harbor"), made_at=NOW, made_by=ActorId("dana"),
            new_op_id=lambda: OpId(f"{next(numbers):A>20}"), held=held_back(found, log), conflicts=found,
        )  # fmt: skip
        return plan(seen, reconcile(seen), [connection], frame)


def choice(made: Plan) -> list[PlanLine]:
    return [line for line in made.lines if line.subject.startswith("choice-")]


def legs(line: PlanLine) -> dict[str, str]:
    assert line.journal is not None
    return {str(effect.account): str(effect.amount) for effect in line.effects}


def test_a_fee_changed_on_both_sides_shows_three_values_and_waits() -> None:
    shop = Shop()
    at = shop.fee("3.78", "3.00")
    assert shop.look() == (), "the processor still says what we wrote"
    shop.mirror.put(shop.charge, replace(shop.payment(shop.charge), fee=money("4.10")))
    (found,) = shop.look()
    assert found.entry == at
    assert found.values == (Values("fee", "3.78 USD", "3.00 USD", "4.10 USD"),)
    assert held_back([found], ())[IntentKind.EXPENSE, shop.charge].code is FindingCode.CONFLICT


def test_two_sides_that_changed_a_fee_to_the_same_agree() -> None:
    shop = Shop()
    shop.fee("3.78", "4.10")
    shop.mirror.put(shop.charge, replace(shop.payment(shop.charge), fee=money("4.10")))
    assert shop.look() == ()


@pytest.mark.parametrize(
    ("here", "state", "values"),
    [
        ("25.00", RefundState.FAILED, Values("refund", "20.00 USD", "25.00 USD", "20.00 USD, failed")),
        ("20.00", RefundState.FAILED, None),
        ("25.00", RefundState.DONE, None),
    ],
)
def test_a_refund_is_a_conflict_only_where_a_person_and_the_processor_both_changed_it(
    here: str, state: RefundState, values: Values | None
) -> None:
    shop = Shop()
    shop.refund(here, state=state)
    assert [each.values for each in shop.look()] == ([(values,)] if values is not None else [])


def test_while_a_refund_is_in_conflict_nothing_of_that_refund_is_planned() -> None:
    shop = Shop()
    shop.refund("25.00", state=RefundState.FAILED)
    back = shop.mirror.entry(
        "txn_back", ref(Kind.REFUND, "re_1", PROCESSOR), "20.00", "0.00", nature=EntryNature.REFUND_BACK
    )
    made = shop.planned()
    assert back not in [line.intent.about for line in made.lines]
    assert FindingCode.CONFLICT in [each.code for each in made.left_out]
    (found,) = shop.look()
    made = shop.planned(said(found, RulingKind.KEEP_PROCESSOR))
    assert back in [line.intent.about for line in made.lines]
    (line,) = choice(made)
    assert legs(line) == {"Card Clearing": "5.00 USD", ACME: "-5.00 USD"}


def test_a_deposit_of_a_payout_that_a_person_changed_and_that_failed_is_a_conflict_for_a_person_alone() -> None:
    shop = Shop()
    wrote = PostDeposit(
        books=BOOKS, into=shop.bank, on=DAY, payments=((shop.entry, money("120.00")),), parts=(), total=money("116.22"),
        about=shop.payout, memo="",
    )  # fmt: skip
    at = shop.mirror.put(ref(Kind.DEPOSIT, "d1"), Deposit(into=shop.bank, on=DAY, total=money("110.00")))
    shop.wrote.append(Wrote(wrote, at))
    payout = shop.mirror.records[shop.payout]
    assert isinstance(payout, Payout)
    shop.mirror.put(shop.payout, replace(payout, state=PayoutState.FAILED))
    (found,) = [each for each in shop.look() if each.entry == at]
    assert Values("amount", "116.22 USD", "110.00 USD", "116.22 USD, failed") in found.values
    assert found.postings is None
    assert found.by_hand


def test_a_payout_dated_otherwise_by_both_sides_across_a_period_is_a_conflict() -> None:
    shop = Shop()
    agreed = business_date("2026-03-31")
    wrote = PostTransfer(
        books=BOOKS, paid_from=shop.clearing, paid_to=shop.bank, on=agreed, amount=money("116.22"), about=shop.payout,
        memo="",
    )  # fmt: skip
    moved = business_date("2026-02-28")
    at = shop.wrote_entry(
        "Transfer:3", wrote, BookEntry(paid_from=shop.clearing, paid_to=shop.bank, on=moved, amount=money("116.22"))
    )
    (found,) = [each for each in shop.look() if each.entry == at]
    there = shop.mirror.records[shop.payout]
    assert isinstance(there, Payout)
    assert found.values == (Values("day", "2026-03-31", "2026-02-28", str(there.arrives_on)),)
    assert "date it" in found.by_hand


def test_a_payment_entered_anew_in_another_currency_beside_a_refund_is_named_as_that() -> None:
    shop = Shop()
    shop.refunded()
    held = replace(shop.payment(shop.entry), gross=money("110.00 EUR"), allocations=())
    shop.mirror.put(shop.entry, held)
    (found,) = shop.look()
    assert Values("currency", "120.00 USD", "110.00 EUR", "100.00 USD, 20.00 USD refunded") in found.values


def test_which_invoice_is_in_three_values_and_no_conflict_where_the_processor_says_the_same_by_now() -> None:
    shop = Shop()
    share = Allocation(payment=shop.entry, target=shop.other, amount=money("120.00"))
    shop.mirror.put(shop.entry, replace(shop.payment(shop.entry), allocations=(share,)))
    (found,) = shop.look()
    assert found.values == (Values("settles", "INV-1 120.00 USD", "INV-2 120.00 USD", "INV-1 120.00 USD"),)
    shop.mirror.put(shop.charge, replace(shop.payment(shop.charge), tags=(Tag("invoice_number", "INV-2"),)))
    assert shop.look() == ()


def test_an_invoice_whose_total_both_sides_changed_holds_the_payment_for_it() -> None:
    shop = Shop()
    own = shop.mirror.invoice("INV-3", "Acme", "90.00")
    there = shop.mirror.invoice("in_3", "Acme", "80.00", at=PROCESSOR)
    shop.mirror.put(there, replace(shop.mirror.seen().invoices[there], same_debt=own))
    charge = shop.mirror.charge("ch_3", "90.00", customer="Acme", tags=(Tag("invoice_number", "INV-3"),))
    agreed = {(there, own): money("100.00")}
    (found,) = conflicts(shop.ground(), (), (), NOW, agreed)
    assert found.values == (Values("invoice total", "100.00 USD", "90.00 USD", "80.00 USD"),)
    assert {there, own} == set(held_back([found], ()))
    assert charge in shop.mirror.records
    for one_sided in (money("90.00"), money("80.00")):
        assert conflicts(shop.ground(), (), (), NOW, {(there, own): one_sided}) == ()


@pytest.mark.parametrize(
    ("kind", "amount", "wanted"),
    [
        (
            RulingKind.KEEP_PROCESSOR,
            "120.00",
            {"Card Clearing": "20.00 USD", "Accounts receivable: Acme": "-20.00 USD"},
        ),
        (RulingKind.KEEP_MINE, "95.00", {"Card Clearing": "-5.00 USD", "Accounts receivable: Acme": "5.00 USD"}),
        (RulingKind.KEEP_MINE, "100.00", None),
        (RulingKind.KEEP_BOOKS, "120.00", None),
    ],
)
def test_a_choice_about_a_payment_becomes_one_entry_beside_it_or_nothing(
    kind: RulingKind, amount: str, wanted: dict[str, str] | None
) -> None:
    shop = Shop()
    shop.refunded()
    shop.halved()
    (found,) = shop.look()
    word = said(found, kind, amount)
    made = shop.planned(word)
    assert [legs(line) for line in choice(made)] == ([wanted] if wanted is not None else [])
    assert [line.subject for line in choice(made)] == ([choice_subject(word)] if wanted is not None else [])
    assert all(line.evidence[0].says.endswith("by dana, decision 1") for line in choice(made))


def test_money_that_a_person_moved_to_another_account_is_moved_back_by_an_entry_beside_it() -> None:
    shop = Shop()
    shop.refunded()
    shop.mirror.put(shop.entry, replace(shop.payment(shop.entry), into=shop.bank))
    (found,) = shop.look()
    (line,) = choice(shop.planned(said(found, RulingKind.KEEP_PROCESSOR)))
    assert legs(line) == {"Card Clearing": "120.00 USD", "Checking": "-120.00 USD"}


def test_a_choice_that_stands_in_the_books_is_not_planned_again_and_both_entries_count_as_one() -> None:
    shop = Shop()
    shop.refunded()
    shop.halved()
    (found,) = shop.look()
    word = said(found, RulingKind.KEEP_PROCESSOR)
    (line,) = choice(shop.planned(word))
    assert line.journal is not None
    memo = f"{MARK}{shop.charge}"
    at = shop.mirror.put(
        ref(Kind.BOOK_ENTRY, "JournalEntry:7"),
        BookEntry(
            paid_from=None, paid_to=None, on=DAY, amount=money("20.00"), memo=memo, stamps=read_stamps(memo),
            owed=(OwedPart(customer=shop.acme, amount=money("-20.00")),),
            moves=tuple((part.account, part.amount) for part in line.journal.parts),
        ),
    )  # fmt: skip
    shop.mirror.written[line.subject] = at
    shop.mirror.in_flight.add(line.subject)
    assert choice(shop.planned(word)) == []
    seen = replace(shop.mirror.seen(), rulings=(word,))
    assert corrections(seen) == {at: shop.entry}
    compared = Compared(
        snapshot=seen, accounts={(PROCESSOR, USD): shop.clearing}, starts={}, zone=shop.ground().zone,
        as_of=BusinessDate(business_date("2026-04-20")), now=False,
    )  # fmt: skip
    (clearing,) = [sheet for sheet in sheets(compared) if sheet.name == "Clearing of stripe"]
    assert str(shop.charge) not in [each.entry.key for each in clearing.agreement.differences]


def test_money_that_waits_for_its_deposit_is_put_right_by_a_person_alone() -> None:
    shop = Shop()
    hand = shop.mirror.account("Undeposited Funds", AccountRole.UNDEPOSITED)
    shop.refunded()
    shop.halved()
    shop.mirror.put(shop.entry, replace(shop.payment(shop.entry), into=hand))
    (found,) = shop.look()
    assert found.postings is None
    made = shop.planned(said(found, RulingKind.KEEP_PROCESSOR))
    assert choice(made) == []
    assert any("Open payment 17" in each.next_step for each in made.left_out)


def given_back(shop: Shop) -> Ref:
    """The processor gave 20.00 back, and we have not booked it."""
    about = shop.mirror.put(
        ref(Kind.REFUND, "re_1234", PROCESSOR),
        Refund(payment=shop.charge, amount=money("20.00"), on=DAY, state=RefundState.DONE),
    )
    shop.refunded()
    return shop.mirror.entry("txn_re", about, "-20.00", "0.00", nature=EntryNature.REFUND)


@pytest.mark.parametrize("how", ["receipt", "journal", "check", "other sum", "a fee"])
def test_a_refund_that_a_person_entered_by_hand_is_not_booked_a_second_time_before_somebody_looks(how: str) -> None:
    shop = Shop()
    line = given_back(shop)
    amount = money("21.00" if how == "other sum" else "20.00")
    if how in ("receipt", "other sum"):
        by_hand = Refund(payment=None, amount=amount, on=DAY, state=RefundState.DONE)
        shop.mirror.put(ref(Kind.REFUND, "7"), by_hand)
    elif how == "journal":
        moves = ((shop.clearing, -amount), (shop.owed, amount))
        owed = (OwedPart(customer=shop.acme, amount=amount),)
        entry = BookEntry(paid_from=None, paid_to=None, on=DAY, amount=amount, moves=moves, owed=owed)
        shop.mirror.put(ref(Kind.BOOK_ENTRY, "JournalEntry:7"), entry)
    else:
        memo = "refund re_1234" if how == "check" else None
        entry = BookEntry(paid_from=shop.clearing, paid_to=shop.fees, on=DAY, amount=amount, memo=memo)
        shop.mirror.put(ref(Kind.BOOK_ENTRY, "Purchase:7"), entry)
    made = shop.planned()
    written = [each.intent.about for each in made.lines]
    if how in ("other sum", "a fee"):
        assert line in written
        return
    assert line not in written
    assert FindingCode.POSTED_ELSEWHERE in [each.code for each in made.left_out]
    (found,) = [each for each in shop.look() if each.about == line]
    assert found.values == (Values("refund", "nothing", "20.00 USD", "20.00 USD"),)
    assert found.is_settled is (how == "check"), "only what names it is it for sure"
    assert line in [each.intent.about for each in shop.planned(said(found, RulingKind.KEEP_PROCESSOR)).lines]


def test_a_fee_and_a_payout_are_put_right_by_an_entry_beside_theirs_on_their_own_accounts() -> None:
    shop = Shop()
    shop.fee("3.78", "3.00")
    shop.mirror.put(shop.charge, replace(shop.payment(shop.charge), fee=money("4.10")))
    (fee,) = shop.look()
    (line,) = choice(shop.planned(said(fee, RulingKind.KEEP_PROCESSOR)))
    assert legs(line) == {"Fees": "1.10 USD", "Card Clearing": "-1.10 USD"}
    (line,) = choice(shop.planned(said(fee, RulingKind.KEEP_MINE, "2.50")))
    assert legs(line) == {"Card Clearing": "0.50 USD", "Fees": "-0.50 USD"}
    other = Shop()
    wrote = PostTransfer(
        books=BOOKS, paid_from=other.clearing, paid_to=other.bank, on=DAY, amount=money("116.22"), about=other.payout,
        memo="",
    )  # fmt: skip
    held = BookEntry(paid_from=other.clearing, paid_to=other.bank, on=DAY, amount=money("110.00"))
    at = other.wrote_entry("Transfer:3", wrote, held)
    payout = other.mirror.records[other.payout]
    assert isinstance(payout, Payout)
    other.mirror.put(other.payout, replace(payout, amount=money("115.22")))
    (found,) = [each for each in other.look() if each.entry == at]
    assert Values("amount", "116.22 USD", "110.00 USD", "115.22 USD") in found.values
    (line,) = choice(other.planned(said(found, RulingKind.KEEP_PROCESSOR)))
    assert legs(line) == {"Checking": "5.22 USD", "Card Clearing": "-5.22 USD"}


def test_a_choice_that_falls_into_a_closed_period_is_left_out_with_its_choices() -> None:
    shop = Shop()
    shop.refunded()
    shop.halved()
    (found,) = shop.look()
    shop.mirror.profile(closed_through=business_date("2026-03-31"))
    made = shop.planned(said(found, RulingKind.KEEP_PROCESSOR))
    assert choice(made) == []
    assert FindingCode.CLOSED_PERIOD in [each.code for each in made.left_out]


def test_a_word_about_the_fee_says_nothing_about_the_payment_of_the_same_charge() -> None:
    shop = Shop()
    shop.fee("3.78", "3.00")
    shop.refunded()
    shop.halved()
    shop.mirror.put(shop.charge, replace(shop.payment(shop.charge), fee=money("4.10")))
    payment, fee = sorted(shop.look(), key=lambda each: each.entry.kind, reverse=True)
    assert (payment.entry, fee.values[0].field) == (shop.entry, "fee")
    held = held_back([payment, fee], [said(fee, RulingKind.KEEP_PROCESSOR)])
    assert held[shop.charge].code is FindingCode.CONFLICT
    assert (IntentKind.EXPENSE, shop.charge) not in held
