"""A payer's bank takes money back: contested and won or lost, or, of a bank debit, final from the start."""

from __future__ import annotations

from adapters.stripe.standin.amounts import BANK_DEBITS, code_of, dispute_fee, priced, share
from adapters.stripe.standin.ledger import Booking, Ledger
from adapters.stripe.standin.moves import DAY_SECONDS
from adapters.stripe.standin.returns import returned
from adapters.stripe.standin.shapes import Document, filled

_EVIDENCE_DAYS = 7
_NO_MONEY_MOVES = "warning_"


def dispute(
    ledger: Ledger, charge: Document, fight: Document, *, fee: int | None = None, taken: int | None = None
) -> None:
    """Take `fight` (a dispute with id, amount, created, reason and status) out of the balance, fee and all.

    The dispute of a bank debit is a return, and lost from the start. What is won comes back, the fee does not. An
    inquiry (`warning_...`) moves nothing. `taken` is what leaves, where the price in another currency is another one.
    """
    entry = ledger.get("balance_transaction", charge["balance_transaction"])
    method = charge["payment_method_details"]["type"]
    if method in BANK_DEBITS and fight["status"] == "needs_response":
        fight["status"] = "lost"
    fight.update(charge=charge["id"], payment_intent=charge["payment_intent"], currency=charge["currency"])
    if method == "card":
        details = {"brand": "visa", "case_type": "chargeback", "network": "visa", "network_reason_code": "10.4"}
        fight["payment_method_details"] = {"type": "card", "card": details}
    if fight["status"].endswith("needs_response"):
        fight["evidence_details"]["due_by"] = fight["created"] + _EVIDENCE_DAYS * DAY_SECONDS
    ledger.put(fight)
    at, charge["disputed"] = fight["created"], True
    if fight["status"].startswith(_NO_MONEY_MOVES):
        ledger.tell("charge.dispute.created", fight, at=at)
        return
    code = code_of(entry["currency"])
    listed = share(entry["amount"], fight["amount"], charge["amount"], code)
    withdrawn = _booking(ledger, charge, fight, -(listed if taken is None else taken), at)
    if taken is not None:
        withdrawn["rate"] = priced(entry, taken, fight["amount"])
    withdrawn.update(
        fee=dispute_fee(code) if fee is None else fee,
        fee_for="Dispute fee",
        description=f"Chargeback withdrawal for {charge['id']}",
    )
    fight["balance_transactions"].append(ledger.book(Booking(txn_id=f"txn_{fight['id']}", **withdrawn)))
    if fight["status"] == "won":
        _reinstate(ledger, fight, at + 1)
    ledger.tell("charge.dispute.created", fight, at=at)
    ledger.tell("charge.dispute.funds_withdrawn", fight, at=at)
    if fight["status"] == "won":
        ledger.tell("charge.dispute.funds_reinstated", fight, at=at + 1)
    if fight["status"] in ("won", "lost"):
        ledger.tell("charge.dispute.closed", fight, at=at + (fight["status"] == "won"))


def opened(
    ledger: Ledger,
    charge: Document,
    reason: str = "fraudulent",
    *,
    fee: int | None = None,
    taken: int | None = None,
) -> Document:
    """A payer disputes a charge, now, the whole of it."""
    fight = filled(
        "dispute",
        id=ledger.next_id("dp"),
        amount=charge["amount"],
        created=ledger.now(),
        reason=reason,
    )
    dispute(ledger, charge, fight, fee=fee, taken=taken)
    return fight


def come_back(
    ledger: Ledger, charge: Document, code: str = "", *, fee: int | None = None, taken: int | None = None
) -> Document:
    """The bank returns a debit that had succeeded, now: final. `code` is the network's or Stripe's word for it."""
    why = returned(charge["payment_method_details"]["type"], code)
    charge["failure_code"], charge["failure_message"] = why.failure, why.words
    if why.network and charge["outcome"]:
        charge["outcome"]["network_decline_code"] = why.network
    return opened(ledger, charge, why.reason, fee=fee, taken=taken)


def respond(ledger: Ledger, fight: Document) -> None:
    """The merchant hands in evidence, now."""
    before = fight["status"]
    fight["status"] = "warning_under_review" if before.startswith(_NO_MONEY_MOVES) else "under_review"
    fight["evidence_details"].update(has_evidence=True, submission_count=1)
    ledger.tell("charge.dispute.updated", fight, previous={"status": before})


def win(ledger: Ledger, fight: Document) -> str:
    """The money comes back, now, the fee does not; says the transaction's id."""
    before, fight["status"] = fight["status"], "won"
    entry = _reinstate(ledger, fight, ledger.now())
    ledger.tell("charge.dispute.funds_reinstated", fight)
    ledger.tell("charge.dispute.closed", fight, previous={"status": before})
    return entry


def close(ledger: Ledger, fight: Document) -> None:
    """It ends, now, with nothing coming back: lost, or an inquiry closed."""
    before = fight["status"]
    fight["status"] = "warning_closed" if before.startswith(_NO_MONEY_MOVES) else "lost"
    ledger.tell("charge.dispute.closed", fight, previous={"status": before})


def _booking(ledger: Ledger, charge: Document, fight: Document, amount: int, at: int) -> Document:
    entry = ledger.get("balance_transaction", charge["balance_transaction"])
    return {
        "source": fight["id"],
        "kind": "adjustment",
        "category": "dispute",
        "amount": amount,
        "currency": entry["currency"],
        "created": at,
        "available_on": at,
        "rate": entry["exchange_rate"],
    }


def _reinstate(ledger: Ledger, fight: Document, at: int) -> str:
    """What was withdrawn, back in the balance."""
    charge = ledger.get("charge", fight["charge"])
    withdrawn = ledger.get("balance_transaction", fight["balance_transactions"][0])
    back = _booking(ledger, charge, fight, -withdrawn["amount"], at)
    back.update(category="dispute_reversal", description=f"Chargeback reversal for {charge['id']}")
    fight["balance_transactions"].append(ledger.book(Booking(txn_id=f"txn_{fight['id']}_reinstated", **back)))
    return str(fight["balance_transactions"][-1])
