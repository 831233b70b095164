"""A year of a simulated merchant, posted event by event: the clearing accounts are the processor's balance throughout.

Ten thousand charges in four currencies, refunds whole and in part, some of which fail, disputes won and lost,
inquiries, bank debits that come back on the fifty-ninth day, payouts that fail, take money, are asked for by hand,
stopped, or sent back. The long form has all ten thousand; the shorter ones are the same life with fewer.
"""

from __future__ import annotations

from collections import Counter

import pytest

from connector.model.settlement import PayoutMade
from connector.money import zero
from connector.reconcile.payouts import Statements, Verdict
from connector.reconcile.tieout import tie_out
from tests.journeys.year_books import YearBeside

DAY = 24 * 3600
A_MONTH, A_YEAR = 30, 365
SOME, MANY = 300, 10_000
OF_A_YEAR = {
    *("card payment", "debit returned", "debit fails late", "refund", "refund succeeds", "refund fails"),
    *("dispute", "dispute won", "dispute lost", "inquiry closed", "payout", "negative payout", "payout reconciled"),
    *("payout arrives", "payout fails", "manual payout", "instant payout", "payout canceled", "payout reversed"),
    *("fee", "adjustment", "overdraft", "reserve held", "reserve released", "topup"),
}
"""What has to happen in a year for it to be one."""


def live(days: int, charges: int, seed: int) -> YearBeside:
    """Live so many days, and a year until there were so many charges; after every single event the books hold what the
    processor holds, and on the way to the bank is what has left it. Month by month all is looked at at once."""
    year = YearBeside(seed, charges)
    wanted = charges if days == A_YEAR else 0
    ends = year.account.now() + days * DAY
    next_look = year.account.now() + A_MONTH * DAY
    while year.account.now() < ends or len(year.account._objects["charge"]) < wanted:
        what = year.step()
        assert year.apart() == {}, (what, [each.sentence for each in year.left])
        assert year.in_transit() == year.on_its_way(), what
        assert year.wrong == [], what
        year.events += 1
        if year.account.now() > next_look:
            next_look += A_MONTH * DAY
            nothing_was_put_away_too_early(year)
    return year


def nothing_was_put_away_too_early(year: YearBeside) -> None:
    seen, purses, made = year.whole()
    assert made.lines == ()
    assert tie_out(seen).findings == ()
    assert [(sheet.name, each) for sheet in year.sheets(seen) for each in sheet.agreement.differences] == []
    for code, purse in purses.items():
        assert purse.holds, purse
        assert purse.rest == (), purse
        assert purse.held == (purse.said or zero(purse.currency)), code


def every_payout_of_the_schedule_is_explained(year: YearBeside) -> int:
    """To the minor unit, and by the members it must have; says how many are. The last are still being reconciled."""
    told = {each.payout.vendor_id: each for each in Statements(year.whole()[0]).all()}
    waiting = {
        each["id"]
        for each in year.account._objects["payout"].values()
        if each["automatic"] and each["reconciliation_status"] == "in_progress"
    }
    explained = year.merchant.truth.members.keys() - waiting
    assert len(waiting) <= len({"usd", "eur", "gbp"})
    for name in explained:
        got = told[name]
        assert (got.verdict, got.difference.minor, got.missing) == (Verdict.TIES, 0, ()), got.reasons
        assert {line.entry.vendor_id for line in got.lines} == year.merchant.truth.members[name]
        assert got.amount.minor == year.merchant.truth.payouts[name]
        assert got.made is PayoutMade.AUTOMATIC
    return len(explained)


def happened_in(year: YearBeside) -> None:
    """What makes it a year: everything occurs, in four currencies, and debits come back to the day."""
    assert year.merchant.done.keys() >= OF_A_YEAR
    charges = year.account.newest("charge")
    assert {charge["currency"] for charge in charges} == {"usd", "eur", "gbp", "jpy"}
    entries = {one["id"]: one for one in year.account.newest("balance_transaction")}
    late = Counter(
        (fight["created"] - entries[charge["balance_transaction"]]["created"]) // DAY
        for fight in year.account.newest("dispute")
        for charge in (year.account.get("charge", fight["charge"]),)
        if charge["payment_method_details"]["type"] == "us_bank_account"
    )
    assert late[59] > 0
    part = [back for back in year.account.newest("refund") if back["amount"] < year.amount_of(back["charge"])]
    assert part


@pytest.mark.parametrize(
    ("days", "charges", "seed"),
    [
        (9, 4 * SOME, 7),
        pytest.param(A_YEAR, SOME, 7, marks=pytest.mark.gate),
        pytest.param(A_YEAR, MANY, 7, marks=pytest.mark.long),
        pytest.param(A_YEAR, 10 * SOME, 11, marks=pytest.mark.long),
    ],
)
def test_in_a_merchants_year_the_clearing_accounts_are_the_balance_after_every_event_and_every_payout_is_explained(
    days: int, charges: int, seed: int
) -> None:
    year = live(days, charges, seed)
    nothing_was_put_away_too_early(year)
    explained = every_payout_of_the_schedule_is_explained(year)
    assert year.robbed > 0, "no payout is booked without a member: each was planned once more with one missing"
    if days == A_YEAR:
        happened_in(year)
        assert len(year.account.newest("charge")) >= charges
    told = {str(kind): number for kind, number in year.written.items()}
    print(f"{year.events} events, {len(year.account.newest('charge'))} charges, {explained} payouts explained,")  # noqa: T201
    print(f"{year.robbed} planned without a member; {year.plans} plans, written: {told}")  # noqa: T201
