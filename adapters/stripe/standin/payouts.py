"""Money that goes to the merchant's bank: by the daily schedule, by hand, at once; arriving, failing, reversed.

A payout of the schedule takes everything that has become available, and says what that was. While it is being
reconciled (`in_progress`) only some of its members are listed. One made by hand takes an amount and says nothing: of
the whole available balance it leaves none for the schedule, of a part it leaves its own transaction as one more line of
the next scheduled payout (our assumption, so that what Stripe lists always sums up).
"""

from __future__ import annotations

from adapters.stripe.standin.ledger import Booking, Ledger
from adapters.stripe.standin.moves import DAY_SECONDS
from adapters.stripe.standin.refusals import Refusal
from adapters.stripe.standin.shapes import Document, filled

_ARRIVES_DAYS = 1
_FAILURES = {
    "account_closed": "The bank account has been closed.",
    "no_account": "The bank account details on file are probably incorrect.",
    "could_not_process": "The bank could not process this payout.",
}


def pay_out(ledger: Ledger, payout: Document, members: list[Document]) -> None:
    """Send the sum of these balance transactions to the bank; a failed payout comes back the day after it arrived."""
    _send(ledger, payout, members)
    if payout["status"] == "failed":
        _give_back(ledger, payout, payout["created"] + DAY_SECONDS, "account_closed")
    tell_payout(ledger, payout)


def tell_payout(ledger: Ledger, payout: Document) -> None:
    """All that is said of a payout as it stands: it is on its way, it arrived, what is in it is known, it failed."""
    made, arrived = payout["created"], max(payout["created"], payout["arrival_date"])
    ledger.tell("payout.created", payout, at=made)
    if payout["status"] == "paid":
        ledger.tell("payout.updated", payout, at=arrived)
        ledger.tell("payout.paid", payout, at=arrived)
    if payout["status"] == "failed":
        ledger.tell("payout.updated", payout, at=made + DAY_SECONDS)
        ledger.tell("payout.failed", payout, at=made + DAY_SECONDS)
    if payout["reconciliation_status"] == "completed":
        ledger.tell("payout.reconciliation_completed", payout, at=arrived)


def ready(ledger: Ledger, currency: str) -> list[Document]:
    """The balance transactions that are available now and in no payout yet, oldest first."""
    now = ledger.now()
    return [one for one in ledger.unpaid.get(currency, {}).values() if one["available_on"] <= now]


def scheduled(ledger: Ledger, currency: str) -> Document | None:
    """What the schedule pays out now, below zero taken from the bank; None where there is nothing to move."""
    members = ready(ledger, currency)
    if not sum(member["net"] for member in members):
        return None
    payout = _new(ledger, currency, automatic=True, reconciliation_status="in_progress", status="in_transit")
    _send(ledger, payout, members)
    ledger.members[payout["id"]] = [member["id"] for member in members[: len(members) // 2]]
    payout["_members"] = [member["id"] for member in members]
    ledger.tell("payout.created", payout)
    return payout


def by_hand(ledger: Ledger, currency: str, amount: int | None = None, *, instant: bool = False) -> Document:
    """The merchant pays out that much, or all that is available, now; Refusal when there is not as much."""
    members = ready(ledger, currency)
    available = sum(member["net"] for member in members)
    asked = available if amount is None else amount
    if asked <= 0 or asked > available:
        message = "You have insufficient funds in your Stripe account for this transfer."
        raise Refusal(message, code="balance_insufficient", param="amount")
    payout = _new(
        ledger,
        currency,
        automatic=False,
        method="instant" if instant else "standard",
        reconciliation_status="not_applicable",
        status="in_transit",
    )
    _send(ledger, payout, members if amount is None else [], amount=asked)
    ledger.tell("payout.created", payout)
    return payout


def reconciled(ledger: Ledger, payout: Document) -> None:
    """Stripe knows, now, what a scheduled payout is made of."""
    ledger.members[payout["id"]] = payout.pop("_members", ledger.members[payout["id"]])
    payout["reconciliation_status"] = "completed"
    ledger.tell("payout.reconciliation_completed", payout, previous={"reconciliation_status": "in_progress"})


def arrive(ledger: Ledger, payout: Document) -> None:
    """The bank has it, now, as far as Stripe knows."""
    payout["status"] = "paid"
    ledger.tell("payout.updated", payout, previous={"status": "in_transit"})
    ledger.tell("payout.paid", payout)


def fail(ledger: Ledger, payout: Document, code: str = "account_closed") -> str:
    """The bank gives it back, now, though it may have been `paid` for days; says the transaction's id."""
    before, payout["status"] = payout["status"], "failed"
    entry = _give_back(ledger, payout, ledger.now(), code)
    ledger.tell("payout.updated", payout, previous={"status": before})
    ledger.tell("payout.failed", payout, previous={"status": before})
    return entry


def cancel(ledger: Ledger, payout: Document) -> str:
    """The merchant stops it, now, before the bank has it; says the transaction's id."""
    before, payout["status"] = payout["status"], "canceled"
    entry = _back(ledger, payout, "payout_cancel", ledger.now())
    payout["failure_balance_transaction"] = entry
    ledger.tell("payout.canceled", payout, previous={"status": before})
    return entry


def reverse(ledger: Ledger, payout: Document) -> Document:
    """The merchant takes a payout back from the bank, now: a payout of its own, below zero, naming the first."""
    back = _new(ledger, payout["currency"], automatic=False, reconciliation_status="not_applicable")
    back.update(original_payout=payout["id"], status="paid")
    payout["reversed_by"] = back["id"]
    _send(ledger, back, [], amount=-payout["amount"])
    ledger.tell("payout.created", back)
    ledger.tell("payout.paid", back)
    ledger.tell("payout.updated", payout, previous={"reversed_by": None})
    return back


def _new(ledger: Ledger, currency: str, **known: object) -> Document:
    now = ledger.now()
    arrives = now - now % DAY_SECONDS + _ARRIVES_DAYS * DAY_SECONDS
    destination = f"ba_{ledger.account['id'].removeprefix('acct_')}"
    return filled(
        "payout",
        id=ledger.next_id("po"),
        arrival_date=arrives,
        created=now,
        currency=currency,
        destination=destination,
        **known,
    )


def _send(ledger: Ledger, payout: Document, members: list[Document], *, amount: int | None = None) -> None:
    """Take these transactions, or only an amount, out of the balance by the payout's own transaction."""
    payout["amount"] = sum(member["net"] for member in members) if amount is None else amount
    waiting = ledger.unpaid.setdefault(payout["currency"], {})
    for member in members:
        member["available_on"] = min(member["available_on"], payout["created"])
        waiting.pop(member["id"], None)
    ledger.put(payout)
    ledger.members[payout["id"]] = [member["id"] for member in members]
    payout["balance_transaction"] = ledger.book(
        Booking(
            txn_id=f"txn_{payout['id']}",
            source=payout["id"],
            kind="payout",
            category="payout_reversal" if payout["original_payout"] else "payout",
            amount=-payout["amount"],
            currency=payout["currency"],
            created=payout["created"],
            available_on=payout["created"],
            description=payout["description"],
        )
    )
    if members:
        waiting.pop(payout["balance_transaction"])


def _give_back(ledger: Ledger, payout: Document, at: int, code: str) -> str:
    payout.update(failure_code=code, failure_message=_FAILURES[code])
    payout["failure_balance_transaction"] = _back(ledger, payout, "payout_failure", at)
    return str(payout["failure_balance_transaction"])


def _back(ledger: Ledger, payout: Document, kind: str, at: int) -> str:
    """The payout's amount, in the balance again."""
    return ledger.book(
        Booking(
            txn_id=f"txn_{payout['id']}_failed",
            source=payout["id"],
            kind=kind,
            category="payout_reversal",
            amount=payout["amount"],
            currency=payout["currency"],
            created=at,
            available_on=at,
            description=payout["description"],
        )
    )
