"""Whatever Stripe adds to its documents: a record with its money and a finding, or a refusal that names the place.

Stripe's own example objects are changed at places that Stripe's own description names: a word it has not said before,
a field it has not sent before, null where null is allowed, an amount that is no whole number.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.stripe import ledger, payments, shapes, translate, wire
from connector.errors import MalformedAnswer
from connector.model.finding import FindingCode
from connector.model.mirror import Gone, Noun
from connector.money import Money
from tests.stripe_rig import WHERE, example, text
from tests.vendor.stripe_spec import ROOT, components

Place = tuple[str | int, ...]
Outcome = tuple[Noun | Gone, translate.Findings]


class Subject(NamedTuple):
    """One kind of document: its shape, its translation, what is settled in the example, and the word that decides what
    becomes of it."""

    shape: type[Any]
    to_noun: Callable[[Any, translate.Where], Outcome]
    settled: dict[str, Any]
    decides: str | None = None


LINE = {"amount": 10_000, "fee": 320, "net": 9_680, "source": "ch_1"}
SUBJECTS: dict[str, Subject] = {
    "balance_transaction": Subject(wire.BalanceTransaction, ledger.balance_entry, LINE, "reporting_category"),
    "charge": Subject(
        wire.Charge,
        payments.payment,
        {"amount": 10_000, "amount_captured": 10_000, "captured": True, "balance_transaction": {"is": "a line"}},
        "status",
    ),
    "credit_note": Subject(
        shapes.CreditNote,
        translate.credit_note,
        {"pre_payment_amount": 690, "post_payment_amount": 1_000, "refunds": []},
        "status",
    ),
    "customer": Subject(wire.Customer, translate.customer, {}),
    "customer_balance_transaction": Subject(shapes.CreditLine, translate.credit_entry, {}, "type"),
    "customer_cash_balance_transaction": Subject(shapes.CashLine, translate.cash_entry, {}, "type"),
    "dispute": Subject(wire.Dispute, payments.dispute, {}, "status"),
    "invoice": Subject(wire.Invoice, translate.invoice, {"status": "open"}, "status"),
    "invoice_payment": Subject(
        wire.InvoicePayment,
        translate.allocation,
        {"currency": "usd", "amount_requested": 1_000, "amount_paid": 1_000, "status": "paid"},
        "status",
    ),
    "payment_intent": Subject(wire.PaymentIntent, payments.attempt, {}, "status"),
    "payment_record": Subject(shapes.PaymentRecord, payments.record, {"reported_by": "self"}, "reported_by"),
    "payout": Subject(wire.Payout, lambda row, where: ledger.payout(row, where, None), {}, "status"),
    "refund": Subject(wire.Refund, payments.refund, {}, "status"),
}
NEW_WORDS = st.from_regex(r"[a-z]{3,12}_2027", fullmatch=True)
NEW_VALUES = st.sampled_from([None, True, 7, "text", [1.5, {}], {"deep": [{"er": 10.25}]}])
NO_AMOUNTS = st.sampled_from([10.5, 10.0, "10", True, [10], {"value": 10}])


@cache
def document(name: str) -> dict[str, Any]:
    """Stripe's example, with what is settled in it."""
    made = example(name, **SUBJECTS[name].settled)
    if name == "charge":
        made["balance_transaction"] = example("balance_transaction", **LINE)
    return made


@cache
def places(name: str) -> tuple[tuple[Place, ...], tuple[Place, ...], tuple[Place, ...]]:
    """Where the example holds one of a closed list of words, where it may be null, and where it is an object."""
    found = list(_walk({"$ref": f"{ROOT}#/components/schemas/{name}"}, document(name), ()))
    words, nullable, objects = (tuple(dict.fromkeys(at for kind, at in found if kind == wanted)) for wanted in "wno")
    return words, nullable, objects


def _walk(schema: dict[str, Any], value: Any, at: Place) -> Iterator[tuple[str, Place]]:
    if "$ref" in schema:
        yield from _walk(components()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]], value, at)
        return
    branches = schema.get("anyOf", ())
    if {"type": "null"} in branches and at:
        yield "n", at
    for branch in branches:
        yield from _walk(branch, value, at)
    if "enum" in schema and isinstance(value, str) and at and at[-1] != "object":
        yield "w", at
    if isinstance(value, dict) and "properties" in schema:
        yield "o", at
        for key in value.keys() & schema["properties"].keys():
            yield from _walk(schema["properties"][key], value[key], (*at, key))
    if isinstance(value, list) and "items" in schema:
        for index, one in enumerate(value):
            yield from _walk(schema["items"], one, (*at, index))


def put(tree: Any, at: Place, value: object) -> None:
    """Set one place, unless what was around it has gone."""
    holder: Any = tree
    for step in at[:-1]:
        holder = holder[step] if holder is not None else None
    if holder is not None:
        holder[at[-1]] = value


def read(name: str, changed: object) -> Outcome:
    subject = SUBJECTS[name]
    return subject.to_noun(wire.decode(text(changed), subject.shape), WHERE)


def money(record: object) -> dict[str, Money]:
    """The amounts a record is about: not fee and net, which need a ledger line, nor what is derived from a state."""
    amounts = {"amount", "gross", "total", "open", "balance", "refunded"}
    return {
        field.name: value
        for field in dataclasses.fields(record)  # type: ignore[arg-type]
        if field.name in amounts and isinstance(value := getattr(record, field.name), Money)
    }


@pytest.mark.req("S10")
@pytest.mark.parametrize("name", SUBJECTS)
@settings(max_examples=40)
@given(data=st.data())
def test_new_words_new_fields_and_nulls_never_crash_and_never_lose_money_silently(
    name: str, data: st.DataObject
) -> None:
    words, nullable, objects = places(name)
    changed = copy.deepcopy(document(name))
    for at in data.draw(st.lists(st.sampled_from(objects), max_size=3)):
        put(changed, (*at, data.draw(NEW_WORDS)), data.draw(NEW_VALUES))
    if words:
        for at in data.draw(st.lists(st.sampled_from(words), max_size=3)):
            put(changed, at, data.draw(NEW_WORDS))
    if nullable:
        for at in data.draw(st.lists(st.sampled_from(nullable), max_size=4)):
            put(changed, at, None)
    record, found = read(name, changed)
    before = money(read(name, document(name))[0])
    if money(record) != before:
        assert {one.amount for one in found} & set(before.values())


@pytest.mark.req("S10")
@pytest.mark.parametrize("name", [name for name, subject in SUBJECTS.items() if subject.decides])
@settings(max_examples=15)
@given(word=NEW_WORDS)
def test_a_new_word_where_the_state_is_decided_is_told_with_the_word_and_the_money(name: str, word: str) -> None:
    decides = SUBJECTS[name].decides or ""
    _, found = read(name, {**document(name), decides: word})
    told = [one for one in found if one.code is FindingCode.UNKNOWN_VALUE]
    assert len(told) == 1
    assert word in told[0].sentence
    assert told[0].amount is not None
    assert told[0].amount.minor != 0


@pytest.mark.req("S10")
@pytest.mark.parametrize("name", SUBJECTS)
@settings(max_examples=15)
@given(field=NEW_WORDS, value=NEW_VALUES)
def test_a_new_field_is_noticed_and_changes_nothing(name: str, field: str, value: object) -> None:
    changed = {**document(name), field: value}
    assert wire.unknown_fields(text(changed), name) == {field}
    assert read(name, changed) == read(name, document(name))


@pytest.mark.req("F17", "S10")
@pytest.mark.parametrize("name", [name for name in SUBJECTS if name != "payment_record"])  # its amounts are objects
@settings(max_examples=20)
@given(data=st.data())
def test_what_is_no_whole_amount_is_refused_by_its_place_and_never_becomes_another_amount(
    name: str, data: st.DataObject
) -> None:
    whole = document(name)
    amounts = sorted(key for key, value in whole.items() if type(value) is int and key != "created")
    field = data.draw(st.sampled_from(amounts))
    try:
        outcome = read(name, {**whole, field: data.draw(NO_AMOUNTS)})
    except MalformedAnswer as refused:
        assert f"(at $.{field})" in refused.sentence  # noqa: PT017  the other way out is allowed as well
    else:
        assert outcome == read(name, whole)
