"""Random books of a firm whose card money was posted by somebody, with nothing wrong in them; and every kind of wrong.

Who posted is drawn: our stamp, another program that writes the processor's id into its memos, or a person who writes
nothing. Each world has what looks wrong and is not: rent of one sum each month, two invoices of one price paid on one
day, checks of the same sum as a card payment, payouts of one sum week after week.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from connector.dates import BusinessDate, business_date, zone
from connector.model.finding import FindingCode
from connector.model.invoice import Invoice, InvoiceState
from connector.model.money_in import Payment
from connector.model.party import AccountRole
from connector.model.settlement import BookEntry, Deposit, DepositLine, EntryNature
from connector.model.source import Kind, Ref
from connector.model.stamp import read_stamps
from connector.money import Money, currency
from connector.reconcile.match import reconcile
from connector.reconcile.polluted import Ground
from connector.reconcile.shadowed import Shadow, shadowed
from tests.builders import PROCESSOR, Mirror, ref

USD = currency("USD")
BEGINS = business_date("2026-01-05")
TODAY = business_date("2026-04-30")
MARK = f"receivables op={'A' * 20} src="
RENT = 95_000
WEEKS = 6


def cents(minor: int) -> str:
    return str(Money(minor, USD))


@dataclass(frozen=True)
class Sale:
    """A card payment, the entry of the books for it and for its fee, and the invoice it settles."""

    charge: Ref
    entry: Ref
    fee: Ref
    invoice: Ref
    minor: int
    on: BusinessDate


class Shop(Mirror):
    """Some weeks of business; every payout is of one week."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.drawn = random.Random(seed)  # noqa: S311
        self.by = self.drawn.choice(("us", "program", "person"))
        self.profile()
        self.clearing = self.account("Card Clearing", AccountRole.BANK)
        self.bank = self.account("Checking", AccountRole.BANK)
        self.costs = self.account("Fees", AccountRole.EXPENSE)
        self.sales_account = self.account("Sales", AccountRole.OTHER)
        self.hand = self.account("Undeposited Funds", AccountRole.UNDEPOSITED)
        self.customers = ["Acme", "Bolt", "Cedar", "Dune"]
        for name in self.customers:
            self.customer(name, email=f"ap@{name.lower()}.example")
            self.customer(name, email=f"ap@{name.lower()}.example", at=PROCESSOR)
        self.numbers = 0
        self.sales: list[Sale] = []
        self.transfers: list[tuple[Ref, Ref, int, BusinessDate]] = []
        for week in range(WEEKS):
            self._week(BusinessDate(BEGINS + timedelta(days=7 * week)))

    def _week(self, monday: BusinessDate) -> None:
        begun = len(self.sales)
        equal = self.drawn.choice((12_000, 25_050, 8_000))
        sums = [equal] * self.drawn.randint(1, 3) + [self.drawn.randint(1_000, 99_999)]
        who = self.drawn.choice(self.customers)
        for minor in sums:
            self.sale(who, minor, BusinessDate(monday + timedelta(days=self.drawn.randint(0, 2))))
        if monday.day <= 7:
            self.sale("Dune", RENT, monday)
        if self.drawn.random() < 0.5:
            self.check(who, equal, BusinessDate(monday + timedelta(days=1)))
        self.pay_out(self.sales[begun:], BusinessDate(monday + timedelta(days=7)))

    def _number(self) -> int:
        self.numbers += 1
        return self.numbers

    def memo(self, about: Ref, what: str) -> str:
        return {"us": f"{MARK}{about}", "program": f"{what} {about.vendor_id}", "person": what}[self.by]

    def sale(self, who: str, minor: int, on: BusinessDate) -> Sale:
        number = self._number()
        fee, day = minor * 29 // 1000 + 30, on.isoformat()
        invoice = self.invoice(f"N-{number}", who, cents(minor), still_open="0.00 USD", issued=day)
        charge = self.charge(f"ch_{number}", cents(minor), customer=who, fee=cents(fee), on=day)
        self.entry(f"txn_{number}", charge, cents(minor), cents(fee), created=f"{day}T15:00:00Z")
        memo = self.memo(charge, "card payment")
        settles = {invoice: cents(minor)}
        entry = self.received(f"p{number}", who, cents(minor), settles, memo=memo, into=self.clearing, on=day)
        cost = self.spend(f"f{number}", fee, on, self.memo(charge, "card fee"))
        made = Sale(charge, entry, cost, invoice, minor, on)
        self.sales.append(made)
        return made

    def spend(self, name: str, minor: int, on: BusinessDate, memo: str) -> Ref:
        return self._moved(name, self.clearing, self.costs, minor, on, memo)

    def _moved(self, name: str, paid_from: Ref | None, paid_to: Ref, minor: int, on: BusinessDate, memo: str) -> Ref:
        entry = BookEntry(
            paid_from=paid_from, paid_to=paid_to, on=on, amount=Money(minor, USD), memo=memo, stamps=read_stamps(memo)
        )
        return self.put(ref(Kind.BOOK_ENTRY, name), entry)

    def check(self, who: str, minor: int, on: BusinessDate) -> Ref:
        """A check for an invoice of its own, banked three days later together with no other."""
        number, day = self._number(), on.isoformat()
        invoice = self.invoice(f"N-{number}", who, cents(minor), still_open="0.00 USD", issued=day)
        paid = self.received(f"p{number}", who, cents(minor), {invoice: cents(minor)}, into=self.hand, on=day)
        self.records[paid] = replace(self.payment(paid), reference=f"{4000 + number}")
        self.put(
            ref(Kind.DEPOSIT, f"d{number}"),
            Deposit(
                into=self.bank,
                on=BusinessDate(on + timedelta(days=3)),
                total=Money(minor, USD),
                lines=(DepositLine(amount=Money(minor, USD), payment=paid),),
            ),
        )
        return paid

    def pay_out(self, sales: list[Sale], on: BusinessDate) -> None:
        number = self._number()
        lines = [ref(Kind.BALANCE_ENTRY, f"txn_{each.charge.vendor_id[3:]}", PROCESSOR) for each in sales]
        net = sum(each.minor - (each.minor * 29 // 1000 + 30) for each in sales)
        payout = self.payout(f"po_{number}", cents(net), *lines, arrives=on.isoformat())
        self.entry(f"txn_po_{number}", payout, cents(-net), "0.00 USD", EntryNature.PAYOUT, created=f"{on}T09:00:00Z")
        entry = self._moved(f"t{number}", self.clearing, self.bank, net, on, self.memo(payout, "payout"))
        self.transfers.append((payout, entry, net, on))

    def payment(self, at: Ref) -> Payment:
        held = self.records[at]
        assert isinstance(held, Payment)
        return held

    def invoiced(self, at: Ref) -> Invoice:
        held = self.records[at]
        assert isinstance(held, Invoice)
        return held

    def like(self, at: Ref) -> set[Ref]:
        """Where a person wrote nothing, entries of one sum and day cannot be told apart."""
        one = self.records[at]
        if self.by != "person":
            return set()
        return {
            each
            for each, other in self.records.items()
            if each.kind is at.kind and each.connection == at.connection and _sum_and_day(other) == _sum_and_day(one)
        }

    def shadow(self) -> Shadow:
        seen = self.seen()
        ground = Ground(
            snapshot=seen,
            accounts={(PROCESSOR, USD): self.clearing},
            zone=zone("America/New_York"),
            as_of=TODAY,
        )
        return shadowed(ground, reconcile(seen), BEGINS)


def _sum_and_day(record: object) -> tuple[Money, BusinessDate] | None:
    if isinstance(record, Payment):
        return record.gross, record.received_on
    return (record.amount, record.on) if isinstance(record, BookEntry) else None


def _copied(shop: Shop) -> tuple[set[Ref], FindingCode]:
    """Somebody else posted the same charge again, with its id in the memo."""
    sale = shop.drawn.choice(shop.sales)
    again = replace(shop.payment(sale.entry), memo=f"card {sale.charge.vendor_id}", stamps=(), allocations=())
    extra = shop.put(ref(Kind.PAYMENT, "extra"), replace(again, unapplied=again.gross))
    # Where nobody wrote an id, the second entry is the only one that says which charge it is.
    return shop.like(sale.entry) if shop.by == "person" else {extra}, FindingCode.POSTED_TWICE


def _one_more(shop: Shop) -> tuple[set[Ref], FindingCode]:
    """One more of the same customer and sum on the clearing account, which names nothing."""
    sale = shop.drawn.choice(shop.sales)
    again = replace(shop.payment(sale.entry), memo=None, stamps=())
    return {shop.put(ref(Kind.PAYMENT, "zz-extra"), again)} | shop.like(sale.entry), FindingCode.POSTED_TWICE


def _by_hand_too(shop: Shop) -> tuple[set[Ref], FindingCode]:
    """A person recorded the money by hand as well; it rests on hand, and settles nothing."""
    sale = shop.drawn.choice(shop.sales)
    held = shop.payment(sale.entry)
    again = replace(held, memo=None, stamps=(), allocations=(), unapplied=held.gross, into=shop.hand)
    return {shop.put(ref(Kind.PAYMENT, "zz-extra"), again)}, FindingCode.PERHAPS_TWICE


def _net(shop: Shop) -> tuple[set[Ref], FindingCode]:
    """Posted at what the processor left of it; the fee stays open on the invoice."""
    sale = _lonely(shop)
    cost = shop.records.pop(sale.fee)
    assert isinstance(cost, BookEntry)
    held = shop.payment(sale.entry)
    shop.records[sale.entry] = replace(held, gross=held.gross - cost.amount)
    invoice = shop.invoiced(sale.invoice)
    shop.records[sale.invoice] = replace(invoice, open=cost.amount, state=InvoiceState.OPEN)
    return {sale.entry}, FindingCode.POSTED_NET


def _net_and_fee(shop: Shop) -> tuple[set[Ref], FindingCode]:
    """The same, and the fee was recorded as an expense beside it."""
    sale = _lonely(shop)
    cost, held = shop.records[sale.fee], shop.payment(sale.entry)
    assert isinstance(cost, BookEntry)
    shop.records[sale.entry] = replace(held, gross=held.gross - cost.amount)
    invoice = shop.invoiced(sale.invoice)
    shop.records[sale.invoice] = replace(invoice, open=cost.amount, state=InvoiceState.OPEN)
    return {sale.fee}, FindingCode.FEE_TWICE


def _lonely(shop: Shop) -> Sale:
    """A sale whose sum no other one has, so that nothing else can take its place."""
    sums = [each.minor for each in shop.sales]
    return shop.drawn.choice([each for each in shop.sales if sums.count(each.minor) == 1])


def _fee_again(shop: Shop) -> tuple[set[Ref], FindingCode]:
    sale = shop.drawn.choice(shop.sales)
    held = shop.records[sale.fee]
    assert isinstance(held, BookEntry)
    again = replace(held, stamps=(), memo="fee")
    return {shop.put(ref(Kind.BOOK_ENTRY, "zz-extra"), again)} | shop.like(sale.fee), FindingCode.FEE_TWICE


def _payout_again(shop: Shop) -> tuple[set[Ref], FindingCode]:
    """A second transfer out of the clearing account."""
    _, _, net, on = shop.drawn.choice(shop.transfers)
    later = BusinessDate(on + timedelta(days=shop.drawn.randint(0, 3)))
    extra = shop._moved("zz-extra", shop.clearing, shop.bank, net, later, "transfer")
    return {extra}, FindingCode.PAYOUT_TWICE


def _fed(shop: Shop) -> tuple[set[Ref], FindingCode]:
    """The bank's feed added what arrived as income."""
    _, _, net, on = shop.drawn.choice(shop.transfers)
    extra = ref(Kind.DEPOSIT, "zz-extra")
    deposit = Deposit(into=shop.bank, on=on, total=Money(net, USD), lines=(DepositLine(amount=Money(net, USD)),))
    return {shop.put(extra, deposit)}, FindingCode.BANK_FEED_TWIN


def _fed_only(shop: Shop) -> tuple[set[Ref], FindingCode]:
    """The same, and nobody took the payout out of the clearing account."""
    payout, transfer, _, _ = shop.drawn.choice(shop.transfers)
    _, transfers = shop.records.pop(transfer), shop.transfers
    net, on = next((net, on) for each, _, net, on in transfers if each == payout)
    deposit = Deposit(into=shop.bank, on=on, total=Money(net, USD), lines=(DepositLine(amount=Money(net, USD)),))
    shop.put(ref(Kind.DEPOSIT, "zz-extra"), deposit)
    return {payout}, FindingCode.PAYOUT_IN_BANK


def _never_out(shop: Shop) -> tuple[set[Ref], FindingCode]:
    """Nobody took an early payout out of the clearing account."""
    payout, transfer, _, _ = shop.drawn.choice(shop.transfers)
    shop.records.pop(transfer)
    return {payout}, FindingCode.NOT_CLEARING


def _stranger(shop: Shop) -> tuple[set[Ref], FindingCode]:
    """An entry on the clearing account that no line of the processor stands behind."""
    sale = shop.drawn.choice(shop.sales)
    odd = Money(shop.drawn.randint(200_000, 300_000), USD)
    other = replace(shop.payment(sale.entry), memo=None, stamps=(), gross=odd, allocations=())
    return {shop.put(ref(Kind.PAYMENT, "zz-extra"), other)}, FindingCode.NOT_CLEARING


def _on_hand(shop: Shop) -> tuple[set[Ref], FindingCode]:
    """An old check that was never banked."""
    paid = shop.check("Cedar", shop.drawn.randint(300_000, 400_000), BusinessDate(BEGINS + timedelta(days=20)))
    shop.records.pop(ref(Kind.DEPOSIT, f"d{paid.vendor_id[1:]}"))
    return {paid}, FindingCode.UNDEPOSITED_GROWS


def _forgotten(shop: Shop) -> tuple[set[Ref], FindingCode]:
    """A check that nobody applied, beside the one open invoice that it names and pays."""
    paid = shop.check("Cedar", shop.drawn.randint(300_000, 400_000), BusinessDate(BEGINS + timedelta(days=20)))
    held = shop.payment(paid)
    invoice = shop.invoiced(held.allocations[0].target)
    shop.records[held.allocations[0].target] = replace(invoice, open=invoice.total, state=InvoiceState.OPEN)
    shop.records[paid] = replace(held, allocations=(), unapplied=held.gross, memo=f"invoice {invoice.number}")
    return {paid}, FindingCode.NOT_APPLIED


POLLUTIONS: dict[str, Callable[[Shop], tuple[set[Ref], FindingCode]]] = {
    made.__name__.lstrip("_"): made
    for made in (
        _copied, _one_more, _by_hand_too, _net, _net_and_fee, _fee_again, _payout_again, _fed, _fed_only, _never_out,
        _stranger, _on_hand, _forgotten,
    )
}  # fmt: skip
"""Each makes one thing wrong, and says which record has to be named and as what."""
