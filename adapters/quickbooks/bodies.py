"""From intents to the bodies of requests. Pure: no call, no clock, no log.

A body names only what is meant to be written: never a balance, an online-payment switch, card data or ProcessPayment.
Every body carries its currency, also where the company keeps only one. An exchange rate is sent only where a processor
changed the money and said what it became; else QuickBooks uses its own. Our stamp stands in the private note of each.
Batch requests are not used: one write, one call, one request id.
"""

from __future__ import annotations

from decimal import Decimal

from adapters.quickbooks import wire
from connector.errors import Refused
from connector.model.allocation import Allocation
from connector.model.intent import (
    ApplyCredit,
    DepositPart,
    Exchange,
    JournalPart,
    PostDeposit,
    PostExpense,
    Posting,
    PostJournal,
    PostPayment,
    PostTransfer,
    PushNote,
    WriteKey,
)
from connector.model.source import ConnectionId, Kind, Ref
from connector.model.stamp import stamp_line
from connector.money import Currency, Money, to_decimal, total, zero

NOTE_CHARACTERS_MAX = 2000
NOTE_ROOM_FOR_STAMP = 100
_MEMO_CHARACTERS_MAX = 4000
_LINE_CHARACTERS_MAX = 1000
_AMOUNT_MAX = Decimal(10) ** 10
"""Intuit takes ten digits before the point."""
_TARGETS = {Kind.INVOICE: "Invoice", Kind.CREDIT_NOTE: "CreditMemo", Kind.BOOK_ENTRY: "JournalEntry"}


def posting(intent: Posting, key: WriteKey) -> tuple[str, wire.Json]:
    """The entity that an intent becomes, and the body that creates it. Refused when it contradicts itself."""
    match intent:
        case PostPayment():
            return "Payment", _payment_body(intent, key)
        case PostExpense():
            return "Purchase", _purchase_body(intent, key)
        case PostTransfer():
            return "Transfer", _transfer_body(intent, key)
        case ApplyCredit():
            return "Payment", _credit_body(intent, key)
        case PostDeposit():
            return "Deposit", _deposit_body(intent, key)
        case PostJournal():
            return "JournalEntry", _journal_body(intent, key)
        case _:
            raise _refused("Taking an entry back creates none")


def void(vendor_id: str, version: str) -> wire.Json:
    """What voids a payment: nothing of it is named but which one, and which version of it."""
    return {"Id": vendor_id, "SyncToken": version, "sparse": True}


def delete(vendor_id: str, version: str) -> wire.Json:
    """What deletes an entry that QuickBooks lets nobody void."""
    return {"Id": vendor_id, "SyncToken": version}


def _payment_body(intent: PostPayment, key: WriteKey) -> wire.Json:
    _check_own(intent.books, intent.customer, intent.into, *(share.target for share in intent.allocations))
    applied = total((share.amount for share in intent.allocations), intent.total.currency)
    if applied > intent.total:
        raise _refused("The payment would settle more than it is")
    if any(share.target.kind is not Kind.INVOICE for share in intent.allocations):
        raise _refused("The payment would settle something other than invoices")
    return {
        "CustomerRef": {"value": intent.customer.vendor_id},
        "TotalAmt": _positive(intent.total),
        "TxnDate": intent.on.isoformat(),
        "CurrencyRef": {"value": intent.total.currency},
        **_changed(intent.exchange),
        "DepositToAccountRef": {"value": intent.into.vendor_id},
        "PaymentRefNum": key.op_id,
        "PrivateNote": _memo(intent.memo, key, intent.about),
        "Line": [_settling(share) for share in intent.allocations],
    }


def _credit_body(intent: ApplyCredit, key: WriteKey) -> wire.Json:
    """A payment of nothing that links invoices with credit memos, or with what a journal entry credits to the customer:
    as QuickBooks itself applies a credit."""
    _check_own(intent.books, intent.customer, *(share.target for share in intent.allocations))
    code = credit_currency(intent)
    settled, used = (
        total((share.amount for share in intent.allocations if (share.target.kind is Kind.INVOICE) is invoices), code)
        for invoices in (True, False)
    )
    if any(share.target.kind not in _TARGETS for share in intent.allocations):
        raise _refused("The credit would be applied to something other than invoices and credit notes")
    if settled != used:
        raise _refused(f"The credit would settle {settled} of invoices with {used} of credit notes")
    return {
        "CustomerRef": {"value": intent.customer.vendor_id},
        "TotalAmt": to_decimal(zero(code)),
        "TxnDate": intent.on.isoformat(),
        "CurrencyRef": {"value": code},
        "PaymentRefNum": key.op_id,
        "PrivateNote": _memo(intent.memo, key, intent.about),
        "Line": [_settling(share) for share in intent.allocations],
    }


def credit_currency(intent: ApplyCredit) -> Currency:
    """The one currency of a credit; Refused when it has none or several."""
    codes = {share.amount.currency for share in intent.allocations}
    if len(codes) != 1:
        raise _refused("The credit names nothing to apply, or several currencies")
    return codes.pop()


def _settling(share: Allocation) -> wire.Json:
    if share.adjustments:
        raise _refused("Part of the entry would settle an invoice without cash")
    entity, vendor_id = _TARGETS[share.target.kind], share.target.vendor_id
    if share.target.kind is Kind.BOOK_ENTRY and not vendor_id.startswith(f"{entity}:"):
        raise _refused(f"{share.target} is no journal entry, and gives nothing")
    target = {"TxnId": vendor_id.removeprefix(f"{entity}:"), "TxnType": entity}
    return {"Amount": _positive(share.amount), "LinkedTxn": [target]}


def _purchase_body(intent: PostExpense, key: WriteKey) -> wire.Json:
    _check_own(intent.books, intent.paid_from, intent.account)
    return {
        "PaymentType": "Cash",
        "AccountRef": {"value": intent.paid_from.vendor_id},
        "TxnDate": intent.on.isoformat(),
        "CurrencyRef": {"value": intent.amount.currency},
        "DocNumber": key.op_id,
        "PrivateNote": _memo(intent.memo, key, intent.about),
        "Line": [
            {
                "Amount": _positive(intent.amount),
                "DetailType": "AccountBasedExpenseLineDetail",
                "AccountBasedExpenseLineDetail": {"AccountRef": {"value": intent.account.vendor_id}},
            }
        ],
    }


def _transfer_body(intent: PostTransfer, key: WriteKey) -> wire.Json:
    _check_own(intent.books, intent.paid_from, intent.paid_to)
    return {
        "FromAccountRef": {"value": intent.paid_from.vendor_id},
        "ToAccountRef": {"value": intent.paid_to.vendor_id},
        "Amount": _positive(intent.amount),
        "TxnDate": intent.on.isoformat(),
        "CurrencyRef": {"value": intent.amount.currency},
        "PrivateNote": _memo(intent.memo, key, intent.about),
    }


def _deposit_body(intent: PostDeposit, key: WriteKey) -> wire.Json:
    """Payments at gross, what was kept back as negative lines, and no total of its own: QuickBooks adds up. An opening
    entry has no payments, only parts against the accounts that it is booked against."""
    refs = [payment for payment, _ in intent.payments]
    owing = [part.customer for part in intent.parts if part.customer is not None]
    _check_own(intent.books, intent.into, *refs, *owing, *(part.account for part in intent.parts))
    if not (refs or intent.parts) or len(set(refs)) < len(refs) or any(ref.kind is not Kind.PAYMENT for ref in refs):
        raise _refused("The deposit banks no payment, one of them twice, or something other than payments")
    if intent.total.minor < 0:
        raise Refused(
            f"The payout comes to {intent.total}: it takes money from the bank, and a deposit cannot.",
            next_step="Nothing was sent; record it by hand as an expense or a transfer from the bank account.",
        )
    amounts = [*(amount for _, amount in intent.payments), *(part.amount for part in intent.parts)]
    if {money.currency for money in amounts} != {intent.total.currency}:
        raise _refused(f"The deposit of {intent.total} has parts in another currency")
    added = total(amounts, intent.total.currency)
    if added != intent.total:
        raise _refused(f"The parts of the deposit come to {added}, and {intent.total} arrived")
    _positive(intent.total)
    return {
        "DepositToAccountRef": {"value": intent.into.vendor_id},
        "TxnDate": intent.on.isoformat(),
        "CurrencyRef": {"value": intent.total.currency},
        "PrivateNote": _memo(intent.memo, key, intent.about),
        "Line": [
            *(_banking(payment, amount) for payment, amount in intent.payments),
            *(_kept_back(part) for part in intent.parts),
        ],
    }


def _banking(payment: Ref, amount: Money) -> wire.Json:
    """A line that banks a payment. With a DetailType it would be refused (2020)."""
    link = {"TxnId": payment.vendor_id, "TxnType": "Payment", "TxnLineId": "0"}
    return {"Amount": _positive(amount), "LinkedTxn": [link]}


def _kept_back(part: DepositPart) -> wire.Json:
    if not part.amount:
        raise _refused("A part of the deposit is nothing")
    named: dict[str, wire.Json] = {"AccountRef": {"value": part.account.vendor_id}}
    if part.customer is not None:
        named["Entity"] = {"value": part.customer.vendor_id, "type": "CUSTOMER"}
    return {
        "Amount": _fitting(part.amount),
        "DetailType": "DepositLineDetail",
        "Description": part.memo[:_LINE_CHARACTERS_MAX],
        "DepositLineDetail": named,
    }


def _journal_body(intent: PostJournal, key: WriteKey) -> wire.Json:
    """Debits and credits that come to nothing together, in one currency; QuickBooks keeps no total of its own."""
    named = [ref for part in intent.parts for ref in (part.account, part.customer) if ref is not None]
    _check_own(intent.books, *named)
    codes = {part.amount.currency for part in intent.parts}
    if len(codes) != 1:
        raise _refused("The journal entry has no parts, or parts in several currencies")
    [code] = codes
    off = total((part.amount for part in intent.parts), code)
    if off:
        raise _refused(f"The debits and credits of the journal entry differ by {off}")
    return {
        "TxnDate": intent.on.isoformat(),
        "CurrencyRef": {"value": code},
        **_changed(intent.exchange),
        "DocNumber": key.op_id,
        "PrivateNote": _memo(intent.memo, key, intent.about),
        "Line": [_moving(part, intent.memo) for part in intent.parts],
    }


def _moving(part: JournalPart, memo: str) -> wire.Json:
    debits = part.amount.minor > 0
    party: dict[str, wire.Json] = {}
    if part.customer is not None:
        party["Entity"] = {"Type": "Customer", "EntityRef": {"value": part.customer.vendor_id}}
    return {
        "Amount": _positive(part.amount if debits else -part.amount),
        "DetailType": "JournalEntryLineDetail",
        "Description": memo[:_LINE_CHARACTERS_MAX],
        "JournalEntryLineDetail": {
            "PostingType": "Debit" if debits else "Credit",
            "AccountRef": {"value": part.account.vendor_id},
            **party,
        },
    }


def _changed(exchange: Exchange | None) -> dict[str, wire.Json]:
    """At which rate the money was changed, in the digits that were decided on."""
    return {"ExchangeRate": Decimal(exchange.rate)} if exchange is not None else {}


def note(intent: PushNote, key: WriteKey) -> wire.Json:
    """The body of a note on an invoice: a record of its own, never sent to a customer; our stamp is its last line."""
    text = f"{intent.text}\n{stamp_line(key.op_id, intent.target)}"
    if len(text) > NOTE_CHARACTERS_MAX or intent.target.kind is not Kind.INVOICE:
        raise _refused("The note is too long for QuickBooks, or is not about an invoice")
    about: wire.Json = {"EntityRef": {"type": "Invoice", "value": intent.target.vendor_id}, "IncludeOnSend": False}
    return {"AttachableRef": [about], "Note": text}


def _check_own(books: ConnectionId, *refs: Ref) -> None:
    if any(ref.connection != books for ref in refs):
        raise _refused("The entry names a record of another system")


def _positive(money: Money) -> Decimal:
    if money.minor <= 0:
        raise _refused("An entry of nothing, or of less, is not posted")
    return _fitting(money)


def _fitting(money: Money) -> Decimal:
    amount = to_decimal(money)
    if abs(amount) >= _AMOUNT_MAX:
        raise _refused(f"QuickBooks takes no amount as large as {money}")
    return amount


def _memo(memo: str, key: WriteKey, about: Ref) -> str:
    stamp = stamp_line(key.op_id, about)
    room = _MEMO_CHARACTERS_MAX - len(stamp) - 1
    return f"{memo[:room]}\n{stamp}"


def _refused(sentence: str) -> Refused:
    return Refused(f"{sentence}.", next_step="Nothing was sent; look at the plan again.")
