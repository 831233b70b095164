"""Why a payment was not applied, in one sentence each, with what would settle it. The closed list of reasons."""

from __future__ import annotations

from collections.abc import Sequence

from connector.model.finding import Finding, FindingCode
from connector.model.money_in import Payment, PaymentState
from connector.model.ruling import Ruling
from connector.model.source import Ref
from connector.money import Money, grouped
from connector.reconcile.booked import Undone
from connector.reconcile.cash.questions import Question
from connector.reconcile.snapshot import Snapshot


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
    if code is None and payment.refunded:
        sentence = f"was refunded in part ({grouped(payment.refunded)})."
    entry = f"payment {posted.vendor_id} in {posted.connection}"
    match payment.state:
        case PaymentState.RETURNED:
            step = f"`receivables plan` takes {entry} back, so that the invoice opens again, or says why it does not."
        case PaymentState.DISPUTED:
            step = f"{step} Leave {entry} as it is: `receivables plan` books what was taken, and what comes back."
        case _:
            step = f"`receivables plan` records the refund beside {entry}, or says why it does not."
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
        next_step=back.next_step(ref),
        refs=(ref, back.ref),
        amount=payment.gross,
    )


def left_out(ref: Ref, payment: Payment, word: Ruling) -> Finding:
    """It was posted and taken out of the books, and a person said that it stays out."""
    return Finding(
        code=FindingCode.KEPT_OUT,
        sentence=f"{_what(ref, payment)} was taken out of the books and stays out, as {word.by} said on "
        f"{word.at:%Y-%m-%d}.",
        next_step=f"Nothing is to be done; should it be posted after all: receivables review again {ref.vendor_id}",
        refs=(ref,),
        amount=payment.gross,
    )


def here_again(ref: Ref, payment: Payment, posted: Ref | None) -> Finding:
    """It came back, we took it out of the books, and then its dispute was won after all."""
    entry = f" (payment {posted.vendor_id} in {posted.connection})" if posted is not None else ""
    return Finding(
        code=FindingCode.POSTING_UNDONE,
        sentence=f"{_what(ref, payment)} came back, was taken out of the books{entry}, and is money again since.",
        next_step="The payment is not posted a second time; `receivables plan` records the money in the customer's "
        "favour. Look at what the payer paid meanwhile, and apply it there to the invoice if that is still open.",
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
    came = snapshot.payments.get(ours) if ours is not None else None
    if came is not None and came.refunded:
        hint = f"{grouped(came.refunded)} of it was given back: apply it there to the entry of that refund."
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


def asked(ref: Ref, payment: Payment, why: Question, rivals: Sequence[Ref]) -> Finding:
    """The engine did not decide: its own code, sentence and next step, and what would have to be chosen between."""
    return Finding(
        code=why.code,
        sentence=f"{_what(ref, payment)}: {_begun_small(why.sentence)}",
        next_step=why.next_step,
        refs=(ref, *rivals),
        amount=payment.gross,
    )


def proposed(ref: Ref, payment: Payment, sentence: str, targets: Sequence[Ref]) -> Finding:
    """It follows, and the company wants to be asked about what follows so."""
    return Finding(
        code=FindingCode.PROPOSED,
        sentence=f"{_what(ref, payment)} can be applied. {sentence}",
        next_step=f"If that is right: receivables review confirm {ref.vendor_id}; else: receivables review reject.",
        refs=(ref, *targets),
        amount=payment.gross,
    )


def second_time(ref: Ref, payment: Payment, sentence: str) -> Finding:
    """It is another payment over again, and what that paid is closed."""
    return Finding(
        code=FindingCode.ALREADY_SETTLED,
        sentence=f"{_what(ref, payment)}: {_begun_small(sentence)}",
        next_step="It may be a second payment: ask the payer whether to refund it or keep it as credit.",
        refs=(ref,),
        amount=payment.gross,
    )


def overtaken(ref: Ref, payment: Payment, ruling: Ruling, why: str) -> Finding:
    """What a person decided cannot be done any more; it is never dropped in silence, and never changed."""
    return Finding(
        code=FindingCode.DECISION_OVERTAKEN,
        sentence=f"{_what(ref, payment)} was decided by {ruling.by} on {ruling.at:%Y-%m-%d}, and {why}.",
        next_step=f"Take that decision back: receivables review undo {ref.vendor_id}; then decide anew.",
        refs=(ref, *(each.target for each in ruling.allocations)),
        amount=payment.gross,
    )


def not_postable(ref: Ref, gross: Money, why: str) -> Finding:
    """It is decided, and the books cannot be told by us yet."""
    return Finding(
        code=FindingCode.NOT_POSTABLE,
        sentence=f"Payment {ref.vendor_id} of {grouped(gross)} is decided, and not written: {why}.",
        next_step="Record it in the books by hand.",
        refs=(ref,),
        amount=gross,
    )


def _begun_small(sentence: str) -> str:
    """A sentence that goes on after a colon."""
    return sentence[:1].lower() + sentence[1:]


def over_payment(ref: Ref, payment: Payment, numbers: str, rest: Money) -> Finding:
    """More came than was open."""
    return Finding(
        code=FindingCode.OVER_PAYMENT,
        sentence=f"{_what(ref, payment)} pays {numbers} and leaves {grouped(rest)} over.",
        next_step="The rest stays as the customer's unapplied credit; ask whether to refund it.",
        refs=(ref,),
        amount=rest,
    )


def short_payment(ref: Ref, payment: Payment, invoice: Ref, left: Money, why: str = "") -> Finding:
    """Less came than was open; the rest stays open and is nobody's to write off. `why`: the reason, if there is one."""
    ask = "Ask the payer for the rest, or for the reason it was held back"
    return Finding(
        code=FindingCode.SHORT_PAYMENT,
        sentence=f"{_what(ref, payment)} leaves {grouped(left)} of its invoice open{f': {why}' if why else ''}.",
        next_step=f"{ask}, and say it (receivables review short {ref.vendor_id} REASON).",
        refs=(ref, invoice),
        amount=left,
    )
