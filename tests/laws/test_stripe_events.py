"""However an account tells what happens in it, and whenever it is read, the mirror ends as the account stands.

A merchant acts, books follow: at drawn moments, told late, twice, wrongly, in any order or not at all, killed and begun
again, away for a month. Then they must hold what books hold that are begun at that moment and read everything, and what
the merchant knows.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from adapters.stripe.standin import events
from adapters.stripe.standin.events import Telling
from adapters.stripe.standin.truth import Truth
from adapters.stripe.standin.versions import OLD
from connector.model.allocation import Allocation, AllocationState
from connector.model.finding import FindingCode
from connector.model.invoice import Invoice
from connector.model.mirror import Gone
from connector.model.money_in import Payment, PaymentState, Refund, RefundState
from connector.model.party import Account as Purse
from connector.model.settlement import BalanceEntry, Payout
from connector.model.source import Kind, Ref
from tests.stripe_worlds import DAY, Account, Fate, Records, differing, interrupted, kept, opened
from tests.unit.store_ground import ACME

HOUR = 3_600
MANY = 150
Deed = Callable[[Account, int], object]
Law = tuple[dict[str, Deed], bool]
"""What may be done, and whether events may be dropped."""


# ---- what is done to an account and to who follows it


def hurried(account: Account, size: int) -> None:
    """Many small changes within minutes, each told by one event, and a reading in the midst of them."""
    for place, customer in enumerate(list(account.ledger.newest("customer"))[: 2 * size]):
        account.server.behind(partial(account.merchant.rename, customer["id"], f"Hurried {place}"))
        account.later(20)
        if place == size:
            account.sync()


def acts_and_is_away(account: Account, size: int) -> None:
    """What happened is so long ago at the next reading that no event tells of it any more."""
    account.steps(size)
    account.later((28 + size) * DAY)


def is_quiet(account: Account, size: int) -> None:
    """Nothing happens for weeks, and that is read."""
    account.later((19 + size) * DAY)
    account.sync()


def repeated(account: Account, size: int) -> None:
    """What was told last is told once more, by events of their own, with the objects as they were then."""

    def again() -> None:
        for one in account.ledger.happened()[-3 * size :]:
            account.ledger.tell(one.type, one.document())

    account.server.behind(again)


def strange(account: Account, size: int) -> None:
    """A change is told by an event of a type nobody knows, beside events about what nobody knows."""
    ledger = account.ledger

    def tell() -> None:
        customer = ledger.newest("customer")[size]
        with account.merchant.unseen():
            account.merchant.rename(customer["id"], f"Renamed {size}")
        ledger.tell("customer.levitated", customer)
        ledger.tell("widget.invented", {"id": f"wdg_{size}", "object": "widget", "livemode": False})
        events.tell_upcoming(ledger, ledger.newest("invoice")[size]["id"])

    account.server.behind(tell)


DEEDS: dict[str, Deed] = {
    "acts": lambda account, size: account.steps(3 * size),
    "reads": lambda account, _: account.sync(),
    "reads while acting": lambda account, size: account.sync(Fate(acts=size)),
    "killed at a page": lambda account, size: account.sync(Fate(page=size, acts=1)),
    "killed when it had stored": lambda account, size: account.sync(Fate(save=1 + size // 4, acts=1)),
    "interrupted": lambda account, size: account.sync(Fate(page=size, acts=1, end=interrupted)),
    "waits": lambda account, size: account.later(size * 90),
    "sleeps": lambda account, size: account.later((18 + size) * HOUR),
    "loses its place": lambda account, _: account.books.lose_cursor(),
    "hurries": hurried,
    "vanishes": lambda account, _: account.vanish(told=True),
    "is told twice": repeated,
    "is told strangely": strange,
}
AWAY: dict[str, Deed] = {
    "is away": lambda account, size: account.later((28 + size) * DAY),
    "acts and is away": acts_and_is_away,
    "is quiet": is_quiet,
}
SECRETLY: dict[str, Deed] = {
    "acts untold": lambda account, size: account.unseen(3 * size),
    "vanishes untold": lambda account, _: account.vanish(told=False),
}
EVERY = DEEDS | AWAY | SECRETLY
LATEST = 600
"""So late, in seconds, an event may be shown."""


def tellings(percent: st.SearchStrategy[int]) -> st.SearchStrategy[Telling]:
    """Every way in which an account may tell; `percent` of its events never."""
    return st.builds(
        Telling,
        version=st.sampled_from([Telling().version, OLD]),
        misleading=st.booleans(),
        withheld_percent=percent,
        late_seconds=st.sampled_from([0, 60, LATEST - 1, LATEST]),
        late_percent=st.sampled_from([20, 50, 100]),
        shuffled=st.booleans(),
        seed=st.integers(0, 99),
    )


WELL = Telling()
BADLY = Telling(version=OLD, misleading=True, late_seconds=LATEST, late_percent=50, shuffled=True, seed=4)


# ---- what must be true


def untold(ref: Ref, here: object, there: object) -> bool:
    """What Stripe tells in no event of its list: a credit given by hand, and a payment that is no longer awaited."""
    if ref.kind is Kind.CREDIT_ENTRY:
        return True
    return (
        isinstance(here, Allocation)
        and isinstance(there, Allocation)
        and (here.state, there.state) == (AllocationState.OPEN, AllocationState.DETACHED)
    )


def assert_true(mirror: Records, truth: Truth) -> None:
    """Against what the merchant knows, figure by figure."""
    living = {ref: record for ref, record in mirror.items() if not isinstance(record, Gone)}
    assert not {ref.vendor_id for ref in living} & truth.deleted
    invoices = {ref.vendor_id: one for ref, one in living.items() if isinstance(one, Invoice)}
    assert {name: (one.state.value, one.open.minor) for name, one in invoices.items()} == {
        name: (owed.status, 0 if owed.status == "void" else owed.rest) for name, owed in truth.invoices.items()
    }
    charges = {ref.vendor_id: one for ref, one in living.items() if isinstance(one, Payment) and not one.elsewhere}
    booked = {one.about.vendor_id for one in living.values() if isinstance(one, BalanceEntry) and one.about}
    assert {name: _CHARGES[one.state] for name, one in charges.items()} == {
        name: _KNOWN.get((state, name in booked), state) for name, state in truth.charges.items()
    }
    refunds = {ref.vendor_id: one.state for ref, one in living.items() if isinstance(one, Refund)}
    assert refunds == {name: _REFUNDS[status] for name, status in truth.refunds.items()}
    balance = {one.currency.lower(): one.balance for one in living.values() if isinstance(one, Purse)}
    assert {code: held.minor for code, held in balance.items() if held} == {
        code: amount for code, amount in truth.balance.items() if amount
    }
    nets: dict[str, int] = defaultdict(int)
    for record in living.values():
        if isinstance(record, BalanceEntry):
            nets[record.net.currency.lower()] += record.net.minor
    assert {code: net for code, net in nets.items() if net} == {
        code: amount for code, amount in truth.balance.items() if amount
    }
    payouts = {ref.vendor_id: one for ref, one in living.items() if isinstance(one, Payout)}
    assert {name: one.amount.minor for name, one in payouts.items()} == truth.payouts
    for name, payout in payouts.items():
        if payout.entries is not None:
            assert {ref.vendor_id for ref in payout.entries} == truth.members[name]
    sums = {(kind, ref.vendor_id, code.lower()): held for (kind, ref, code), held in kept(mirror).items() if held}
    gone = truth.deleted
    credit = {owner: amount for owner, amount in truth.credit.items() if amount and owner not in gone}
    assert {owner: held for (kind, owner, _), held in sums.items() if kind is Kind.CREDIT_ENTRY} == credit
    cash = {key: amount for key, amount in truth.cash.items() if amount and key[0] not in gone}
    assert {(owner, code): held for (kind, owner, code), held in sums.items() if kind is Kind.CASH_ENTRY} == cash


_CHARGES = {
    PaymentState.PENDING: "pending",
    PaymentState.FAILED: "failed",
    PaymentState.SUCCEEDED: "succeeded",
    PaymentState.REFUNDED: "succeeded",
    PaymentState.DISPUTED: "disputed",
    PaymentState.RETURNED: "returned",
}
_KNOWN = {("reinstated", True): "disputed", ("failed", True): "returned"}
"""By whether the ledger has lines about it: that a dispute was won stands in the dispute, and a debit that failed after
it was booked has come back."""
_REFUNDS = {
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
    "succeeded": RefundState.DONE,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}


@dataclass(frozen=True, kw_only=True)
class History:
    """What happens to one account and its books: the merchant's seed, what is done, and how it is told."""

    seed: int
    deeds: list[tuple[str, int]]
    telling: Telling = WELL
    page_size: int = 100
    in_flight: int = 1

    def end(self) -> None:
        """Live it to its end. What events can tell must be in the mirror then, and everything after the next sweep."""
        with (
            tempfile.TemporaryDirectory() as folder,
            opened(Path(folder), self.seed, page_size=self.page_size, in_flight=self.in_flight) as account,
        ):
            account.sync()
            account.stand_in.telling = self.telling
            for name, size in self.deeds:
                EVERY[name](account, size)
            account.later(LATEST)
            assert account.sync()
            if not account.hushed and not self.telling.withheld_percent:
                wrong = differing(account.books.records(), account.fresh())
                assert {ref: pair for ref, pair in wrong.items() if not untold(ref, *pair)} == {}
            account.later(7 * DAY)
            assert account.sync()
            assert differing(account.books.records(), account.fresh()) == {}
            assert_true(account.books.records(), account.merchant.truth)


LAWS: dict[str, Law] = {
    "told late, twice, falsely, strangely and in any order, read and killed at any moment": (DEEDS, False),
    "and many a thing never told": (DEEDS | SECRETLY, True),
    "and nobody there for a month": (DEEDS | AWAY, False),
}


def history(law: Law) -> st.SearchStrategy[History]:
    """What an account and its books may go through under one of the laws."""
    deeds, dropped = law
    percent = st.sampled_from([20, 50, 100]) if dropped else st.just(0)
    return st.builds(
        History,
        seed=st.integers(0, 9_999),
        deeds=st.lists(st.tuples(st.sampled_from(sorted(deeds)), st.integers(1, 9)), min_size=4, max_size=7),
        telling=tellings(percent),
        page_size=st.sampled_from([7, 40, 100]),
        in_flight=st.sampled_from([1, 1, 3]),
    )


SAME_EVERY_TIME = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TOLD, UNTOLD, AWAY_LONG = (history(law) for law in LAWS.values())


@pytest.mark.req("S6", "S7", "F8")
@settings(SAME_EVERY_TIME, max_examples=6)
@given(TOLD)
@example(History(seed=7, deeds=[("hurries", 8), ("hurries", 4)], telling=BADLY))
@example(History(seed=8, deeds=[("loses its place", 1), ("reads while acting", 3), ("is told twice", 9)], page_size=7))
def test_however_it_is_told_and_whenever_it_is_read_or_killed_the_mirror_is_what_the_account_is(lived: History) -> None:
    lived.end()


@pytest.mark.req("S9")
@settings(SAME_EVERY_TIME, max_examples=3)
@given(UNTOLD)
@example(History(seed=9, deeds=[("vanishes untold", 1), ("acts untold", 9)], telling=Telling(withheld_percent=100)))
def test_whatever_is_never_told_the_mirror_is_what_the_account_is_after_a_sweep(lived: History) -> None:
    lived.end()


@pytest.mark.gate
@pytest.mark.req("S8")
@settings(SAME_EVERY_TIME, max_examples=3)
@given(AWAY_LONG)
@example(History(seed=10, deeds=[("vanishes", 1), ("acts and is away", 7)], telling=BADLY))
@example(History(seed=11, deeds=[("is quiet", 9), ("acts and is away", 2)]))
def test_after_any_gap_or_a_lost_cursor_the_mirror_is_what_the_account_is(lived: History) -> None:
    lived.end()


@pytest.mark.long
@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_the_same_of_many_histories(law: Law) -> None:
    settings(SAME_EVERY_TIME, max_examples=MANY, derandomize=False, print_blob=True)(given(history(law))(History.end))()


def test_a_reading_without_news_is_three_questions_and_stores_nothing(tmp_path: Path) -> None:
    with opened(tmp_path, seed=5) as account:
        account.sync()
        account.later(LATEST)
        account.sync()
        before, head = len(account.server.calls), account.books.store.head(ACME)
        account.later(LATEST)
        account.sync()
        asked = [path for _, path, _ in account.server.calls[before:]]
        assert sorted(asked) == ["/v1/balance", "/v1/balance_transactions", "/v1/events"]
        assert account.books.store.head(ACME) == head


def test_events_that_nobody_knows_are_told_to_a_person_and_nothing_is_lost_by_them(tmp_path: Path) -> None:
    with opened(tmp_path, seed=6) as account:
        account.sync()
        strange(account, 2)
        account.sync()
        told = [one for one in account.books.findings if one.code is FindingCode.UNKNOWN_VALUE]
        assert len(told) == 2
        assert any("customer.levitated" in one.sentence for one in told)
        assert any("widget.invented" in one.sentence for one in told)
        assert differing(account.books.records(), account.fresh()) == {}
