"""What stands against a line of a processor's ledger in the books: which account, for how much, and whose debt.

Income is never decided about here. Money that went back to a customer is put on the receivable account with that
customer: it makes the customer owe it again, and so offsets what there is: the credit of an overpayment, the credit
note that the firm gives, or, where the firm gives none, the invoice that is unpaid in truth. Which of them, a person
links in the books. The customer is the one to whom our own entry of that payment was posted, and nobody else.
"""

from __future__ import annotations

from dataclasses import dataclass

from connector.model.finding import FindingCode
from connector.model.intent import Exchange, IntentKind
from connector.model.money_in import Payment
from connector.model.settlement import BalanceEntry, EntryNature
from connector.model.source import Kind, Ref
from connector.money import Money, grouped
from connector.plan.exchange import exchange
from connector.plan.gate import Gate
from connector.reconcile.booked import deposited, ever_posted, posted_payments

WENT_BACK = frozenset(
    {
        EntryNature.REFUND,
        EntryNature.REFUND_BACK,
        EntryNature.DISPUTE,
        EntryNature.DISPUTE_BACK,
        EntryNature.RETURN,
    }
)
"""Lines about one payment, by which it went back or came once more."""

IN_WORDS: dict[EntryNature, str] = {
    EntryNature.FEE: "fee",
    EntryNature.REFUND: "refund",
    EntryNature.REFUND_BACK: "failed refund",
    EntryNature.DISPUTE: "dispute",
    EntryNature.DISPUTE_BACK: "won dispute",
    EntryNature.RETURN: "return",
    EntryNature.PAYOUT_BACK: "failed payout",
    EntryNature.TOPUP: "top-up",
    EntryNature.RESERVE: "reserve",
    EntryNature.TRANSFER: "transfer",
    EntryNature.FINANCING: "financing",
    EntryNature.SPENDING: "spending",
    EntryNature.HELD: "held money",
    EntryNature.ADJUSTMENT: "adjustment",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterpart:
    """`amount` is the line's gross in the currency in which it is booked: positive raises the processor's balance, and
    lowers what stands on `account` or what the customer owes. `exchange` where the balance is in another currency."""

    account: Ref
    amount: Money
    called: str
    customer: Ref | None = None
    exchange: Exchange | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotBookable:
    """Why nothing can be said against a line; an empty sentence where something else says it already."""

    sentence: str
    next_step: str
    code: FindingCode = FindingCode.EXCHANGE


_SAID = NotBookable(sentence="", next_step="")


class Against:
    """Answers for one plan."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._snapshot = gate.snapshot
        self._posted = posted_payments(gate.snapshot)
        self._ever = ever_posted(gate.snapshot)
        carried, entries = deposited(gate.snapshot), gate.snapshot.balance_entries
        self.carried = frozenset(
            entry.about
            for entry in (entries[line] for line in carried if line in entries)
            if entry.nature is EntryNature.PAYMENT and entry.about not in self._posted
        )
        """Payments that went into the books with their payout, for nothing, before anybody posted them."""

    def payment_of(self, entry: BalanceEntry) -> Ref | None:
        """The processor's payment that a line is about, directly or by its refund or dispute."""
        about = entry.about
        if about is None or about.kind is Kind.PAYMENT:
            return about
        told = self._snapshot.refunds.get(about) or self._snapshot.disputes.get(about)
        return told.payment if told is not None else None

    def posted(self, payment: Ref | None) -> Ref | None:
        """The payment of the books that stands for it."""
        return self._posted.get(payment) if payment is not None else None

    def of(self, ref: Ref, entry: BalanceEntry) -> Counterpart | NotBookable:
        """What stands against the gross of that line."""
        if entry.nature in WENT_BACK:
            return self._owed(ref, entry)
        if entry.nature is EntryNature.PAYOUT_BACK:
            return self._on(ref, entry, self._left_from(entry))
        return self._on(ref, entry, "fees" if entry.nature is EntryNature.FEE else "suspense")

    def _on(self, ref: Ref, entry: BalanceEntry, role: str) -> Counterpart | NotBookable:
        account = self._gate.account(ref, entry.gross, role)
        if account is None:
            return _SAID
        return Counterpart(account=account, amount=entry.gross, called=self._gate.name(account))

    def _left_from(self, entry: BalanceEntry) -> str:
        """Where a payout that came back had got to: on its way still, where it was set aside and no further."""
        payout = self._snapshot.payouts.get(entry.about) if entry.about is not None else None
        if payout is None or payout.entry is None or entry.about is None:
            return "bank"
        aside = self._gate.stands(IntentKind.JOURNAL, payout.entry)
        return "transit" if aside and not self._gate.stands(IntentKind.TRANSFER, entry.about) else "bank"

    def _owed(self, ref: Ref, entry: BalanceEntry) -> Counterpart | NotBookable:
        """The receivable account, with the customer of our own entry of the payment, voided by now or not."""
        payment = self.payment_of(entry)
        held = self._ever.get(payment) if payment is not None else None
        stands = self._snapshot.payments.get(held) if held is not None else None
        customer = self._snapshot.survivor(stands.customer) if stands is not None else None
        if payment is None or stands is None or customer is None:
            return NotBookable(
                sentence=f"the {IN_WORDS[entry.nature]} {ref.vendor_id} of {grouped(entry.gross)} is of no payment "
                "that was posted from here",
                next_step="Record both by hand, or neither where they come to nothing.",
                code=FindingCode.REFUNDED,
            )
        amount, changed = entry.gross, None
        code = self._snapshot.payments[payment].gross.currency
        if entry.gross.currency != code:
            amount = self._in_own(payment, entry)
            changed = self.changed(amount, entry.gross)
            if changed is None:
                return self.unchanged(ref, code, entry.gross)
        account = self._gate.account(ref, amount, "receivable")
        if account is None:
            return _SAID
        called = f"Accounts receivable: {self._snapshot.name_of(customer)}"
        return Counterpart(account=account, amount=amount, called=called, customer=customer, exchange=changed)

    def _in_own(self, payment: Ref, entry: BalanceEntry) -> Money:
        """What the line is in the payer's currency, with the line's sign."""
        about = entry.about
        refund = self._snapshot.refunds.get(about) if about is not None else None
        dispute = self._snapshot.disputes.get(about) if about is not None else None
        whole = self._snapshot.payments[payment].gross
        own = refund.amount if refund is not None else dispute.amount if dispute is not None else whole
        return -own if entry.gross.minor < 0 else own

    def changed(self, of: Money, into: Money) -> Exchange | None:
        """The exchange of an amount into the company's own currency, where its books can show it; else None."""
        profile = self._snapshot.books_profile()
        fits = profile is not None and profile.multi_currency and into.currency == profile.home_currency
        return exchange(of, into) if fits else None

    def settled(self, payment: Payment) -> tuple[Money, Exchange | None] | None:
        """What a payment brought into the balance, and its exchange; None where the books cannot show it."""
        if payment.net is None or payment.fee is None or payment.net.currency == payment.gross.currency:
            return payment.gross, None
        into = payment.net + payment.fee
        changed = self.changed(payment.gross, into)
        return (into, changed) if changed is not None else None

    def unchanged(self, ref: Ref, code: str, into: Money) -> NotBookable:
        """Why money that was changed is not booked."""
        profile = self._snapshot.books_profile()
        why = (
            f"the books keep {profile.home_currency} only"
            if profile is not None and not profile.multi_currency
            else f"an entry in {code} can only be changed into the company's own currency"
        )
        return NotBookable(
            sentence=f"{ref.vendor_id} was changed from {code} into {grouped(into)}, and {why}",
            next_step="Record it by hand with the exchange difference.",
        )
