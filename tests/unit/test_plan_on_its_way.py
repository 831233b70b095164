"""A payout that left the processor and is not at the bank yet: set aside, moved on when it arrives, or put back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.dates import business_date, zone
from connector.model.finding import FindingCode
from connector.model.intent import IntentKind
from connector.model.mirror import Gone, GoneState
from connector.model.party import AccountRole
from connector.model.settlement import BookEntry, Deposit, DepositLine, EntryNature, Membership, PayoutState
from connector.model.source import Kind, Ref
from connector.model.stamp import read_stamps
from connector.plan import Plan
from connector.reconcile.banked import PaidOut
from connector.reconcile.booked import subject_of
from connector.reconcile.clearing import standings
from connector.reconcile.conflicts import conflicts
from connector.reconcile.payouts import came_back
from connector.reconcile.polluted import Ground, Posted
from tests.builders import PROCESSOR, USD, money, ref
from tests.unit.test_plan import Books, effects

LINE = ref(Kind.BALANCE_ENTRY, "txn_po_1", PROCESSOR)
PAYOUT = ref(Kind.PAYOUT, "po_1", PROCESSOR)
ASIDE, MOVED = ref(Kind.BOOK_ENTRY, "j-aside"), ref(Kind.BOOK_ENTRY, "t-moved")


class OnItsWay(Books):
    """A posted payment of 100.00 that cost 3.00, and the payout of it: it left on the 31st and arrives on the 2nd."""

    def __init__(self) -> None:
        super().__init__()
        mirror = self.mirror
        self.transit = mirror.account("Stripe In Transit", AccountRole.BANK)
        self.posting = replace(self.posting, transit={USD: self.transit})
        self.clearing, self.bank = self.posting.clearing[USD], self.posting.bank[USD]
        charge = mirror.charge("ch_1", "100.00", fee="3.00")
        self.member = mirror.entry("txn_ch_1", charge, "100.00", "3.00")
        memo = f"receivables op={'A' * 20} src={charge}"
        mirror.received("p-1", "Acme", "100.00", memo=memo, into=self.clearing, on="2026-03-29")
        mirror.book_entry("e-1", "3.00", f"receivables op={'B' * 20} src={charge}")
        mirror.entry("txn_po_1", PAYOUT, "-97.00", "0.00", EntryNature.PAYOUT, created="2026-03-31T09:00:00Z")
        self.stands(PayoutState.PENDING)

    def stands(self, state: PayoutState, amount: str = "97.00", *, told: bool = True, back: Ref | None = None) -> None:
        members = (self.member,) if told else ()
        said = None if told else Membership.NOT_YET
        self.mirror.payout("po_1", amount, *members, state=state, composed=told, membership=said, own=LINE, back=back)

    def aside(self) -> None:
        """Our entry that set it aside stands."""
        self.entry(ASIDE, "C", LINE, moves=((self.transit, money("97.00")), (self.clearing, money("-97.00"))))
        self.mirror.written[subject_of(IntentKind.JOURNAL, LINE)] = ASIDE

    def moved(self, paid_from: Ref) -> None:
        """Our transfer to the bank stands."""
        self.entry(MOVED, "D", PAYOUT, paid_from=paid_from, paid_to=self.bank)

    def entry(self, at: Ref, letter: str, about: Ref, **more: object) -> None:
        memo = f"receivables op={letter * 20} src={about}"
        kept = BookEntry(
            paid_from=None,
            paid_to=None,
            on=business_date("2026-03-31"),
            amount=money("97.00"),
            memo=memo,
            stamps=read_stamps(memo),
        )
        self.mirror.put(at, replace(kept, **more))  # type: ignore[arg-type]

    def fails(self) -> None:
        back = self.mirror.entry(
            "txn_back", PAYOUT, "97.00", "0.00", EntryNature.PAYOUT_BACK, created="2026-04-03T09:00:00Z"
        )
        self.stands(PayoutState.FAILED, back=back)

    def unbooked(self) -> list[str]:
        (purse,) = standings(self.mirror.seen())
        return [str(each.reason) for each in purse.rest]


@pytest.fixture
def books() -> OnItsWay:
    return OnItsWay()


def subjects(made: Plan) -> list[str]:
    return [line.subject for line in made.lines]


def codes(made: Plan) -> list[str]:
    return [str(each.code) for each in made.left_out]


def test_a_payout_is_set_aside_on_the_day_on_which_the_processors_ledger_shows_it(books: OnItsWay) -> None:
    made = books.plan()
    assert subjects(made) == [f"journal:{LINE}"]
    assert made.lines[0].intent.on == business_date("2026-03-31")
    assert "Set payout po_1 of 97.00 USD aside from Stripe Clearing to Stripe In Transit" in made.lines[0].sentence
    assert effects(made) == {"Stripe Clearing": "-97.00 USD", "Stripe In Transit": "97.00 USD"}
    assert books.unbooked() == ["payout"]
    books.aside()
    assert subjects(books.plan()) == []
    assert books.unbooked() == []


def test_one_that_takes_money_raises_the_clearing_account_at_once(books: OnItsWay) -> None:
    books.mirror.entry("txn_po_1", PAYOUT, "40.00", "0.00", EntryNature.PAYOUT, created="2026-03-31T09:00:00Z")
    books.stands(PayoutState.PENDING, "-40.00", told=False)
    made = books.plan()
    assert effects(made) == {"Stripe Clearing": "40.00 USD", "Stripe In Transit": "-40.00 USD"}
    assert "from Stripe In Transit to Stripe Clearing, until the bank has given it" in made.lines[0].sentence


def test_without_an_account_for_it_it_stays_on_the_clearing_account_and_says_so(books: OnItsWay) -> None:
    books.posting = replace(books.posting, transit={})
    made = books.plan()
    assert made.lines == ()
    assert codes(made) == [FindingCode.NO_ACCOUNT]
    assert made.left_out[0].next_step.endswith("receivables accounts stripe --transit NAME.")
    books.stands(PayoutState.PAID)
    assert subjects(books.plan()) == [f"transfer:{PAYOUT}"]


def test_nothing_is_set_aside_that_the_ledger_does_not_show_with_the_same_amount(books: OnItsWay) -> None:
    books.mirror.entry("txn_po_1", PAYOUT, "-96.99", "0.00", EntryNature.PAYOUT)
    assert books.plan().lines == ()
    del books.mirror.records[LINE]
    assert books.plan().lines == ()


def test_one_whose_named_parts_do_not_add_up_is_not_booked_at_all(books: OnItsWay) -> None:
    books.mirror.entry("txn_ch_1", ref(Kind.PAYMENT, "ch_1", PROCESSOR), "100.00", "2.99")
    made = books.plan()
    assert [each for each in subjects(made) if str(LINE) in each or str(PAYOUT) in each] == []
    assert FindingCode.DOES_NOT_TIE in codes(made)


def test_one_of_which_it_is_not_said_what_it_holds_is_set_aside_and_goes_to_the_bank_when_it_is(
    books: OnItsWay,
) -> None:
    books.stands(PayoutState.PENDING, told=False)
    assert subjects(books.plan()) == [f"journal:{LINE}"]
    books.aside()
    books.stands(PayoutState.PAID, told=False)
    assert subjects(books.plan()) == []
    books.stands(PayoutState.PAID)
    made = books.plan()
    assert subjects(made) == [f"transfer:{PAYOUT}"]
    assert effects(made) == {"Checking": "97.00 USD", "Stripe In Transit": "-97.00 USD"}
    assert made.lines[0].intent.on == business_date("2026-04-02")


def test_one_that_was_set_aside_does_not_go_to_the_bank_with_a_member_missing(books: OnItsWay) -> None:
    books.aside()
    books.stands(PayoutState.PAID)
    del books.mirror.records[books.member]
    assert [each for each in subjects(books.plan()) if each.startswith("transfer")] == []


def test_what_arrived_before_it_was_looked_at_goes_straight_to_the_bank(books: OnItsWay) -> None:
    books.stands(PayoutState.PAID)
    made = books.plan()
    assert subjects(made) == [f"transfer:{PAYOUT}"]
    assert effects(made) == {"Checking": "97.00 USD", "Stripe Clearing": "-97.00 USD"}


@pytest.mark.parametrize(
    ("arrived", "account"), [(False, "Stripe In Transit"), (True, "Checking")], ids=["on its way", "after it arrived"]
)
def test_one_that_fails_comes_back_from_where_it_was(books: OnItsWay, *, arrived: bool, account: str) -> None:
    books.aside()
    if arrived:
        books.moved(books.transit)
    books.fails()
    made = books.plan()
    assert subjects(made) == [f"journal:{ref(Kind.BALANCE_ENTRY, 'txn_back', PROCESSOR)}"]
    assert effects(made) == {"Stripe Clearing": "97.00 USD", account: "-97.00 USD"}


def test_one_that_came_and_went_before_it_was_looked_at_is_nothing(books: OnItsWay) -> None:
    books.fails()
    assert subjects(books.plan()) == []
    assert books.unbooked() == []


def test_that_somebody_took_out_what_had_set_it_aside_is_told_and_nothing_is_moved_on_top_of_it(
    books: OnItsWay,
) -> None:
    books.mirror.written[subject_of(IntentKind.JOURNAL, LINE)] = ASIDE
    books.mirror.in_flight.add(subject_of(IntentKind.JOURNAL, LINE))
    books.mirror.gone[ASIDE] = Gone(state=GoneState.DELETED)
    books.stands(PayoutState.PAID)
    made = books.plan()
    assert subjects(made) == []
    assert codes(made) == [FindingCode.POSTING_UNDONE]
    assert books.unbooked() == ["payout"]
    books.moved(books.transit)
    assert codes(books.plan()) == [FindingCode.POSTING_UNDONE]
    assert books.unbooked() == ["payout"], "its transfer did not come out of the clearing account"


def test_what_an_instant_payout_cost_is_booked_when_it_leaves(books: OnItsWay) -> None:
    books.mirror.entry("txn_po_1", PAYOUT, "-97.00", "1.00", EntryNature.PAYOUT, created="2026-03-31T09:00:00Z")
    made = books.plan()
    assert subjects(made) == [f"expense:{LINE}", f"journal:{LINE}"]
    assert effects(made)["Stripe Fees"] == "1.00 USD"


def ground(books: OnItsWay) -> Ground:
    return Ground(
        snapshot=books.mirror.seen(),
        accounts={(PROCESSOR, USD): books.clearing},
        zone=zone("America/New_York"),
        as_of=business_date("2026-04-20"),
        transit={(PROCESSOR, USD): books.transit},
    )


def fed(books: OnItsWay) -> Ref:
    """The bank's feed entered the payout as money of its own."""
    whole = money("97.00")
    lines = (DepositLine(amount=whole),)
    entry = Deposit(into=books.bank, on=business_date("2026-04-02"), total=whole, lines=lines, memo="STRIPE TRANSFER")
    return books.mirror.put(ref(Kind.DEPOSIT, "d1"), entry)


@pytest.mark.req("F13")
def test_what_sets_a_payout_aside_is_not_at_the_bank_so_that_another_hands_deposit_of_it_is_found(
    books: OnItsWay,
) -> None:
    books.aside()
    books.stands(PayoutState.PAID)
    assert conflicts(ground(books), ()) == ()
    at = fed(books)
    (found,) = conflicts(ground(books), ())
    assert (found.finding.code, found.finding.refs) == (FindingCode.PAYOUT_IN_BANK, (PAYOUT, at))


@pytest.mark.req("F13")
def test_a_transfer_out_of_what_was_set_aside_is_the_payout_and_the_feeds_own_entry_is_its_twin(
    books: OnItsWay,
) -> None:
    books.aside()
    books.stands(PayoutState.PAID)
    books.moved(books.transit)
    fed(books)
    assert conflicts(ground(books), ()) == ()
    posted = Posted(ground(books))
    (twin,) = PaidOut(posted, PROCESSOR).wrong()
    assert twin.finding.code in (FindingCode.BANK_FEED_TWIN, FindingCode.PAYOUT_TWICE)
    assert twin.finding.refs == (ref(Kind.DEPOSIT, "d1"), MOVED)


def test_an_entry_of_a_payout_that_failed_is_not_taken_for_the_next_one_of_the_same_sum(books: OnItsWay) -> None:
    books.aside()
    books.moved(books.transit)
    books.fails()
    again = books.mirror.payout("po_2", "97.00", state=PayoutState.PAID, arrives="2026-04-06")
    at = fed(books)
    (found,) = conflicts(ground(books), ())
    assert found.finding.refs == (again, at)


def test_that_a_booked_payout_came_back_is_told_until_the_books_say_so_too(books: OnItsWay) -> None:
    books.aside()
    books.moved(books.transit)
    books.fails()
    (told,) = came_back(books.mirror.seen())
    assert (told.code, told.refs) == (FindingCode.PAYOUT_FAILED, (PAYOUT,))
    back = ref(Kind.BALANCE_ENTRY, "txn_back", PROCESSOR)
    moves = ((books.clearing, money("97.00")), (books.bank, money("-97.00")))
    books.entry(ref(Kind.BOOK_ENTRY, "j-back"), "E", back, moves=moves)
    assert came_back(books.mirror.seen()) == ()
