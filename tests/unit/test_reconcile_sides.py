"""What has to agree in a mirror: documents with their history, clearing with the ledger, balances with their parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from connector.dates import business_date, instant_from_iso, zone
from connector.model.party import AccountRole, Profile
from connector.model.settlement import BookEntry, EntryNature
from connector.model.source import Kind, Ref
from connector.model.stamp import read_stamps
from connector.money import grouped
from connector.reconcile.agreement import Difference, DifferenceKind
from connector.reconcile.sides import Ground, Sheet, sheets
from tests.builders import BOOKS, PROCESSOR, USD, Mirror, money, ref

MARK = f"receivables op={'A' * 20} src="
TODAY = business_date("2026-05-01")


class World(Mirror):
    """A clearing account, a bank and an account for fees; sales that are posted, and payouts that are moved."""

    def __init__(self) -> None:
        super().__init__()
        self.customer("Acme")
        self.clearing = self.account("Clearing", AccountRole.BANK)
        self.bank = self.account("Checking", AccountRole.BANK)
        self.fees = self.account("Fees", AccountRole.EXPENSE)
        self.starts: dict[Any, Any] = {}

    def moved(self, name: str, amount: str, about: Ref | None, *, to_clearing: bool, on: str, other: Ref) -> Ref:
        memo = f"{MARK}{about}" if about is not None else ""
        ends = (other, self.clearing) if to_clearing else (self.clearing, other)
        return self.put(
            ref(Kind.BOOK_ENTRY, name),
            BookEntry(
                paid_from=ends[0],
                paid_to=ends[1],
                on=business_date(on),
                amount=money(amount),
                memo=memo,
                stamps=read_stamps(memo),
            ),
        )

    def journal(self, name: str, amount: str, about: Ref, on: str) -> Ref:
        """A journal entry that brings so much into the clearing account."""
        memo = f"{MARK}{about}"
        whole = money(amount)
        return self.put(
            ref(Kind.BOOK_ENTRY, name),
            BookEntry(
                paid_from=None,
                paid_to=None,
                on=business_date(on),
                amount=max(whole, -whole),
                memo=memo,
                stamps=read_stamps(memo),
                moves=((self.clearing, whole), (self.fees, -whole)),
            ),
        )

    def sale(self, number: int, amount: str = "50.00", fee: str = "1.75") -> Ref:
        charge = self.charge(f"ch_{number}", amount, fee=fee, on="2026-03-29")
        line = self.entry(f"txn_{number}", charge, amount, fee)
        invoice = self.invoice(f"INV-{number}", "Acme", amount, still_open="0.00")
        self.received(
            f"p-{number}",
            "Acme",
            amount,
            {invoice: amount},
            memo=f"{MARK}{charge}",
            into=self.clearing,
            on="2026-03-29",
        )
        self.moved(f"fee-{number}", fee, charge, to_clearing=False, on="2026-03-29", other=self.fees)
        return line

    def sent(self, name: str, amount: str, *lines: Ref) -> Ref:
        payout = self.payout(name, amount, *lines, arrives="2026-04-02")
        own = self.entry(f"txn_{name}", payout, f"-{amount}", "0.00", EntryNature.PAYOUT)
        self.put(payout, replace(self.seen().payouts[payout], entry=own))
        self.moved(f"t-{name}", amount, payout, to_clearing=False, on="2026-04-02", other=self.bank)
        return payout

    def told(self, as_of: str = "2026-05-01") -> dict[str, Sheet]:
        day = business_date(as_of)
        ground = Ground(
            snapshot=self.seen(),
            accounts={(PROCESSOR, USD): self.clearing},
            starts=self.starts,
            zone=zone("America/New_York"),
            as_of=day,
            now=day >= TODAY,
        )
        return {sheet.name: sheet for sheet in sheets(ground)}

    def change(self, at: Ref, **fields: Any) -> None:
        record: Any = self.records[at]
        self.put(at, replace(record, **fields))


@pytest.fixture
def world() -> World:
    """Twenty equal sales in two payouts, everything posted."""
    made = World()
    for half in range(2):
        lines = [made.sale(10 * half + number) for number in range(10)]
        made.sent(f"po_{half}", "482.50", *lines)
    return made


def differences(world: World, name: str) -> tuple[Difference, ...]:
    return world.told()[name].agreement.differences


def test_what_was_posted_as_it_came_agrees_entry_by_entry(world: World) -> None:
    found = world.told()
    assert all(sheet.agreement.holds for sheet in found.values())
    assert found["Clearing of stripe"].agreement.agreeing == 42
    assert found["Open items"].agreement.agreeing == 40


def stamped(name: str) -> Ref:
    return ref(Kind.BOOK_ENTRY, name)


EDITS: dict[str, tuple[Callable[[World], None], DifferenceKind, str, str]] = {
    "a payment's amount": (
        lambda world: world.change(ref(Kind.PAYMENT, "p-7"), gross=money("50.01"), unapplied=money("0.01")),
        DifferenceKind.AMOUNT, "quickbooks/payment/p-7", "stripe/balance_entry/txn_7",
    ),
    "a payment's day": (
        lambda world: world.change(ref(Kind.PAYMENT, "p-7"), received_on=business_date("2026-03-30")),
        DifferenceKind.DATE, "quickbooks/payment/p-7", "stripe/balance_entry/txn_7",
    ),
    "a payment moved to another account": (
        lambda world: world.change(ref(Kind.PAYMENT, "p-7"), into=world.bank),
        DifferenceKind.MISSING_HERE, "", "stripe/balance_entry/txn_7",
    ),
    "a fee's amount": (
        lambda world: world.change(stamped("fee-3"), amount=money("1.74")),
        DifferenceKind.AMOUNT, "quickbooks/book_entry/fee-3", "stripe/balance_entry/txn_3",
    ),
    "a fee's currency": (
        lambda world: world.change(stamped("fee-3"), amount=money("1.75 EUR")),
        DifferenceKind.CURRENCY, "quickbooks/book_entry/fee-3", "stripe/balance_entry/txn_3",
    ),
    "a transfer turned around": (
        lambda world: world.change(stamped("t-po_0"), paid_from=world.bank, paid_to=world.clearing),
        DifferenceKind.AMOUNT, "quickbooks/book_entry/t-po_0", "stripe/balance_entry/txn_po_0",
    ),
    "a transfer deleted": (
        lambda world: world.take(stamped("t-po_0")), DifferenceKind.MISSING_HERE, "", "stripe/balance_entry/txn_po_0",
    ),
    "a fee copied": (
        lambda world: (
            world.moved("copy", "1.75", ref(Kind.PAYMENT, "ch_3", PROCESSOR), to_clearing=False, on="2026-03-29",
                        other=world.fees), None)[1],
        DifferenceKind.DUPLICATED, "quickbooks/book_entry/fee-3", "quickbooks/book_entry/copy",
    ),
    "an entry by hand": (
        lambda world: (
            world.moved("hand", "9.99", None, to_clearing=True, on="2026-03-29", other=world.bank), None)[1],
        DifferenceKind.MISSING_THERE, "quickbooks/book_entry/hand", "",
    ),
    "a line of the ledger": (
        lambda world: world.change(
            ref(Kind.BALANCE_ENTRY, "txn_5", PROCESSOR), gross=money("50.01"), net=money("48.26")
        ),
        DifferenceKind.AMOUNT, "quickbooks/payment/p-5", "stripe/balance_entry/txn_5",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_whatever_a_person_edits_among_equal_entries_is_found_and_named(world: World, name: str) -> None:
    edit, kind, here, there = EDITS[name]
    edit(world)
    (found,) = differences(world, "Clearing of stripe")
    assert found.kind is kind
    assert {each.ref for each in (found.here, found.there, found.twin) if each is not None} == {here, there} - {""}
    assert world.told()["Clearing of stripe"].agreement.unexplained == ()


def test_an_invoice_whose_open_balance_is_not_what_its_payments_leave_is_named(world: World) -> None:
    world.change(ref(Kind.INVOICE, "i-INV-4"), open=money("0.01"))
    (found,) = differences(world, "Open items")
    assert (found.kind, found.entry.ref) == (DifferenceKind.AMOUNT, "quickbooks/invoice/i-INV-4")
    assert grouped(found.entry.amount) == "0.01 USD"


def test_balances_are_compared_with_their_parts_and_only_as_they_are_now(world: World) -> None:
    world.account("Clearing", AccountRole.BANK, "0.01")
    world.account("Receivable", AccountRole.RECEIVABLE, "-0.02")
    world.account("Balance", AccountRole.PROCESSOR, "0.03", at=PROCESSOR)
    found = {sheet.name: sheet for sheet in world.told().values() if sheet.is_balance}
    apart = {name: grouped(sheet.agreement.totals[0].difference) for name, sheet in found.items()}
    assert apart == {
        "Clearing": "0.01 USD",
        "accounts receivable USD": "-0.02 USD",
        "balance of stripe in USD": "0.03 USD",
    }
    assert not [sheet for sheet in world.told("2026-04-30").values() if sheet.is_balance]


def test_up_to_a_day_only_what_is_of_then_counts(world: World) -> None:
    world.take(stamped("t-po_0"))
    early = world.told("2026-04-01")["Clearing of stripe"].agreement
    assert (early.holds, early.agreeing) == (True, 40)
    assert not world.told("2026-04-02")["Clearing of stripe"].agreement.holds


def test_lines_that_are_posted_by_hand_entries_of_ours_agree_with_or_without_their_fee(world: World) -> None:
    charge = ref(Kind.PAYMENT, "ch_1", PROCESSOR)
    refund = world.entry("re", world.refund("re_1", charge, "5.00"), "-5.00", "0.00", EntryNature.REFUND)
    lost = world.entry("dp", world.dispute("dp_1", charge, "50.00"), "-50.00", "15.00", EntryNature.DISPUTE)
    both = world.entry("dp2", world.dispute("dp_2", charge, "50.00"), "-50.00", "15.00", EntryNature.DISPUTE)
    assert len(differences(world, "Clearing of stripe")) == 5
    world.journal("j-1", "-5.00", refund, "2026-04-01")
    world.journal("j-2", "-65.00", lost, "2026-04-01")
    world.journal("j-3", "-50.00", both, "2026-04-01")
    world.moved("f-3", "15.00", both, to_clearing=False, on="2026-04-01", other=world.fees)
    assert world.told()["Clearing of stripe"].agreement.holds


def test_what_came_before_the_start_is_one_opening_entry(world: World) -> None:
    world.entry("old", world.charge("ch_old", "20.00"), "20.00", "0.00", created="2026-03-01T12:00:00Z")
    world.starts = {PROCESSOR: instant_from_iso("2026-03-15T04:00:00Z")}
    (missing,) = differences(world, "Clearing of stripe")
    assert (missing.kind, grouped(missing.entry.amount)) == (DifferenceKind.MISSING_HERE, "20.00 USD")
    opening = world.opening("o-1", "20.00", memo=f"{MARK}{ref(Kind.ACCOUNT, 'usd', PROCESSOR)}")
    world.change(opening, into=world.clearing, on=business_date("2026-03-14"))
    assert world.told()["Clearing of stripe"].agreement.holds


def test_a_day_that_was_closed_counts_on_the_day_a_person_chose_instead(world: World) -> None:
    world.change(ref(Kind.PAYMENT, "p-7"), received_on=business_date("2026-04-20"))
    assert [each.kind for each in differences(world, "Clearing of stripe")] == [DifferenceKind.DATE]
    world.put(
        ref(Kind.PROFILE, "1", BOOKS),
        Profile(name="Harbor", home_currency=USD, closed_through=business_date("2026-03-31")),
    )
    assert world.told()["Clearing of stripe"].agreement.holds
