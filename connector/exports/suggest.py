"""A proposal of how a bank's file might be read, for a person to check. Nothing is ever read by it unasked."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from connector.errors import UserError
from connector.exports.days import is_day, order_of
from connector.exports.figures import decimal_mark, is_amount
from connector.exports.grid import BadCell, Grid, Row, contents, csv_grid, decoded
from connector.exports.mapping import BankMapping
from connector.exports.opening import DELIMITERS, HEADER_WITHIN_ROWS, grids_of
from connector.exports.workbook import is_workbook
from connector.money import DIGITS, Currency

SAMPLES = 3
_ROLES: Mapping[str, tuple[str, ...]] = {
    "date": (
        "date", "posting date", "posted date", "booking date", "transaction date", "effective date", "value date",
        "buchungstag", "buchungsdatum", "buchung", "valutadatum", "wertstellung", "date operation", "date opération",
        "date de l'opération", "date de comptabilisation", "date comptable", "fecha", "fecha operación",
        "fecha operacion", "fecha contable", "fecha valor", "data", "data contabile", "boekdatum", "datum",
    ),
    "amount": (
        "amount", "transaction amount", "betrag", "betrag (eur)", "umsatz", "montant", "importe", "importo", "bedrag",
        "amount (eur)", "amount (usd)", "amount (gbp)",
    ),
    "credit": (
        "credit", "credit amount", "credits", "paid in", "money in", "deposit", "deposits", "haben", "gutschrift",
        "crédit", "crédit euros", "abono", "abonos", "haber", "ingreso", "ingresos", "avere", "entrate",
    ),
    "debit": (
        "debit", "debit amount", "debits", "paid out", "money out", "withdrawal", "withdrawals", "soll", "lastschrift",
        "belastung", "débit", "débit euros", "cargo", "cargos", "debe", "gasto", "gastos", "dare", "uscite",
    ),
    "sign": ("soll/haben", "s/h", "sh", "soll-haben", "dr/cr", "cr/dr", "debit/credit", "d/c", "credit/debit",
             "sens", "debe/haber", "af bij"),
    "payer": (
        "payer", "name", "payee", "counterparty", "counterparty name", "counter party", "merchant name", "sender",
        "beguenstigter/zahlungspflichtiger", "begünstigter/zahlungspflichtiger", "auftraggeber/empfänger",
        "auftraggeber / begünstigter", "name zahlungsbeteiligter", "zahlungspflichtige*r", "tiers", "contrepartie",
        "ordenante", "beneficiario", "ordinante", "naam tegenpartij",
    ),
    "text": (
        "description", "details", "memo", "narrative", "reference", "remittance", "remittance information",
        "transaction description", "extended description", "customer reference", "verwendungszweck", "buchungstext",
        "libellé", "libelle", "libellé complémentaire", "motif", "référence", "concepto", "observaciones",
        "referencia",
        "descripción", "descrizione", "causale", "omschrijving", "mededelingen",
    ),
    "account": ("iban", "kontonummer/iban", "iban zahlungsbeteiligter", "counterparty account", "account number from",
                "tegenrekening", "compte tiers", "cuenta ordenante"),
    "id": ("transaction id", "transaktions-id", "transaction reference", "bank reference", "fitid", "unique id"),
    "balance": ("balance", "running balance", "balance after", "saldo", "saldo nach buchung", "solde", "saldo (eur)"),
    "currency_column": ("currency", "währung", "waehrung", "devise", "moneda", "divisa", "valuta", "ccy"),
}  # fmt: skip
"""What banks head their columns with, in five languages, the likeliest first."""
_IN = frozenset({"h", "haben", "c", "cr", "credit", "crédit", "haber", "+", "bij", "gutschrift"})
_OUT = frozenset({"s", "soll", "d", "dr", "debit", "débit", "debe", "-", "af", "lastschrift"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A mapping as a file's text, with what it does not know; and some lines as they would be read."""

    toml: str
    mapping: BankMapping
    open_questions: tuple[str, ...]
    columns: tuple[str, ...]
    samples: tuple[tuple[str, ...], ...]


def suggestion(path: Path, home: str = "") -> Suggestion:
    """What the file seems to be. UserError where not even its date and amount can be found."""
    held = contents(path)
    encoding, delimiter = "", ","
    if is_workbook(held):
        found = max((_header(grid) for grid in grids_of(path)), key=lambda each: each[0], default=None)
    else:
        encoding = encoding_of(held)
        text = decoded(path.name, held, encoding)
        tried = [(*_header(readable(path.name, text, each)), each) for each in DELIMITERS]
        best = max(tried, key=lambda each: each[0])
        found, delimiter = best[:3], best[3]
    header = found[1] if found is not None else None
    if found is None or header is None:
        raise UserError(
            f"{path.name} has no header with a date and an amount that is known.",
            next_step="Write a mapping by hand: date, amount, text, currency name its columns; see the README.",
        )
    return _suggested(header, found[2], encoding, delimiter, home)


def encoding_of(held: bytes) -> str:
    """In what a CSV is written, as far as that can be told; "" for UTF-8."""
    if held.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        held.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "cp1252"
    return ""


def readable(name: str, text: str, delimiter: str) -> Grid:
    """The rows of a CSV by that delimiter; none where it cannot be read so."""
    try:
        return csv_grid(name, text, delimiter)
    except UserError:
        return Grid(name, [])


def _header(grid: Grid) -> tuple[int, Row | None, Sequence[Row]]:
    """The line that has the most of what banks head columns with, and the lines below it."""
    best: tuple[int, Row | None, Sequence[Row]] = 0, None, ()
    for index, row in enumerate(grid.rows[:HEADER_WITHIN_ROWS]):
        roles = _roles(row)
        if "date" in roles and ("amount" in roles or {"credit", "debit"} <= roles.keys()) and len(roles) > best[0]:
            best = len(roles), row, grid.rows[index + 1 :]
    return best


def _roles(header: Row) -> dict[str, list[str]]:
    """The columns of a header by what they might be. No column is two things."""
    names = {cell.casefold(): cell for cell in reversed(header.cells) if cell}
    found: dict[str, list[str]] = {}
    taken: set[str] = set()
    for role, words in _ROLES.items():
        fitting = [word for word in words if word in names and word not in taken]
        if fitting:
            chosen = fitting if role == "text" else fitting[:1]
            found[role] = [names[word] for word in chosen]
            taken |= set(chosen)
    return found


def _suggested(header: Row, rows: Sequence[Row], encoding: str, delimiter: str, home: str) -> Suggestion:
    roles = _roles(header)
    if "amount" in roles:
        roles.pop("credit", None)
        roles.pop("debit", None)
    place = {name: header.cells.index(name) for names in roles.values() for name in names}
    lines = [row for row in rows if is_day(row.at(place[roles["date"][0]]))]
    questions: list[str] = []
    words = {row.at(place[roles["sign"][0]]) for row in lines} if "sign" in roles else set()
    came = tuple(sorted(word for word in words if word.casefold() in _IN))
    went = tuple(sorted(word for word in words if word.casefold() in _OUT))
    if not came or not went:
        roles.pop("sign", None)
        came = went = ()
    if "currency_column" not in roles and not home:
        questions.append('currency is not in the file: write its code, such as currency = "EUR"')
    single = {role: names[0] for role, names in roles.items() if role != "text"}
    mapping = BankMapping(
        **single,
        text=tuple(roles.get("text", ())),
        money_in=came,
        money_out=went,
        currency="" if "currency_column" in roles else home,
        delimiter="tab" if delimiter == "\t" else delimiter,
        encoding=encoding,
    )
    dates, question = _dates([row.at(place[mapping.date]) for row in lines])
    questions += question
    figures = [row.at(place[name]) for row in lines for name in (mapping.amount, mapping.credit, mapping.debit) if name]
    decimal, question = _decimal([field for field in figures if field], Currency(home if home in DIGITS else "EUR"))
    questions += question
    mapping = replace(mapping, dates=dates, decimal=decimal)
    return Suggestion(
        toml=toml_of(mapping),
        mapping=mapping,
        open_questions=tuple(questions),
        columns=mapping.columns(),
        samples=tuple(tuple(row.at(place[name]) for name in mapping.columns()) for row in lines[:SAMPLES]),
    )


def _dates(texts: Sequence[str]) -> tuple[str, list[str]]:
    try:
        return order_of(texts), []
    except BadCell:
        return "", ['dates can be read in two ways: write dates = "dmy" (day first) or dates = "mdy"']


def _decimal(texts: Sequence[str], code: Currency) -> tuple[str, list[str]]:
    try:
        return decimal_mark([text for text in texts if is_amount(text)], code), []
    except BadCell:
        return "", ['the decimal mark is not clear: write decimal = "." or decimal = ","']


def toml_of(mapping: BankMapping) -> str:
    """The mapping as its file holds it."""
    lines = []
    for each in fields(mapping):
        value = getattr(mapping, each.name)
        if value and isinstance(value, tuple):
            lines.append(f"{each.name} = [{', '.join(map(_quoted, value))}]")
        elif value:
            lines.append(f"{each.name} = {_quoted(value)}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in escaped) + '"'
