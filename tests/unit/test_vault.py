"""Secrets at rest: sealed each in its place, opened by the right key alone, refused at the start without it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from connector.clock import Clock
from connector.errors import ReceivablesError, SettingsError, StoreCorrupt
from connector.model.source import CompanyId
from connector.ports import SecretPair
from connector.store import Store, tables
from connector.store.journal import text_of
from connector.store.keyring import KeyFile, key_of
from connector.store.vault import Place, key_id_of, seal, unseal
from tests.keys import FIRST, SECOND, given, unlocked
from tests.unit.store_ground import ACME, BOOKS, OTHER, STRIPE, by_hand, found, ready

KEY = key_of(b"1" * 32)
PLACE = Place("acme", "books", "client_secret")
CANARY = "canary-c0ffee-client-secret"
PAIR = SecretPair(
    access="canary-c0ffee-access",
    refresh="canary-c0ffee-refresh",
    access_expires_at="2026-04-01T11:00:00+00:00",
    refresh_expires_at="2026-07-01T10:00:00+00:00",
)


def rows(store: Store) -> list[tuple[str, str, str, str]]:
    """Everything in the table of secrets."""
    with store._database.read() as tx:
        found_rows = tx.execute(text("SELECT company_id, connection_id, name, value FROM secret ORDER BY 1, 2, 3"))
        return [(row[0], row[1], row[2], row[3]) for row in found_rows]


def filled(address: str, clock: Clock) -> Store:
    store = ready(address, clock)
    found(store, OTHER)
    store.put_secrets(ACME, BOOKS, {"client_secret": CANARY, "client_id": "id"})
    store.tokens(ACME, BOOKS).replace(PAIR)
    return store


def refuses(address: str, clock: Clock, *keys: str) -> ReceivablesError:
    with pytest.raises(ReceivablesError) as caught:
        unlocked(address, clock, given(*keys))
    assert caught.value.next_step
    return caught.value


def test_what_is_sealed_opens_again_and_never_looks_the_same_twice() -> None:
    sealed = [seal(KEY, PLACE, CANARY) for _ in range(50)]
    assert len(set(sealed)) == 50
    assert {unseal(KEY, PLACE, each) for each in sealed} == {CANARY}
    assert {key_id_of(each) for each in sealed} == {KEY.key_id}
    assert unseal(KEY, PLACE, seal(KEY, PLACE, "")) == ""
    assert unseal(KEY, PLACE, seal(KEY, PLACE, "£ € 語" * 1000)) == "£ € 語" * 1000


ELSEWHERE = [
    ("another company", Place("other", "books", "client_secret")),
    ("another connection", Place("acme", "stripe", "client_secret")),
    ("another name", Place("acme", "books", "refresh_token")),
    ("the same letters, cut elsewhere", Place("acmeb", "ooks", "client_secret")),
]


@pytest.mark.parametrize("place", [row[1] for row in ELSEWHERE], ids=[row[0] for row in ELSEWHERE])
def test_what_was_sealed_in_one_place_opens_in_no_other(place: Place) -> None:
    with pytest.raises(StoreCorrupt, match="altered in the database, or copied there"):
        unseal(KEY, place, seal(KEY, PLACE, CANARY))


def test_no_byte_of_a_sealed_value_can_be_changed_unseen() -> None:
    sealed = seal(KEY, PLACE, CANARY)
    start = sealed.rindex(".") + 1
    for place in range(start, len(sealed) - 3, 4):
        other = "A" if sealed[place] != "A" else "B"
        with pytest.raises(StoreCorrupt):
            unseal(KEY, PLACE, sealed[:place] + other + sealed[place + 1 :])
    for cut in ("", sealed[:start], sealed[: start + 8], sealed[:-4], CANARY):
        with pytest.raises(StoreCorrupt):
            unseal(KEY, PLACE, cut)


def test_nothing_in_the_table_can_be_read_and_everything_comes_back(address: str, clock: Clock) -> None:
    with filled(address, clock) as store:
        stored = rows(store)
        assert len(stored) == 4
        for row in stored:
            assert re.fullmatch(r"v1\.[0-9a-f]{12}\.[A-Za-z0-9_=-]+", row[3])
            assert "canary" not in row[3]
        assert store.secrets(ACME, BOOKS) == {"client_secret": CANARY, "client_id": "id"}
    with unlocked(address, clock, given()) as again:
        assert again.secrets(ACME, BOOKS)["client_secret"] == CANARY
        read = again.tokens(ACME, BOOKS).read()
        assert read is not None
        assert (read.access, read.refresh, read.version) == (PAIR.access, PAIR.refresh, 1)


def test_a_row_copied_to_another_company_connection_or_name_opens_nothing(address: str, clock: Clock) -> None:
    with filled(address, clock) as store:
        by_hand(
            store,
            "INSERT INTO secret SELECT 'other', connection_id, name, value, version FROM secret "
            "WHERE company_id = 'acme'",
            "INSERT INTO secret SELECT 'acme', 'stripe', name, value, version FROM secret "
            "WHERE company_id = 'acme' AND name = 'client_secret'",
        )
        for company, connection in ((OTHER, BOOKS), (ACME, STRIPE)):
            with pytest.raises(StoreCorrupt):
                store.secrets(company, connection)
        with pytest.raises(StoreCorrupt):
            store.tokens(OTHER, BOOKS).read()


def test_a_plain_row_smuggled_in_later_is_refused(address: str, clock: Clock) -> None:
    with filled(address, clock) as store:
        by_hand(store, "UPDATE secret SET value = 'http://evil.example' WHERE name = 'client_id'")
        with pytest.raises(StoreCorrupt):
            store.secrets(ACME, BOOKS)
    with unlocked(address, clock, given()) as again, pytest.raises(StoreCorrupt):
        again.secrets(ACME, BOOKS)


def test_a_wrong_key_is_refused_at_the_start(address: str, clock: Clock) -> None:
    filled(address, clock).close()
    fault = refuses(address, clock, SECOND)
    assert isinstance(fault, SettingsError)
    assert fault.sentence == (
        "The key in the setting RECEIVABLES_KEY is not the one that the secrets in the database were sealed with."
    )
    with unlocked(address, clock, given(FIRST, SECOND)) as both:
        assert both.secrets(ACME, BOOKS)["client_secret"] == CANARY


def test_a_missing_key_is_refused_at_the_start_and_no_new_one_is_made(
    address: str, clock: Clock, tmp_path: Path
) -> None:
    filled(address, clock).close()
    file = KeyFile(tmp_path / "key" / "receivables.key")
    with pytest.raises(SettingsError, match="The key to the secrets in the database is missing"):
        unlocked(address, clock, file)
    assert not file.path.exists()


def test_a_missing_key_is_refused_even_when_the_row_that_names_it_was_taken_away(
    address: str, clock: Clock, tmp_path: Path
) -> None:
    with filled(address, clock) as store:
        by_hand(store, "DELETE FROM secret WHERE company_id = ''")
        before = rows(store)
    file = KeyFile(tmp_path / "key" / "receivables.key")
    with pytest.raises(SettingsError, match="is missing"):
        unlocked(address, clock, file)
    assert not file.path.exists()
    with Store.open(address, clock) as store:
        assert rows(store) == before
    with unlocked(address, clock, given()) as store:
        assert store.secrets(ACME, BOOKS)["client_secret"] == CANARY


def test_the_key_is_made_with_the_first_secret_and_not_before(address: str, clock: Clock, tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "key" / "receivables.key")
    with unlocked(address, clock, file) as store:
        found(store, ACME)
        assert store.secrets(ACME, BOOKS) == {}
        assert store.tokens(ACME, BOOKS).read() is None
        assert not file.path.exists()
        assert store.key_begun is None
        store.put_secrets(ACME, BOOKS, {"client_secret": CANARY})
        assert store.key_begun == f"the file {file.path}"
    with unlocked(address, clock, file) as again:
        assert again.key_begun is None
        again.put_secrets(ACME, BOOKS, {"client_secret": "another"})
        assert again.key_begun == f"the file {file.path}"
        again.key_told()
        again.put_secrets(ACME, BOOKS, {"client_secret": "a third"})
        assert again.key_begun is None
        assert len(file.read()) == 1


def test_plain_rows_of_an_older_database_are_sealed_when_it_is_opened(address: str, clock: Clock) -> None:
    with Store.open(address, clock) as old:
        found(old, ACME)
        plain = {
            "client_secret": CANARY,
            "grant:": text_of(replace(PAIR, version=3)),
        }
        with old._database.write() as tx:
            for name, value in plain.items():
                tx.execute(insert(tables.secret).values((ACME, BOOKS, name, value, 3)))
    with unlocked(address, clock, given()) as store:
        assert [key_id_of(row[3]) for row in rows(store)] == [KEY.key_id] * 3
        assert store.secrets(ACME, BOOKS) == {"client_secret": CANARY}
        pair = store.tokens(ACME, BOOKS).read()
        assert pair is not None
        assert (pair.refresh, pair.version) == (PAIR.refresh, 3)
        if store._database.path is not None:
            files = list(store._database.path.parent.glob("store.db*"))
            assert [each.name for each in files if b"canary" in each.read_bytes()] == []


def test_a_store_without_a_key_does_all_that_needs_no_secret_and_nothing_else(address: str, clock: Clock) -> None:
    filled(address, clock).close()
    with Store.open(address, clock) as store:
        assert store.verify(ACME) == ()
        assert [each.company_id for each in store.companies()] == [ACME, OTHER]
        for refused in (
            lambda: store.secrets(ACME, BOOKS),
            lambda: store.put_secrets(ACME, BOOKS, {"client_secret": "x"}),
            lambda: store.tokens(ACME, BOOKS).read(),
            lambda: store.tokens(ACME, BOOKS).replace(PAIR),
        ):
            with pytest.raises(SettingsError, match="without the key"):
                refused()


def test_secrets_that_are_given_up_leave_the_rest_and_a_line_in_the_journal(address: str, clock: Clock) -> None:
    filled(address, clock).close()
    with Store.open(address, clock) as store:
        assert store.give_up_secrets() == ((ACME, BOOKS),)
        assert rows(store) == []
        assert [entry.body for entry in store.journal(ACME, "secrets")][-1] == {
            "connection": "quickbooks",
            "given_up": True,
            "names": [],
        }
        assert store.verify(ACME) == ()
    with unlocked(address, clock, given(SECOND)) as store:
        store.put_secrets(ACME, BOOKS, {"client_secret": "new"})
        assert store.secrets(ACME, BOOKS) == {"client_secret": "new"}
        assert store.secrets(CompanyId("nobody"), BOOKS) == {}
