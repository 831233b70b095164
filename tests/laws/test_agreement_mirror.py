"""The agreement report over a mirror in which one field of one record is wrong: always found, and rightly named."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connector.dates import BusinessDate, business_date, zone
from connector.model.party import AccountRole
from connector.model.settlement import BookEntry, EntryNature
from connector.model.source import Kind, Ref
from connector.model.stamp import read_stamps
from connector.money import Currency, Money
from connector.reconcile.agreement import DifferenceKind, told
from connector.reconcile.clearing import standings
from connector.reconcile.payouts import Statements, Verdict
from connector.reconcile.sides import Ground, Sheet, sheets
from connector.reconcile.tieout import tie_out
from tests.builders import PROCESSOR, Mirror, money, ref

CODES = ("EUR", "USD")
DAYS = ("2026-03-28", "2026-03-29", "2026-03-30")
TODAY = business_date("2026-05-01")
CORRUPTIONS = 1_000
Change = Callable[[Any], Any]


class Firm(Mirror):
    """Sales at three prices in two currencies, all posted and paid out, some invoices still open; everything ties."""

    def __init__(self) -> None:
        super().__init__()
        self.customer("Acme")
        self.clearing = {code: self.account(f"Clearing {code}", AccountRole.BANK, code=code) for code in CODES}
        for code in CODES:
            lines = [self.sale(f"{code}-{number}", code, number) for number in range(6)]
            self.pay_out(code, lines[:4])
            self.invoice(f"open-{code}", "Acme", f"70.00 {code}")
            self.account(f"Receivable {code}", AccountRole.RECEIVABLE, f"70.00 {code}", code=code)
        self.settle()

    def sale(self, name: str, code: str, number: int) -> Ref:
        amount, on = f"{(20, 20, 50)[number % 3]}.00 {code}", DAYS[number // 2]
        charge = self.charge(f"ch_{name}", amount, on=on)
        memo = f"receivables op={'A' * 20} src={charge}"
        invoice = self.invoice(f"INV-{name}", "Acme", amount, still_open=f"0.00 {code}")
        into = self.clearing[code]
        self.received(
            f"p-{name}",
            "Acme",
            amount,
            {invoice: amount},
            unapplied=f"0.00 {code}",
            memo=memo,
            into=into,
            on=on,
        )
        self.moved(f"fee-{name}", f"1.00 {code}", charge, on)
        return self.entry(f"txn_{name}", charge, amount, f"1.00 {code}")

    def pay_out(self, code: str, lines: list[Ref]) -> None:
        entries = self.seen().balance_entries
        whole = Money(sum(entries[line].net.minor for line in lines), Currency(code))
        payout = self.payout(f"po_{code}", str(whole), *lines, arrives="2026-04-02")
        self.entry(f"txn_po_{code}", payout, str(-whole), f"0.00 {code}", EntryNature.PAYOUT)
        self.moved(f"t-{code}", str(whole), payout, "2026-04-02")

    def moved(self, name: str, amount: str, about: Ref, on: str) -> None:
        whole = money(amount)
        memo = f"receivables op={'A' * 20} src={about}"
        entry = BookEntry(
            paid_from=self.clearing[whole.currency],
            paid_to=ref(Kind.ACCOUNT, "elsewhere"),
            on=business_date(on),
            amount=whole,
            memo=memo,
            stamps=read_stamps(memo),
        )
        self.put(ref(Kind.BOOK_ENTRY, name), entry)

    def settle(self) -> None:
        """The accounts say what is in them."""
        seen = self.seen()
        for code, account in self.clearing.items():
            held = sum(e.net.minor for e in seen.balance_entries.values() if e.net.currency == code)
            balance = str(Money(held, Currency(code)))
            self.put(account, replace(seen.accounts[account], balance=money(balance)))
            self.account(f"Balance {code}", AccountRole.PROCESSOR, balance, at=PROCESSOR, code=code)

    def told(self) -> tuple[Sheet, ...]:
        accounts = {(PROCESSOR, Currency(code)): account for code, account in self.clearing.items()}
        return sheets(
            Ground(snapshot=self.seen(), accounts=accounts, starts={}, zone=zone("America/New_York"), as_of=TODAY)
        )


def other(amount: Money) -> Money:
    return Money(amount.minor, Currency("USD" if amount.currency == "EUR" else "EUR"))


def later(day: BusinessDate, days: int) -> BusinessDate:
    return BusinessDate(day + timedelta(days=days))


def up(amount: Money) -> Money:
    return Money(amount.minor + 1, amount.currency)


def down(amount: Money) -> Money:
    return Money(amount.minor - 1, amount.currency)


def turned(amount: Money) -> Money:
    return -amount


def fields(*names: str, by: Callable[[Money], Money]) -> Change:
    return lambda record: replace(record, **{name: by(getattr(record, name)) for name in names})


AMOUNT, DATE, CURRENCY = DifferenceKind.AMOUNT, DifferenceKind.DATE, DifferenceKind.CURRENCY
MOVES = ((up, AMOUNT), (down, AMOUNT), (turned, AMOUNT), (other, CURRENCY))
CHANGES: dict[Kind, list[tuple[Change, DifferenceKind]]] = {
    Kind.PAYMENT: [
        *((fields("gross", by=by), kind) for by, kind in MOVES),
        (lambda record: replace(record, received_on=later(record.received_on, 1)), DATE),
        (lambda record: replace(record, received_on=later(record.received_on, -1)), DATE),
    ],
    Kind.BOOK_ENTRY: [
        *((fields("amount", by=by), kind) for by, kind in MOVES),
        (lambda record: replace(record, on=later(record.on, 1)), DATE),
        (lambda record: replace(record, on=later(record.on, -1)), DATE),
    ],
    Kind.BALANCE_ENTRY: [
        *((fields("gross", "net", by=by), kind) for by, kind in MOVES if by is not turned),
        *((fields(name, by=by), AMOUNT) for name in ("gross", "fee", "net") for by in (up, down)),
    ],
    Kind.INVOICE: [
        (fields("open", by=up), AMOUNT),
        (fields("open", by=down), AMOUNT),
        (fields("total", by=up), AMOUNT),
    ],
    Kind.ACCOUNT: [(fields("balance", by=up), AMOUNT), (fields("balance", by=down), AMOUNT)],
}


def corrupt(firm: Firm, drawn: random.Random) -> tuple[str, Ref, DifferenceKind]:
    """One thing of one record: a field, the record gone, or the record twice."""
    kind = drawn.choice(list(CHANGES))
    chosen = [at for at in firm.records if at.kind is kind and (kind is not Kind.PAYMENT or at.connection != PROCESSOR)]
    at = drawn.choice(chosen)
    links = kind in (Kind.PAYMENT, Kind.BOOK_ENTRY, Kind.BALANCE_ENTRY)
    what = drawn.choice(("field", "field", "gone", "twice")) if links else "field"
    if what == "gone":
        firm.take(at)
        there = at.connection == PROCESSOR
        return what, at, DifferenceKind.MISSING_THERE if there else DifferenceKind.MISSING_HERE
    if what == "twice":
        firm.put(at._replace(vendor_id=f"{at.vendor_id}-again"), firm.records[at])
        return what, at, DifferenceKind.DUPLICATED
    change, expected = drawn.choice(CHANGES[kind])
    firm.put(at, change(firm.records[at]))
    return what, at, expected


def partners(at: Ref, firm: Firm) -> set[str]:
    """What names a record that is gone: the entries of the other side for the same thing."""
    name = at.vendor_id.removeprefix("p-").removeprefix("fee-").removeprefix("t-").removeprefix("txn_")
    name = name.removeprefix("po_")
    return {str(each) for each in firm.records if each.vendor_id.endswith((f"-{name}", f"_{name}"))}


def nobody_says_otherwise(firm: Firm, found: tuple[Sheet, ...]) -> None:
    """What quarantines rows, explains payouts and adds up clearing accounts sees nothing that the report does not."""
    seen = firm.seen()
    entries = [e for s in found for d in s.agreement.differences for e in (d.here, d.there) if e is not None]
    named = {entry.ref.rpartition(" ")[2] for entry in entries}
    accounts = {(PROCESSOR, Currency(code)): account for code, account in firm.clearing.items()}
    ties = tie_out(seen, accounts)
    rows = {str(finding.refs[0]) for finding in ties.findings if finding.refs}
    assert rows <= named
    assert not ties.findings or any(sheet.contradictions for sheet in found)
    wrong = (Verdict.DOES_NOT_TIE, Verdict.INCOMPLETE)
    untied = [each for each in Statements(seen).all() if each.verdict in wrong]
    assert all(named & {str(each.payout), *(str(line.entry) for line in each.lines)} for each in untied)
    assert all(each.holds for each in standings(seen, accounts)) or any(sheet.agreement.differences for sheet in found)


@pytest.mark.req("R15")
@pytest.mark.parametrize("seed", range(4))
def test_a_single_corruption_of_any_record_of_the_mirror_is_found_and_named_1000_of_1000(seed: int) -> None:
    drawn = random.Random(seed)  # noqa: S311
    sound = Firm()
    assert all(sheet.agreement.holds for sheet in sound.told())
    kept = dict(sound.records)
    seen: Counter[tuple[str, Kind, DifferenceKind]] = Counter()
    for _ in range(CORRUPTIONS // 4):
        sound.records, sound.gone = dict(kept), {}
        what, at, expected = corrupt(sound, drawn)
        found = sound.told()
        named = partners(at, sound) if what == "gone" else {str(at), f"{at}-again"}
        if at.kind is Kind.ACCOUNT:
            named |= {"the control account"}
        about = [
            (sheet, each)
            for sheet in found
            for each in sheet.agreement.differences
            if named & {entry.ref for entry in (each.here, each.there, each.twin) if entry is not None}
        ]
        assert about, (what, at, expected)
        clearing = [each for sheet, each in about if sheet.name.startswith("Clearing of")] or [about[0][1]]
        assert {each.kind for each in clearing} == {expected}, (what, at, [told(each) for each in clearing])
        strangers = [
            each
            for sheet in found
            if not sheet.is_balance
            for each in sheet.agreement.differences
            if sheet.name.startswith("Clearing of") and (sheet, each) not in about
        ]
        assert strangers == []
        assert all(sheet.agreement.unexplained == () for sheet in found)
        nobody_says_otherwise(sound, found)
        seen[what, at.kind, expected] += 1
    assert len(seen) >= 14
