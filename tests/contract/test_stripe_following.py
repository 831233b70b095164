"""Following an account against Stripe's double over loopback: whatever is told, late, twice, wrongly or not at all, the
mirror ends as the account stands. Every exchange is judged by Stripe's own description."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from adapters.stripe import course
from adapters.stripe.client import Stripe
from adapters.stripe.course import Phase
from adapters.stripe.lists import NAMES
from adapters.stripe.standin import customers, events, invoicing
from adapters.stripe.standin.events import Telling
from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.life import Merchant, unseen
from adapters.stripe.standin.versions import OLD
from connector.model.finding import FindingCode
from connector.model.invoice import Invoice, InvoiceState
from connector.model.mirror import Noun
from connector.model.party import Account, Customer
from connector.model.settlement import BalanceEntry
from connector.model.source import Kind
from connector.money import currency, total
from tests.stripe_desk import Desk, open_desk
from tests.stripe_mirror import Mirrors, asked, reader

HOUR = 3_600
DAY = 24 * HOUR
WORLD = """
company  Harbor Supply  home USD  zone America/New_York  country US  stripe acct_harbor
customer  Acme  email ap@acme.example  in stripe as cus_acme
customer  Bolt  email pay@bolt.example  in stripe as cus_bolt
2026-05-20  invoice  S-1  Bolt  80.00 USD  due 2026-06-20  sent ap@bolt.example 2026-05-20  in stripe as in_1
2026-05-21  payment  ch_1  Bolt  30.00 USD  for S-1 30.00 USD
2026-05-22  payment  ch_2  Acme  55.00 USD
2026-05-23  refund  re_1  20.00 USD  of ch_2
"""


@dataclass
class Scene:
    """A merchant's account, and a mirror of it."""

    desk: Desk
    merchant: Merchant
    mirror: Mirrors = field(default_factory=Mirrors)
    page_size: int = 100

    @property
    def ledger(self) -> Ledger:
        return self.merchant.ledger

    def sync(self, *, pages_max: int = 10_000) -> bool:
        """Read on in a new process."""
        return self.mirror.sync(self.adapter(), pages_max=pages_max)

    def adapter(self) -> Stripe:
        size = str(self.page_size)
        return reader(self.desk.server.url, self.desk.clock, self.mirror, in_flight="2", page_size_max=size)

    def steps(self, count: int) -> None:
        """So much happens."""
        for _ in range(count):
            self.desk.server.behind(self.merchant.step)

    def later(self, seconds: int) -> None:
        """Time passes and nothing happens."""
        self.desk.clock.pass_seconds(seconds)

    def fresh(self) -> dict[str, Noun]:
        """What somebody finds who reads the account for the first time now, told of everything."""
        held, self.desk.stand_in.telling = self.desk.stand_in.telling, Telling()
        new = Mirrors()
        new.sync(reader(self.desk.server.url, self.desk.clock, new))
        self.desk.stand_in.telling = held
        return new.nouns()

    def asked_in(self, act: str = "sync") -> dict[str, int]:
        """How often each address was asked in one more reading."""
        before = len(self.desk.server.calls)
        getattr(self, act)()
        return asked(self.desk.server.calls[before:])


def begun(desk: Desk) -> Scene:
    ledger = desk.stand_in.ledger("acct_harbor")
    return Scene(desk, Merchant(ledger, 7, wait=desk.clock.pass_seconds, charges_a_year=20_000))


@pytest.fixture
def opened() -> Iterator[Scene]:
    with open_desk(WORLD) as desk:
        yield begun(desk)


def differing(mirror: dict[str, Noun], account: dict[str, Noun]) -> dict[str, tuple[object, object]]:
    """What stands otherwise in the mirror. What was kept for a customer once stays there when nothing is left of it,
    so there may be more of that."""
    names = mirror.keys() | account.keys()
    return {
        name: (mirror.get(name), account.get(name))
        for name in sorted(names)
        if mirror.get(name) != account.get(name) and not (name not in account and name.startswith(_HELD))
    }


_HELD = (f"{Kind.CREDIT_ENTRY}/", f"{Kind.CASH_ENTRY}/")


def test_what_happened_between_two_readings_is_in_the_mirror_after_the_second(opened: Scene) -> None:
    opened.sync()
    for _ in range(4):
        opened.steps(25)
        opened.sync()
    assert differing(opened.mirror.nouns(), opened.fresh()) == {}
    assert opened.mirror.findings == []
    assert set(opened.merchant.truth.deleted) & {one.split("/")[1] for one in opened.mirror.nouns()} == set()


@pytest.mark.parametrize(
    "telling",
    [
        Telling(version=OLD, misleading=True),
        Telling(shuffled=True, seed=3),
        Telling(late_seconds=600, late_percent=60, seed=5),
    ],
    ids=["another version and false", "shuffled", "late"],
)
def test_how_it_is_told_makes_no_difference(opened: Scene, telling: Telling) -> None:
    opened.sync()
    opened.desk.stand_in.telling = telling
    for _ in range(3):
        opened.steps(15)
        opened.sync()
    opened.later(600)
    opened.sync()
    assert differing(opened.mirror.nouns(), opened.fresh()) == {}


@pytest.mark.req("S7")
def test_a_reader_that_is_killed_after_any_page_ends_in_the_same_state(opened: Scene) -> None:
    opened.page_size = 15
    opened.sync()
    beginning = (opened.mirror.cursor, dict(opened.mirror.records))
    opened.steps(25)
    before = opened.mirror.pages
    opened.sync()
    pages = opened.mirror.pages - before
    assert pages > 3
    wanted = opened.fresh()
    assert differing(opened.mirror.nouns(), wanted) == {}
    for kept in range(pages):
        opened.mirror.cursor, opened.mirror.records = beginning[0], dict(beginning[1])
        killed = opened.adapter()
        opened.mirror.sync(killed, pages_max=kept)
        killed.pull("books", opened.mirror.cursor)  # read, and lost with the process
        opened.sync()
        assert differing(opened.mirror.nouns(), wanted) == {}


@pytest.mark.req("S7")
def test_events_of_the_last_ten_minutes_are_asked_for_again_and_cost_no_second_read(opened: Scene) -> None:
    opened.sync()
    opened.steps(10)
    opened.sync()
    at = course.read(opened.mirror.cursor, NAMES)
    newest = opened.ledger.now() - course.OVERLAP_SECONDS
    assert at.feed.anchor is not None
    assert at.feed.anchor.at <= newest
    assert all(met.at > newest for met in at.feed.seen)
    opened.later(2)
    assert opened.asked_in() == {"/v1/events": 1, "/v1/balance": 1, "/v1/balance_transactions": 1}


@pytest.mark.req("S7")
def test_an_event_that_is_shown_ten_minutes_late_below_newer_ones_is_not_missed(opened: Scene) -> None:
    opened.sync()
    opened.desk.stand_in.telling = Telling(late_seconds=600, late_percent=100, seed=1)
    opened.desk.server.behind(lambda: opened.merchant.rename("cus_acme", "Acme Marine"))
    opened.later(300)
    opened.desk.stand_in.telling = Telling(late_seconds=600, late_percent=0, seed=1)
    opened.desk.server.behind(lambda: opened.merchant.rename("cus_bolt", "Bolt Marine"))
    opened.desk.stand_in.telling = Telling(late_seconds=600, late_percent=100, seed=1)
    opened.sync()
    opened.later(301)
    opened.sync()
    acme = opened.mirror.nouns(Kind.CUSTOMER)["cus_acme"]
    assert isinstance(acme, Customer)
    assert acme.name == "Acme Marine"


@pytest.mark.req("S8")
def test_an_update_of_thirty_five_days_ago_is_found_and_the_gap_is_told(opened: Scene) -> None:
    opened.sync()
    opened.desk.server.behind(lambda: opened.merchant.rename("cus_acme", "Acme Marine"))
    opened.desk.server.behind(lambda: customers.delete(opened.ledger, opened.ledger.get("customer", "cus_bolt")))
    opened.later(35 * DAY)
    opened.sync()
    told = [one for one in opened.mirror.findings if one.code is FindingCode.READ_AGAIN]
    assert len(told) == 1
    assert "35 days ago" in told[0].sentence
    acme = opened.mirror.nouns(Kind.CUSTOMER)["cus_acme"]
    assert isinstance(acme, Customer)
    assert acme.name == "Acme Marine"
    assert "cus_bolt" in opened.mirror.gone()
    assert opened.asked_in() == {"/v1/events": 1, "/v1/balance": 1, "/v1/balance_transactions": 1}


@pytest.mark.req("S8")
@pytest.mark.parametrize("lost", [None, "", "{}", "not a cursor"], ids=["none", "empty", "hollow", "unreadable"])
def test_a_lost_cursor_reads_everything_again_and_finds_what_has_vanished(opened: Scene, lost: str | None) -> None:
    opened.sync()
    with unseen(opened.ledger):
        opened.desk.server.behind(lambda: opened.merchant.rename("cus_acme", "Acme Marine"))
        opened.desk.server.behind(lambda: customers.delete(opened.ledger, opened.ledger.get("customer", "cus_bolt")))
    opened.mirror.cursor = lost
    opened.sync()
    acme = opened.mirror.nouns(Kind.CUSTOMER)["cus_acme"]
    assert isinstance(acme, Customer)
    assert acme.name == "Acme Marine"
    assert "cus_bolt" in opened.mirror.gone()
    assert [one.code for one in opened.mirror.findings] == [FindingCode.READ_AGAIN]


def test_an_anchor_that_stripe_no_longer_has_leads_to_a_walk(opened: Scene) -> None:
    opened.sync()
    opened.later(28 * DAY)
    opened.desk.server.behind(lambda: opened.merchant.rename("cus_acme", "Acme Marine"))
    opened.sync()
    acme = opened.mirror.nouns(Kind.CUSTOMER)["cus_acme"]
    assert isinstance(acme, Customer)
    assert acme.name == "Acme Marine"


def test_an_account_where_nothing_happens_for_months_is_never_walked_again(opened: Scene) -> None:
    opened.sync()
    for _ in range(10):
        opened.later(9 * DAY)
        opened.sync()
    assert opened.mirror.findings == []
    walks = [path for _, path, _ in opened.desk.server.calls if path == "/v1/events"]
    assert len(walks) == 2 + 1 + 2 * 10


def unseen_change(opened: Scene) -> str:
    """A draft is made and read; then its deletion, a deleted customer, and a voided invoice are told by no event."""
    ledger = opened.ledger
    draft = invoicing.draft(ledger, invoicing.Bill(customer="cus_acme", amount=5_000, currency="usd", number="D-1"))
    opened.sync()
    assert draft["id"] in opened.mirror.nouns(Kind.INVOICE)
    with unseen(ledger):
        invoicing.delete(ledger, draft)
        invoicing.give_up(ledger, ledger.get("invoice", "in_1"))
        customers.delete(ledger, ledger.get("customer", "cus_bolt"))
    return str(draft["id"])


@pytest.mark.req("S9")
def test_what_no_event_told_is_found_by_the_nightly_sweep_a_deleted_draft_and_a_deleted_customer_too(
    opened: Scene,
) -> None:
    draft = unseen_change(opened)
    opened.later(HOUR)
    opened.sync()
    assert opened.mirror.gone() == set()
    opened.later(21 * HOUR)
    opened.sync()
    invoice = opened.mirror.nouns(Kind.INVOICE)["in_1"]
    assert isinstance(invoice, Invoice)
    assert invoice.state is InvoiceState.UNCOLLECTIBLE
    assert opened.mirror.gone() == {draft, "cus_bolt"}
    assert differing(opened.mirror.nouns(), opened.fresh()) == {}


def test_a_sweep_that_is_killed_after_any_page_finds_the_same(opened: Scene) -> None:
    draft = unseen_change(opened)
    opened.later(7 * DAY)
    beginning = (opened.mirror.cursor, dict(opened.mirror.records))
    before = opened.mirror.pages
    opened.sync()
    for kept in range(1, opened.mirror.pages - before):
        opened.mirror.cursor, opened.mirror.records = beginning[0], dict(beginning[1])
        assert not opened.sync(pages_max=kept)
        opened.sync()
        assert opened.mirror.gone() == {draft, "cus_bolt"}


def test_an_event_of_an_unknown_type_is_told_and_its_record_read(opened: Scene) -> None:
    opened.sync()
    ledger = opened.ledger
    with unseen(ledger):
        opened.merchant.rename("cus_acme", "Acme Marine")
    ledger.tell("customer.levitated", ledger.get("customer", "cus_acme"))
    events.tell_upcoming(ledger, "in_1")
    opened.sync()
    acme = opened.mirror.nouns(Kind.CUSTOMER)["cus_acme"]
    assert isinstance(acme, Customer)
    assert acme.name == "Acme Marine"
    (told,) = opened.mirror.findings
    assert told.code is FindingCode.UNKNOWN_VALUE
    assert "customer.levitated" in told.sentence


def test_the_phases_end_in_rest_and_a_reading_without_news_stores_nothing(opened: Scene) -> None:
    opened.sync()
    opened.later(60)
    assert course.read(opened.mirror.cursor, NAMES).phase is Phase.REST
    before = dict(opened.mirror.records)
    opened.sync()
    assert {ref for ref in before if before[ref].record != opened.mirror.records[ref].record} == set()


def test_the_mirrored_balance_is_the_sum_of_the_mirrored_ledger_after_every_reading(opened: Scene) -> None:
    opened.sync()
    for _ in range(5):
        opened.steps(20)
        opened.sync()
        held = {name: one for name, one in opened.mirror.nouns(Kind.ACCOUNT).items() if isinstance(one, Account)}
        lines = [one for one in opened.mirror.nouns(Kind.BALANCE_ENTRY).values() if isinstance(one, BalanceEntry)]
        assert held["usd"].balance == total((one.net for one in lines if one.net.currency == "USD"), currency("USD"))
