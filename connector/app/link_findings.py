"""What waits for a person because of payment links: money that is too much or strange, outcomes that nobody knows, and
links that offer no way to pay.
"""

from __future__ import annotations

from collections.abc import Iterator

from connector.app.counters import ways_of
from connector.app.debts import known_of
from connector.app.house import Desk
from connector.errors import UnknownRecord
from connector.model.finding import Finding, FindingCode
from connector.model.money_in import AttemptState
from connector.model.paylink import Flag, LinkAttempt, LinkState, Receipt, ReceiptState
from connector.money import grouped
from connector.paylinks import Offer, offer_of


def findings(desk: Desk) -> Iterator[Finding]:
    """What of the money that came by links a person has to decide, what nobody knows yet, and what cannot be paid."""
    yield from _helpless(desk)
    attempts = {each.attempt_id: each for each in desk.store.attempts(desk.id)}
    for receipt in desk.store.receipts(desk.id):
        attempt = attempts.get(receipt.attempt_id)
        if attempt is not None and receipt.state in (ReceiptState.SUCCEEDED, ReceiptState.WON):
            yield from _about(desk, receipt, attempt)
    for attempt in attempts.values():
        if attempt.state is AttemptState.UNKNOWN:
            yield Finding(
                code=FindingCode.WRITE_UNSURE,
                sentence=f"Nobody knows yet whether {grouped(attempt.amount)} for {_number(desk, attempt)} was paid by "
                f"link: {attempt.connection} did not say.",
                next_step="It is asked again by itself; or now: receivables link settle",
                refs=(attempt.debt,),
                amount=attempt.amount,
            )


def _helpless(desk: Desk) -> Iterator[Finding]:
    """Links that payers have, and that offer them no way to pay."""
    for link in desk.store.links(desk.id, states=(LinkState.ACTIVE,)):
        known = known_of(desk, link)
        if known is None or offer_of(link, known) is not Offer.PAY:
            continue
        found = ways_of(desk, link, known.debts[0], known.settlement.due, lately=True)
        if not found.ways:
            reasons = "; ".join(list(dict.fromkeys(each.why for each in found.left_out))[:3]) or "none is connected"
            yield Finding(
                code=FindingCode.NO_WAY_TO_PAY,
                sentence=f"Whoever opens the payment link for {link.number or link.debt.vendor_id} finds no way to "
                f"pay: {reasons}.",
                next_step="Put that right (receivables doctor); until then the page names you as whom to ask.",
                refs=(link.debt,),
                amount=known.settlement.due,
            )


def _about(desk: Desk, receipt: Receipt, attempt: LinkAttempt) -> Iterator[Finding]:
    number, came = _number(desk, attempt), grouped(receipt.kept)
    where = f"{receipt.payment.vendor_id} at {receipt.payment.connection}"
    decide_it = f"Give it back (receivables refund {receipt.payment.vendor_id}), or keep it as the customer's credit."
    flags = set(receipt.flags)
    if Flag.DOUBLE in flags:
        yield _told(
            FindingCode.OVER_PAYMENT, f"{number} was paid a second time by link: {came} ({where}).", decide_it, receipt
        )
    elif Flag.OVER in flags:
        yield _told(
            FindingCode.OVER_PAYMENT, f"More came by link than was open on {number}: {came} ({where}).", decide_it,
            receipt,
        )  # fmt: skip
    if Flag.CURRENCY_MISMATCH in flags:
        yield _told(
            FindingCode.WRONG_CURRENCY,
            f"{grouped(attempt.amount)} was asked for {number}, and {came} came ({where}).",
            "It settles nothing by itself. Record it by hand, or give it back: receivables refund "
            f"{receipt.payment.vendor_id} --amount all",
            receipt,
        )
    if Flag.AMOUNT_MISMATCH in flags:
        yield _told(
            FindingCode.OTHER_AMOUNT,
            f"{grouped(attempt.amount)} was asked for {number}, and {grouped(receipt.amount)} came ({where}).",
            "It is applied as what came. See what is left: receivables link show " + number,
            receipt,
        )
    if Flag.PAYEE_MISMATCH in flags:
        yield _told(
            FindingCode.UNKNOWN_VALUE,
            f"The money for {number} went to another account than {receipt.payment.connection} is connected to "
            f"({where}).",
            "Look at that payment there before it is booked.",
            receipt,
        )


def _told(code: FindingCode, sentence: str, next_step: str, receipt: Receipt) -> Finding:
    return Finding(code=code, sentence=sentence, next_step=next_step, refs=(receipt.payment,), amount=receipt.kept)


def _number(desk: Desk, attempt: LinkAttempt) -> str:
    try:
        return desk.store.link(desk.id, attempt.link_id).number or attempt.debt.vendor_id
    except UnknownRecord:
        return attempt.debt.vendor_id
