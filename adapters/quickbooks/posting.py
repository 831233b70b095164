"""What is written into a company's books, and found there again."""

from __future__ import annotations

from adapters.quickbooks import translate, wire
from adapters.quickbooks.calls import Room
from connector.errors import NotFound
from connector.model.intent import (
    ApplyCredit,
    PostDeposit,
    PostExpense,
    Posting,
    PostPayment,
    PostTransfer,
    VoidPosting,
    WriteKey,
    Written,
)
from connector.model.source import Kind, Ref

_POSTED: dict[str, type[wire.Payment | wire.Purchase | wire.Transfer]] = {
    "Payment": wire.Payment,
    "Purchase": wire.Purchase,
    "Transfer": wire.Transfer,
}


class Bookkeeping(Room):
    """Books."""

    def post(self, intent: Posting, key: WriteKey) -> Written:
        entity, body = translate.posting(intent, key)
        frame = self._known()
        shape = _POSTED[entity]
        return self._calls.create(
            entity, body, key, lambda answer: translate.written(wire.single(answer, shape).row, frame)
        )

    def find_posted(self, intent: Posting, key: WriteKey) -> tuple[Written, ...]:
        frame = self._known()
        match intent:
            case PostPayment():
                ours = self._our_payments(intent, key)
                return tuple(translate.written(row, frame) for row in ours)
            case PostExpense():
                where = f"DocNumber = {translate.quoted(key.op_id)}"
                found = self._calls.every(wire.Purchase, where)
                return tuple(translate.written(row, frame) for row in found if row.doc_number == key.op_id)
            case PostTransfer():
                moved = self._calls.every(wire.Transfer, f"TxnDate = '{intent.on.isoformat()}'")
                return tuple(translate.written(row, frame) for row in moved if translate.carries(row.private_note, key))
            case ApplyCredit() | PostDeposit() | VoidPosting():
                return ()

    def read_posted(self, ref: Ref) -> Written:
        frame = self._known()
        if ref.kind is Kind.PAYMENT:
            return translate.written(self._calls.one(wire.Payment, ref.vendor_id).row, frame)
        entity, _, vendor_id = ref.vendor_id.partition(":")
        if ref.kind is not Kind.BOOK_ENTRY or entity not in _POSTED:
            raise NotFound(f"QuickBooks keeps no entry under {ref}.", system=wire.SYSTEM)
        return translate.written(self._calls.one(_POSTED[entity], vendor_id).row, frame)

    def _our_payments(self, intent: PostPayment, key: WriteKey) -> list[wire.Payment]:
        """By reference number; else by customer and day, because a person may have overwritten the number."""
        found = self._calls.every(wire.Payment, f"PaymentRefNum = {translate.quoted(key.op_id)}")
        ours = [row for row in found if row.payment_ref_num == key.op_id]
        if ours:
            return ours
        customer = translate.quoted(intent.customer.vendor_id)
        found = self._calls.every(wire.Payment, f"CustomerRef = {customer} AND TxnDate = '{intent.on.isoformat()}'")
        return [row for row in found if translate.carries(row.private_note, key)]
