"""Journal entries, deposits with a part on the receivables, and rates: as written, as found, as read afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from adapters.quickbooks import bodies
from connector.errors import Refused
from connector.model.intent import DepositPart, Exchange, JournalPart, PostDeposit, VoidPosting
from connector.model.settlement import BookEntry, Deposit, OwedPart
from connector.money import from_text
from connector.readback import disagreement
from tests.contract.quickbooks_ledger import CAD, LINE, PAYOUT, TODAY, Ledger, key, ledger
from tests.contract.quickbooks_room import REALM, stream_of, usd
from tests.intuit_rig import served as figures
from tests.intuit_rig import untied_rows
from tests.unit.quickbooks_ground import BOOKS

ONE, TWO = key("A"), key("B")


@pytest.fixture
def room() -> Iterator[Ledger]:
    with ledger() as opened:
        yield opened


def owed(room: Ledger, name: str = "Acme") -> Decimal:
    return room.figure("Customer", "Balance", DisplayName=name)


def test_a_refund_raises_what_the_customer_owes_and_lowers_the_clearing_account(room: Ledger) -> None:
    before, intent = owed(room), room.journal()
    answer = room.connect().post(intent, ONE)
    assert disagreement(intent, room.connect().read_posted(answer.ref)) is None
    assert (answer.ref.vendor_id.partition(":")[0], answer.amount, answer.moves) == (
        "JournalEntry",
        usd("12.00"),
        intent.parts,
    )
    assert owed(room) - before == 12
    assert room.figure("Account", "CurrentBalance", Name="Stripe Clearing") == -12
    assert untied_rows(figures(room.server.stand_in, REALM)) == []


def test_it_is_mirrored_with_what_it_moves_whom_it_is_about_and_our_mark(room: Ledger) -> None:
    intent = room.journal()
    room.connect().post(intent, ONE)
    records, _ = stream_of(room.connect(), "books")
    (entry,) = {each.record for each in records if isinstance(each.record, BookEntry)}
    assert entry.moves == tuple((part.account, part.amount) for part in intent.parts)
    assert entry.owed == (OwedPart(customer=intent.parts[0].customer, amount=usd("12.00")),)
    assert [stamp.about for stamp in entry.stamps] == [LINE]


def test_it_is_found_by_its_number_and_by_its_mark_where_a_person_gave_it_another_number(room: Ledger) -> None:
    intent = room.journal()
    answer = room.connect().post(intent, ONE)
    assert [each.ref for each in room.connect().find_posted(intent, ONE)] == [answer.ref]
    entry = answer.ref.vendor_id.partition(":")[2]
    room.server.behind(lambda: room.office.edit("JournalEntry", entry, DocNumber="17"))
    assert [each.ref for each in room.connect().find_posted(intent, ONE)] == [answer.ref]
    assert room.connect().find_posted(intent, TWO) == ()


def test_one_that_is_ours_and_untouched_can_be_taken_back_and_no_other(room: Ledger) -> None:
    before = owed(room)
    answer = room.connect().post(room.journal(), ONE)
    undo = VoidPosting(
        books=BOOKS, target=answer.ref, stamp=ONE.op_id, version=answer.version, on=TODAY, about=LINE, memo=""
    )
    with pytest.raises(Refused, match="may not be ours"):
        room.connect().post(replace(undo, stamp=TWO.op_id), TWO)
    room.connect().post(undo, TWO)
    assert (room.held("JournalEntry"), owed(room)) == ([], before)


def test_a_journal_entry_that_contradicts_itself_is_not_sent(room: Ledger) -> None:
    intent = room.journal()
    debit, credit = intent.parts
    cases = [
        (replace(intent, parts=(debit, replace(credit, amount=usd("-11.99")))), "differ by 0.01 USD"),
        (replace(intent, parts=(debit,)), "differ by 12.00 USD"),
        (replace(intent, parts=()), "no parts"),
        (replace(intent, parts=(debit, replace(credit, amount=from_text("-12.00", CAD)))), "several currencies"),
    ]
    for wrong, says in cases:
        with pytest.raises(Refused, match=says):
            bodies.posting(wrong, ONE)
    with pytest.raises(Refused, match="closed through"):
        room.connect().post(replace(intent, on=intent.on.replace(year=2025)), ONE)
    assert room.posts("JournalEntry") == 0


def test_a_part_of_a_deposit_on_the_receivables_names_whose_debt_it_is(room: Ledger) -> None:
    banked = room.connect().post(room.payment("80.00"), key("P"))
    before, customer = owed(room), room.ref("Customer", "Acme")
    receivable = room.ref("Account", "Accounts Receivable")
    refund = DepositPart(account=receivable, amount=usd("-30.00"), memo="refund", customer=customer)
    intent = PostDeposit(
        books=BOOKS,
        into=room.ref("Account", "Checking"),
        on=TODAY,
        payments=((banked.ref, usd("80.00")),),
        parts=(refund,),
        total=usd("50.00"),
        about=PAYOUT,
        memo="payout",
    )
    answer = room.connect().post(intent, ONE)
    assert disagreement(intent, answer) is None
    other = replace(intent, parts=(replace(refund, customer=room.ref("Customer", "Borealis")),))
    assert disagreement(other, answer) is not None
    assert owed(room) - before == 30
    records, _ = stream_of(room.connect(), "books")
    (deposit,) = {each.record for each in records if isinstance(each.record, Deposit)}
    assert deposit.owed == (OwedPart(customer=customer, amount=usd("30.00")),)
    assert untied_rows(figures(room.server.stand_in, REALM)) == []


def test_money_that_was_changed_is_booked_at_the_rate_that_brings_it_to_the_cent(room: Ledger) -> None:
    exchange = Exchange(rate="0.730127", amount=usd("40.23"))
    intent = replace(room.payment("55.10", "INV-C", into="Stripe Clearing"), exchange=exchange)
    answer = room.connect().post(intent, ONE)
    assert answer.exchanged == usd("40.23")
    assert disagreement(intent, answer) is None
    assert disagreement(replace(intent, exchange=replace(exchange, amount=usd("40.24"))), answer) is not None
    assert room.figure("Account", "CurrentBalance", Name="Stripe Clearing") == Decimal("40.23")


def test_a_refund_in_the_payers_currency_leaves_the_balance_in_the_companys_own(room: Ledger) -> None:
    away = from_text("10.00", CAD)
    receivable = room.ref("Account", "Accounts Receivable (A/R) - CAD")
    intent = replace(
        room.journal(),
        parts=(
            JournalPart(account=receivable, amount=away, customer=room.ref("Customer", "Borealis")),
            JournalPart(account=room.ref("Account", "Stripe Clearing"), amount=-away),
        ),
        exchange=Exchange(rate="0.731500", amount=usd("7.32")),
    )
    answer = room.connect().post(intent, ONE)
    assert (answer.exchanged, disagreement(intent, answer)) == (usd("7.32"), None)
    assert room.figure("Account", "CurrentBalance", Name="Stripe Clearing") == Decimal("-7.32")
