"""A simulated merchant's year: after every single event our sums are the account's, and every payout is explained.

Four currencies, refunds, disputes, returns, reserves, payouts that fail, go the other way or are asked for by hand. The
lines go through the adapter's own translation as they come about; nothing of the stand-in's own bookkeeping is used.
"""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from adapters.stripe.standin import build
from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.life import YEAR_SECONDS, Merchant
from connector.dates import instant_from_iso
from connector.model.firm import Connection, PostingAccounts
from connector.model.mirror import Noun
from connector.model.party import Account, AccountRole, Profile
from connector.model.settlement import EntryNature, PayoutMade, PayoutState
from connector.model.source import ActorId, CompanyId, Kind, OpId, PlanId, Ref
from connector.money import Currency
from connector.plan import Frame, Plan, plan
from connector.reconcile.clearing import standings
from connector.reconcile.match import Reconciliation
from connector.reconcile.payouts import Statements, Verdict, gaps
from connector.reconcile.snapshot import Snapshot
from connector.reconcile.tieout import tie_out
from connector.testing.worlds import parse
from tests.builders import BOOKS, USD, ref
from tests.clocks import FakeClock
from tests.purses import Purses, snapshot_of
from tests.stripe_rig import CONNECTION

WORLD = "company  Harbor Supply  home USD  zone America/New_York  country US  stripe acct_harbor\n"
MANY = 10_000
CODES = ("EUR", "GBP", "JPY", "USD")
EVERY_NATURE = {
    EntryNature.PAYMENT,
    EntryNature.FEE,
    EntryNature.REFUND,
    EntryNature.REFUND_BACK,
    EntryNature.DISPUTE,
    EntryNature.DISPUTE_BACK,
    EntryNature.RETURN,
    EntryNature.PAYOUT,
    EntryNature.PAYOUT_BACK,
    EntryNature.TOPUP,
    EntryNature.RESERVE,
    EntryNature.ADJUSTMENT,
}


class Year:
    """A merchant with everything that happened, and what we made of it on the way."""

    def __init__(self, charges: int, seed: int) -> None:
        self.clock = FakeClock("2026-01-01T12:00:00Z")
        self.account: Ledger = build(parse(WORLD), clock=self.clock).ledger("acct_harbor")
        self.merchant = Merchant(self.account, seed, wait=self.clock.pass_seconds, charges_a_year=charges)
        self.purses = Purses(self.account)
        self.events = 0
        self.wrong: list[str] = []
        ends = self.account.now() + YEAR_SECONDS
        while self.account.now() < ends and not self.wrong:
            what = self.merchant.step()
            self.events += 1
            self.purses.look()
            self.wrong = [f"after {what}: {each}" for each in self.purses.wrong(self.merchant.truth.balance)]
        self.seen = snapshot_of(self.account)


@pytest.fixture(scope="module", params=[1_000, pytest.param(MANY, marks=pytest.mark.long)])
def year(request: pytest.FixtureRequest) -> Year:
    return Year(request.param, seed=7)


def test_after_every_event_of_the_year_our_sum_is_the_accounts_balance_and_every_part_has_its_reason(
    year: Year,
) -> None:
    assert year.wrong == []
    assert year.events > 2 * len(year.seen.payments) > 0
    assert {nature for _, nature in year.purses.natures} == EVERY_NATURE


def test_at_the_end_of_the_year_every_purse_agrees_with_the_processor_to_the_minor_unit(year: Year) -> None:
    found = {each.currency: each for each in standings(year.seen)}
    assert sorted(found) == list(CODES)
    assert {code.lower(): each.ledger.minor for code, each in found.items()} == {
        code: year.merchant.truth.balance.get(code, 0) for code in ("eur", "gbp", "jpy", "usd")
    }
    assert all(each.holds and each.explained == each.said for each in found.values())


def test_every_automatic_payout_of_the_year_is_explained_to_the_minor_unit_and_holds_what_it_must(year: Year) -> None:
    told = {each.payout.vendor_id: each for each in Statements(year.seen).all()}
    said = {name: members for name, members in year.merchant.truth.members.items() if told[name].lines}
    assert len(said) >= len(year.merchant.truth.members) - len(CODES)  # the very last ones are still being reconciled
    for name, members in said.items():
        got = told[name]
        assert (got.verdict, got.difference.minor, got.missing) == (Verdict.TIES, 0, ()), got.reasons
        assert {line.entry.vendor_id for line in got.lines} == members
        assert got.amount.minor == year.merchant.truth.payouts[name]
    assert any(got.amount.minor < 0 for got in told.values())
    assert any(got.state is PayoutState.FAILED and got.back is not None for got in told.values())


def test_payouts_by_hand_are_marked_and_instant_ones_get_the_right_proposal(year: Year) -> None:
    told = list(Statements(year.seen).all())
    by_hand = [each for each in told if each.made is PayoutMade.MANUAL]
    assert by_hand
    assert all(each.verdict is Verdict.NEVER or each.reverses is not None for each in by_hand)
    at_once = [each for each in told if each.made is PayoutMade.INSTANT]
    assert at_once
    assert all(each.proposal is not None and each.proposal.fits for each in at_once)


def test_no_gap_is_claimed_in_a_year_without_one_and_each_payout_that_is_taken_away_is_missed(year: Year) -> None:
    assert gaps(year.seen) == ()
    chance = random.Random(11)  # noqa: S311 - which ones does not matter
    automatic = [at for at, one in year.seen.payouts.items() if one.entries and one.amount.currency == "EUR"]
    before_last = sorted(automatic, key=lambda at: str(year.seen.payouts[at].created))[:-2]
    for lost in chance.sample(before_last, 3):
        without = without_records(year.seen, Kind.PAYOUT, {lost})
        own = year.seen.payouts[lost].entry
        assert any(each.refs[:2] == (lost, own) for each in gaps(without))
        assert own is not None
        silent = without_records(without, Kind.BALANCE_ENTRY, {own})
        missed = {entry for each in gaps(silent) for entry in each.refs}
        paid = {each for each in year.seen.payouts[lost].entries or () if is_money(year.seen, each)}
        assert paid <= missed


def test_no_payout_is_planned_with_a_missing_member(year: Year) -> None:
    books = with_books(year.seen)
    planned = {line.intent.about for line in plan_of(books).lines if line.transfer is not None}
    ties = {
        each.payout
        for each in Statements(year.seen).all()
        if each.verdict is Verdict.TIES
        and each.lines
        and each.state is PayoutState.PAID
        and each.amount.currency == USD
    }
    by_hand = {
        each.payout
        for each in Statements(year.seen).all()
        if not each.lines and each.verdict in (Verdict.NEVER, Verdict.TIES) and each.amount.currency == USD
    } & planned
    assert planned - by_hand == ties
    assert all(year.seen.payouts[each].made is not PayoutMade.AUTOMATIC for each in by_hand), "the ledger shows them"
    chance = random.Random(13)  # noqa: S311 - which ones does not matter
    robbed = set(chance.sample(sorted(ties), 20))
    lost = {chance.choice(year.seen.payouts[each].entries or ()) for each in robbed}
    short = without_records(books, Kind.BALANCE_ENTRY, lost)
    still = {line.intent.about for line in plan_of(short).lines if line.transfer is not None}
    assert still - by_hand == ties - robbed


def is_money(seen: Snapshot, entry: Ref) -> bool:
    """Whether a line left lying is a gap: money held back may rest elsewhere."""
    return seen.balance_entries[entry].nature is not EntryNature.RESERVE


def without_records(seen: Snapshot, kind: Kind, lost: set[Ref]) -> Snapshot:
    kept = {at: record for at, record in seen.records[kind].items() if at not in lost}
    return replace(seen, records={**seen.records, kind: kept})


def with_books(seen: Snapshot) -> Snapshot:
    accounts: dict[Ref, Noun] = {
        ref(Kind.ACCOUNT, "clearing"): Account(name="Clearing", role=AccountRole.BANK, currency=USD),
        ref(Kind.ACCOUNT, "bank"): Account(name="Bank", role=AccountRole.BANK, currency=USD),
    }
    company = {ref(Kind.PROFILE, "1"): Profile(name="Harbor Supply", home_currency=USD)}
    held = {**seen.records, Kind.ACCOUNT: {**seen.accounts, **accounts}, Kind.PROFILE: company}
    return replace(seen, books=BOOKS, records=held)


def plan_of(seen: Snapshot) -> Plan:
    """What would be planned of the payouts alone: no payment is decided."""
    code = Currency("USD")
    connection = Connection(
        company_id=CompanyId("harbor"),
        connection_id=CONNECTION,
        system="stripe",
        account="acct_harbor",
        live=False,
        posting=PostingAccounts(clearing={code: ref(Kind.ACCOUNT, "clearing")}, bank={code: ref(Kind.ACCOUNT, "bank")}),
    )
    frame = Frame(
        plan_id=PlanId("plan-1"),
        company_id=CompanyId("harbor"),
        made_at=instant_from_iso("2027-01-02T00:00:00Z"),
        made_by=ActorId("dana"),
        new_op_id=lambda: OpId("A" * 20),
    )
    nothing = Reconciliation(decisions=(), findings=(), posted={})
    return plan(seen, nothing, [connection], frame, untied=tie_out(seen).findings)
