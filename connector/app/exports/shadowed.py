"""The same look over files: what customers paid and the reports of open items do not know of.

Reports of what is open say nothing of what was posted, so most of what is wrong in books cannot be seen in them, and
that is said instead of a clean bill.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from connector.dates import BusinessDate
from connector.model.finding import Finding, FindingCode
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import Currency, Money, grouped, total
from connector.reconcile.cash.case import Case, ReceiptKind
from connector.reconcile.cash.rounds import Rounds
from connector.reconcile.cash.verdict import Class, Verdict
from connector.reconcile.polluted import Row
from connector.reconcile.shadowed import Shadow
from connector.reconcile.stuck import Waited

FILES = ConnectionId("files")
UNTOLD = (
    "Reports of open items list no postings: what stands in the books twice, fees posted net, payouts in the bank "
    "account twice and what stays on a clearing account cannot be told from them. Connect the books, read-only: "
    "receivables connect"
)


def over_files(cases: Sequence[tuple[str, Case]], start: BusinessDate | None, end: BusinessDate) -> Shadow:
    """What would have been applied, and what came a second time. Without a start from the first payment on."""
    rows: list[Row] = []
    days = [_day(receipt.on) for _, case in cases for receipt in case.receipts]
    first = start or min([*days, end])
    asked, waited = 0, defaultdict[Currency, list[tuple[int, Money]]](list)
    for _, case in cases:
        verdicts = Rounds(case).run()
        for place, receipt in enumerate(case.receipts):
            on, amount = _day(receipt.on), Money(receipt.amount, Currency(receipt.currency))
            if receipt.kind is not ReceiptKind.PAYMENT or not first <= on <= end:
                continue
            verdict = verdicts.get(place)
            if verdict is None:
                asked += 1
                continue
            rows.append(_row(case, verdict, amount, on, end))
            if verdict.kind is not Class.DUPLICATE:
                waited[amount.currency].append(((end - on).days, amount))
    return Shadow(
        start=first,
        end=end,
        rows=tuple(sorted(rows, key=lambda row: (row.finding.code, row.on, row.finding.refs))),
        decided=(),
        asked=asked,
        waited=tuple(
            Waited(
                payments=len(each),
                amount=total((amount for _, amount in each), code),
                days=sum(count for count, _ in each),
                longest=max(count for count, _ in each),
            )
            for code, each in sorted(waited.items())
        ),
        residues=(),
    )


def _row(case: Case, verdict: Verdict, amount: Money, on: BusinessDate, end: BusinessDate) -> Row:
    receipt, age = case.receipts[verdict.receipt], (end - on).days
    ref = Ref(FILES, Kind.PAYMENT, receipt.id)
    if verdict.kind is Class.DUPLICATE:
        other = case.receipts[verdict.of].id if verdict.of >= 0 else "another"
        return Row(
            Finding(
                code=FindingCode.PERHAPS_TWICE,
                sentence=f"Payment {receipt.id} of {grouped(amount)} on {on} looks like {other} over again, and what "
                "that paid is closed.",
                next_step="Ask the payer whether to refund it or keep it as credit.",
                refs=(ref,),
                amount=amount,
            ),
            on,
        )
    items = [case.items[share.item] for share in verdict.shares]
    settles = ", ".join(item.number or item.id for item in items)
    return Row(
        Finding(
            code=FindingCode.NOT_APPLIED,
            sentence=f"Payment {receipt.id} of {grouped(amount)} came {age} days before, and {settles}, which it would "
            "settle, is open.",
            next_step="See what it stands on: receivables match; then record it in the books.",
            refs=(ref,),
            amount=amount,
        ),
        on,
        age,
    )


def _day(ordinal: int) -> BusinessDate:
    return BusinessDate(date.fromordinal(ordinal))
