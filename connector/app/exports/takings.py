"""A processor's reports as receipts, balance lines and payouts. A fee is no receipt, and neither is a payout.

The same line may stand in several reports: it is taken once, by its id, and refused where two reports differ about it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from connector.app.exports.recognise import Known
from connector.exports.grid import Row
from connector.model.export import Means
from connector.reconcile.cash.case import Receipt, ReceiptKind
from connector.reconcile.cash.payouts import PAYOUT_ITSELF, Payout, Transaction

_KINDS = {
    Means.RECEIPT: ReceiptKind.PAYMENT,
    Means.REFUND: ReceiptKind.REFUND,
    Means.CHARGEBACK: ReceiptKind.CHARGEBACK,
}
_NEVER_LANDED = ("failed", "canceled", "cancelled")
_SEPARATOR = " / "
_NAMES_AN_INVOICE = "invoice"
"""A column of the firm's own whose name holds this may name a document; any other is only looked at as text."""
_MAY_REFER = ("inv", "order", "ref", "number", "doc", "bill")


@dataclass(slots=True)
class Takings:
    """What processors say came, went back and was paid out, each once.

    `keys` are the texts that may name the document of a receipt. `arrives` is the day on which one that lines name
    should. `aside` counts lines that are no receipts, by the
    report's own word; `again`, by the file, those told before.
    """

    receipts: dict[str, Receipt] = field(default_factory=dict)
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lines: dict[str, Transaction] = field(default_factory=dict)
    payouts: dict[str, Payout] = field(default_factory=dict)
    arrives: dict[str, int] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    aside: Counter[str] = field(default_factory=Counter)
    again: Counter[str] = field(default_factory=Counter)


class _Line(NamedTuple):
    """A line of a balance with what a receipt needs of it; `told` are the reports that have it, each with its row."""

    transaction: Transaction
    means: Means
    told: tuple[tuple[Known, Row], ...]
    paid: int
    paid_in: str

    def text(self, column: str) -> str:
        """What stands in a column, in the first report that has something there."""
        return next(filter(None, (known.text(row, column) for known, row in self.told)), "")


def takings(balances: Sequence[Known], payouts: Iterable[Known], payments: Iterable[Known], order: str) -> Takings:
    """Everything that the reports tell, together. UserError where one cannot be read, or two disagree."""
    found = Takings()
    lines: dict[str, _Line] = {}
    for known in balances:
        for line, arrives in _read(known, order):
            _once(found, lines, line)
            if line.transaction.payout and arrives:
                found.arrives[line.transaction.payout] = arrives
    _receipts(found, list(lines.values()))
    for known in payouts:
        _payouts(found, known, order)
    for known in payments:
        _payments(found, known, order)
    return found


def _read(known: Known, order: str) -> Iterable[tuple[_Line, int]]:
    """The lines of one report of the balance, with the day on which the payout of each should arrive, or 0."""
    rows = known.rows
    if not rows:
        return
    codes = known.codes(rows, "currency", "")
    gross, fee, net = (known.amounts(rows, column, codes) for column in ("gross", "fee", "net"))
    days = known.days(rows, ("created", "available", "payout_on"), order)
    foreign = [row for row in rows if known.text(row, "paid") and known.text(row, "paid_currency")]
    paid_in = known.codes(foreign, "paid_currency", "")
    paid = dict(
        zip(
            [row.line for row in foreign],
            zip(known.amounts(foreign, "paid", paid_in), paid_in, strict=True),
            strict=True,
        )
    )
    for place, row in enumerate(rows):
        if gross[place] - fee[place] != net[place]:
            known.grid.refuse(row.line, known.title("net"), "the net is not the gross less the fee")
        means = known.means(row)
        id_ = known.text(row, "id")
        if not id_:
            known.grid.refuse(row.line, known.title("id"), "it has no id")
        minor, code = paid.get(row.line, (gross[place], codes[place]))
        if code == codes[place]:
            minor = gross[place]
        transaction = Transaction(
            id=id_,
            source=known.source,
            type=PAYOUT_ITSELF if means is Means.PAYOUT else known.text(row, "type"),
            payment=known.text(row, "source"),
            created=_moment(known.text(row, "created"), days[place][0]),
            available=days[place][1] or days[place][0],
            gross=gross[place],
            fee=fee[place],
            net=net[place],
            payout=known.text(row, "payout"),
            currency=codes[place],
        )
        yield _Line(transaction, means, ((known, row),), minor, code), days[place][2]


def _once(found: Takings, lines: dict[str, _Line], line: _Line) -> None:
    """Take a line that was not told yet; one that was must be the same, and may know the payout by now."""
    id_ = line.transaction.id
    before = lines.get(id_)
    if before is None:
        lines[id_] = line
        return
    (known, row), (first, first_row) = line.told[0], before.told[0]
    found.again[known.grid.name] += 1
    one, other = before.transaction, line.transaction
    payout = one.payout or other.payout
    if one._replace(payout=payout, created="", available=0) != other._replace(
        payout=payout if other.payout in ("", payout) else other.payout, created="", available=0
    ):
        known.grid.refuse(
            row.line,
            known.title("id"),
            f"{id_} stands in {first.grid.name}, line {first_row.line}, with other contents",
        )
    # A report may lack the columns that say who paid and what for: what a payment says is what all of them say.
    foreign = line if line.paid_in != other.currency else before
    lines[id_] = before._replace(
        transaction=one._replace(payout=payout),
        told=(*before.told, (known, row)),
        paid=foreign.paid,
        paid_in=foreign.paid_in,
    )


def _receipts(found: Takings, lines: Sequence[_Line]) -> None:
    """Lines as receipts, by the ids of the charges, refunds and disputes; where several have one id, by their own."""
    charged = Counter(line.transaction.payment for line in lines if line.means is Means.RECEIPT)
    given = Counter(line.transaction.payment for line in lines if line.means in (Means.REFUND, Means.CHARGEBACK))
    charges: dict[str, str] = {}
    less: dict[str, list[_Line]] = defaultdict(list)
    for line in lines:
        own = line.transaction.payment
        charge = line.text("charge") or own
        if line.means is Means.RECEIPT:
            id_ = own if own and charged[own] == 1 else line.transaction.id
            charges.setdefault(charge, id_)
            _add(found, line, id_, "")
        elif line.means is Means.LESS:
            less[charge].append(line)
        elif line.means not in _KINDS:
            found.aside[line.transaction.type] += 1
    for line in lines:
        if line.means in (Means.REFUND, Means.CHARGEBACK):
            own = line.transaction.payment
            id_ = own if own and given[own] == 1 and not charged[own] else line.transaction.id
            _add(found, line, id_, charges.get(line.text("charge") or own, line.text("charge")))
    for charge, parts in less.items():
        _lessen(found, charges.get(charge, ""), parts)
    for line in lines:
        found.lines[line.transaction.id] = line.transaction


def _add(found: Takings, line: _Line, id_: str, related: str) -> None:
    kind = _KINDS[line.means]
    if kind is ReceiptKind.PAYMENT and line.paid <= 0:
        found.aside[line.transaction.type] += 1
        return
    references = [_references(known, row) for known, row in line.told]
    texts = [text for _, held in references for text in held]
    found.receipts[id_] = Receipt(
        id=id_,
        kind=kind,
        on=date.fromisoformat(line.transaction.created[:10]).toordinal(),
        currency=line.paid_in,
        amount=line.paid if kind is ReceiptKind.PAYMENT else -abs(line.paid),
        payer_name=line.text("payer"),
        processor_id=line.text("customer"),
        email=line.text("email"),
        text=_SEPARATOR.join(dict.fromkeys(filter(None, (line.text("text"), *texts)))),
        related=related,
    )
    found.keys[id_] = tuple(dict.fromkeys(key for held, _ in references for key in held))
    found.names |= {id_, line.text("charge"), line.text("intent"), line.transaction.payment} - {""}


def _lessen(found: Takings, id_: str, parts: Sequence[_Line]) -> None:
    """Take from a charge what of it was never taken. What is then not clear is left to a person."""
    receipt = found.receipts.get(id_)
    if receipt is None:
        found.aside[parts[0].transaction.type] += len(parts)
        return
    left = receipt.amount + sum(part.transaction.gross for part in parts)
    if left <= 0 or any(part.transaction.currency != receipt.currency for part in parts):
        del found.receipts[id_]
        found.aside[parts[0].transaction.type] += 1 + len(parts)
        return
    found.receipts[id_] = receipt._replace(amount=left)


def _references(known: Known, row: Row) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What may name the document, and what may hold its number somewhere."""
    keys = [known.text(row, "invoice"), known.text(row, "invoice_id")]
    texts = [known.text(row, "invoice")]
    for place, name in known.own:
        if _NAMES_AN_INVOICE in name:
            keys.append(row.at(place))
        if any(part in name for part in _MAY_REFER):
            texts.append(row.at(place))
    return tuple(filter(None, dict.fromkeys(keys))), tuple(filter(None, texts))


def _payouts(found: Takings, known: Known, order: str) -> None:
    """Payouts that were sent; one that came back was never at the bank, or is there twice and for a person."""
    rows = known.rows
    if not rows:
        return
    codes = known.codes(rows, "currency", "")
    net = known.amounts(rows, "net", codes)
    days = known.days(rows, ("created", "arrives"), order)
    back = {
        known.text(row, "id")
        for row in rows
        if known.means(row) is Means.PAYOUT_BACK or known.text(row, "status").casefold() in _NEVER_LANDED
    }
    for place, row in enumerate(rows):
        id_ = known.text(row, "id")
        if not id_:
            known.grid.refuse(row.line, known.title("id"), "it has no id")
        if id_ in back:
            found.aside["payout that came back"] += 1
            continue
        payout = Payout(
            id=id_,
            source=known.source,
            created=_moment(known.text(row, "created"), days[place][0]),
            arrives=days[place][1] or days[place][0],
            currency=codes[place],
            amount=-net[place],
            trace=known.text(row, "trace"),
        )
        before = found.payouts.setdefault(id_, payout)
        if before is not payout:
            found.again[known.grid.name] += 1
            if (before.currency, before.amount) != (payout.currency, payout.amount):
                known.grid.refuse(row.line, known.title("net"), f"{id_} stands there twice with other amounts")


def _payments(found: Takings, known: Known, order: str) -> None:
    """Charges as a list of payments has them, those that no balance told of, with what was given back of them."""
    rows = known.rows
    if not rows:
        return
    codes = known.codes(rows, "currency", "")
    gross = known.amounts(rows, "gross", codes)
    with_back = [place for place, row in enumerate(rows) if known.text(row, "refunded")]
    read = known.amounts([rows[at] for at in with_back], "refunded", [codes[at] for at in with_back])
    back = dict(zip(with_back, read, strict=True))
    days = known.days(rows, ("created", "refunded_on"), order)
    for place, row in enumerate(rows):
        id_ = known.text(row, "id")
        if not id_:
            known.grid.refuse(row.line, known.title("id"), "it has no id")
        if known.means(row) is not Means.RECEIPT or gross[place] <= 0:
            found.aside[known.text(row, "type") or "no status"] += 1
        elif id_ in found.names:
            found.again[known.grid.name] += 1
        else:
            _payment(found, known, row, Receipt(id_, ReceiptKind.PAYMENT, days[place][0], codes[place], gross[place]))
            if back.get(place):
                given = Receipt(
                    id=f"{id_} refunded",
                    kind=ReceiptKind.REFUND,
                    on=days[place][1] or days[place][0],
                    currency=codes[place],
                    amount=-abs(back[place]),
                    related=id_,
                )
                found.receipts[given.id] = given


def _payment(found: Takings, known: Known, row: Row, bare: Receipt) -> None:
    keys, texts = _references(known, row)
    found.names.add(bare.id)
    found.keys[bare.id] = keys
    found.receipts[bare.id] = bare._replace(
        payer_name=known.text(row, "payer"),
        processor_id=known.text(row, "customer"),
        email=known.text(row, "email"),
        text=_SEPARATOR.join(dict.fromkeys(filter(None, (known.text(row, "text"), *texts)))),
    )


def _moment(text: str, day: int) -> str:
    """A day as an ISO date, with the time of day where the report has one in that form."""
    iso = date.fromordinal(day).isoformat()
    return text if text.startswith(iso) else iso
