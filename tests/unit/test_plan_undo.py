"""What takes a run back, and what stays: each kind of entry, everything a person may have changed of it, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any, cast

import pytest

from connector.dates import business_date, instant_from_iso
from connector.model.allocation import Allocation
from connector.model.finding import FindingCode
from connector.model.intent import (
    ApplyCredit,
    DepositPart,
    IntentKind,
    JournalPart,
    PostDeposit,
    PostExpense,
    Posting,
    PostJournal,
    PostPayment,
    PostTransfer,
    VoidPosting,
    Written,
)
from connector.model.money_in import Payment, PaymentState
from connector.model.party import AccountRole
from connector.model.ruling import Ruling, RulingKind
from connector.model.settlement import BookEntry, Deposit, DepositLine
from connector.model.source import ActorId, CompanyId, Kind, OpId, PlanId, Ref
from connector.model.stamp import read_stamps, stamp_line
from connector.plan import Frame, Plan
from connector.plan.lines import Effect
from connector.plan.rewritten import Stands
from connector.plan.undo import OwnWrite, undo
from connector.reconcile.booked import Undone, booked, numbered, subject_of, taking_back, undone, unnumbered
from connector.reconcile.rulings import in_force, kept_out
from tests.builders import BOOKS, PROCESSOR, Mirror, money, ref

RUN = PlanId("plan-1")
OPS = {kind: OpId(letter * 20) for kind, letter in zip(IntentKind, "ABCDEFGHIJKLM", strict=True)}
CHARGE = ref(Kind.PAYMENT, "ch_1", PROCESSOR)
PAYOUT = ref(Kind.PAYOUT, "po_1", PROCESSOR)
LINE = ref(Kind.BALANCE_ENTRY, "txn_1", PROCESSOR)
ON = business_date("2026-03-29")
PAYMENT = ref(Kind.PAYMENT, "p-1")
CREDIT = ref(Kind.PAYMENT, "p-2")
DEPOSIT = ref(Kind.DEPOSIT, "d-1")
EXPENSE = ref(Kind.BOOK_ENTRY, "Purchase:1")
TRANSFER = ref(Kind.BOOK_ENTRY, "Transfer:1")
JOURNAL = ref(Kind.BOOK_ENTRY, "JournalEntry:1")


class Books:
    """A run of one entry of each kind, standing as it was written."""

    def __init__(self) -> None:
        self.mirror = mirror = Mirror()
        mirror.profile()
        self.acme = mirror.customer("Acme")
        self.other = mirror.customer("Bolt")
        self.clearing = mirror.account("Clearing", AccountRole.BANK)
        self.bank = mirror.account("Checking", AccountRole.BANK)
        self.fees = mirror.account("Fees", AccountRole.EXPENSE)
        self.invoice = mirror.invoice("INV-1", "Acme", "120.00", still_open="0.00")
        self.second = mirror.invoice("INV-2", "Acme", "30.00", still_open="0.00")
        self.note = ref(Kind.CREDIT_NOTE, "cm-1")
        self.writes: list[OwnWrite] = []
        self._payment()
        self._credit()
        self._entries()
        self._deposit()

    def _payment(self) -> None:
        shares = (Allocation(payment=CHARGE, target=self.invoice, amount=money("120.00")),)
        intent = PostPayment(
            books=BOOKS, customer=self.acme, on=ON, total=money("120.00"), allocations=shares, into=self.clearing,
            about=CHARGE, memo="stripe card payment ch_1",
        )  # fmt: skip
        memo = self._memo(intent, IntentKind.PAYMENT)
        stands = Payment(
            customer=self.acme, received_on=ON, gross=money("120.00"), state=PaymentState.SUCCEEDED, method="other",
            allocations=tuple(replace(each, payment=PAYMENT) for each in shares), into=self.clearing,
            memo=memo, stamps=read_stamps(memo), reference=OPS[IntentKind.PAYMENT],
        )  # fmt: skip
        self._wrote(
            intent, PAYMENT, stands, Written(ref=PAYMENT, version="0", amount=money("120.00"), allocated=shares)
        )

    def _credit(self) -> None:
        shares = tuple(
            Allocation(payment=self.note, target=each, amount=money("30.00")) for each in (self.second, self.note)
        )
        intent = ApplyCredit(
            books=BOOKS, customer=self.acme, on=ON, allocations=shares, about=self.note, memo="credit note cm-1"
        )
        memo = self._memo(intent, IntentKind.CREDIT)
        stands = Payment(
            customer=self.acme, received_on=ON, gross=money("0.00"), state=PaymentState.SUCCEEDED, method="other",
            allocations=shares, memo=memo, stamps=read_stamps(memo), reference=OPS[IntentKind.CREDIT],
        )  # fmt: skip
        self._wrote(intent, CREDIT, stands, Written(ref=CREDIT, version="0", amount=money("0.00"), allocated=shares))

    def _entries(self) -> None:
        fee = PostExpense(
            books=BOOKS, paid_from=self.clearing, account=self.fees, on=ON, amount=money("3.78"), about=CHARGE,
            memo="stripe fee on ch_1",
        )  # fmt: skip
        self._moved(fee, IntentKind.EXPENSE, EXPENSE, self.clearing, self.fees, "3.78")
        payout = PostTransfer(
            books=BOOKS, paid_from=self.clearing, paid_to=self.bank, on=ON, amount=money("100.00"), about=PAYOUT,
            memo="stripe payout po_1",
        )  # fmt: skip
        self._moved(payout, IntentKind.TRANSFER, TRANSFER, self.clearing, self.bank, "100.00")
        parts = (
            JournalPart(account=self.fees, amount=money("5.00")),
            JournalPart(account=self.clearing, amount=money("-5.00")),
        )
        journal = PostJournal(books=BOOKS, on=ON, parts=parts, about=LINE, memo="stripe bill txn_1")
        stands = BookEntry(
            paid_from=None, paid_to=None, on=ON, amount=money("5.00"), memo=self._memo(journal, IntentKind.JOURNAL),
            stamps=read_stamps(self._memo(journal, IntentKind.JOURNAL)),
            moves=tuple((part.account, part.amount) for part in parts),
        )  # fmt: skip
        self._wrote(journal, JOURNAL, stands, Written(ref=JOURNAL, version="0", amount=money("5.00"), moves=parts))

    def _moved(
        self, intent: PostExpense | PostTransfer, kind: IntentKind, at: Ref, paid_from: Ref, paid_to: Ref, amount: str
    ) -> None:
        memo = self._memo(intent, kind)
        stands = BookEntry(
            paid_from=paid_from, paid_to=paid_to, on=ON, amount=money(amount), memo=memo, stamps=read_stamps(memo)
        )
        self._wrote(intent, at, stands, Written(ref=at, version="0", amount=money(amount)))

    def _deposit(self) -> None:
        part = DepositPart(account=self.fees, amount=money("-3.78"), memo="fee")
        banked = ((PAYMENT, money("120.00")),)
        intent = PostDeposit(
            books=BOOKS, into=self.bank, on=ON, payments=banked, parts=(part,), total=money("116.22"), about=PAYOUT,
            memo="stripe payout po_1",
        )  # fmt: skip
        stands = Deposit(
            into=self.bank, on=ON, total=money("116.22"),
            lines=(DepositLine(amount=money("120.00"), payment=PAYMENT), DepositLine(amount=money("-3.78"))),
            stamps=read_stamps(self._memo(intent, IntentKind.DEPOSIT)),
        )  # fmt: skip
        moves = (JournalPart(account=self.fees, amount=money("-3.78")),)
        answer = Written(ref=DEPOSIT, version="0", amount=money("116.22"), members=banked, moves=moves)
        self._wrote(intent, DEPOSIT, stands, answer)

    def _memo(self, intent: Posting, kind: IntentKind) -> str:
        return f"{intent.memo}\n{stamp_line(OPS[kind], intent.about)}"

    def _wrote(self, intent: Posting, at: Ref, stands: Stands, answer: Written) -> None:
        kind = next(kind for kind, op in OPS.items() if any(stamp.op_id == op for stamp in stands.stamps))
        self.mirror.put(at, stands)
        effects = (Effect(account="Clearing", amount=money("1.00")),)
        self.writes.append(
            OwnWrite(op_id=OPS[kind], run=RUN, line=len(self.writes) + 1, intent=intent, answer=answer, effects=effects)
        )

    def deposit(self) -> Deposit:
        """The deposit as it stands."""
        found = self.mirror.records[DEPOSIT]
        assert isinstance(found, Deposit)
        return found

    def put(self, at: Ref, **changed: object) -> None:
        """Somebody changes an entry."""
        held = cast("Any", self.mirror.records[at])
        self.mirror.records[at] = replace(held, **changed)

    def write(self, at: Ref, **changed: object) -> None:
        """What we know of the write of an entry is something else."""
        place = next(n for n, each in enumerate(self.writes) if each.answer is not None and each.answer.ref == at)
        self.writes[place] = replace(self.writes[place], **changed)  # type: ignore[arg-type]

    def undo(self, *only: int) -> Plan:
        numbers = count(1)
        frame = Frame(
            plan_id=PlanId("undo-1"),
            company_id=CompanyId("harbor"),
            made_at=instant_from_iso("2026-04-01T10:00:00Z"),
            made_by=ActorId("dana"),
            new_op_id=lambda: OpId(f"{next(numbers):0>20}"),
        )
        return undo(self.mirror.seen(), self.writes, RUN, frame, only)


@pytest.fixture
def books() -> Books:
    return Books()


def targets(made: Plan) -> list[Ref]:
    return [line.void.target for line in made.lines if line.void is not None]


def test_deposits_go_before_the_payments_they_bank_and_all_else_between(books: Books) -> None:
    made = books.undo()
    assert targets(made) == [DEPOSIT, TRANSFER, CREDIT, JOURNAL, EXPENSE, PAYMENT]
    assert (made.left_out, made.undoes, made.calls_off) == ((), RUN, ())
    assert made.effects() == (Effect(account="Clearing", amount=money("-6.00")),)
    for line in made.lines:
        intent = line.intent
        assert isinstance(intent, VoidPosting)
        assert (line.subject, intent.undoes, intent.version) == (f"void:{intent.stamp}", RUN, "0")
        assert line.expects == ((intent.target, "0"),)


CHANGED: dict[str, tuple[Ref, Callable[[Books], dict[str, object]], str]] = {
    "payment amount": (
        PAYMENT, lambda _: {"gross": money("130.00")}, "amount: asked 120.00 USD, written 120.00 USD, now 130.00 USD",
    ),
    "payment day": (PAYMENT, lambda _: {"received_on": business_date("2026-03-30")}, "day: asked 2026-03-29"),
    "payment customer": (PAYMENT, lambda b: {"customer": b.other}, "customer: asked Acme, written Acme, now Bolt"),
    "payment account": (PAYMENT, lambda b: {"into": b.bank}, "account: asked Clearing, written Clearing, now Checking"),
    "payment settles": (PAYMENT, lambda _: {"allocations": ()}, "settles: asked INV-1 120.00 USD"),
    "payment mark": (PAYMENT, lambda _: {"stamps": ()}, "our mark"),
    "credit applies": (CREDIT, lambda _: {"allocations": ()}, "applies: asked"),
    "credit day": (CREDIT, lambda _: {"received_on": business_date("2026-03-30")}, "day: asked"),
    "expense amount": (EXPENSE, lambda _: {"amount": money("3.79")}, "now 3.79 USD"),
    "expense account": (EXPENSE, lambda b: {"paid_to": b.bank}, "paid to: asked Fees, written Fees, now Checking"),
    "expense split": (EXPENSE, lambda _: {"paid_to": None}, "now several, or none"),
    "transfer day": (TRANSFER, lambda _: {"on": business_date("2026-03-30")}, "now 2026-03-30"),
    "transfer account": (TRANSFER, lambda b: {"paid_from": b.bank}, "paid from: asked Clearing"),
    "journal lines": (JOURNAL, lambda b: {"moves": ((b.bank, money("5.00")), (b.clearing, money("-5.00")))}, "lines:"),
    "journal amount": (JOURNAL, lambda _: {"amount": money("6.00")}, "lines:"),
    "deposit total": (DEPOSIT, lambda _: {"total": money("120.00")}, "now 120.00 USD"),
    "deposit members": (DEPOSIT, lambda _: {"lines": (DepositLine(amount=money("-3.78")),)}, "banks: asked p-1 120"),
    "deposit lines": (
        DEPOSIT, lambda _: {"lines": (DepositLine(amount=money("120.00"), payment=PAYMENT),)},
        "other lines: asked -3.78 USD, written -3.78 USD, now none",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGED)
def test_whatever_of_an_entry_is_not_as_we_wrote_it_keeps_it_with_three_values(books: Books, what: str) -> None:
    target, changed, said = CHANGED[what]
    books.put(target, **changed(books))
    made = books.undo()
    assert target not in targets(made)
    left = next(each for each in made.left_out if each.refs[0] == target)
    assert left.code is FindingCode.NOT_UNDONE
    assert "somebody changed it in the books since it was written" in left.sentence
    assert said in left.sentence
    banked = any(line.payment for line in books.deposit().lines)
    assert len(made.lines) == (4 if target == DEPOSIT and banked else 5), "a payment waits for the deposit it is in"


def test_a_newer_version_alone_keeps_nothing_and_words_of_a_person_do(books: Books) -> None:
    answer = books.writes[0].answer
    assert answer is not None
    books.write(PAYMENT, answer=replace(answer, version="4"))
    assert PAYMENT in targets(books.undo())
    books.put(PAYMENT, memo=f"asked Joe about it\n{stamp_line(OPS[IntentKind.PAYMENT], CHARGE)}")
    (left,) = books.undo().left_out
    assert "note: asked 'stripe card payment ch_1'" in left.sentence
    assert "now 'asked Joe about it'" in left.sentence


def test_a_payment_that_settled_less_than_asked_is_compared_with_what_was_answered(books: Books) -> None:
    share = Allocation(payment=PAYMENT, target=books.invoice, amount=money("70.00"))
    books.put(PAYMENT, allocations=(share,))
    answer = Written(ref=PAYMENT, version="0", amount=money("120.00"), allocated=(share,), notice="less was open")
    books.write(PAYMENT, answer=answer)
    assert targets(books.undo()) == [DEPOSIT, TRANSFER, CREDIT, JOURNAL, EXPENSE, PAYMENT]


def test_a_customer_who_was_merged_into_another_is_no_change(books: Books) -> None:
    books.mirror.take(books.acme, merged_into=books.other)
    books.put(PAYMENT, customer=books.other)
    books.put(CREDIT, customer=books.other)
    assert len(books.undo().lines) == 6


def test_what_lies_in_a_closed_period_stays(books: Books) -> None:
    books.mirror.profile(closed_through=ON)
    made = books.undo()
    assert made.lines == ()
    assert [each.code for each in made.left_out] == [FindingCode.CLOSED_PERIOD] * 6


def test_what_a_person_voided_or_deleted_counts_as_undone_and_is_told_as_that(books: Books) -> None:
    books.put(CREDIT, state=PaymentState.VOID, allocations=())
    books.mirror.take(TRANSFER)
    made = books.undo()
    assert targets(made) == [DEPOSIT, JOURNAL, EXPENSE, PAYMENT]
    assert {each.refs[0]: each.sentence.partition(", was ")[2] for each in made.left_out} == {
        TRANSFER: "deleted in the books by a person already; it counts as undone.",
        CREDIT: "voided in the books by a person already; it counts as undone.",
    }
    assert {each.code for each in made.left_out} == {FindingCode.POSTING_UNDONE}


def other(books: Books, intent: Posting, **more: object) -> None:
    """A write of another run."""
    fields = {"answer": None, "run": PlanId("plan-2"), "line": 1, **more}
    books.writes.append(OwnWrite(op_id=OpId("Z" * 20), intent=intent, **fields))  # type: ignore[arg-type]


def taking(target: Ref, kind: IntentKind, undoes: PlanId | None = RUN) -> VoidPosting:
    return VoidPosting(
        books=BOOKS, target=target, stamp=OPS[kind], version="0", on=ON, about=CHARGE, memo="undo", undoes=undoes
    )


def test_what_we_took_back_or_are_taking_back_is_no_line_again(books: Books) -> None:
    other(books, taking(EXPENSE, IntentKind.EXPENSE))
    books.mirror.take(TRANSFER)
    gone = Written(ref=TRANSFER, version="")
    other(books, taking(TRANSFER, IntentKind.TRANSFER), answer=gone)
    made = books.undo()
    assert targets(made) == [DEPOSIT, CREDIT, JOURNAL, PAYMENT]
    assert [each.sentence.partition("USD, ")[2] for each in made.left_out] == [
        "was taken back already.",
        "is being taken back already; that is carried on.",
    ]


def test_a_taking_back_that_was_refused_may_be_tried_again(books: Books) -> None:
    other(books, taking(EXPENSE, IntentKind.EXPENSE), refused=True)
    assert EXPENSE in targets(books.undo())


def test_a_payment_whose_deposit_is_not_chosen_stays_until_that_goes(books: Books) -> None:
    made = books.undo(1)
    assert made.lines == ()
    (left,) = made.left_out
    assert "deposit d-1 banks it, and that is not taken back" in left.sentence


def test_an_entry_that_a_persons_payment_settles_stays(books: Books) -> None:
    share = Allocation(payment=ref(Kind.PAYMENT, "p-9"), target=JOURNAL, amount=money("5.00"))
    theirs = ref(Kind.PAYMENT, "p-9")
    books.mirror.put(theirs, books.mirror.records[PAYMENT])
    books.put(theirs, allocations=(share,), stamps=())
    made = books.undo()
    assert JOURNAL not in targets(made)
    assert "payment p-9 settles it, which is not ours" in made.left_out[0].sentence


def test_a_copy_that_a_person_made_of_an_entry_is_told_and_left(books: Books) -> None:
    books.mirror.put(ref(Kind.PAYMENT, "p-7"), books.mirror.records[PAYMENT])
    made = books.undo()
    assert len(made.lines) == 6
    (left,) = made.left_out
    assert (left.code, "p-7 in quickbooks is a copy of it" in left.sentence) == (FindingCode.NOT_UNDONE, True)


def test_a_refused_write_whose_mark_stands_in_the_books_is_told_and_left(books: Books) -> None:
    books.write(TRANSFER, answer=None, refused=True)
    made = books.undo()
    assert TRANSFER not in targets(made)
    (left,) = made.left_out
    assert "1 in quickbooks carries its mark, and is not what we asked for" in left.sentence
    assert left.refs[0] == TRANSFER


def test_what_was_never_sent_is_called_off_and_what_is_in_doubt_is_told(books: Books) -> None:
    books.write(TRANSFER, answer=None, unsent=True)
    books.write(JOURNAL, answer=None, doubtful=True)
    books.mirror.records.pop(TRANSFER)
    books.mirror.records.pop(JOURNAL)
    made = books.undo()
    assert set(made.calls_off) == {OPS[IntentKind.TRANSFER], OPS[IntentKind.JOURNAL]}
    (left,) = made.left_out
    assert (left.code, "nobody knows yet whether it arrived" in left.sentence) == (FindingCode.WRITE_UNSURE, True)


def test_what_the_run_itself_took_out_of_the_books_is_not_turned_round(books: Books) -> None:
    intent = taking(ref(Kind.PAYMENT, "p-5"), IntentKind.NOTE, None)
    other(books, intent, run=RUN, line=9, answer=Written(ref=intent.target, version="1"))
    made = books.undo()
    (left,) = made.left_out
    assert left.sentence == "Line 9 took p-5 out of the books, and that cannot be taken back."


def test_what_was_taken_back_is_numbered_anew_only_once_a_person_said_so() -> None:
    mirror = Mirror()
    own = subject_of(IntentKind.PAYMENT, CHARGE)
    assert numbered(own, mirror.seen()) == own == "payment:stripe/payment/ch_1"
    mirror.generations[own] = 2
    third = numbered(own, mirror.seen())
    assert (third, unnumbered(third), unnumbered(own)) == ("payment.3:stripe/payment/ch_1", own, own)
    assert unnumbered("opening.2:stripe/usd") == "opening:stripe/usd"
    assert unnumbered(taking_back(OPS[IntentKind.VOID])) == taking_back(OPS[IntentKind.VOID])


def test_a_void_entry_counts_as_posted_and_undone_until_it_may_be_posted_again_and_one_that_stands_always() -> None:
    mirror, own = Mirror(), subject_of(IntentKind.PAYMENT, CHARGE)
    mirror.customer("Acme")
    memo = stamp_line(OPS[IntentKind.PAYMENT], CHARGE)
    mirror.received("p-1", "Acme", "0.00", memo=memo, state=PaymentState.VOID)
    mirror.taken_back[own] = RUN
    key = (IntentKind.PAYMENT, CHARGE)
    assert booked(mirror.seen()) == {key}
    assert undone(mirror.seen()) == {key: Undone(ref=PAYMENT, how=f"taken back by undoing {RUN}", run=RUN)}
    mirror.forgiven.add(OPS[IntentKind.PAYMENT])
    assert (booked(mirror.seen()), undone(mirror.seen())) == (set(), {})
    mirror.received("p-3", "Acme", "120.00", memo=memo, unapplied="120.00")
    assert booked(mirror.seen()) == {key}


def test_the_last_word_about_what_was_taken_out_is_the_one_that_counts() -> None:
    def word(kind: RulingKind, number: int, *writes: OpId) -> Ruling:
        at = instant_from_iso("2026-04-01T10:00:00Z")
        nothing = money("0.00")
        return Ruling(
            payment=CHARGE, kind=kind, by=ActorId("dana"), at=at, gross=nothing, unapplied=nothing, number=number,
            writes=writes,
        )  # fmt: skip

    first, second = OPS[IntentKind.PAYMENT], OPS[IntentKind.EXPENSE]
    left = word(RulingKind.LEFT, 1, first, second)
    again = word(RulingKind.AGAIN, 2, first)
    assert in_force([again, left]).taken_out == {first: again, second: left}
    assert kept_out([left]) == {CHARGE: left}
    assert kept_out([left, word(RulingKind.AGAIN, 2, first, second)]) == {}
