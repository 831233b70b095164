"""The journal is only ever added to, and whatever is altered behind its back is found and named."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
import zstandard
from sqlalchemy import text

from connector.dates import Instant
from connector.errors import StoreError, UnknownRecord
from connector.model.contact import Note, NoteId, PayerFile
from connector.model.finding import Decision, Finding, FindingCode, Ground
from connector.model.firm import Connection
from connector.model.intent import Written
from connector.model.paylink import LinkId, LinkState, PaymentLink
from connector.model.source import CompanyId, Kind, PlanId
from connector.money import Money
from connector.store import Store
from tests.clocks import FakeClock
from tests.unit.store_ground import (
    ACME,
    ANN,
    BOOKS,
    OTHER,
    RUN,
    USD,
    by_hand,
    contact,
    found,
    gone,
    page,
    ready,
    ref,
    save,
    seen,
    write,
)  # fmt: skip


@pytest.fixture
def store(address: str, clock: FakeClock) -> Iterator[Store]:
    with ready(address, clock) as made:
        yield made


def decision(number: int, sentence: str = "by its stored key") -> Decision:
    return Decision(
        payment=ref(number, Kind.PAYMENT),
        gross=Money(100, USD),
        ground=Ground.STORED_KEY,
        allocations=(),
        unapplied=Money(100, USD),
        evidence=(),
        sentence=sentence,
    )


def finding(number: int) -> Finding:
    return Finding(code=FindingCode.NO_REFERENCE, sentence=f"No reference on {number}.", next_step="Ask.", refs=())


def lived_in(store: Store, now: Instant) -> None:
    """Something of everything that the journal vouches for."""
    save(store, page(seen(1), seen(2), seen(3)), page(seen(4), cursor="c2"))
    save(store, page(gone(3), seen(2, 50), cursor="c3"))
    store.save_connection(Connection(company_id=ACME, connection_id=BOOKS, system="b", account="1", live=False), ANN)
    store.outbox_add([write(1), write(2)])
    store.outbox_sending(ACME, write(1).op_id, None)
    store.outbox_done(ACME, write(1).op_id, Written(ref=ref(9, Kind.BOOK_ENTRY, BOOKS), version="0"), None)
    store.add_contact(contact(1))
    note = Note(
        note_id=NoteId("n1"), contact_id=contact(1).contact_id, target=ref(1), part=1, parts=1, text="called",
        op_id=write(2).op_id,
    )  # fmt: skip
    store.add_note(ACME, note)
    store.save_payer_file(ACME, PayerFile(customer=ref(1, Kind.CUSTOMER), approver="Eve"))
    link = PaymentLink(link_id=LinkId("l1"), debt=ref(1), number="INV-1", state=LinkState.ACTIVE, created_at=now)
    store.add_link(ACME, link, "hash-of-a-secret", ANN)
    store.save_plan(ACME, PlanId("p1"), b"a plan", ANN)
    store.save_reconciliation(ACME, RUN, [decision(1), decision(2)], [finding(1), finding(2)], ANN)
    store.save_reconciliation(ACME, RUN, [decision(2, "by its number")], [finding(2)], ANN)


def test_an_honest_life_has_no_problems(store: Store, clock: FakeClock) -> None:
    lived_in(store, clock.now())
    assert store.verify(ACME) == ()
    assert store.rebuild(ACME) == 0


def test_every_entry_is_linked_to_the_one_before_and_the_head_is_the_last(store: Store, clock: FakeClock) -> None:
    lived_in(store, clock.now())
    with store._database.read() as tx:
        rows = tx.execute(text("SELECT seq, entry, chain FROM journal ORDER BY seq")).all()
    link = "0" * 64
    for place, row in enumerate(rows, start=1):
        plain = zstandard.ZstdDecompressor().decompress(row.entry)
        link = hashlib.sha256(link.encode() + b"\n" + plain).hexdigest()
        assert (row.seq, row.chain) == (place, link)
    assert store.head(ACME) == (len(rows), link)


def test_an_entry_says_who_did_it_when_in_which_run(store: Store, clock: FakeClock) -> None:
    number = store.journal_append(ACME, "sweep", {"found": 2}, actor=ANN, run=RUN)
    (entry,) = store.journal(ACME, kind="sweep")
    assert (entry.seq, entry.at, entry.actor, entry.run, entry.body) == (number, clock.now(), ANN, RUN, {"found": 2})


def test_entries_come_in_order_after_a_number_however_many(store: Store) -> None:
    numbers = [store.journal_append(ACME, "tick", {"n": n}, actor=ANN, run=None) for n in range(620)]
    assert [entry.seq for entry in store.journal(ACME, kind="tick", after=numbers[9])] == numbers[10:]


def test_each_company_has_a_chain_of_its_own(store: Store) -> None:
    before = store.head(ACME)
    found(store, OTHER)
    store.journal_append(OTHER, "tick", {}, actor=ANN, run=None)
    assert store.head(ACME) == before
    assert store.head(OTHER)[0] == 2


def test_a_company_that_is_not_here_has_no_head_and_nothing_to_verify(store: Store) -> None:
    for ask in (store.head, store.verify):
        with pytest.raises(UnknownRecord):
            ask(CompanyId("nobody"))


@pytest.mark.parametrize("deed", ["UPDATE journal SET kind = 'other'", "DELETE FROM journal", "TRUNCATE journal"])
def test_the_database_itself_refuses_to_change_the_journal(store: Store, deed: str) -> None:
    if deed.startswith("TRUNCATE") and store._database.is_sqlite:
        deed = "DELETE FROM journal WHERE seq = 1"
    with pytest.raises(StoreError, match="breaks its own rules"), store._database.write() as tx:
        tx.execute(text(deed))
    assert store.verify(ACME) == ()


TAMPERED: dict[str, tuple[str, str, str]] = {
    # what somebody did: the statement, and two things that verify then says
    "entry altered": (
        "UPDATE journal SET entry = o.entry FROM (SELECT entry FROM journal WHERE seq = 2) AS o WHERE journal.seq = 3",
        "chain breaks",
        "3",
    ),
    "chain altered": (
        "UPDATE journal SET chain = head.chain FROM head WHERE journal.seq = 3",
        "chain breaks",
        "3",
    ),
    "kind altered": (
        "UPDATE journal SET kind = 'other' WHERE seq = 3",
        "entry 3 was altered",
        "'page'",
    ),
    "entry unreadable": (
        "UPDATE journal SET entry = o.pack FROM (SELECT pack FROM journal WHERE seq = 2) AS o WHERE journal.seq = 3",
        "entry 3 cannot be read",
        "chain breaks",
    ),
    "entry removed": (
        "DELETE FROM journal WHERE seq = 3",
        "entry 3 is missing",
        "",
    ),
    "entries removed": (
        "DELETE FROM journal WHERE seq IN (3, 4)",
        "entry 3 to 4 are missing",
        "",
    ),
    "journal cut off": (
        "DELETE FROM journal WHERE seq > 5",
        "does not end where its head says",
        "entries after 5 are missing",
    ),
    "head removed": (
        "DELETE FROM head",
        "does not end where its head says",
        "",
    ),
    "pack altered": (
        "UPDATE journal SET pack = o.pack FROM (SELECT pack FROM journal WHERE seq = 2) AS o WHERE journal.seq = 3",
        "documents stored with journal entry 3",
        "is not where it was stored",
    ),
    "pattern altered": (
        "UPDATE journal SET pattern = pack WHERE seq = 2",
        "pattern stored with journal entry 2",
        "record stripe/invoice/invoice_000001 was altered",
    ),
    "pattern removed": (
        "UPDATE journal SET pattern = NULL WHERE seq = 2",
        "pattern stored with journal entry 2",
        "record stripe/invoice/invoice_000001 was altered",
    ),
    "hash altered": (
        "UPDATE mirror SET record_hash = content_hash WHERE vendor_id = 'invoice_000001'",
        "record stripe/invoice/invoice_000001 was altered",
        "",
    ),
    "pack removed": (
        "UPDATE journal SET pack = NULL WHERE seq = 3",
        "documents stored with journal entry 3",
        "",
    ),
    "record altered": (
        "UPDATE mirror SET record = (SELECT min(record) FROM mirror) WHERE vendor_id = 'invoice_000001'",
        "record stripe/invoice/invoice_000001 was altered",
        "",
    ),
    "version altered": (
        "UPDATE mirror SET version = '7' WHERE vendor_id = 'invoice_000001'",
        "record stripe/invoice/invoice_000001 was altered",
        "",
    ),
    "column altered": (
        "UPDATE mirror SET open_minor = 0 WHERE vendor_id = 'invoice_000001'",
        "columns of the mirrored record stripe/invoice/invoice_000001",
        "",
    ),
    "document mislaid": (
        "UPDATE mirror SET journal_seq = 1 WHERE vendor_id = 'invoice_000001'",
        "document of the mirrored record stripe/invoice/invoice_000001",
        "",
    ),
    "record removed": (
        "DELETE FROM mirror WHERE vendor_id = 'invoice_000001'",
        "record stripe/invoice/invoice_000001 was removed",
        "",
    ),
    "record smuggled in": (
        "UPDATE mirror SET vendor_id = 'forged' WHERE vendor_id = 'invoice_000001'",
        "record stripe/invoice/forged was put in by hand",
        "invoice_000001 was removed",
    ),
    "tombstone lifted": (
        "UPDATE mirror SET gone = NULL WHERE vendor_id = 'invoice_000003'",
        "columns of the mirrored record stripe/invoice/invoice_000003",
        "",
    ),
    "tombstone reworded": (
        "UPDATE mirror SET gone = 'merged' WHERE vendor_id = 'invoice_000003'",
        "columns of the mirrored record stripe/invoice/invoice_000003",
        "",
    ),
    "living record buried": (
        "UPDATE mirror SET gone = 'deleted' WHERE vendor_id = 'invoice_000001'",
        "columns of the mirrored record stripe/invoice/invoice_000001",
        "",
    ),
    "write taken back": (
        "UPDATE outbox SET state = 'ready' WHERE state = 'done'",
        "The outbox AAAA",
        "was altered",
    ),
    "write raised": (
        "UPDATE outbox SET intent = replace(intent, '320', '999')",
        "The outbox AAAA",
        "was altered",
    ),
    "write removed": (
        "DELETE FROM outbox",
        "The outbox AAAA",
        "was removed",
    ),
    "contact reworded": (
        "UPDATE contact SET body = replace(body, 'will pay', 'paid')",
        "The contact k000001",
        "alter",
    ),
    "contact removed": (
        "DELETE FROM contact",
        "The contact k000001 was removed",
        "",
    ),
    "note reworded": (
        "UPDATE note SET body = replace(body, 'called', 'emailed')",
        "The note n1 was altered",
        "",
    ),
    "payer file reworded": (
        "UPDATE payer_file SET body = replace(body, 'Eve', 'Bob')",
        "The payer file",
        "altered",
    ),
    "link redirected": (
        "UPDATE link SET token_hash = 'mine'",
        "The link l1 was altered",
        "",
    ),
    "plan swapped": (
        "UPDATE plan SET body = journal.pack FROM journal WHERE journal.seq = 2",
        "plan p1 was",
        "altered",
    ),
    "decision reworded": (
        "UPDATE decision SET body = replace(body, 'number', 'name')",
        "The decision stripe/",
        "alter",
    ),
    "finding removed": (
        "DELETE FROM finding",
        "The finding",
        "was removed",
    ),
    "company renamed": (
        "UPDATE company SET body = replace(body, 'Acme', 'Evil')",
        "The company",
        "was altered",
    ),
    "actor renamed": (
        "UPDATE actor SET body = replace(body, 'Ann', 'Eve')",
        "The actor ann was altered",
        "",
    ),
    "writes allowed": (
        "UPDATE connection SET body = replace(replace(body, 'false', 'FALSE'), 'FALSE', 'true')",
        "The connection quickbooks was altered",
        "",
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_what_was_altered_by_hand_is_named(store: Store, clock: FakeClock, name: str) -> None:
    lived_in(store, clock.now())
    deed, *words = TAMPERED[name]
    by_hand(store, deed)
    problems = " ".join(store.verify(ACME))
    for each in words:
        assert each in problems, problems
    assert problems


def test_alterations_of_another_company_are_not_ours(store: Store, clock: FakeClock) -> None:
    lived_in(store, clock.now())
    found(store, OTHER)
    save(store, page(seen(1)), company=OTHER)
    by_hand(store, "UPDATE mirror SET version = '7' WHERE company_id = 'other'")
    assert store.verify(ACME) == ()
    assert len(store.verify(OTHER)) == 1


def test_secrets_and_their_hashes_stay_out_of_the_journal(store: Store) -> None:
    store.put_secrets(ACME, BOOKS, {"client_secret": "canary-value"})
    with store._database.read() as tx:
        stored = tx.execute(text("SELECT entry FROM journal")).scalars()
        entries = " ".join(zstandard.ZstdDecompressor().decompress(entry).decode() for entry in stored)
    assert "client_secret" in entries
    assert "canary" not in entries
    assert hashlib.sha256(b"canary-value").hexdigest()[:16] not in entries


def test_a_reconciliation_that_decides_the_same_writes_nothing(store: Store) -> None:
    store.save_reconciliation(ACME, RUN, [decision(1)], [finding(1)], ANN)
    before = store.head(ACME)
    store.save_reconciliation(ACME, RUN, [decision(1)], [finding(1)], ANN)
    assert store.head(ACME) == before
    assert (store.decisions(ACME), store.findings(ACME)) == ((decision(1),), (finding(1),))


def test_a_reconciliation_replaces_the_one_before_and_keeps_the_order_of_findings(store: Store) -> None:
    store.save_reconciliation(ACME, RUN, [decision(1), decision(2)], [finding(1), finding(2), finding(3)], ANN)
    store.save_reconciliation(ACME, RUN, [replace(decision(2), sentence="anew")], [finding(3), finding(1)], ANN)
    assert store.decisions(ACME) == (decision(2, "anew"),)
    assert store.findings(ACME) == (finding(3), finding(1))
    entries = list(store.journal(ACME, kind="reconciled"))
    assert entries[1].body == {"decided": 1, "withdrawn": [str(ref(1, Kind.PAYMENT))], "standing": 1, "findings": 2}
