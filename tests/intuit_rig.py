"""What tests of the QuickBooks stand-in stand on: a small world, a plain client of the API, and the schema as judge."""

# ruff: noqa: S608 - queries in Intuit's language, made of the tests' own words

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import requests

from connector.testing.standin import Answer, Call, Server, StandIn
from tests.vendor import quickbooks as judge
from tests.vendor import where

REALM = "9130001"
OTHER = "9130002"
WORLD = """
company  Harbor Supply  home USD  zone America/New_York  country US  realm 9130001  closed 2025-12-31
account  Checking  bank USD
account  Stripe Clearing  bank USD
account  Euro Clearing  bank EUR
account  Stripe Fees  expense USD
customer  Acme  email ap@acme.example  phone +1 555 0100
customer  Acme North  parent Acme
customer  Berlin AG  currency EUR
customer  Corner Store
2026-02-01  invoice  INV-7  Acme  120.00 USD  due 2026-03-03  sent billing@acme.example 2026-02-02
2026-02-02  invoice  INV-8  Acme North  90.00 USD  due 2026-03-04
2026-02-03  invoice  E-1  Berlin AG  300.10 EUR  due 2026-03-05
2026-02-04  invoice  INV-9  Corner Store  75.55 USD  due 2026-03-06
2026-02-05  invoice  INV-10  Corner Store  10.00 USD  status void
2026-02-06  credit  CM-1  Acme  30.00 USD  applied INV-7 20.00 USD
2026-02-10  payment  CHK-88  Acme  50.00 USD  by check  memo "thanks"  for INV-7 40.00 USD
2026-02-11  payment  CHK-89  Corner Store  5.55 USD  by check  for INV-9 5.55 USD
2026-02-12  payment  CHK-90  Corner Store  7.00 USD  by check  status returned
2026-02-13  deposit  Checking  of CHK-88
company  Lakeside  home CAD  zone America/Toronto  country CA  realm 9130002
account  Chequing  bank CAD
customer  Maple Ltd
2026-02-01  invoice  L-1  Maple Ltd  10.00 CAD
"""

Json = dict[str, Any]


def inspector(call: Call, answer: Answer) -> list[str]:
    """Every answer must be Intuit's, and whatever was accepted must have been acceptable to Intuit."""
    if not where.available("quickbooks") or not call.path.startswith("/v3/company/") or answer.status == 401:
        return []
    found = judge.answer_errors(call.target, answer.body)
    if "intuit_tid" not in answer.headers:
        found.append("no intuit_tid")
    return found + (judge.request_errors(call.method, call.target, call.body) if answer.status == 200 else [])


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back: the status, the JSON with exact amounts, the raw bytes and the headers."""

    status: int
    json: Json
    raw: bytes
    headers: Mapping[str, str]

    @property
    def code(self) -> str:
        """The code of the first fault, "" without one."""
        faults = self.json.get("Fault", {}).get("Error") or self.json.get("fault", {}).get("error") or [{}]
        return str(faults[0].get("code", ""))


class Books:
    """A client of one company, as plain as can be."""

    def __init__(self, server: Server, realm: str = REALM) -> None:
        self._url = server.url
        self._realm = realm
        self.token = f"access-{realm}-1"

    def send(self, method: str, path: str, body: object = None, **parameters: str) -> Reply:
        """One call; `body` is sent as JSON, or as it is when it is text."""
        content = body.encode() if isinstance(body, str) else None if body is None else written(body)
        answer = requests.request(
            method,
            f"{self._url}/v3/company/{self._realm}/{path}",
            params={"minorversion": "75", **parameters},
            data=content,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=10,
        )
        return Reply(
            status=answer.status_code, json=read(answer.content), raw=answer.content, headers=dict(answer.headers)
        )

    def query(self, text: str) -> Reply:
        """A query by GET."""
        return self.send("GET", "query", query=text)

    def rows(self, text: str) -> list[Json]:
        """The rows of a query that succeeds."""
        reply = self.query(text)
        assert reply.status == 200, reply.json
        response = reply.json["QueryResponse"]
        found = [one for one in response.values() if isinstance(one, list)]
        return list(found[0]) if found else []

    def one(self, entity: str, vendor_id: str) -> Json:
        """One object by id."""
        reply = self.send("GET", f"{entity.lower()}/{vendor_id}")
        assert reply.status == 200, reply.json
        return dict(reply.json[entity])

    def post(self, entity: str, body: Json, **parameters: str) -> Reply:
        """One write, whatever becomes of it."""
        return self.send("POST", entity.lower(), body, **parameters)

    def made(self, entity: str, body: Json, **parameters: str) -> Json:
        """One write that succeeds."""
        reply = self.post(entity, body, **parameters)
        assert reply.status == 200, reply.json
        return dict(reply.json[entity])

    def invoice(self, number: str) -> Json:
        """The invoice of that number."""
        [found] = self.rows(f"SELECT * FROM Invoice WHERE DocNumber = '{number}'")
        return found

    def account(self, name: str) -> Json:
        """The account of that name."""
        [found] = self.rows(f"SELECT * FROM Account WHERE Name = '{name}'")
        return found

    def customer(self, name: str) -> Json:
        """The customer of that name."""
        [found] = self.rows(f"SELECT * FROM Customer WHERE DisplayName = '{name}'")
        return found


def read(raw: bytes) -> Json:
    """JSON with exact amounts."""
    document = json.loads(raw, parse_float=Decimal)
    assert isinstance(document, dict)
    return document


def written(body: object) -> bytes:
    """JSON of a body whose amounts are Decimal: each is written digit by digit."""
    amounts: list[str] = []

    def mark(value: object) -> str:
        assert isinstance(value, Decimal)
        amounts.append(format(value, "f"))
        return f"\0{len(amounts) - 1}\0"

    text = json.dumps(body, default=mark)
    for index, amount in enumerate(amounts):
        text = text.replace(f'"\\u0000{index}\\u0000"', amount)
    return text.encode()


def payment(books: Books, customer: str, amount: str, *shares: tuple[str, str], **more: object) -> Json:
    """The body of a payment that settles these invoices (number and amount)."""
    payer = books.customer(customer)
    return {
        "CustomerRef": {"value": payer["Id"]},
        "TotalAmt": Decimal(amount),
        "TxnDate": "2026-03-01",
        "CurrencyRef": {"value": payer["CurrencyRef"]["value"]},
        "Line": [
            {
                "Amount": Decimal(share),
                "LinkedTxn": [{"TxnId": books.invoice(number)["Id"], "TxnType": "Invoice"}],
            }
            for number, share in shares
        ],
        **more,
    }


TIED = ("Invoice", "CreditMemo", "Payment", "JournalEntry", "Deposit", "Account", "Customer")
"""The entities whose figures must tie out."""


def untied(books: Books) -> list[str]:
    """Every figure of a company that does not follow from the others, one sentence each."""
    return untied_rows({entity: books.rows(f"SELECT * FROM {entity} MAXRESULTS 1000") for entity in TIED})


def untied_rows(rows: Mapping[str, list[Json]]) -> list[str]:
    """The identities of the books, held against what was served."""
    problems = []
    taken: dict[tuple[str, str], Decimal] = {}
    giving = {
        entry["Id"]
        for entry in rows.get("JournalEntry", [])
        for line in _owing(entry)
        if line["JournalEntryLineDetail"]["PostingType"] == "Credit"
    }
    for one in rows["Payment"]:
        signed = Decimal(0)
        for line in one["Line"]:
            [link] = line["LinkedTxn"]
            key = (link["TxnType"], link["TxnId"])
            taken[key] = taken.get(key, Decimal(0)) + line["Amount"]
            gives = link["TxnType"] == "CreditMemo" or (link["TxnType"] == "JournalEntry" and link["TxnId"] in giving)
            signed += -line["Amount"] if gives else line["Amount"]
        if one["TotalAmt"] != signed + one["UnappliedAmt"]:
            problems.append(f"payment {one['Id']} is not its lines and its unapplied rest")
    for entity, left in (("Invoice", "Balance"), ("CreditMemo", "RemainingCredit")):
        problems += [
            f"{entity} {one['DocNumber']} is not what was taken of it and what is open"
            for one in rows[entity]
            if one["TotalAmt"] - one[left] != taken.pop((entity, one["Id"]), Decimal(0))
        ]
    used: dict[str, Decimal] = {}
    for entry in rows.get("JournalEntry", []):
        used[entry["Id"]] = taken.pop(("JournalEntry", entry["Id"]), Decimal(0))
        if used[entry["Id"]] > max((line["Amount"] for line in _owing(entry)), default=Decimal(0)):
            problems.append(f"more is taken of JournalEntry {entry['Id']} than it puts on a customer")
    problems += [f"a payment takes of {entity} {vendor_id}, which is not there" for entity, vendor_id in taken]
    return problems + _unowed(rows, used)


def _owing(entry: Json) -> list[Json]:
    """The lines of a journal entry that name a customer."""
    return [line for line in entry["Line"] if "Entity" in line["JournalEntryLineDetail"]]


_OWED = (("Invoice", "Balance", 1), ("CreditMemo", "RemainingCredit", -1), ("Payment", "UnappliedAmt", -1))


def _unowed(rows: Mapping[str, list[Json]], used: Mapping[str, Decimal]) -> list[str]:
    by_account: dict[str, Decimal] = {}
    by_customer: dict[str, Decimal] = {}
    for entity, figure, sign in _OWED:
        for one in rows[entity]:
            code, who = one["CurrencyRef"]["value"], one["CustomerRef"]["value"]
            by_account[code] = by_account.get(code, Decimal(0)) + sign * one[figure]
            by_customer[who] = by_customer.get(who, Decimal(0)) + sign * one[figure]
    for entry in rows.get("JournalEntry", []):
        for line in _owing(entry):
            detail, code = line["JournalEntryLineDetail"], entry["CurrencyRef"]["value"]
            who, left = detail["Entity"]["EntityRef"]["value"], line["Amount"] - used[entry["Id"]]
            signed = left if detail["PostingType"] == "Debit" else -left
            by_account[code] = by_account.get(code, Decimal(0)) + signed
            by_customer[who] = by_customer.get(who, Decimal(0)) + signed
    for deposit in rows.get("Deposit", []):
        for line in deposit["Line"]:
            detail, code = line.get("DepositLineDetail", {}), deposit["CurrencyRef"]["value"]
            if "Entity" in detail:
                who = detail["Entity"]["value"]
                by_account[code] = by_account.get(code, Decimal(0)) - line["Amount"]
                by_customer[who] = by_customer.get(who, Decimal(0)) - line["Amount"]
    wrong = [
        f"account {one['Name']} holds {one['CurrentBalance']}"
        for one in rows["Account"]
        if one["AccountType"] == "Accounts Receivable"
        and one["CurrentBalance"] != by_account.get(one["CurrencyRef"]["value"], Decimal(0))
    ]
    return wrong + [
        f"customer {one['DisplayName']} owes {one['Balance']}"
        for one in rows["Customer"]
        if one["Balance"] != by_customer.get(one["Id"], Decimal(0))
    ]


def served(stand_in: StandIn, realm: str) -> dict[str, list[Json]]:
    """What must tie out, asked without a socket in between."""
    rows = {}
    for entity in TIED:
        answer = ask(stand_in, "GET", "query", query=f"SELECT * FROM {entity} MAXRESULTS 1000", realm=realm)
        rows[entity] = list(answer["QueryResponse"].get(entity, []))
    return rows


def ask(stand_in: StandIn, method: str, path: str, body: object = None, **parameters: str) -> Json:
    """One call without a socket in between, of the first company unless `realm` names another."""
    realm = parameters.pop("realm", REALM)
    call = Call(
        method=method,
        path=f"/v3/company/{realm}/{path}",
        query={name: [value] for name, value in parameters.items()},
        headers={"authorization": f"Bearer access-{realm}-1"},
        body=written(body) if body is not None else b"",
        target="",
    )
    return read(stand_in.answer(call).body)
