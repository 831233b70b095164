"""Worlds in the field's notation: what an accountant can read and write, and a stand-in can serve.

The notation is specified in the README of this room. Fields are separated by two or more spaces; a line starts with a
date when the thing it tells of has one. A line says in which system its record lives (`in quickbooks`, `in stripe`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from connector.dates import BusinessDate, business_date
from connector.errors import UserError
from connector.money import Currency, Money, currency, from_text
from connector.testing.nouns import (
    PAYPAL,
    QUICKBOOKS,
    STRIPE,
    World,
    WorldAccount,
    WorldContact,
    WorldCredit,
    WorldCustomer,
    WorldDeposit,
    WorldDispute,
    WorldInvoice,
    WorldJournal,
    WorldNote,
    WorldPayment,
    WorldPayout,
    WorldReceipt,
    WorldRefund,
)

__all__ = (
    "PAYPAL",
    "QUICKBOOKS",
    "STRIPE",
    "World",
    "WorldAccount",
    "WorldContact",
    "WorldCredit",
    "WorldCustomer",
    "WorldDeposit",
    "WorldDispute",
    "WorldInvoice",
    "WorldJournal",
    "WorldNote",
    "WorldPayment",
    "WorldPayout",
    "WorldReceipt",
    "WorldRefund",
    "parse",
)


@dataclass(slots=True)
class _Line:
    """One line taken apart: what stands in order, and what is named by its first word."""

    number: int
    on: BusinessDate | None
    word: str
    plain: list[str]
    named: dict[str, str]

    def take(self, index: int, what: str) -> str:
        if index >= len(self.plain):
            raise self.wrong(f"needs {what}")
        return self.plain[index]

    def day(self) -> BusinessDate:
        if self.on is None:
            raise self.wrong("needs a date in front")
        return self.on

    def date(self, name: str, fallback: BusinessDate) -> BusinessDate:
        return business_date(self.named[name]) if name in self.named else fallback

    def amount(self, index: int) -> Money:
        return _money(self.take(index, "an amount such as 120.00 USD"))

    def wrong(self, sentence: str) -> UserError:
        return UserError(
            f"Line {self.number} of the world ({self.word}) {sentence}.",
            next_step="The notation is described in connector/testing/README.md.",
        )


_NAMED = {
    "account": set(),
    "company": {"home", "zone", "country", "realm", "stripe", "paypal", "closed"},
    "customer": {"email", "phone", "parent", "currency", "in"},
    "invoice": {"due", "sent", "status", "in"},
    "credit": {"applied"},
    "payment": {"by", "memo", "key", "status", "fee", "settled", "for", "in"},
    "refund": {"of", "status"},
    "dispute": {"of", "status", "reason", "fee"},
    "payout": {"of", "status"},
    "deposit": {"of"},
    "note": {"in"},
    "contact": {"said", "by", "role", "promised", "next"},
    "journal": {"against", "memo"},
    "receipt": {"into"},
    "refunded": {"from"},
}
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_GAP = re.compile(r"\s{2,}")


def _money(text: str) -> Money:
    number, _, code = text.strip().partition(" ")
    return from_text(number, currency(code))


def _shares(text: str) -> tuple[tuple[str, Money], ...]:
    """`INV-7 100.00 USD, INV-8 20.00 USD` as pairs."""
    shares = []
    for share in text.split(","):
        number, _, amount = share.strip().partition(" ")
        shares.append((number, _money(amount)))
    return tuple(shares)


def _systems(text: str | None, fallback: str) -> dict[str, str]:
    """`quickbooks and stripe as in_7` as {"quickbooks": "", "stripe": "in_7"}."""
    found = {}
    for part in (text or fallback).split(" and "):
        system, _, vendor_id = part.strip().partition(" as ")
        found[system] = vendor_id
    return found


def _members(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _customer(line: _Line, home: Currency) -> WorldCustomer:
    return WorldCustomer(
        name=line.take(0, "a name"),
        email=line.named.get("email"),
        phone=line.named.get("phone"),
        parent=line.named.get("parent"),
        currency=currency(line.named["currency"]) if "currency" in line.named else home,
        systems=_systems(line.named.get("in"), QUICKBOOKS),
    )


def _invoice(line: _Line) -> WorldInvoice:
    sent_to, _, sent_on = line.named.get("sent", "").partition(" ")
    return WorldInvoice(
        number=line.take(0, "a number"),
        customer=line.take(1, "a customer"),
        amount=line.amount(2),
        on=line.day(),
        due=line.date("due", line.day()),
        systems=_systems(line.named.get("in"), QUICKBOOKS),
        sent_to=sent_to or None,
        sent_on=business_date(sent_on) if sent_on else (line.day() if sent_to else None),
        state=line.named.get("status", "open"),
    )


def _payment(line: _Line) -> WorldPayment:
    vendor_id = line.take(0, "an id")
    in_stripe = vendor_id.startswith(("ch_", "py_"))
    named = line.named
    return WorldPayment(
        id=vendor_id,
        customer=line.take(1, "a customer"),
        amount=line.amount(2),
        on=line.day(),
        method=named.get("by", "card" if in_stripe else "check"),
        system=named.get("in", STRIPE if in_stripe else QUICKBOOKS),
        status=named.get("status", "succeeded"),
        memo=named.get("memo"),
        key=named.get("key"),
        fee=_money(named["fee"]) if "fee" in named else None,
        settled=_money(named["settled"]) if "settled" in named else None,
        applied=_shares(named["for"]) if "for" in named else (),
    )


def _credit(line: _Line) -> WorldCredit:
    return WorldCredit(
        number=line.take(0, "a number"),
        customer=line.take(1, "a customer"),
        on=line.day(),
        amount=line.amount(2),
        applied=_shares(line.named["applied"]) if "applied" in line.named else (),
    )


def _refund(line: _Line) -> WorldRefund:
    return WorldRefund(
        id=line.take(0, "an id"),
        payment=line.named["of"],
        on=line.day(),
        amount=line.amount(1),
        status=line.named.get("status", "succeeded"),
    )


def _dispute(line: _Line) -> WorldDispute:
    return WorldDispute(
        id=line.take(0, "an id"),
        payment=line.named["of"],
        on=line.day(),
        amount=line.amount(1),
        reason=line.named.get("reason", "fraudulent"),
        fee=_money(line.named["fee"]) if "fee" in line.named else None,
        status=line.named.get("status", "open"),
    )


def _payout(line: _Line) -> WorldPayout:
    return WorldPayout(
        id=line.take(0, "an id"),
        on=line.day(),
        currency=currency(line.take(1, "a currency")),
        members=_members(line.named["of"]),
        status=line.named.get("status", "paid"),
    )


def _deposit(line: _Line) -> WorldDeposit:
    return WorldDeposit(into=line.take(0, "an account"), on=line.day(), payments=_members(line.named["of"]))


def _note(line: _Line) -> WorldNote:
    return WorldNote(
        invoice=line.take(0, "an invoice number"),
        on=line.day(),
        text=line.take(1, "a text").strip('"'),
        system=line.named.get("in", QUICKBOOKS),
    )


def _contact(line: _Line) -> WorldContact:
    amount, _, by_day = line.named.get("promised", "").partition(" by ")
    return WorldContact(
        invoice=line.take(0, "an invoice number"),
        on=line.day(),
        outcome=line.take(1, "an outcome such as voicemail"),
        person=line.plain[2] if len(line.plain) > 2 else None,  # noqa: PLR2004 - the third field may be left out
        role=line.named.get("role"),
        said=line.named.get("said", ""),
        channel=line.named.get("by", "phone"),
        promised=(_money(amount), business_date(by_day)) if amount else None,
        next_on=business_date(line.named["next"]) if "next" in line.named else None,
    )


def _journal(line: _Line) -> WorldJournal:
    return WorldJournal(
        number=line.take(0, "a number"),
        customer=line.take(1, "a customer"),
        on=line.day(),
        amount=line.amount(2),
        against=line.named.get("against"),
        memo=line.named.get("memo"),
    )


def _receipt(line: _Line) -> WorldReceipt:
    gives_back = line.word == "refunded"
    return WorldReceipt(
        number=line.take(0, "a number"),
        customer=line.take(1, "a customer"),
        on=line.day(),
        amount=line.amount(2),
        account=line.named["from" if gives_back else "into"],
        gives_back=gives_back,
    )


_DATED: dict[str, Callable[[_Line], object]] = {
    "invoice": _invoice,
    "credit": _credit,
    "payment": _payment,
    "refund": _refund,
    "dispute": _dispute,
    "payout": _payout,
    "deposit": _deposit,
    "note": _note,
    "contact": _contact,
    "journal": _journal,
    "receipt": _receipt,
    "refunded": _receipt,
}


@dataclass(slots=True)
class _Draft:
    """A company under construction."""

    facts: dict[str, str]
    name: str
    things: dict[type, list[object]] = field(default_factory=dict)
    expect: list[str] = field(default_factory=list)

    def add(self, thing: object) -> None:
        self.things.setdefault(type(thing), []).append(thing)

    def done(self) -> World:
        closed = self.facts.get("closed")
        kinds: dict[str, type] = {
            "accounts": WorldAccount,
            "customers": WorldCustomer,
            "invoices": WorldInvoice,
            "credits": WorldCredit,
            "payments": WorldPayment,
            "refunds": WorldRefund,
            "disputes": WorldDispute,
            "payouts": WorldPayout,
            "deposits": WorldDeposit,
            "notes": WorldNote,
            "contacts": WorldContact,
            "journals": WorldJournal,
            "receipts": WorldReceipt,
        }
        collected: dict[str, tuple[object, ...]] = {k: tuple(self.things.get(t, ())) for k, t in kinds.items()}
        make: Callable[..., World] = World
        return make(
            name=self.name,
            home=currency(self.facts.get("home", "USD")),
            zone=self.facts.get("zone", "America/New_York"),
            country=self.facts.get("country", "US"),
            realm=self.facts.get("realm", "9130000000000001"),
            stripe_account=self.facts.get("stripe", "acct_world"),
            paypal_account=self.facts.get("paypal", ""),
            closed_through=business_date(closed) if closed else None,
            expect=tuple(self.expect),
            **collected,
        )


def _read(number: int, text: str) -> _Line:
    fields = _GAP.split(text.strip())
    on = business_date(fields.pop(0)) if _DATE.match(fields[0]) else None
    word = fields.pop(0) if fields else ""
    line = _Line(number=number, on=on, word=word, plain=[], named={})
    known = _NAMED.get(word, set())
    for part in fields:
        name, _, value = part.partition(" ")
        if value and name in known:
            line.named[name] = value.strip().strip('"')
        else:
            line.plain.append(part)
    return line


def parse(text: str) -> tuple[World, ...]:
    """Every company of a world's text, in order. UserError names the line that cannot be read."""
    drafts: list[_Draft] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        if not raw.strip() or raw.lstrip().startswith("#"):
            continue
        if raw.startswith("expect"):
            _current(drafts).expect.extend(p.strip() for p in raw.removeprefix("expect").split(";") if p.strip())
            continue
        line = _read(number, raw)
        try:
            _place(line, drafts)
        except KeyError as missing:
            raise line.wrong(f"needs `{missing.args[0]}`") from None
    return tuple(draft.done() for draft in drafts)


def _current(drafts: list[_Draft]) -> _Draft:
    if not drafts:
        drafts.append(_Draft(facts={}, name="World"))
    return drafts[-1]


def _place(line: _Line, drafts: list[_Draft]) -> None:
    if line.word == "company":
        drafts.append(_Draft(facts=line.named, name=line.take(0, "a name")))
        return
    draft = _current(drafts)
    home = currency(draft.facts.get("home", "USD"))
    if line.word == "customer":
        draft.add(_customer(line, home))
    elif line.word == "account":
        role, _, code = line.take(1, "a role such as bank USD").partition(" ")
        draft.add(WorldAccount(name=line.take(0, "a name"), role=role, currency=currency(code) if code else home))
    elif line.word in _DATED:
        draft.add(_DATED[line.word](line))
    else:
        raise line.wrong("is of no known kind")
