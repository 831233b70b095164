"""What the company's own people do on QuickBooks' screens while we read and write along.

Everything goes through the same rules as a write over the API (and is refused by them with the same faults), except
what only the screens can do: merging customers, closing the books, making inactive a customer who still owes. Amounts
are texts such as "120.00". The stand-in is used by one thread at a time: while a `Server` serves it, act within
`server.behind(...)`, or over loopback through `admit`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial

from adapters.quickbooks.standin import merging
from adapters.quickbooks.standin.faults import Refusal
from adapters.quickbooks.standin.ledger import BANK, EXPENSE, Company
from adapters.quickbooks.standin.operations import write
from adapters.quickbooks.standin.records import (
    CREDIT_MEMO,
    INVOICE,
    PAYMENT,
    Account,
    CreditMemo,
    Customer,
    NameRecord,
    Payment,
    Record,
    Sale,
)
from adapters.quickbooks.standin.sales import void
from adapters.quickbooks.standin.wording import render
from connector.clock import Clock
from connector.dates import Instant, after, business_date
from connector.errors import ReceivablesError, UserError
from connector.money import plain
from connector.testing.standin import Answer

_Fields = Mapping[str, object]


class Office:
    """The people of one company. Every act answers with the id of what it made or changed."""

    def __init__(self, company: Company, clock: Clock) -> None:
        self.company = company
        self._clock = clock

    def wait(self, seconds: int) -> str:
        """Let time pass in this company alone; its clock may run ahead of everybody's."""
        self.company.begin(Instant(after(max(self._clock.now(), self.company.now), seconds)))
        return ""

    # ---- looking

    def ids(self, entity: str) -> list[str]:
        """Every id of an entity, oldest first."""
        return list(self.company.records[entity])

    def find(self, entity: str, called: str) -> str:
        """The id of what has that number, name or reference. UserError when nothing has."""
        for record in self.company.records[entity].values():
            if called in _names_of(record):
                return record.id
        raise UserError(f"No {entity} of these books is called {called}.", next_step="Look at the world's text.")

    # ---- writing forms

    def invoice(self, customer: str, amount: str, number: str = "", on: str = "", due: str = "") -> str:
        """Invoice a customer."""
        dates = {name: day for name, day in (("TxnDate", on), ("DueDate", due)) if day}
        return self._make(INVOICE, self._sale(customer, amount, number) | dates)

    def credit(self, customer: str, amount: str, number: str = "", on: str = "") -> str:
        """Give a customer a credit memo."""
        return self._make(CREDIT_MEMO, self._sale(customer, amount, number) | ({"TxnDate": on} if on else {}))

    def pay(self, customer: str, amount: str, shares: Mapping[str, str], reference: str = "", on: str = "") -> str:
        """Receive a payment for these invoices (id and amount), to be banked later; the rest stays unapplied."""
        more = {name: text for name, text in (("PaymentRefNum", reference), ("TxnDate", on)) if text}
        lines = [_share(INVOICE, vendor_id, share) for vendor_id, share in shares.items()]
        payer = self.company.get(Customer, customer)
        return self._make(PAYMENT, _of(payer) | {"TotalAmt": Decimal(amount), "Line": lines} | more)

    def apply(self, credit: str, invoice: str, amount: str) -> str:
        """Let a credit memo settle a part of an invoice: the payment of nothing that QuickBooks makes of it."""
        sale = self.company.settled_by(INVOICE, invoice)
        payer = self.company.get(Customer, sale.customer)
        lines = [_share(INVOICE, invoice, amount), _share(CREDIT_MEMO, credit, amount)]
        return self._make(PAYMENT, _of(payer) | {"TotalAmt": Decimal(0), "Line": lines})

    def bank(self, payments: Sequence[str], into: str = "", fee: str = "") -> str:
        """Deposit payments, less a fee. Their own times do not move."""
        found = [self.company.get(Payment, vendor_id) for vendor_id in payments]
        lines: list[dict[str, object]] = [
            {
                "Amount": Decimal(plain(one.total)),
                "LinkedTxn": [{"TxnId": one.id, "TxnType": PAYMENT, "TxnLineId": "0"}],
            }
            for one in found
        ]
        if fee:
            account = next(one.id for one in self.company.all(Account) if one.kind == EXPENSE)
            detail = {"AccountRef": {"value": account}}
            lines.append({"Amount": -Decimal(fee), "DetailType": "DepositLineDetail", "DepositLineDetail": detail})
        account = into or next(one.id for one in self.company.all(Account) if one.kind == BANK)
        currency = {"value": found[0].currency if found else self.company.facts.home}
        body = {"DepositToAccountRef": {"value": account}, "CurrencyRef": currency, "Line": lines}
        return self._make("Deposit", body)

    def journal(self, customer: str, amount: str, against: str = "", number: str = "") -> str:
        """Raise (or, below zero, lower) what a customer owes by hand, against income or that account."""
        payer = self.company.get(Customer, customer)
        raises = not amount.startswith("-")
        entity = {"Type": "Customer", "EntityRef": {"value": customer}}
        sides = [
            (raises, self.company.receivable(payer.currency).id, {"Entity": entity}),
            (not raises, against or self.company.income().id, {}),
        ]
        lines = [
            {
                "Amount": abs(Decimal(amount)),
                "DetailType": "JournalEntryLineDetail",
                "JournalEntryLineDetail": {
                    "PostingType": "Debit" if debit else "Credit",
                    "AccountRef": {"value": account},
                    **named,
                },
            }
            for debit, account, named in sides
        ]
        body = {"CurrencyRef": {"value": payer.currency}, "Line": lines} | ({"DocNumber": number} if number else {})
        return self._make("JournalEntry", body)

    # ---- changing what is there

    def edit(self, entity: str, vendor_id: str, **fields: object) -> str:
        """Change some fields, named and written as on the wire."""
        return self._change(entity, vendor_id, fields)

    def reprice(self, vendor_id: str, amount: str, entity: str = INVOICE) -> str:
        """Give an invoice (or a credit memo) another total."""
        return self._change(entity, vendor_id, {"Line": _sold(amount)})

    def unapply(self, payment: str) -> str:
        """Take a payment off everything it settled."""
        return self._change(PAYMENT, payment, {"Line": []})

    def void(self, entity: str, vendor_id: str) -> str:
        """Make an invoice, payment or (only on screen) credit memo worth nothing."""
        if entity == CREDIT_MEMO:
            self._begin()
            void(self.company, self.company.get(CreditMemo, vendor_id))
            return vendor_id
        how = ("update", "void") if entity == PAYMENT else ("void", "")
        return self._change(entity, vendor_id, {}, *how)

    def delete(self, entity: str, vendor_id: str) -> str:
        """Strike something out."""
        return self._change(entity, vendor_id, {}, "delete")

    # ---- customers, and what only the screens can do

    def customer(self, name: str, parent: str = "") -> str:
        """Take up a customer."""
        return self._make("Customer", {"DisplayName": name} | ({"ParentRef": {"value": parent}} if parent else {}))

    def rename(self, customer: str, name: str) -> str:
        """Call a customer something else."""
        return self._change("Customer", customer, {"DisplayName": name})

    def deactivate(self, customer: str, *, balancing: bool = True) -> str:
        """Make a customer inactive. For what it still owes the screens write a credit memo, the API does not."""
        owed = self.company.owed()[self.company.get(Customer, customer).id]
        if balancing and owed.minor > 0:
            self.credit(customer, plain(owed))
        return self._change("Customer", customer, {"Active": False})

    def reactivate(self, customer: str) -> str:
        """Make a customer active again."""
        return self._change("Customer", customer, {"Active": True})

    def merge(self, gone: str, into: str, *, quietly: bool = False, struck_out: bool = False) -> str:
        """Make two customers one: see `merging`."""
        self._begin()
        merging.merge(self.company, gone, into, quietly=quietly, struck_out=struck_out)
        return into

    def close_through(self, day: str) -> str:
        """Close the books through a day ("" opens them)."""
        self._begin()
        self.company.close_through(business_date(day) if day else None)
        return day

    def apply_by_itself(self, switched: str) -> str:
        """Switch on ("on") the settings by which credits and payments are applied; they are only told, not acted on."""
        self._begin()
        self.company.says_it_applies = switched == "on"
        return switched

    def _begin(self) -> None:
        self.company.begin(self._clock.now())

    def _sale(self, customer: str, amount: str, number: str) -> dict[str, object]:
        buyer = self.company.get(Customer, customer)
        return _of(buyer) | {"Line": _sold(amount)} | ({"DocNumber": number} if number else {})

    def _make(self, entity: str, body: _Fields) -> str:
        self._begin()
        made = write(self.company, entity, render(body).encode(), "", "")
        return str(json.loads(made, parse_float=Decimal)["Id"])

    def _change(self, entity: str, vendor_id: str, fields: _Fields, operation: str = "", include: str = "") -> str:
        self._begin()
        record = self.company.records[entity].get(vendor_id)
        token = str(record.sync_token) if record is not None else "0"
        body = {"Id": vendor_id, "SyncToken": token, "sparse": True, **fields}
        write(self.company, entity, render(body).encode(), operation, include)
        return vendor_id


def _names_of(record: Record) -> Iterator[str]:
    if isinstance(record, Sale):
        yield record.number
    if isinstance(record, NameRecord):
        yield record.name
    yield from (str(record.kept[name]) for name in ("PaymentRefNum", "DocNumber", "PrivateNote") if name in record.kept)


def _of(customer: Customer) -> dict[str, object]:
    return {"CustomerRef": {"value": customer.id}, "CurrencyRef": {"value": customer.currency}}


def _sold(amount: str) -> list[dict[str, object]]:
    return [{"Amount": Decimal(amount), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {}}]


def _share(target: str, vendor_id: str, amount: str) -> dict[str, object]:
    return {"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": vendor_id, "TxnType": target}]}


ACTS: Mapping[str, Callable[..., object]] = {
    act.__name__: act
    for act in (
        Office.wait,
        Office.ids,
        Office.find,
        Office.invoice,
        Office.credit,
        Office.pay,
        Office.apply,
        Office.bank,
        Office.journal,
        Office.edit,
        Office.reprice,
        Office.unapply,
        Office.void,
        Office.delete,
        Office.customer,
        Office.rename,
        Office.deactivate,
        Office.reactivate,
        Office.merge,
        Office.close_through,
        Office.apply_by_itself,
    )
}
"""What may be asked for by name over loopback."""


def admit(office: Office, act: str, body: bytes, levers: Mapping[str, Callable[..., object]]) -> Answer:
    """One act (or lever) asked for by name, with `{"arguments": [...], "named": {...}}` as body.

    Answers `{"done": ...}`, or 409 with the fault's code when a rule of the books refuses it.
    """
    try:
        asked = json.loads(body or b"{}", parse_float=Decimal)
        do = levers[act] if act in levers else partial(ACTS[act], office)
        done = do(*asked.get("arguments", ()), **asked.get("named", {}))
    except Refusal as refusal:
        return _said(409, {"refused": refusal.words.code, "detail": refusal.words.detail})
    except (ReceivablesError, KeyError, TypeError, ValueError, AttributeError) as wrong:
        return _said(400, {"refused": type(wrong).__name__, "detail": str(wrong)})
    return _said(200, {"done": done})


def _said(status: int, document: _Fields) -> Answer:
    return Answer(status=status, body=json.dumps(document).encode())
