"""A folder of exports and bank files as one company's case and payouts, with what each file was taken for."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from connector.app.exports.beside import Beside, beside, once
from connector.app.exports.debts import Entry, debts, parties, together
from connector.app.exports.recognise import Known, recognised, sound
from connector.app.exports.recorded import perhaps_recorded
from connector.app.exports.shown import STRANGE, Seen, remarks, seen_bank, seen_debts, seen_takings
from connector.app.exports.takings import Takings, takings
from connector.app.folder import Purse, sources
from connector.errors import UserError
from connector.exports.bank import BankLine, Statement, statement
from connector.exports.grid import Grid, Row
from connector.exports.mapping import BankMapping
from connector.exports.opening import DELIMITERS, HEADER_WITHIN_ROWS, grids_of
from connector.model.export import Exports, Layout, Tells
from connector.reconcile.cash.case import Case, Item, Party, Policy, Receipt, ReceiptKind
from connector.reconcile.cash.landings import landed
from connector.reconcile.cash.payouts import ARRIVES_DAYS_MAX, PAYOUT_ITSELF, Deposit, Made, Payout

HEAD_BYTES = 1 << 16
"""So much of a file is looked at before it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to read. `currency` is that of reports which do not say; `dates` how they write days, dmy or mdy."""

    folder: Path | None
    policy: Policy
    bank: Path | None = None
    mapping: BankMapping | None = None
    currency: str = ""
    dates: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The case, the payouts, every file with what it was taken for, the files that were read, and what a person should
    know."""

    cases: list[tuple[str, Case]]
    purses: list[Purse]
    seen: list[Seen]
    read: list[Path]
    remarks: list[str] = field(default_factory=list)


def gathered(asked: Asked, exports: Sequence[Exports]) -> Gathered | None:
    """The exports, read; None where there are none and our own plain files are all that is there."""
    own = {path.resolve() for path in sources(asked.folder)} if asked.folder is not None else set()
    layouts = [(each.name, layout) for each in exports for layout in each.layouts]
    known: list[Known] = []
    read: list[Path] = []
    strange: list[Path] = []
    ours: list[Path] = []
    for path in _files(asked):
        found = _known(path, layouts)
        if found is None:
            (ours if path.resolve() in own else strange).append(path)
        else:
            known.append(found)
            read.append(path)
    if not known and asked.bank is None and (ours or not strange):
        return None
    read += [each for each in (asked.bank,) if each is not None]
    return replace(_read(asked, exports, known, (ours, strange)), read=read)


def _files(asked: Asked) -> Iterable[Path]:
    """Every file of the folder that people see, in order of the names."""
    if asked.folder is None:
        return []
    try:
        paths = sorted(asked.folder.iterdir())
    except OSError:
        raise UserError(f"{asked.folder} cannot be read.", next_step="Name the folder with your exports.") from None
    bank = asked.bank.resolve() if asked.bank is not None else None
    return [
        path
        for path in paths
        if path.is_file()
        and not path.name.startswith((".", "~$"))
        and path.resolve() != bank
        and path.suffix != ".toml"
    ]


def _known(path: Path, layouts: Sequence[tuple[str, Layout]]) -> Known | None:
    """What a file is. Only one whose beginning is known is read whole."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError:
        raise UserError(f"{path} cannot be read.", next_step="Look at the rights of the file.") from None
    if zipfile.is_zipfile(path):
        return sound(recognised(grids_of(path), layouts)) if "xl/workbook.xml" in _names(path) else None
    encoding = "utf-16" if head[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    text = head.decode(encoding, errors="replace")
    for delimiter in DELIMITERS:
        if recognised([_beginning(path.name, text, delimiter)], layouts) is not None:
            return sound(recognised(grids_of(path, (delimiter,)), layouts))
    return None


def _names(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return []


def _beginning(name: str, text: str, delimiter: str) -> Grid:
    """The first lines, as far as they are a CSV."""
    rows: list[Row] = []
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append(Row(len(rows) + 1, tuple(cell.strip() for cell in cells)))
            if len(rows) > HEADER_WITHIN_ROWS * 2:
                break
    except csv.Error:
        return Grid(name, rows)
    return Grid(name, rows)


def _read(
    asked: Asked, exports: Sequence[Exports], known: Sequence[Known], others: tuple[Sequence[Path], Sequence[Path]]
) -> Gathered:
    """Everything read and put together. UserError before anything is decided."""
    ours, strange = others
    by_kind: dict[Tells, list[Known]] = defaultdict(list)
    for each in known:
        by_kind[each.layout.tells].append(each)
    reports = [debts(each, asked.currency, asked.dates) for each in by_kind[Tells.OPEN_ITEMS]]
    entries = together(reports)
    taken = takings(by_kind[Tells.BALANCE], by_kind[Tells.PAYOUTS], by_kind[Tells.PAYMENTS], asked.dates)
    told = statement(asked.bank, asked.mapping) if asked.bank is not None and asked.mapping is not None else None
    own = beside(ours)
    bank = _at_the_bank(exports, taken, told, own)
    case, recorded = _case(asked, entries, taken, bank.paid, own)
    _refuse_empty(asked, case, strange)
    purse = Purse(
        own.tenant,
        once("deposit", [*own.deposits, *bank.deposits]),
        once("payout", [*own.payouts, *bank.payouts]),
        once("balance line", [*own.transactions, *taken.lines.values()]),
    )
    seen = [
        *(seen_debts(each, report) for each, report in zip(by_kind[Tells.OPEN_ITEMS], reports, strict=True)),
        *(seen_takings(each, taken) for each in known if each.layout.tells is not Tells.OPEN_ITEMS),
        *([seen_bank(told, len(bank.deposits))] if told is not None else []),
        *(Seen(file=name, taken_for="plain file", told=f"{count:,} lines") for name, count in own.counts.items()),
        *(Seen(file=path.name, taken_for="not known, left out", told=STRANGE) for path in strange),
    ]
    return Gathered(
        cases=[(own.tenant, case)],
        purses=[purse],
        seen=seen,
        read=[],
        remarks=remarks(reports, taken, recorded),
    )


@dataclass(slots=True)
class _Bank:
    """The lines of a bank: those that are payouts of a processor, or may be, and those that customers paid."""

    deposits: list[Deposit] = field(default_factory=list)
    payouts: list[Payout] = field(default_factory=list)
    paid: list[BankLine] = field(default_factory=list)


def _at_the_bank(exports: Sequence[Exports], taken: Takings, told: Statement | None, own: Beside) -> _Bank:
    """What came from a processor is no customer's payment: its text says so, or it could be a payout by its amount and
    day. Payouts that only the lines of a balance tell of are believed when the bank has exactly their sum."""
    by_hand = Made.BY_SCHEDULE if any(line.payout for line in taken.lines.values()) else Made.BY_HAND
    sent = [payout._replace(by_hand=by_hand) for payout in taken.payouts.values()]
    traces = {payout.trace.upper() for payout in sent} - {""}
    summed = _summed(taken)
    found = _Bank(payouts=sent)
    words = {word.casefold() for each in exports for word in (each.name, *each.at_the_bank)}
    says = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(words)))})\b") if words else None
    by_amount: dict[tuple[str, int], list[Payout]] = defaultdict(list)
    for payout in (*sent, *summed, *own.payouts):
        by_amount[payout.currency, payout.amount].append(payout)
    for line in told.came if told is not None else ():
        text = f"{line.payer} {line.text}"
        traced = not traces.isdisjoint(text.upper().split())
        could = any(
            0 <= line.on - payout.arrives <= ARRIVES_DAYS_MAX for payout in by_amount[line.currency, line.amount]
        )
        if traced or could or (says is not None and says.search(text.casefold())):
            found.deposits.append(Deposit(line.id, line.on, line.currency, line.amount, text))
        else:
            found.paid.append(line)
    pairs = landed([*sent, *summed], found.deposits).pairs
    found.payouts = sent + [summed[pair.payout - len(sent)] for pair in pairs if pair.payout >= len(sent)]
    return found


def _summed(taken: Takings) -> list[Payout]:
    """Payouts that no report lists, as the lines that name them add up."""
    sums: Counter[tuple[str, str, str]] = Counter()
    for line in taken.lines.values():
        if line.payout and line.payout not in taken.payouts and line.type != PAYOUT_ITSELF:
            sums[line.payout, line.source, line.currency] += line.net
    several = Counter(payout for payout, _, _ in sums)
    return [
        Payout(payout, source, date.fromordinal(arrives).isoformat(), arrives, code, amount)
        for (payout, source, code), amount in sorted(sums.items())
        if several[payout] == 1 and (arrives := taken.arrives.get(payout, 0))
    ]


def _case(
    asked: Asked, entries: Sequence[Entry], taken: Takings, paid: Sequence[BankLine], own: Beside
) -> tuple[Case, dict[str, Entry]]:
    """The case, and the payments that were left out because the books may hold them already."""
    entries = _called(entries, own)
    held = {party.id: party for party in parties(entry.item for entry in entries)}
    held |= {party.id: party for party in own.parties}
    for item in own.items:
        if item.party:
            held.setdefault(item.party, Party(item.party, ""))
    people = [held[each] for each in sorted(held)]
    items = once("invoice", [*(entry.item for entry in entries), *own.items])
    named = _by_name(items)
    receipts = [_keyed(receipt, taken.keys.get(receipt.id, ()), named) for receipt in taken.receipts.values()]
    receipts += [
        Receipt(
            line.id, ReceiptKind.PAYMENT, line.on, line.currency, line.amount,
            payer_name=line.payer, payer_account=line.account, text=line.text,
        )
        for line in paid
    ]  # fmt: skip
    receipts = once("payment", [*receipts, *own.receipts])
    recorded = perhaps_recorded(people, entries, receipts)
    kept = [receipt for receipt in receipts if receipt.id not in recorded]
    return Case(parties=people, items=items, receipts=kept, policy=asked.policy), recorded


def _called(entries: Sequence[Entry], own: Beside) -> Sequence[Entry]:
    """Where our own file of customers has somebody of that name and nobody else has it, documents are theirs."""
    times = Counter(party.name for party in own.parties)
    ids = {party.name: party.id for party in own.parties if times[party.name] == 1}
    return [
        entry._replace(item=entry.item._replace(party=ids[entry.item.party])) if entry.item.party in ids else entry
        for entry in entries
    ]


def _by_name(items: Iterable[Item]) -> dict[str, str]:
    """The id of the only document of that number or id."""
    found: dict[str, set[str]] = defaultdict(set)
    for item in items:
        for name in {item.id, item.number} - {""}:
            found[name].add(item.id)
    return {name: next(iter(ids)) for name, ids in found.items() if len(ids) == 1}


def _keyed(receipt: Receipt, names: Iterable[str], items: dict[str, str]) -> Receipt:
    """With the document that what was stored with it names, where it names exactly one."""
    keys = {items[name] for name in names if name in items}
    return receipt._replace(key=next(iter(keys))) if len(keys) == 1 else receipt


def _refuse_empty(asked: Asked, case: Case, strange: Sequence[Path]) -> None:
    """Without debts or without money there is nothing to decide."""
    where = asked.folder.name if asked.folder is not None else "The command"
    others = f" Not known were: {', '.join(path.name for path in strange[:5])}." if strange else ""
    if not case.items:
        raise UserError(
            f"No file in {where} tells what customers owe.{others}",
            next_step="Put the report of open invoices there, as your books export it (CSV or XLSX), all dates.",
        )
    if not case.receipts:
        raise UserError(
            f"No file in {where} tells what customers paid.{others}",
            next_step="Put your processor's reports there, or name a bank's file with --bank and --map.",
        )
