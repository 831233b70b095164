"""A folder of plain files as cases for the engine: customers, invoices and payments of one company or of several.

Amounts are whole minor units, days are ISO dates. What reaches the engine is in the order of the ids, whatever order
the files have. Money that went back reaches it negative, whatever sign the file has: its kind says which way it went.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

from connector.app.sheets import (
    BadField,
    Column,
    Parsed,
    Sheet,
    code,
    day,
    day_or_none,
    little_collecting,
    made,
    mid,
    minor,
    moment,
    name,
    one_of,
    rate,
    read,
    refuse,
    refuse_row,
    text,
)
from connector.money import DIGITS
from connector.reconcile.cash.case import Case, Item, Party, Policy, Receipt, ReceiptKind
from connector.reconcile.cash.payouts import Deposit, Made, Payout, Transaction

T = TypeVar("T", bound=tuple[Any, ...])
ByTenant = Mapping[str, Sequence[T]]
Rates = dict[tuple[str, str, int], tuple[int, int]]

_WORD_OF_ITEM = {"": 0, "invoice": 1, "credit_memo": -1}
_UNITS = {code: 10**digits for code, digits in DIGITS.items()}
_MADE = {"": Made.BY_SCHEDULE, "automatic": Made.BY_SCHEDULE, "manual": Made.BY_HAND, "instant": Made.AT_ONCE}
_BACK = (ReceiptKind.REFUND, ReceiptKind.CHARGEBACK)


def _items(columns: list[Parsed]) -> Iterable[Item]:
    *most, issued, due, signs = columns
    wrong = [sign * amount < 0 for sign, amount in zip(signs, columns[4], strict=True)]
    if any(wrong):
        raise BadField(wrong.index(True), "has the wrong sign: a credit memo is negative", "amount_minor")
    filled = [one or other for one, other in zip(due, issued, strict=True)]
    return made(Item)([*most, issued, filled])


def _receipts(columns: list[Parsed]) -> Iterable[Receipt]:
    kinds, amounts = columns[1], columns[4]
    if set(kinds) & set(_BACK):
        columns[4] = [-abs(amount) if kind in _BACK else amount for kind, amount in zip(kinds, amounts, strict=True)]
    return made(Receipt)(columns)


def _quoted(columns: list[Parsed]) -> Iterable[tuple[tuple[str, str, int], tuple[int, int]]]:
    """Rates between minor units, from rates between units such as the dollar and the yen."""
    days, currencies, homes, mids = columns
    known: dict[tuple[str, str, tuple[int, int]], tuple[int, int]] = {}
    for on, currency, home, mid_ in zip(days, currencies, homes, mids, strict=True):
        ratio = known.get((currency, home, mid_))
        if ratio is None:
            many, few = mid_[0] * _UNITS[home], mid_[1] * _UNITS[currency]
            common = gcd(many, few)
            ratio = known[currency, home, mid_] = many // common, few // common
        yield (currency, home, on), ratio


CUSTOMERS = Sheet(
    "customers.csv",
    (
        Column("tenant_id", text), Column("customer_id", name), Column("name", text),
        Column("parent_id", text, needed=False), Column("discount_bp", rate, needed=False),
        Column("discount_days", rate, needed=False), Column("wht_bp", rate, needed=False),
        Column("email", text, needed=False), Column("processor_customer", text, needed=False),
        Column("bank_account", text, needed=False),
    ),
    made(Party),
)  # fmt: skip
INVOICES = Sheet(
    "invoices.csv",
    (
        Column("tenant_id", text), Column("invoice_id", name), Column("doc_number", text), Column("customer_id", text),
        Column("currency", code), Column("amount_minor", minor), Column("issue_date", day),
        Column("due_date", day_or_none, needed=False), Column("kind", one_of(_WORD_OF_ITEM), needed=False),
    ),
    _items,
)  # fmt: skip
PAYMENTS = Sheet(
    "payments.csv",
    (
        Column("tenant_id", text), Column("payment_id", name),
        Column("kind", one_of({"": ReceiptKind.PAYMENT, **{kind.value: kind for kind in ReceiptKind}}), needed=False),
        Column("date", day), Column("currency", code), Column("amount_minor", minor),
        Column("payer_name", text, needed=False), Column("payer_account", text, needed=False),
        Column("processor_customer", text, needed=False), Column("payer_email", text, needed=False),
        Column("remittance", text, needed=False), Column("metadata_invoice_id", text, needed=False),
        Column("related_payment_id", text, needed=False),
    ),
    _receipts,
)  # fmt: skip
QUOTED = Sheet(
    "fx.csv",
    (
        Column("tenant_id", text), Column("date", day), Column("currency", code), Column("home", code),
        Column("mid", mid),
    ),
    _quoted,
)  # fmt: skip
DEPOSITS = Sheet(
    "bank_deposits.csv",
    (
        Column("tenant_id", text), Column("deposit_id", name), Column("date", day), Column("currency", code),
        Column("amount_minor", minor), Column("descriptor", text, needed=False),
    ),
    made(Deposit),
)  # fmt: skip
PAYOUTS = Sheet(
    "payouts.csv",
    (
        Column("tenant_id", text), Column("payout_id", name), Column("source", text, needed=False),
        Column("created", moment), Column("arrival_date", day), Column("currency", code),
        Column("amount_minor", minor),
        Column("mode", one_of(_MADE), needed=False), Column("trace_id", text, needed=False),
    ),
    made(Payout),
)  # fmt: skip
TRANSACTIONS = Sheet(
    "balance_txns.csv",
    (
        Column("tenant_id", text), Column("txn_id", name), Column("source", text, needed=False),
        Column("type", text, needed=False), Column("payment_id", text, needed=False), Column("created", moment),
        Column("available_on", day), Column("gross_minor", minor), Column("fee_minor", minor),
        Column("net_minor", minor), Column("payout_id", text, needed=False), Column("currency", text, needed=False),
    ),
    made(Transaction),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Purse:
    """What one company was paid out, and what stands at its bank."""

    tenant: str
    deposits: Sequence[Deposit]
    payouts: Sequence[Payout]
    transactions: Sequence[Transaction]


def sources(folder: Path) -> list[Path]:
    """Every file that may be read there."""
    return [folder / sheet.name for sheet in (CUSTOMERS, INVOICES, PAYMENTS, QUOTED, DEPOSITS, PAYOUTS, TRANSACTIONS)]


@little_collecting()
def read_cases(folder: Path, policy: Policy) -> list[tuple[str, Case]]:
    """The case of every company in the folder, in order of their names.

    Invoices and payments must be there. Without a file of customers each customer of an invoice stands for itself.
    """
    parties: ByTenant[Party] = _by_tenant(folder, CUSTOMERS) if (folder / CUSTOMERS.name).exists() else {}
    items: ByTenant[Item] = _by_tenant(folder, INVOICES)
    receipts: ByTenant[Receipt] = _by_tenant(folder, PAYMENTS)
    rates = _rates(folder / QUOTED.name) if (folder / QUOTED.name).exists() else {}
    for tenant in sorted(parties):
        _refuse_circles(folder / CUSTOMERS.name, tenant, parties[tenant])
    if parties:
        _refuse_strangers(folder / INVOICES.name, parties, items)
    _refuse_shared(folder / PAYMENTS.name, receipts)
    return [
        (
            tenant,
            Case(
                parties=_parties(tenant, parties, items),
                items=items.get(tenant, ()),
                receipts=receipts.get(tenant, ()),
                policy=policy,
                rates=rates.get(tenant, {}),
            ),
        )
        for tenant in sorted(parties.keys() | items.keys() | receipts.keys())
    ]


@little_collecting()
def read_purses(folder: Path) -> list[Purse]:
    """Payouts, deposits and the lines of the processor's balance. Payouts must be there, the other two may be."""
    payouts: ByTenant[Payout] = _by_tenant(folder, PAYOUTS)
    deposits: ByTenant[Deposit] = _by_tenant(folder, DEPOSITS) if (folder / DEPOSITS.name).exists() else {}
    lines: ByTenant[Transaction] = _by_tenant(folder, TRANSACTIONS) if (folder / TRANSACTIONS.name).exists() else {}
    return [
        Purse(tenant, deposits.get(tenant, ()), payouts.get(tenant, ()), lines.get(tenant, ()))
        for tenant in sorted(payouts.keys() | deposits.keys() | lines.keys())
    ]


def _by_tenant(folder: Path, sheet: Sheet) -> dict[str, list[Any]]:
    """The values of a file by company, in the order of their ids."""
    found: dict[str, list[Any]] = defaultdict(list)
    for tenants, values in read(folder / sheet.name, sheet):
        for tenant, begin, end in _stretches(tenants):
            found[tenant] += values[begin:end]
    for tenant, held in found.items():
        held.sort(key=itemgetter(0))
        if len({value[0] for value in held}) != len(held):
            twice = next(one[0] for one, other in pairwise(held) if one[0] == other[0])
            refuse(folder / sheet.name, sheet, (tenant, twice), sheet.key, "stands there twice")
    return found


def _rates(path: Path) -> dict[str, Rates]:
    """What each company's currencies were worth in one another."""
    found: dict[str, Rates] = defaultdict(dict)
    row = 0
    for tenants, quoted in read(path, QUOTED):
        for tenant, begin, end in _stretches(tenants):
            rates, more = found[tenant], dict(quoted[begin:end])
            if len(more) < end - begin or not rates.keys().isdisjoint(more):
                for at, (key, ratio) in enumerate(quoted[begin:end], row + begin):
                    if key in rates:
                        refuse_row(path, at, QUOTED.key, "has a rate of that currency already")
                    rates[key] = ratio
            rates |= more
        row += len(tenants)
    return found


def _stretches(tenants: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """Each company's rows as far as they stand together: from where, up to where."""
    breaks = [at for at, (one, other) in enumerate(pairwise(tenants), 1) if one != other]
    for begin, end in pairwise([0, *breaks, len(tenants)]):
        yield tenants[begin], begin, end


def _parties(tenant: str, parties: ByTenant[Party], items: ByTenant[Item]) -> Sequence[Party]:
    if parties:
        return parties.get(tenant, ())
    return [Party(who, "") for who in sorted({item.party for item in items.get(tenant, ())} - {""})]


def _refuse_circles(path: Path, tenant: str, parties: Sequence[Party]) -> None:
    """A customer whose parent is not there, or is below itself."""
    parents = {party.id: party.parent for party in parties}
    sound = {""}
    for party in parties:
        above: dict[str, None] = {}
        at = party.id
        while at not in sound:
            if at not in parents:
                refuse(path, CUSTOMERS, (tenant, next(reversed(above))), "parent_id", "names no customer of this file")
            above[at] = None
            at = parents[at]
            if at in above:
                refuse(path, CUSTOMERS, (tenant, at), "parent_id", "leads back to the customer itself")
        sound.update(above)


def _refuse_strangers(path: Path, parties: ByTenant[Party], items: ByTenant[Item]) -> None:
    """An invoice of a customer that the file of customers does not have."""
    for tenant in sorted(items):
        known = {party.id for party in parties.get(tenant, ())} | {""}
        if not known.issuperset(item.party for item in items[tenant]):
            stranger = next(item.id for item in items[tenant] if item.party not in known)
            refuse(path, INVOICES, (tenant, stranger), "customer_id", f"names no customer of {CUSTOMERS.name}")


def _refuse_shared(path: Path, receipts: ByTenant[Receipt]) -> None:
    """Two companies' payments of one id: what is written names the payment and no company."""
    if len(set().union(*({receipt.id for receipt in held} for held in receipts.values()))) == sum(
        map(len, receipts.values())
    ):
        return
    owners: dict[str, str] = {}
    for tenant in sorted(receipts):
        for receipt in receipts[tenant]:
            if owners.setdefault(receipt.id, tenant) != tenant:
                refuse(path, PAYMENTS, (tenant, receipt.id), "payment_id", "is another company's payment too")
