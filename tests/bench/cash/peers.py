"""How others do it, restated for the comparison only: `python -m tests.bench.cash.peers NAME FOLDER OUT`.

- `oldest-first`: of whom exact facts name, the oldest open invoice of that amount, else the oldest until the money is
  used up. As accounting software does when it is allowed to.
- `odoo-like`: tokens of four digits and more of the text that are equal to digit tokens of an invoice's number; by hits
  and due date; the early-payment discount first, if it is perfect; then one exact amount, else a greedy prefix while
  there is room; without tokens the payer's oldest of that amount. As the open rule engine for Odoo 17 does it, without
  its write-offs.
- `rapidfuzz`: careful. A key with the exact amount; whole numbers in the text whose open amounts are the amount; else
  exact amount and a similar name. A pair is taken only if it is the only one for both of its sides.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

from rapidfuzz import fuzz, process

from tests.bench.cash.desk import Desk, Payers, Row, letters, read, write

SIMILAR = 90.0
MARGIN = 4.0
SHORT_NUMBER = 3
_DIGITS = re.compile(r"\d+")
_WORDS = re.compile(r"[0-9A-Za-z/#_-]+")


def oldest_first(desk: Desk) -> None:
    """No reference is looked at."""
    payers = Payers(desk)
    for payment in desk.by_date():
        customers = payers.of(payment)
        money = int(payment["amount_minor"])
        opened = desk.open_of(customers, payment) if customers else []
        exact = [row for row in opened if desk.left[row["invoice_id"]] == money]
        for invoice in exact[:1] or opened:
            part = min(money, desk.left[invoice["invoice_id"]])
            if part > 0:
                desk.apply(payment, invoice, part)
                money -= part


def odoo_like(desk: Desk) -> None:
    """Tokens, hits, the greedy prefix."""
    payers = Payers(desk)
    terms = {row["customer_id"]: (int(row["discount_bp"]), int(row["discount_days"])) for row in desk.customers}
    by_token: dict[str, list[Row]] = defaultdict(list)
    for invoice in desk.invoices:
        if int(invoice["amount_minor"]) > 0:
            for token in set(_DIGITS.findall(invoice["doc_number"])):
                by_token[token].append(invoice)
    for payment in desk.by_date():
        tokens = {token for token in _tokens_of_words(payment["remittance"]) if len(token) > SHORT_NUMBER}
        hits: Counter[str] = Counter()
        rows: dict[str, Row] = {}
        customers = payers.of(payment)
        for token in sorted(tokens):
            for invoice in by_token.get(token, ()):
                if _fits(desk, invoice, payment) and (not customers or invoice["customer_id"] in customers):
                    hits[invoice["invoice_id"]] += 1
                    rows[invoice["invoice_id"]] = invoice
        found = sorted(rows.values(), key=lambda row: (-hits[row["invoice_id"]], row["due_date"], row["invoice_id"]))
        if not found and customers:
            exact = [
                row
                for row in desk.open_of(customers, payment)
                if desk.left[row["invoice_id"]] == int(payment["amount_minor"])
            ]
            found = exact[:1]
        if not _discounted(desk, payment, found, terms):
            _greedy(desk, payment, found)


def _tokens_of_words(text: str) -> list[str]:
    """Digits of the words between blanks; a word with several numbers in it is one token and equal to nothing."""
    return ["".join(_DIGITS.findall(word)) for word in text.split()]


def _fits(desk: Desk, invoice: Row, payment: Row) -> bool:
    return desk.left[invoice["invoice_id"]] > 0 and invoice["currency"] == payment["currency"]


def _discounted(desk: Desk, payment: Row, found: Sequence[Row], terms: Mapping[str, tuple[int, int]]) -> bool:
    """Whether all of them less their discount are exactly the payment; then they are paid."""
    cuts = []
    for invoice in found:
        rate, days = terms[invoice["customer_id"]]
        age = date.fromisoformat(payment["date"]) - date.fromisoformat(invoice["issue_date"])
        cuts.append((desk.left[invoice["invoice_id"]] * rate + 5_000) // 10_000 if age.days <= days else 0)
    lefts = [desk.left[invoice["invoice_id"]] for invoice in found]
    if not any(cuts) or sum(lefts) - sum(cuts) != int(payment["amount_minor"]):
        return False
    for invoice, left, cut in zip(found, lefts, cuts, strict=True):
        desk.apply(payment, invoice, left - cut, cut)
    return True


def _greedy(desk: Desk, payment: Row, found: Sequence[Row]) -> None:
    money = int(payment["amount_minor"])
    exact = [row for row in found if desk.left[row["invoice_id"]] == money]
    for invoice in exact[:1] if len(exact) == 1 else found:
        part = min(money, desk.left[invoice["invoice_id"]])
        if part > 0:
            desk.apply(payment, invoice, part)
            money -= part


def rapidfuzz(desk: Desk) -> None:
    """Three passes, each only where both sides have no other."""
    rows = {row["invoice_id"]: row for row in desk.invoices}
    waiting = list(desk.by_date())
    waiting = _settle(desk, waiting, rows, lambda payment: _keyed(desk, payment, rows))
    numbers = {letters(row["doc_number"]): row for row in desk.invoices}
    waiting = _settle(desk, waiting, rows, lambda payment: _numbered(desk, payment, numbers))
    by_amount: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for row in desk.invoices:
        if desk.left[row["invoice_id"]] > 0:
            by_amount[row["currency"], desk.left[row["invoice_id"]]].append(row)
    names = {row["customer_id"]: row["name"].upper() for row in desk.customers}
    exact = Payers(desk)
    _settle(desk, waiting, rows, lambda payment: _named(desk, payment, by_amount, names, exact))


def _settle(desk: Desk, waiting: Sequence[Row], rows: Mapping[str, Row], look: Callable[[Row], list[str]]) -> list[Row]:
    """Apply what nobody else claims; what is left over."""
    found = {payment["payment_id"]: look(payment) for payment in waiting}
    claims = Counter(invoice for invoices in found.values() for invoice in invoices)
    rest = []
    for payment in waiting:
        invoices = found[payment["payment_id"]]
        if invoices and all(claims[invoice] == 1 for invoice in invoices):
            for invoice in invoices:
                desk.apply(payment, rows[invoice], desk.left[invoice])
        else:
            rest.append(payment)
    return rest


def _keyed(desk: Desk, payment: Row, rows: Mapping[str, Row]) -> list[str]:
    key = payment["metadata_invoice_id"]
    known = key in rows and rows[key]["currency"] == payment["currency"]
    return [key] if known and desk.left[key] == int(payment["amount_minor"]) else []


def _numbered(desk: Desk, payment: Row, numbers: Mapping[str, Row]) -> list[str]:
    """All numbers in the text, if together they are the amount."""
    found: dict[str, int] = {}
    for word in _WORDS.findall(payment["remittance"]):
        for piece in {word, *word.split("/")}:
            row = numbers.get(letters(piece))
            if row is not None and len(letters(piece)) > SHORT_NUMBER and row["currency"] == payment["currency"]:
                found[row["invoice_id"]] = desk.left[row["invoice_id"]]
    return list(found) if found and sum(found.values()) == int(payment["amount_minor"]) else []


def _named(
    desk: Desk,
    payment: Row,
    by_amount: Mapping[tuple[str, int], Sequence[Row]],
    names: Mapping[str, str],
    exact: Payers,
) -> list[str]:
    """The one open invoice of that amount whose customer's name is clearly the most similar."""
    fitting = [
        row
        for row in by_amount.get((payment["currency"], int(payment["amount_minor"])), ())
        if desk.left[row["invoice_id"]] == int(payment["amount_minor"]) and row["issue_date"] <= payment["date"]
    ]
    customers = exact.of(payment)
    if customers:
        mine = [row["invoice_id"] for row in fitting if row["customer_id"] in customers]
        return mine if len(mine) == 1 else []
    if not payment["payer_name"] or not fitting:
        return []
    near = process.extract(payment["payer_name"].upper(), names, scorer=fuzz.token_sort_ratio, limit=2)
    if near[0][1] < SIMILAR or (len(near) > 1 and near[0][1] - near[1][1] < MARGIN):
        return []
    mine = [row["invoice_id"] for row in fitting if row["customer_id"] == near[0][2]]
    return mine if len(mine) == 1 else []


PEERS: Mapping[str, Callable[[Desk], None]] = {
    "oldest-first": oldest_first,
    "odoo-like": odoo_like,
    "rapidfuzz": rapidfuzz,
}


def main() -> None:
    """From the files to the answer."""
    name, folder, out = sys.argv[1:4]
    desks = read(Path(folder))
    for desk in desks:
        PEERS[name](desk)
    write(Path(out), desks)


if __name__ == "__main__":
    main()
