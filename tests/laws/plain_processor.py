"""A processor of values: what it holds for a merchant, act by act, and the records that tell of it.

Every act says what it must do to the balance by its own figures (`balance`); the ledger's lines are written beside it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from connector.dates import BusinessDate, Instant, after, instant_from_iso, later
from connector.model.mirror import Noun
from connector.model.money_in import (
    Dispute,
    DisputeState,
    Payment,
    PaymentState,
    Refund,
    RefundState,
)
from connector.model.party import Account, AccountRole, Customer
from connector.model.settlement import BalanceEntry, EntryNature, Membership, Payout, PayoutMade, PayoutState
from connector.model.source import ConnectionId, Kind, Ref, Tag
from connector.money import Currency, Money, currency

PROCESSOR = ConnectionId("stripe")
_BEGINS = instant_from_iso("2026-01-01T15:00:00Z")
DAY_SECONDS = 24 * 3600
CODES = (currency("USD"), currency("EUR"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A payment to be taken: `into` is what it becomes in another currency, before the fee."""

    amount: Money
    fee: int
    payer: Ref | None = None
    key: str = ""
    words: str = ""
    by_bank: bool = False
    into: Money | None = None


class PlainProcessor:
    """One account there. Time passes by `days`, and by a second with every act."""

    def __init__(self) -> None:
        self.nouns: dict[Ref, Noun] = {}
        self.lines: dict[Ref, BalanceEntry] = {}
        self.payments: dict[Ref, Payment] = {}
        self.refunds: dict[Ref, Refund] = {}
        self.disputes: dict[Ref, Dispute] = {}
        self.payouts: dict[Ref, Payout] = {}
        self.balance: dict[Currency, int] = defaultdict(int)
        self.at: Instant = _BEGINS
        self.changed = 0
        self._paid_out: set[Ref] = set()
        self._next: Counter[Kind] = Counter()

    @property
    def today(self) -> BusinessDate:
        return BusinessDate(self.at.date())

    def days(self, days: int) -> None:
        self.at = after(self.at, days * DAY_SECONDS)

    def customer(self, name: str, email: str) -> Ref:
        ref = self._ref(Kind.CUSTOMER)
        self.nouns[ref] = Customer(name=name, email=email)
        return ref

    # Acts

    def sale(self, sale: Sale) -> Ref:
        ref, gross = self._ref(Kind.PAYMENT), sale.into or sale.amount
        fee = Money(sale.fee, gross.currency)
        self._line(EntryNature.PAYMENT, gross, ref, fee=sale.fee)
        self.payments[ref] = Payment(
            customer=sale.payer,
            received_on=self.today,
            gross=sale.amount,
            state=PaymentState.SUCCEEDED,
            method="us_bank_account" if sale.by_bank else "card",
            created=self.at,
            fee=fee,
            net=gross - fee,
            refunded=Money(0, sale.amount.currency),
            memo=sale.words or None,
            tags=(Tag("invoice_number", sale.key),) if sale.key else (),
        )
        return ref

    def refund(self, payment: Ref, amount: Money, taken: int | None = None) -> Ref:
        """Gives back a part or all; `taken` leaves the balance, where that is in another currency."""
        ref, of = self._ref(Kind.REFUND), self.payments[payment]
        self.refunds[ref] = Refund(payment=payment, amount=amount, on=self.today, state=RefundState.DONE)
        self._line(EntryNature.REFUND, Money(-(amount.minor if taken is None else taken), self.purse(payment)), ref)
        self._given(payment, of, amount.minor)
        return ref

    def refund_fails(self, ref: Ref) -> None:
        back = self.refunds[ref]
        if back.payment is None:
            raise TypeError(ref)
        left = next(one.gross for one in self.lines.values() if one.about == ref)
        self.refunds[ref] = replace(back, state=RefundState.FAILED)
        self._line(EntryNature.REFUND_BACK, -left, ref)
        self._given(back.payment, self.payments[back.payment], -back.amount.minor)

    def _given(self, payment: Ref, of: Payment, minor: int) -> None:
        back = Money((of.refunded.minor if of.refunded is not None else 0) + minor, of.gross.currency)
        state = of.state
        if state in (PaymentState.SUCCEEDED, PaymentState.REFUNDED):
            state = PaymentState.REFUNDED if back == of.gross else PaymentState.SUCCEEDED
        self.payments[payment] = replace(of, refunded=back, state=state)

    def dispute(self, payment: Ref, *, fee: int) -> Ref:
        """All of a card payment is fought over; of a bank debit it is gone for good."""
        ref, of = self._ref(Kind.DISPUTE), self.payments[payment]
        final = of.method != "card"
        self.disputes[ref] = Dispute(
            payment=payment,
            amount=of.gross,
            on=self.today,
            state=DisputeState.LOST if final else DisputeState.OPEN,
            reason="fraudulent",
        )
        self._line(EntryNature.DISPUTE, -self._gross(payment), ref, fee=fee)
        self.payments[payment] = replace(of, state=PaymentState.RETURNED if final else PaymentState.DISPUTED)
        return ref

    def wins(self, ref: Ref, *, fee_back: int = 0) -> None:
        fight = self.disputes[ref]
        left = next(one.gross for one in self.lines.values() if one.about == ref)
        self.disputes[ref] = replace(fight, state=DisputeState.WON)
        self._line(EntryNature.DISPUTE_BACK, -left, ref, fee=-fee_back)

    def loses(self, ref: Ref) -> None:
        self.disputes[ref] = replace(self.disputes[ref], state=DisputeState.LOST)
        self._tick()

    def comes_back(self, payment: Ref) -> None:
        """A debit fails after it had settled, without a dispute."""
        of = self.payments[payment]
        self._line(EntryNature.RETURN, -self._gross(payment), payment)
        self.payments[payment] = replace(of, state=PaymentState.RETURNED, returned_on=self.today)

    def line(self, nature: EntryNature, amount: Money) -> None:
        self._line(nature, amount, None)

    def pays_out(self, code: Currency, *, manual: int | None = None) -> Ref | None:
        """All that was not paid out yet leaves, or is taken; by hand a part, and nobody ever says what it was."""
        ref = self._ref(Kind.PAYOUT)
        members = tuple(
            line for line, one in self.lines.items() if line not in self._paid_out and one.net.currency == code
        )
        amount = sum(self.lines[each].net.minor for each in members) if manual is None else manual
        if not amount:
            return None
        own = self._line(EntryNature.PAYOUT, Money(-amount, code), ref)
        self._paid_out.add(own)
        if manual is None:
            self._paid_out.update(members)
        self.payouts[ref] = Payout(
            amount=Money(amount, code),
            arrives_on=later(self.today, 2),
            state=PayoutState.PENDING,
            entries=members if manual is None else None,
            membership=Membership.COMPLETE if manual is None else Membership.NEVER,
            made=PayoutMade.AUTOMATIC if manual is None else PayoutMade.MANUAL,
            created=self.at,
            entry=own,
        )
        return ref

    def arrives(self, ref: Ref) -> None:
        self.payouts[ref] = replace(self.payouts[ref], state=PayoutState.PAID)
        self._tick()

    def payout_fails(self, ref: Ref) -> None:
        """On its way, or days after it had arrived; the next payout carries what comes back."""
        held = self.payouts[ref]
        back = self._line(EntryNature.PAYOUT_BACK, held.amount, ref)
        self.payouts[ref] = replace(held, state=PayoutState.FAILED, back=back)

    # What there is

    def purse(self, payment: Ref) -> Currency:
        return self._gross(payment).currency

    def _gross(self, payment: Ref) -> Money:
        return next(
            one.gross for one in self.lines.values() if one.about == payment and one.nature is EntryNature.PAYMENT
        )

    def records(self) -> Iterator[tuple[Ref, str, Noun]]:
        """Everything as an adapter would mirror it; this vendor gives no versions."""
        for held in (self.nouns, self.lines, self.payments, self.refunds, self.disputes, self.payouts):
            yield from ((ref, "", noun) for ref, noun in held.items())
        for code in CODES:
            account = Account(
                name=f"Balance {code}",
                role=AccountRole.PROCESSOR,
                currency=code,
                balance=Money(self.balance[code], code),
            )
            yield Ref(PROCESSOR, Kind.ACCOUNT, code), "", account

    def _line(self, nature: EntryNature, gross: Money, about: Ref | None, fee: int = 0) -> Ref:
        self._tick()
        ref, code = self._ref(Kind.BALANCE_ENTRY), gross.currency
        self.balance[code] += gross.minor - fee
        self.lines[ref] = BalanceEntry(
            category=str(nature),
            nature=nature,
            gross=gross,
            fee=Money(fee, code),
            net=Money(gross.minor - fee, code),
            created=self.at,
            about=about,
        )
        return ref

    def _tick(self) -> None:
        self.at = after(self.at, 1)
        self.changed += 1

    def _ref(self, kind: Kind) -> Ref:
        self._next[kind] += 1
        return Ref(PROCESSOR, kind, f"{kind}_{self._next[kind]:05d}")
