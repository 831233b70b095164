"""A plan in groups: by processor and kind, by reason, by account; and every sum is that of its lines."""

from __future__ import annotations

import pytest

from connector.model.intent import IntentKind
from connector.model.party import AccountRole
from connector.model.source import Kind
from connector.money import by_currency
from connector.plan.groups import account_effects, amount_of, left_out_groups, line_groups, sums_of
from tests.builders import money, ref
from tests.unit.test_plan import Books


@pytest.fixture
def books() -> Books:
    made = Books()
    made.paid("ch_1", "INV-1", "120.00", "3.78")
    made.paid("ch_2", "INV-2", "80.00", "2.62")
    return made


def test_lines_are_grouped_by_processor_and_kind_with_their_numbers_and_sums(books: Books) -> None:
    made = books.plan()
    groups = line_groups(made.lines)
    assert [(each.connection, each.kind, [number for number, _ in each.lines]) for each in groups] == [
        ("stripe", IntentKind.PAYMENT, [1, 2]),
        ("stripe", IntentKind.EXPENSE, [3, 4]),
    ]
    assert [each.sums for each in groups] == [(money("200.00"),), (money("6.40"),)]
    assert sums_of(made.lines) == (money("206.40"),)


def test_currencies_are_never_added_together(books: Books) -> None:
    euro = books.mirror.account("Stripe Clearing EUR", AccountRole.BANK, code="EUR")
    fees = books.posting.fees
    books.posting.clearing[money("1 EUR").currency] = euro
    books.mirror.customer("Birch", code="EUR")
    books.mirror.invoice("INV-3", "Birch", "50.00 EUR")
    books.mirror.charge("ch_3", "50.00 EUR", memo="INV-3")
    assert fees is not None
    made = books.plan()
    (payments,) = [each for each in line_groups(made.lines) if each.kind is IntentKind.PAYMENT]
    assert payments.sums == (money("50.00 EUR"), money("200.00"))


def test_what_is_left_out_is_grouped_by_reason_the_commonest_first(books: Books) -> None:
    books.mirror.charge("ch_3", "11.00", memo="thanks")
    books.mirror.charge("ch_4", "12.00", memo="thanks")
    books.mirror.charge("ch_5", "13.00", memo="INV-9")
    made = books.plan()
    groups = left_out_groups(made.left_out)
    assert sum(len(each.findings) for each in groups) == len(made.left_out) == 3
    assert [len(each.findings) for each in groups] == sorted((len(each.findings) for each in groups), reverse=True)
    for each in groups:
        assert {finding.code for finding in each.findings} == {each.code}
        assert each.sums == tuple(by_currency(x.amount for x in each.findings if x.amount is not None).values())


def test_an_account_is_shown_before_and_after_where_the_books_say_what_it_holds(books: Books) -> None:
    books.mirror.account("Accounts Receivable", AccountRole.RECEIVABLE, balance="200.00")
    clearing = ref(Kind.ACCOUNT, "Stripe Clearing")
    assert clearing in books.posting.clearing.values() or books.posting.clearing
    rows = {each.account: each for each in account_effects(books.plan())}
    owed = rows["Accounts receivable"]
    assert (owed.before, owed.change, owed.after, owed.parts) == (
        money("200.00"),
        money("-200.00"),
        money("0.00"),
        1,
    )
    assert rows["Stripe Fees"].before is None
    assert rows["Stripe Fees"].after is None


def test_an_account_whose_name_another_has_too_is_not_guessed_at(books: Books) -> None:
    books.mirror.account("Accounts Receivable", AccountRole.RECEIVABLE, balance="200.00")
    books.mirror.account("Accounts Receivable 2", AccountRole.RECEIVABLE, balance="7.00")
    assert "Accounts receivable" not in {each.account for each in books.plan().balances}


def test_a_line_is_about_what_its_entry_is_about(books: Books) -> None:
    assert [amount_of(line) for line in books.plan().lines] == [money(text) for text in ("120", "80", "3.78", "2.62")]
