"""How a PayPal account's reports are read: in windows that fit, once each, and the same however often it is killed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.dates import after
from connector.errors import MalformedAnswer, Rejected, SettingsError
from connector.model.money_in import PaymentState
from connector.model.settlement import BalanceEntry, EntryNature
from connector.model.source import Kind
from tests.paypal_rig import Desk, entries, key, open_desk, payment, refund_of, ties, usd

LINES = "/v1/reporting/transactions"
BALANCES = "/v1/reporting/balances"
DAY = 86_400


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_desk() as opened:
        yield opened


@pytest.mark.req("Y9")
def test_one_transactions_lines_are_kept_apart(desk: Desk) -> None:
    same = "TWINTWINTWINTWIN2"
    desk.people.pay("10.00", vendor_id=same)
    desk.clock.pass_seconds(60)
    desk.people.pay("10.00", vendor_id=same)
    desk.people.line("T0700", "-3.00")
    desk.read()
    assert len(entries(desk)) == 3
    assert ties(desk)


@pytest.mark.req("Y9")
def test_a_window_with_too_many_lines_is_halved_until_each_part_fits(desk: Desk) -> None:
    desk.people.conduct(lines_max=10)
    for _ in range(64):
        desk.clock.pass_seconds(1800)
        desk.people.pay("1.00")
    desk.read()
    assert len(entries(desk)) == 64
    assert ties(desk)
    refused = sum(1 for _, path, status in desk.server.calls if path == LINES and status == 400)
    assert refused > 3


@pytest.mark.req("Y9")
def test_a_second_with_too_many_lines_stops_the_reading_loudly(desk: Desk) -> None:
    desk.people.conduct(lines_max=10)
    for _ in range(11):
        desk.people.pay("1.00")
    desk.pass_hours(1)
    with pytest.raises(Rejected, match="than it hands out at once"):
        desk.read()


def test_pages_of_one_window_are_read_one_by_one(desk: Desk) -> None:
    for _ in range(7):
        desk.clock.pass_seconds(60)
        desk.people.pay("1.00")
    desk.read(desk.adapter(page_size_max="3"))
    assert len(entries(desk)) == 7


@pytest.mark.req("Y9")
@pytest.mark.parametrize(
    ("fault", "page"), [("empty-page", 1), ("empty-page", 2), ("empty-page", 3), ("short-page", 1), ("short-page", 2)]
)
def test_a_page_with_fewer_lines_than_it_says_there_are_is_asked_for_again(desk: Desk, fault: str, page: int) -> None:
    for _ in range(7):
        desk.clock.pass_seconds(60)
        desk.people.pay("1.00")
    desk.faults(f"GET  {LINES}  {page}  answer-before  {fault}")
    desk.read(desk.adapter(page_size_max="3", read_from="2026-05-15"))
    assert desk.turns.lanes["reports"].taken - desk.asked("GET", LINES) - desk.asked("GET", BALANCES) == 1
    assert (len(entries(desk)), ties(desk)) == (7, True)


def test_a_page_that_goes_on_lacking_lines_ends_the_reading_and_no_line_is_passed_over(desk: Desk) -> None:
    for _ in range(7):
        desk.clock.pass_seconds(60)
        desk.people.pay("1.00")
    adapter = desk.adapter(page_size_max="3", read_from="2026-05-15")
    desk.faults(f"GET  {LINES}  0  answer-before  empty-page")
    with pytest.raises(MalformedAnswer, match="fewer transactions than it says"):
        desk.read(adapter)
    assert entries(desk) == []
    desk.server.clear_faults()
    desk.read(adapter)
    assert (len(entries(desk)), ties(desk)) == (7, True)


@pytest.mark.parametrize("fault", ["empty-page", "too-large"])
def test_a_transaction_that_is_looked_for_is_found_whatever_became_of_the_pages_before_it(
    desk: Desk, fault: str
) -> None:
    """A refund of ours that was not found would be asked for once more."""
    adapter = desk.adapter(page_size_max="1")
    capture = adapter.capture_page(desk.approved(adapter), key()).ref
    intent = refund_of(capture, "50.00")
    desk.clock.pass_seconds(60)
    given = adapter.give_back(intent, key("BACKBACKBACKBACKBACK"))
    desk.books.orders.clear()
    desk.faults(f"GET  {LINES}  2  answer-before  {fault}")
    (found,) = adapter.find_given_back(intent, key("BACKBACKBACKBACKBACK"))
    assert (found.ref, found.amount) == (given.ref, usd("50.00"))


def test_reports_that_grow_between_two_pages_are_begun_again(desk: Desk) -> None:
    for _ in range(6):
        desk.clock.pass_seconds(60)
        desk.people.pay("1.00")
    adapter = desk.adapter(page_size_max="2")
    desk.read(adapter, pages_max=2)
    desk.pass_hours(1)
    desk.people.pay("2.00")
    before = desk.asked("GET", LINES)
    desk.read(adapter)
    assert desk.asked("GET", LINES) - before == 1 + 3 + 1
    assert (len(entries(desk)), ties(desk)) == (6, True)
    desk.read(adapter)
    assert (len(entries(desk)), ties(desk)) == (7, True)


@pytest.mark.req("Y9")
@pytest.mark.parametrize("years", ["2023-05-31", "2020-01-01"])
def test_a_day_that_paypal_has_dropped_is_refused_in_words(desk: Desk, years: str) -> None:
    with pytest.raises(SettingsError, match="go back three years"):
        desk.adapter(read_from=years).pull("books", None)
    assert desk.asked("GET", LINES) == 0


def test_what_was_there_before_the_first_day_is_one_opening_amount(desk: Desk) -> None:
    desk.people.pay("100.00", at=after(desk.clock.now(), -400 * DAY))
    desk.people.pay("40.00")
    desk.read(desk.adapter(read_from="2026-01-01"))
    opening = desk.mirror.of(Kind.BALANCE_ENTRY)["opening-USD"]
    assert isinstance(opening, BalanceEntry)
    assert (opening.gross, opening.nature) == (usd("96.02"), EntryNature.SUSPENSE)
    assert ties(desk)


def test_an_account_that_paypal_knows_no_older_balance_of_begins_with_nothing(desk: Desk) -> None:
    desk.people.pay("40.00")
    desk.faults(f"GET  {BALANCES}  1  status-before  400")
    desk.read()
    assert len(entries(desk)) == 1
    assert ties(desk)


def test_three_years_are_read_in_windows_of_a_month_and_then_only_what_is_new(desk: Desk) -> None:
    adapter = desk.adapter(read_from="")
    desk.read(adapter)
    assert desk.asked("GET", LINES) == 36
    before = len(desk.server.calls)
    desk.pass_hours(1)
    desk.read(adapter)
    assert [path for _, path, _ in desk.server.calls[before:]] == ["/v1/customer/disputes", LINES, BALANCES]


@pytest.mark.req("Y9")
def test_once_a_day_the_last_forty_five_days_are_read_again(desk: Desk) -> None:
    paid = desk.people.pay("10.00")
    desk.read()
    desk.clock.pass_seconds(44 * DAY)
    desk.read()
    paid.changes.append((after(desk.clock.now(), -60), "V"))
    desk.pass_hours(25)
    desk.read()
    assert payment(desk, paid.id).state is PaymentState.REFUNDED


@pytest.mark.req("Y9")
@pytest.mark.parametrize("pages", [1, 2, 3, 5, 8])
def test_killed_after_any_page_and_run_again_it_has_read_the_same(pages: int) -> None:
    with open_desk() as whole, open_desk() as broken:
        for desk in (whole, broken):
            _a_year(desk)
        whole.read()
        for _ in range(400):
            broken.read(pages_max=pages)  # a new adapter each time: nothing is remembered but what was stored
            if broken.cursor is not None and '"phase":"rest"' in broken.cursor:
                break
        assert broken.mirror.of(Kind.PAYMENT) == whole.mirror.of(Kind.PAYMENT)
        assert {ref: each.record for ref, each in broken.mirror.held.items()} == {
            ref: each.record for ref, each in whole.mirror.held.items()
        }
        assert ties(broken)


def _a_year(desk: Desk) -> None:
    """A year of a small firm: every fourth payment is refunded or taken back some months later."""
    people = desk.people
    paid = []
    for month in range(12):
        for _ in range(4):
            desk.clock.pass_seconds(5 * DAY)
            paid.append(people.pay("100.00"))
        if month >= 3:
            people.refund(paid[4 * (month - 3)].id, "25.00")
        if month == 7:
            people.reverse(paid[9].id)
            people.complain(paid[10].id)
        people.withdraw("150.00")
    desk.pass_hours(12)
