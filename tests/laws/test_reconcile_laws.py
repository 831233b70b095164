"""What holds for every small world, hostile ones included: no cent is made, lost, or applied twice."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.collect.aging import aging
from connector.dates import business_date
from connector.model.firm import MatchingRules
from connector.model.money_in import PaymentState
from connector.model.source import Kind, Ref, Tag
from connector.money import Money
from connector.reconcile.cash.verdict import Class
from connector.reconcile.match import decide, reconcile
from connector.reconcile.options import Review
from connector.reconcile.references import numbers_in, tokens
from connector.reconcile.tieout import open_items
from tests.builders import BOOKS, PROCESSOR, Mirror

CUSTOMERS = ("Acme", "Birch")
NUMBERS = ("INV-1001", "INV-1002", "1003", "1004/7")
CURRENCIES = ("USD", "JPY", "KWD")

amounts = st.integers(min_value=1, max_value=500)
invoices = st.tuples(st.sampled_from(NUMBERS), st.sampled_from(CUSTOMERS), amounts, st.sampled_from(CURRENCIES))
texts = st.lists(st.sampled_from((*NUMBERS, "INV-9", "thanks", "1001")), max_size=3).map(" ".join)
charges = st.tuples(amounts, st.sampled_from(CURRENCIES), texts, st.sampled_from((None, *NUMBERS)), st.booleans())


@st.composite
def worlds(draw: st.DrawFn) -> Mirror:
    mirror = Mirror()
    for name in CUSTOMERS:
        mirror.customer(name, email=f"{name}@x.example")
        mirror.customer(f"cus_{name}", email=f"{name}@x.example", at=PROCESSOR)
    for index, (number, customer, amount, code) in enumerate(draw(st.lists(invoices, max_size=6))):
        mirror.invoice(number, customer, f"{amount} {code}", issued=f"2026-03-{index + 1:02d}")
    for index, (customer, amount) in enumerate(
        draw(st.lists(st.tuples(st.sampled_from(CUSTOMERS), amounts), max_size=2))
    ):
        mirror.credit(f"CM-{index + 1}", customer, f"{amount} USD")
    for index, (amount, code, text, key, known) in enumerate(draw(st.lists(charges, max_size=8))):
        mirror.charge(
            f"ch_{index}",
            f"{amount} {code}",
            memo=text,
            tags=(Tag("invoice_number", key),) if key is not None else (),
            customer=draw(st.sampled_from(("cus_Acme", "cus_Birch"))) if known else None,
            state=draw(st.sampled_from((PaymentState.SUCCEEDED, PaymentState.SUCCEEDED, *PaymentState))),
            on=f"2026-04-{draw(st.integers(1, 28)):02d}",
        )
    return mirror


rules = st.builds(
    MatchingRules,
    automatic=st.sampled_from((MatchingRules().automatic, (), tuple(each.value for each in Class))),
    oldest_first=st.booleans(),
)


@settings(max_examples=250)
@given(worlds(), rules)
def test_no_payment_gives_more_than_it_brought_and_no_invoice_takes_more_than_is_open(
    mirror: Mirror, chosen: MatchingRules
) -> None:
    seen = replace(mirror.seen(), rules=chosen)
    applied: dict[Ref, int] = defaultdict(int)
    for decision in reconcile(seen).decisions:
        brought = seen.payments[decision.payment].gross.minor if decision.beside is None else 0
        notes = [each.amount.minor for each in decision.allocations if each.target.kind is Kind.CREDIT_NOTE]
        given_out = sum(allocation.amount.minor for allocation in decision.allocations) - sum(notes)
        assert given_out + decision.unapplied.minor == brought + sum(notes)
        assert decision.gross.minor == brought
        assert decision.unapplied.minor >= 0
        for allocation in decision.allocations:
            assert allocation.amount.minor > 0
            assert allocation.amount.currency == decision.gross.currency
            applied[allocation.target] += allocation.amount.minor
    for target, minor in applied.items():
        held = seen.invoices.get(target) or seen.credit_notes[target]
        assert Money(minor, held.open.currency) <= held.open


@settings(max_examples=150)
@given(worlds(), rules)
def test_whoever_asks_for_amounts_alone_gets_the_same_decisions(mirror: Mirror, chosen: MatchingRules) -> None:
    seen = replace(mirror.seen(), rules=chosen)
    full = [(one.payment, one.allocations, one.unapplied) for one in reconcile(seen).decisions]
    assert [(one.payment, one.allocations, one.unapplied) for one in decide(seen)] == full


@settings(max_examples=150)
@given(worlds())
def test_what_a_person_may_say_yes_to_gives_out_what_came_and_no_more_than_is_open(mirror: Mirror) -> None:
    seen = mirror.seen()
    for row in Review(seen, reconcile(seen)).waiting():
        for option in row.options:
            given_out = sum(each.amount.minor for each in option.allocations)
            assert given_out + option.unapplied.minor == row.gross.minor
            assert option.unapplied.minor >= 0
            for each in option.allocations:
                held = seen.invoices.get(each.target) or seen.credit_notes[each.target]
                assert abs(each.amount.minor) <= held.open.minor
                assert (each.amount.minor < 0) is (each.target.kind is Kind.CREDIT_NOTE)


@settings(max_examples=200)
@given(worlds())
def test_every_payment_is_decided_or_listed_and_only_money_is_decided(mirror: Mirror) -> None:
    seen = mirror.seen()
    outcome = reconcile(seen)
    decided = [decision.payment for decision in outcome.decisions]
    listed = {finding.refs[0] for finding in outcome.findings}
    assert len(decided) == len(set(decided))
    assert set(decided) | listed >= set(seen.payments)
    money = [each.payment for each in outcome.decisions if each.beside is None]
    assert all(seen.payments[each].state is PaymentState.SUCCEEDED for each in money)


@settings(max_examples=150)
@given(worlds())
def test_the_order_of_the_records_changes_nothing(mirror: Mirror) -> None:
    assert reconcile(mirror.seen()) == reconcile(mirror.seen(backwards=True))


@given(st.text(max_size=300))
def test_tokens_are_parts_of_the_text_and_numbers_are_tokens(text: str) -> None:
    assert all(token in text for token in tokens(text))
    assert set(numbers_in(text)) <= set(tokens(text))


shares = st.integers(min_value=0, max_value=500)
entries = st.tuples(
    st.sampled_from(CUSTOMERS), st.integers(-500, 500).filter(bool), st.sampled_from(CURRENCIES), shares
)


@settings(max_examples=200)
@given(
    st.lists(invoices, max_size=4),
    st.lists(entries, max_size=4),
    st.lists(st.tuples(amounts, st.booleans()), max_size=4),
)
def test_the_aging_is_what_the_books_open_items_add_up_to_whatever_stands_there(
    debts: list[tuple[str, str, int, str]],
    by_hand: list[tuple[str, int, str, int]],
    credits_given: list[tuple[int, bool]],
) -> None:
    mirror = Mirror()
    for index, (number, customer, amount, code) in enumerate(debts):
        mirror.invoice(f"{number}-{index}", customer, f"{amount} {code}")
    for index, (customer, amount, code, share) in enumerate(by_hand):
        entry = mirror.by_hand(f"JournalEntry:{index}", customer, f"{amount} {code}")
        state = PaymentState.VOID if share % 3 == 0 else PaymentState.SUCCEEDED
        mirror.received(f"p-{index}", CUSTOMERS[index % 2], f"{share} {code}", {entry: f"{share} {code}"}, state=state)
    for index, (amount, is_cash) in enumerate(credits_given):
        if is_cash:
            mirror.received(f"q-{index}", "Acme", f"{amount}", unapplied=f"{amount}")
        else:
            mirror.credit(f"CM-{index}", "Birch", f"{amount}")
    seen = mirror.seen()
    aged = {row.total.currency: row.total.minor for row in aging(seen, BOOKS, business_date("2026-06-10")).totals}
    held = {code: amount.minor for code, amount in open_items(seen).items()}
    assert {code: minor for code, minor in aged.items() if minor} == {
        code: minor for code, minor in held.items() if minor
    }
