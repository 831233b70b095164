"""Why a payment was not applied, in one sentence each, with what would settle it. The closed list of reasons."""

from __future__ import annotations

from collections.abc import Sequence

from connector.model.finding import Finding, FindingCode
from connector.model.invoice import Invoice
from connector.model.money_in import Payment, PaymentState
from connector.model.source import Ref
from connector.money import Money, grouped
from connector.reconcile.booked import Undone
from connector.reconcile.references import numbers_in
from connector.reconcile.snapshot import Snapshot

_Held = tuple[Ref, Invoice]


def _what(ref: Ref, payment: Payment) -> str:
    return f"Payment {ref.vendor_id} of {grouped(payment.gross)}"


def unfit(ref: Ref, payment: Payment) -> Finding | None:
    """A payment that is not (or no longer) money to be applied."""
    code, sentence, step = _standing(payment)
    if code is None:
        return None
    return Finding(
        code=code, sentence=f"{_what(ref, payment)} {sentence}", next_step=step, refs=(ref,), amount=payment.gross
    )


_STANDING: dict[PaymentState, tuple[FindingCode, str, str]] = {
    PaymentState.PENDING: (
        FindingCode.PENDING,
        "is on its way and not money yet.",
        "Wait; it is looked at again with every sync.",
    ),
    PaymentState.FAILED: (
        FindingCode.FAILED,
        "failed",
        "Nothing is due; the invoice stays open. Ask the payer to try again.",
    ),
    PaymentState.RETURNED: (
        FindingCode.RETURNED,
        "was returned by the payer's bank",
        "The invoice is open again; talk to the payer before taking it the same way again.",
    ),
    PaymentState.DISPUTED: (
        FindingCode.DISPUTED,
        "is disputed by the payer",
        "Answer the dispute at the processor.",
    ),
    PaymentState.REFUNDED: (
        FindingCode.REFUNDED,
        "was refunded.",
        "Nothing is posted; the invoice stays as it is.",
    ),
    PaymentState.VOID: (FindingCode.FAILED, "was voided.", "Nothing is due."),
}


def _standing(payment: Payment) -> tuple[FindingCode | None, str, str]:
    """Code, sentence and next step of a payment that cannot be applied as it stands; no code when it can."""
    if payment.state in _STANDING:
        code, sentence, step = _STANDING[payment.state]
        return code, _told(sentence, payment), step
    if payment.refunded:
        sentence = f"was refunded in part ({grouped(payment.refunded)})."
        return FindingCode.REFUNDED, sentence, "Post the payment and its refund together by hand."
    if payment.net is not None and payment.net.currency != payment.gross.currency:
        sentence = f"was settled in {payment.net.currency}."
        return FindingCode.EXCHANGE, sentence, "Post it by hand with the exchange difference."
    return None, "", ""


def _told(sentence: str, payment: Payment) -> str:
    """With the day on which it came back and the reason, as far as they are known."""
    if sentence.endswith("."):
        return sentence
    since = "since" if payment.state is PaymentState.DISPUTED else "on"
    day = f" {since} {payment.returned_on.isoformat()}" if payment.returned_on is not None else ""
    why = f": {payment.failure.rstrip('.')}" if payment.failure else ""
    return f"{sentence}{day}{why}."


def came_back(payment: Payment) -> str:
    """How a payment went back, in words without a full stop: "was returned by the payer's bank on ...: ..."."""
    return _told(_STANDING[PaymentState.RETURNED][1], payment).rstrip(".")


def received_elsewhere(ref: Ref, payment: Payment) -> Finding:
    """The processor was only told of it, so it is in no balance and no payout of the processor's."""
    named = f" ({payment.reference})" if payment.reference else ""
    return Finding(
        code=FindingCode.NO_ACCOUNT,
        sentence=f"{_what(ref, payment)}{named} was received outside {ref.connection}, which only keeps a note of it.",
        next_step="Record it in the books by hand, into the account it arrived on.",
        refs=(ref,),
        amount=payment.gross,
    )


def changed_after_posting(ref: Ref, payment: Payment, posted: Ref) -> Finding:
    """The books hold it as received, and since then it went back, wholly or in part."""
    code, sentence, step = _standing(payment)
    entry = f"payment {posted.vendor_id} in {posted.connection}"
    match payment.state:
        case PaymentState.RETURNED:
            step = f"`receivables plan` takes {entry} back, so that the invoice opens again, or says why it does not."
        case PaymentState.DISPUTED:
            step = f"{step} Leave {entry} as it is until it has ended."
        case _:
            step = f"Correct {entry}, so that the invoice opens again."
    return Finding(
        code=code or FindingCode.REFUNDED,
        sentence=f"{_what(ref, payment)} {sentence} The books still hold it as received.",
        next_step=step,
        refs=(ref, posted),
        amount=payment.refunded or payment.gross,
    )


def posting_undone(ref: Ref, payment: Payment, back: Undone) -> Finding:
    """The books held it by our hand, and somebody took it out again."""
    return Finding(
        code=FindingCode.POSTING_UNDONE,
        sentence=f"{_what(ref, payment)} was posted as payment {back.ref.vendor_id} in {back.ref.connection}, "
        f"and was {back.how} there.",
        next_step="It is not posted a second time by itself; if it belongs in the books, record it there by hand.",
        refs=(ref, back.ref),
        amount=payment.gross,
    )


def here_again(ref: Ref, payment: Payment, posted: Ref | None) -> Finding:
    """It came back, we took it out of the books, and then its dispute was won after all."""
    entry = f" (payment {posted.vendor_id} in {posted.connection})" if posted is not None else ""
    return Finding(
        code=FindingCode.POSTING_UNDONE,
        sentence=f"{_what(ref, payment)} came back, was taken out of the books{entry}, and is money again since.",
        next_step="It is not posted a second time by itself. Look at the dispute and at what the payer paid meanwhile; "
        "if the invoice is still open, record the payment in the books by hand.",
        refs=(ref, posted) if posted is not None else (ref,),
        amount=payment.gross,
    )


def invoice_gone(ref: Ref, payment: Payment, number: str, how: str) -> Finding:
    """The payment names an invoice that the books have taken back."""
    return Finding(
        code=FindingCode.INVOICE_GONE,
        sentence=f"{_what(ref, payment)} names {number}, which was {how} in the books.",
        next_step="Nothing is posted, and the invoice is not made again: refund it, or ask what else it pays.",
        refs=(ref,),
        amount=payment.gross,
    )


def unapplied_in_books(
    ref: Ref, unapplied: Money, snapshot: Snapshot, payment: Payment, numbers: Sequence[str]
) -> Finding:
    """Cash a person recorded and did not apply."""
    who = snapshot.name_of(payment.customer)
    hint = f"Its memo names {', '.join(numbers)}: apply it to that." if numbers else "Apply it there to what it pays."
    ours = next((stamp.about for stamp in payment.stamps if stamp.about is not None), None)
    rest = (
        f"It was posted for {ours.vendor_id} and is not posted again, even where its invoice was voided since."
        if ours is not None
        else "The connector does not change what a person recorded."
    )
    return Finding(
        code=FindingCode.UNAPPLIED_IN_BOOKS,
        sentence=f"{grouped(unapplied)} from {who} stands unapplied in {ref.connection} (payment {ref.vendor_id}).",
        next_step=f"{hint} {rest}",
        refs=(ref,),
        amount=unapplied,
    )


def unnamed(ref: Ref, payment: Payment, same_amount: Sequence[_Held]) -> Finding:
    """No invoice is named. Equal amounts are shown, and are no proof."""
    seen = numbers_in(" ".join(filter(None, (payment.reference, payment.memo))))
    if same_amount:
        listed = ", ".join(invoice.number or held.vendor_id for held, invoice in same_amount)
        count = "two or more open invoices" if len(same_amount) > 1 else "one open invoice"
        return Finding(
            code=FindingCode.AMBIGUOUS if len(same_amount) > 1 else FindingCode.NO_REFERENCE,
            sentence=f"{_what(ref, payment)} names no invoice; its amount fits {count} of this payer: {listed}.",
            next_step="Ask the payer which invoice it pays; an equal amount alone is no proof.",
            refs=(ref, *(held for held, _ in same_amount)),
            amount=payment.gross,
        )
    if seen:
        return Finding(
            code=FindingCode.UNKNOWN_REFERENCE,
            sentence=f"{_what(ref, payment)} says {', '.join(seen[:3])}, and no invoice has exactly that number.",
            next_step="Ask the payer for the invoice number; a number that is almost right is not used.",
            refs=(ref,),
            amount=payment.gross,
        )
    return Finding(
        code=FindingCode.NO_REFERENCE,
        sentence=f"{_what(ref, payment)} names no invoice.",
        next_step="Ask the payer which invoice it pays.",
        refs=(ref,),
        amount=payment.gross,
    )


def shared_number(ref: Ref, payment: Payment, shared: Sequence[Ref]) -> Finding:
    """The number that is named stands on several invoices."""
    return Finding(
        code=FindingCode.AMBIGUOUS,
        sentence=f"{_what(ref, payment)} names a number that {len(shared)} invoices carry.",
        next_step="Give the invoices different numbers, or apply it by hand.",
        refs=(ref, *shared),
        amount=payment.gross,
    )


def wrong_currency(ref: Ref, payment: Payment, held: _Held) -> Finding:
    """The payment and the invoice are in different currencies."""
    return Finding(
        code=FindingCode.WRONG_CURRENCY,
        sentence=f"{_what(ref, payment)} names {held[1].number}, which is in {held[1].open.currency}.",
        next_step="Apply it by hand with the rate agreed with the payer.",
        refs=(ref, held[0]),
        amount=payment.gross,
    )


def wrong_customer(ref: Ref, payment: Payment, held: _Held, names: tuple[str, str]) -> Finding:
    """The payer is known and the invoice is somebody else's."""
    return Finding(
        code=FindingCode.WRONG_CUSTOMER,
        sentence=f"{_what(ref, payment)} comes from {names[0]} and names {held[1].number} of {names[1]}.",
        next_step="Ask the payer for the right number; one wrong digit names a stranger's invoice.",
        refs=(ref, held[0]),
        amount=payment.gross,
    )


def already_settled(ref: Ref, payment: Payment, held: _Held) -> Finding:
    """Nothing is open on the invoice that is named."""
    return Finding(
        code=FindingCode.ALREADY_SETTLED,
        sentence=f"{_what(ref, payment)} names {held[1].number}, on which nothing is open any more.",
        next_step="It may be a second payment: ask the payer whether to refund it or keep it as credit.",
        refs=(ref, held[0]),
        amount=payment.gross,
    )


def does_not_add_up(ref: Ref, payment: Payment, held: Sequence[_Held], open_sum: Money) -> Finding:
    """Several invoices are named and their open balances are not the amount."""
    listed = ", ".join(invoice.number or invoice_ref.vendor_id for invoice_ref, invoice in held)
    return Finding(
        code=FindingCode.AMBIGUOUS,
        sentence=f"{_what(ref, payment)} names {listed}, which together are {grouped(open_sum)} open.",
        next_step="Ask the payer how to divide it.",
        refs=(ref, *(invoice_ref for invoice_ref, _ in held)),
        amount=payment.gross,
    )


def over_payment(ref: Ref, payment: Payment, numbers: str, rest: Money) -> Finding:
    """More came than was open."""
    return Finding(
        code=FindingCode.OVER_PAYMENT,
        sentence=f"{_what(ref, payment)} pays {numbers} and leaves {grouped(rest)} over.",
        next_step="The rest stays as the customer's unapplied credit; ask whether to refund it.",
        refs=(ref,),
        amount=rest,
    )


def short_payment(ref: Ref, payment: Payment, invoice: Ref, left: Money) -> Finding:
    """Less came than was open; the rest stays open and is nobody's to write off."""
    return Finding(
        code=FindingCode.SHORT_PAYMENT,
        sentence=f"{_what(ref, payment)} leaves {grouped(left)} of its invoice open.",
        next_step="Ask the payer for the rest, or for the reason it was held back.",
        refs=(ref, invoice),
        amount=left,
    )
