"""Companies, actors, connections, secrets, links, payer files, plans: kept as given, apart by company."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from connector.errors import Refused, SettingsError, UnknownRecord
from connector.model.contact import PayerFile
from connector.model.firm import Actor, Company, Connection, NotesMode, PostingAccounts
from connector.model.money_in import AttemptState
from connector.model.paylink import AttemptId, LinkAttempt, LinkId, LinkState, PaymentLink
from connector.model.source import ActorId, CompanyId, ConnectionId, Kind, OpId, PlanId
from connector.money import Money
from connector.store import Store
from tests.clocks import FakeClock
from tests.unit.store_ground import ACME, ANN, BOOKS, OTHER, STRIPE, USD, found, ready, ref

CONNECTION = Connection(
    company_id=ACME,
    connection_id=STRIPE,
    system="stripe",
    account="acct_1",
    live=False,
    posting=PostingAccounts(clearing={USD: ref(1, Kind.ACCOUNT, BOOKS)}, fees=ref(2, Kind.ACCOUNT, BOOKS)),
)


@pytest.fixture
def store(address: str, clock: FakeClock) -> Iterator[Store]:
    with ready(address, clock) as made:
        yield made


@pytest.fixture
def link(clock: FakeClock) -> PaymentLink:
    return PaymentLink(
        link_id=LinkId("l1"), debt=ref(1), number="INV-1", state=LinkState.ACTIVE, created_at=clock.now()
    )


def attempt(number: int, clock: FakeClock, state: AttemptState = AttemptState.CREATED) -> LinkAttempt:
    return LinkAttempt(
        attempt_id=AttemptId(f"t{number}"), link_id=LinkId("l1"), debt=ref(1), connection=STRIPE, op_id=OpId("A" * 20),
        amount=Money(100, USD), methods=("card",), state=state, expires_at=clock.now(),
    )  # fmt: skip


def test_companies_are_listed_and_changed(store: Store) -> None:
    found(store, OTHER)
    changed = replace(store.company(ACME), notes=NotesMode.AUTO)
    store.set_company(changed, ANN)
    assert store.company(ACME) == changed
    assert [each.company_id for each in store.companies()] == [ACME, OTHER]


def test_a_company_that_is_not_here_is_unknown(store: Store) -> None:
    nobody = Company(company_id=CompanyId("nobody"), name="", home_currency=USD, zone="UTC")
    with pytest.raises(UnknownRecord):
        store.company(nobody.company_id)
    with pytest.raises(UnknownRecord):
        store.set_company(nobody, ANN)


def test_a_company_cannot_be_founded_twice_or_by_a_stranger(store: Store) -> None:
    with pytest.raises(Refused, match="already a company"):
        found(store, ACME)
    with pytest.raises(Refused, match="its own"):
        store.add_company(
            Company(company_id=OTHER, name="", home_currency=USD, zone="UTC"),
            Actor(company_id=ACME, actor_id=ANN, name=""),
        )


def test_actors_are_those_of_the_company(store: Store) -> None:
    bob = Actor(company_id=ACME, actor_id=ActorId("bob"), name="Bob")
    store.add_actor(bob)
    assert store.actors(ACME) == (Actor(company_id=ACME, actor_id=ANN, name="Ann"), bob)
    assert store.actors(OTHER) == ()


def test_a_connection_is_kept_with_its_posting_accounts_and_can_be_changed(store: Store) -> None:
    store.save_connection(CONNECTION, ANN)
    assert store.connection(ACME, STRIPE) == CONNECTION
    allowed = replace(CONNECTION, writes_allowed=True)
    store.save_connection(allowed, ANN)
    assert store.connections(ACME) == (allowed,)


def test_a_connection_that_is_not_there_is_unknown(store: Store) -> None:
    with pytest.raises(UnknownRecord, match="no connection 'third'"):
        store.connection(ACME, ConnectionId("third"))


def test_setting_one_secret_leaves_the_others(store: Store) -> None:
    store.put_secrets(ACME, STRIPE, {"key": "one", "hook": "two"})
    store.put_secrets(ACME, STRIPE, {"key": "three"})
    assert store.secrets(ACME, STRIPE) == {"key": "three", "hook": "two"}
    assert store.secrets(ACME, BOOKS) == {}
    assert store.secrets(OTHER, STRIPE) == {}


def test_a_link_is_found_by_the_hash_of_its_secret_and_by_its_debt(store: Store, link: PaymentLink) -> None:
    store.add_link(ACME, link, "hash", ANN)
    found = store.visited("hash")
    assert found is not None
    assert (found.company.company_id, found.link, found.marks) == (ACME, link, ())
    assert store.visited("other") is None
    assert store.link(ACME, link.link_id) == link
    assert store.links(ACME, ref(1)) == (link,)
    assert store.links(ACME, ref(2)) == ()


def test_a_debt_has_one_active_link(store: Store, link: PaymentLink) -> None:
    second = replace(link, link_id=LinkId("l2"))
    store.add_link(ACME, link, "hash", ANN)
    with pytest.raises(Refused, match="active payment link already"):
        store.add_link(ACME, second, "hash-2", ANN)
    store.set_link_state(ACME, link.link_id, LinkState.REVOKED, ANN)
    store.add_link(ACME, second, "hash-2", ANN)
    with pytest.raises(Refused):
        store.set_link_state(ACME, link.link_id, LinkState.ACTIVE, ANN)
    assert [each.state for each in store.links(ACME)] == [LinkState.REVOKED, LinkState.ACTIVE]


def test_a_link_that_is_not_there_is_unknown(store: Store) -> None:
    with pytest.raises(UnknownRecord):
        store.link(ACME, LinkId("none"))
    with pytest.raises(UnknownRecord):
        store.set_link_state(ACME, LinkId("none"), LinkState.REVOKED)


def test_attempts_are_listed_in_the_order_of_their_opening(store: Store, clock: FakeClock) -> None:
    for number in (3, 1, 2):
        store.save_attempt(ACME, attempt(number, clock))
    paid = attempt(3, clock, AttemptState.SUCCEEDED)
    store.save_attempt(ACME, paid)
    assert store.attempts(ACME, LinkId("l1")) == (paid, attempt(1, clock), attempt(2, clock))
    assert store.attempts(ACME, LinkId("l2")) == ()


def test_a_payer_file_is_the_last_one_saved(store: Store) -> None:
    payer = ref(1, Kind.CUSTOMER)
    assert store.payer_file(ACME, payer) is None
    store.save_payer_file(ACME, PayerFile(customer=payer, approver="Eve"))
    store.save_payer_file(ACME, PayerFile(customer=payer, approver="Bob"))
    assert store.payer_file(ACME, payer) == PayerFile(customer=payer, approver="Bob")


def test_a_plan_is_kept_as_it_was_shown(store: Store) -> None:
    assert list(store.plans(ACME)) == []
    store.save_plan(ACME, PlanId("p2"), b"second", ANN)
    store.save_plan(ACME, PlanId("p1"), b"first", ANN)
    store.save_plan(ACME, PlanId("p2"), b"second", ANN)
    assert store.plan(ACME, PlanId("p2")) == b"second"
    assert list(store.plans(ACME)) == [(PlanId("p1"), b"first"), (PlanId("p2"), b"second")]
    assert list(store.plans(ACME, most=1)) == [(PlanId("p1"), b"first")]
    with pytest.raises(Refused):
        store.save_plan(ACME, PlanId("p1"), b"other", ANN)
    with pytest.raises(UnknownRecord):
        store.plan(ACME, PlanId("p3"))


def test_an_address_that_is_no_database_is_refused_in_words(clock: FakeClock) -> None:
    for address in ("mysql://host/x", "sqlite://", "://"):
        with pytest.raises(SettingsError, match=r"database|SQLite"):
            Store.open(address, clock)
