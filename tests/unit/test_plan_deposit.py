"""The deposit pattern: gross payments on hand, and each payout one deposit of them less the fees, or none at all."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

from connector import canonical
from connector.dates import business_date, instant_from_iso
from connector.model.finding import Finding, FindingCode
from connector.model.firm import BookingPattern, Connection, PostingAccounts
from connector.model.intent import IntentKind
from connector.model.money_in import PaymentState
from connector.model.party import AccountRole
from connector.model.settlement import BookEntry, EntryNature, PayoutState
from connector.model.source import ActorId, CompanyId, Kind, OpId, PlanId, Ref, Tag
from connector.model.stamp import read_stamps
from connector.money import grouped, total
from connector.plan import Frame, Plan, plan, subject_of
from connector.reconcile.match import reconcile
from connector.reconcile.tieout import tie_out
from tests.builders import PROCESSOR, USD, Mirror, money, ref

MARK = f"receivables op={'A' * 20} src="


class Books:
    """A firm that books its processor's money by deposits, with two charges of which a payout consists."""

    def __init__(self) -> None:
        self.mirror = Mirror()
        self.mirror.profile()
        self.mirror.customer("Acme")
        self.hand = self.mirror.account("Payments to deposit", AccountRole.UNDEPOSITED)
        self.bank = self.mirror.account("Checking", AccountRole.BANK)
        self.fees = self.mirror.account("Card Fees", AccountRole.EXPENSE)
        self.pattern = BookingPattern.DEPOSIT
        self.posting = PostingAccounts(bank={USD: self.bank}, fees=self.fees)
        self.charges = [self.charge("ch_1", "INV-1", "120.00", "3.78"), self.charge("ch_2", "INV-2", "50.00", "1.75")]
        self.payout = self.mirror.payout("po_1", "164.47", *(self.entry(charge) for charge in self.charges))

    def charge(self, vendor_id: str, number: str, amount: str, fee: str) -> Ref:
        self.mirror.invoice(number, "Acme", amount)
        charge = self.mirror.charge(vendor_id, amount, fee=fee, tags=(Tag("invoice_number", number),))
        self.mirror.entry(f"txn_{vendor_id}", charge, amount, fee)
        return charge

    def entry(self, charge: Ref) -> Ref:
        return ref(Kind.BALANCE_ENTRY, f"txn_{charge.vendor_id}", PROCESSOR)

    def post(self, number: int = 0, amount: str = "120.00", into: Ref | None = None) -> Ref:
        """The books hold that charge's payment, as we wrote it."""
        charge = self.charges[number]
        invoice = self.mirror.invoice(f"INV-{number + 1}", "Acme", amount, still_open="0")
        memo = f"{MARK}{charge}"
        return self.mirror.received(
            f"p-{number + 1}", "Acme", amount, {invoice: amount}, memo=memo, into=into or self.hand
        )

    def post_both(self) -> tuple[Ref, Ref]:
        return self.post(0), self.post(1, "50.00")

    def plan(self) -> Plan:
        seen = self.mirror.seen()
        numbers = count(1)
        connection = Connection(
            company_id=CompanyId("harbor"),
            connection_id=PROCESSOR,
            system="stripe",
            account="acct_1",
            live=False,
            pattern=self.pattern,
            posting=self.posting,
        )
        frame = Frame(
            plan_id=PlanId("plan-1"),
            company_id=CompanyId("harbor"),
            made_at=instant_from_iso("2026-06-10T14:00:00Z"),
            made_by=ActorId("dana"),
            new_op_id=lambda: OpId(f"{next(numbers):A>20}"),
        )
        return plan(seen, reconcile(seen), [connection], frame, untied=tie_out(seen).findings)

    def incomplete(self) -> str:
        """Why the payout is left out; nothing is planned in its place."""
        made = self.plan()
        assert IntentKind.DEPOSIT not in [line.kind for line in made.lines]
        found = [each for each in made.left_out if each.refs[:1] == (self.payout,)]
        assert [(each.code, each.amount) for each in found] == [
            (FindingCode.PAYOUT_INCOMPLETE, self.mirror.seen().payouts[self.payout].amount)
        ]
        return found[0].sentence


@pytest.fixture
def books() -> Books:
    return Books()


def codes(findings: tuple[Finding, ...]) -> list[FindingCode]:
    return [finding.code for finding in findings]


def test_payments_first_and_gross_to_the_account_for_money_on_hand(books: Books) -> None:
    made = books.plan()
    assert [(line.kind, line.payment.into if line.payment else None) for line in made.lines] == [
        (IntentKind.PAYMENT, books.hand),
        (IntentKind.PAYMENT, books.hand),
    ]
    assert {e.account: str(e.amount) for e in made.effects()} == {
        "Accounts receivable: Acme": "-170.00 USD",
        "Payments to deposit": "170.00 USD",
    }


def test_the_plan_that_posts_the_payments_says_that_their_deposit_is_the_next_ones(books: Books) -> None:
    assert "by the next plan: its payment ch_1 and 1 more must be posted first" in books.incomplete()


def test_one_deposit_of_all_payments_less_the_fees_is_the_payout_to_the_cent(books: Books) -> None:
    first, second = books.post_both()
    (line,) = books.plan().lines
    deposit = line.deposit
    assert deposit is not None
    assert deposit.payments == ((first, money("120.00")), (second, money("50.00")))
    assert [(part.account, part.amount) for part in deposit.parts] == [(books.fees, money("-5.53"))]
    assert (deposit.total, deposit.into, deposit.on) == (money("164.47"), books.bank, business_date("2026-04-02"))
    assert {effect.account: str(effect.amount) for effect in line.effects} == {
        "Checking": "164.47 USD",
        "Payments to deposit": "-170.00 USD",
        "Card Fees": "5.53 USD",
    }
    assert {first, second, *books.charges, books.payout} == {at for at, _ in line.expects}


def test_a_deposit_line_read_back_is_the_line(books: Books) -> None:
    books.post_both()
    made = books.plan()
    assert canonical.decode(canonical.encode(made), Plan) == made
    assert made.lines[0].intent == made.lines[0].deposit


def test_a_payout_without_fees_has_no_fee_line(books: Books) -> None:
    books.charges = [books.charge("ch_1", "INV-1", "120.00", "0.00")]
    books.mirror.payout("po_1", "120.00", books.entry(books.charges[0]))
    books.post(0)
    line = next(line for line in books.plan().lines if line.deposit is not None)
    assert line.deposit is not None
    assert line.deposit.parts == ()


def test_a_fee_of_its_own_in_the_payout_is_a_fee_too(books: Books) -> None:
    books.post_both()
    monthly = books.mirror.entry("txn_fee", None, "-2.00", "0.00", EntryNature.FEE)
    books.mirror.payout("po_1", "162.47", *(books.entry(charge) for charge in books.charges), monthly)
    (line,) = books.plan().lines
    assert line.deposit is not None
    assert [part.amount for part in line.deposit.parts] == [money("-7.53")]


def test_a_member_without_a_payment_in_the_books_is_named(books: Books) -> None:
    books.post(0)
    books.mirror.charge("ch_2", "50.00", fee="1.75")
    assert "its payment ch_2 of 50.00 USD is not in the books" in books.incomplete()


def test_a_member_that_was_voided_in_the_books_is_named(books: Books) -> None:
    _, second = books.post_both()
    books.mirror.received("p-2", "Acme", "0.00", memo=f"{MARK}{books.charges[1]}", state=PaymentState.VOID)
    assert second.vendor_id == "p-2"
    assert "its payment ch_2 of 50.00 USD was voided in the books" in books.incomplete()


def test_a_member_that_is_banked_already_is_not_banked_twice(books: Books) -> None:
    first, _ = books.post_both()
    books.mirror.deposit("d-9", books.bank, {first: "120.00"})
    assert "its payment ch_1 is in deposit d-9 already" in books.incomplete()


def test_a_member_that_somebody_moved_to_another_account_is_not_banked(books: Books) -> None:
    books.post(0, into=books.bank)
    books.post(1, "50.00")
    books.mirror.deposit("d-9", books.bank, {ref(Kind.PAYMENT, "other"): "1.00"}, memo=f"{MARK}stripe/payout/po_9")
    assert "its payment ch_1 does not rest in undeposited funds" in books.incomplete()


def test_a_member_that_the_books_hold_with_another_amount_is_named(books: Books) -> None:
    books.post_both()
    books.post(0, "119.00")
    assert "its payment ch_1 is 120.00 USD, and the books hold 119.00 USD" in books.incomplete()


@pytest.mark.parametrize(
    ("nature", "words"),
    [
        pytest.param(
            EntryNature.REFUND, "the refund txn_x of -20.00 USD is of no payment that was posted", id="refund"
        ),
        pytest.param(EntryNature.DISPUTE, "the dispute txn_x of -20.00 USD is of no payment that", id="dispute"),
        pytest.param(EntryNature.SUSPENSE, "its suspense txn_x of -20.00 USD has no account", id="unknown"),
    ],
)
def test_what_cannot_be_booked_keeps_the_whole_payout_out(books: Books, nature: EntryNature, words: str) -> None:
    books.post_both()
    other = books.mirror.entry("txn_x", None, "-20.00", "0.00", nature)
    books.mirror.payout("po_1", "144.47", *(books.entry(charge) for charge in books.charges), other)
    assert words in books.incomplete()


def besides(made: Plan) -> dict[str, tuple[str, str]]:
    """What the one deposit of a plan holds besides payments: the account, the amount and whose debt it is."""
    (deposit,) = [line.deposit for line in made.lines if line.deposit is not None]
    assert deposit.total == total(
        [*(amount for _, amount in deposit.payments), *(p.amount for p in deposit.parts)], USD
    )
    return {p.account.vendor_id: (grouped(p.amount), p.customer.vendor_id if p.customer else "") for p in deposit.parts}


@pytest.mark.parametrize(
    ("nature", "amount", "kind"),
    [
        (EntryNature.REFUND, "-20.00", Kind.REFUND),
        (EntryNature.REFUND_BACK, "20.00", Kind.REFUND),
        (EntryNature.DISPUTE, "-20.00", Kind.DISPUTE),
        (EntryNature.DISPUTE_BACK, "20.00", Kind.DISPUTE),
    ],
)
def test_what_went_back_is_a_part_of_the_deposit_by_which_its_customer_owes_it_again(
    books: Books, nature: EntryNature, amount: str, kind: Kind
) -> None:
    books.post_both()
    books.mirror.account("Receivable", AccountRole.RECEIVABLE)
    about = ref(kind, "back_1", PROCESSOR)
    if kind is Kind.REFUND:
        books.mirror.refund("back_1", books.charges[0], "20.00")
    else:
        books.mirror.dispute("back_1", books.charges[0], "20.00")
    other = books.mirror.entry("txn_x", about, amount, "0.00", nature)
    paid_out = money("164.47") + money(amount)
    books.mirror.payout("po_1", grouped(paid_out), *(books.entry(charge) for charge in books.charges), other)
    assert besides(books.plan()) == {"Receivable": (f"{amount} USD", "Acme"), "Card Fees": ("-5.53 USD", "")}


def test_what_is_no_payment_goes_against_the_account_for_suspense_where_one_is_chosen(books: Books) -> None:
    books.post_both()
    books.posting = replace(books.posting, suspense=books.mirror.account("Suspense", AccountRole.EXPENSE))
    other = books.mirror.entry("txn_x", None, "-20.00", "0.00", EntryNature.SUSPENSE, category="brand_new")
    books.mirror.payout("po_1", "144.47", *(books.entry(charge) for charge in books.charges), other)
    made = books.plan()
    assert besides(made)["Suspense"] == ("-20.00 USD", "")
    assert "and -20.00 USD besides: brand_new txn_x." in made.lines[-1].sentence


def test_an_entry_that_was_not_read_keeps_the_payout_out_and_more_are_counted(books: Books) -> None:
    books.post_both()
    unread = [ref(Kind.BALANCE_ENTRY, each, PROCESSOR) for each in ("txn_8", "txn_9")]
    books.mirror.payout("po_1", "164.47", *(books.entry(charge) for charge in books.charges), *unread)
    assert "its entry txn_8 was not read, and 1 more" in books.incomplete()


def test_a_payout_that_does_not_add_up_is_left_out(books: Books) -> None:
    books.post_both()
    books.mirror.payout("po_1", "164.46", *(books.entry(charge) for charge in books.charges))
    assert "add up to 164.47 USD" in books.incomplete()


@pytest.mark.parametrize(("amount", "words"), [("-5.00", "takes money from the bank"), ("0.00", "moves nothing")])
def test_a_payout_that_takes_money_is_for_a_person(books: Books, amount: str, words: str) -> None:
    books.mirror.payout("po_1", amount)
    assert words in books.incomplete()


@pytest.mark.parametrize("state", [PayoutState.PENDING, PayoutState.FAILED])
def test_a_payout_that_has_not_arrived_is_not_deposited(books: Books, state: PayoutState) -> None:
    books.post_both()
    books.mirror.payout("po_1", "164.47", *(books.entry(charge) for charge in books.charges), state=state)
    assert books.plan().lines == ()


def test_a_deposit_that_stands_or_is_under_way_is_not_planned_again(books: Books) -> None:
    first, second = books.post_both()
    subject = subject_of(IntentKind.DEPOSIT, books.payout)
    books.mirror.in_flight.add(subject)
    assert books.plan().lines == ()
    books.mirror.in_flight.clear()
    books.mirror.deposit("d-1", books.bank, {first: "120.00", second: "50.00"}, memo=f"{MARK}{books.payout}")
    assert books.plan().lines == ()


def test_a_deposit_that_somebody_deleted_is_told_and_not_made_again(books: Books) -> None:
    books.post_both()
    books.mirror.written[subject_of(IntentKind.DEPOSIT, books.payout)] = ref(Kind.DEPOSIT, "d-1")
    books.mirror.take(ref(Kind.DEPOSIT, "d-1"))
    made = books.plan()
    assert made.lines == ()
    assert codes(made.left_out) == [FindingCode.POSTING_UNDONE]
    assert "was posted as d-1 and deleted in the books" in made.left_out[0].sentence


def test_without_one_account_for_money_on_hand_nothing_is_planned(books: Books) -> None:
    books.mirror.account("Second drawer", AccountRole.UNDEPOSITED)
    made = books.plan()
    assert made.lines == ()
    assert FindingCode.NO_ACCOUNT in codes(made.left_out)


def test_a_payment_in_a_currency_that_money_on_hand_is_not_kept_in_is_left_out(books: Books) -> None:
    books.mirror.invoice("INV-7", "Acme", "70.00 EUR")
    charge = books.mirror.charge("ch_7", "70.00 EUR", tags=(Tag("invoice_number", "INV-7"),))
    made = books.plan()
    assert charge not in [line.intent.about for line in made.lines]
    assert [each.refs for each in made.left_out if each.code is FindingCode.NO_ACCOUNT] == [(charge,)]


def test_books_that_hold_fees_and_transfers_take_no_deposits(books: Books) -> None:
    books.mirror.book_entry("e-1", "3.78", f"{MARK}{books.charges[0]}")
    made = books.plan()
    assert made.lines == ()
    assert FindingCode.PATTERN_MIXED in codes(made.left_out)


def test_books_that_hold_deposits_take_no_fees_and_transfers(books: Books) -> None:
    first, second = books.post_both()
    books.mirror.deposit("d-1", books.bank, {first: "120.00", second: "50.00"}, memo=f"{MARK}{books.payout}")
    books.pattern = BookingPattern.CLEARING
    books.posting = PostingAccounts(clearing={USD: books.bank}, bank={USD: books.bank}, fees=books.fees)
    made = books.plan()
    assert made.lines == ()
    assert FindingCode.PATTERN_MIXED in codes(made.left_out)


def test_payments_alone_tell_the_pattern_by_where_they_rest(books: Books) -> None:
    books.post(0)
    books.pattern = BookingPattern.CLEARING
    assert FindingCode.PATTERN_MIXED in codes(books.plan().left_out)
    books.pattern = BookingPattern.DEPOSIT
    assert FindingCode.PATTERN_MIXED not in codes(books.plan().left_out)


def failed_before(books: Books) -> Ref:
    """The payout failed, and a later one carries what came back beside nothing else."""
    back = books.mirror.entry("txn_back", books.payout, "164.47", "0.00", EntryNature.PAYOUT_BACK)
    members = tuple(books.entry(charge) for charge in books.charges)
    books.mirror.payout("po_1", "164.47", *members, state=PayoutState.FAILED, back=back)
    return books.mirror.payout("po_2", "164.47", back)


def test_what_a_failed_payout_carried_is_deposited_with_the_payout_that_takes_it_again(books: Books) -> None:
    books.post_both()
    again = failed_before(books)
    (line,) = books.plan().lines
    assert line.deposit is not None
    assert (line.deposit.about, line.deposit.total) == (again, money("164.47"))
    assert [(at.vendor_id, str(amount)) for at, amount in line.deposit.payments] == [
        ("p-1", "120.00 USD"),
        ("p-2", "50.00 USD"),
    ]


def test_what_came_back_of_a_payout_that_was_deposited_already_is_put_on_hand_first_and_then_deposited_again(
    books: Books,
) -> None:
    paid = books.post_both()
    failed_before(books)
    books.mirror.deposit(
        "d-1", books.bank, dict(zip(paid, ("120.00", "50.00"), strict=True)), memo=f"{MARK}{books.payout}"
    )
    made = books.plan()
    back = ref(Kind.BALANCE_ENTRY, "txn_back", PROCESSOR)
    assert [line.subject for line in made.lines] == [f"journal:{back}"]
    assert {e.account: str(e.amount) for e in made.effects()} == {
        "Checking": "-164.47 USD",
        "Payments to deposit": "164.47 USD",
    }
    assert any("the failed payout po_1 must be posted first" in each.sentence for each in made.left_out)
    memo, moved = f"{MARK}{back}", money("164.47")
    books.mirror.put(
        ref(Kind.BOOK_ENTRY, "j-1"),
        BookEntry(
            paid_from=None,
            paid_to=None,
            on=business_date("2026-04-03"),
            amount=moved,
            memo=memo,
            stamps=read_stamps(memo),
            moves=((books.hand, moved), (books.bank, -moved)),
        ),
    )
    assert besides(books.plan()) == {"Payments to deposit": ("164.47 USD", "")}
