"""The first schema: every table, the journal's refusal of change, and the index of collection notes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

_TABLES: dict[str, tuple[str, str]] = {
    # table: (primary key, other columns); a column is text unless it ends in a mark: # integer, * bytes, ? may be null
    "head": ("company_id", "seq# chain"),
    "journal": ("company_id seq#", "kind chain entry* pattern*? pack*?"),
    "company": ("company_id", "body"),
    "actor": ("company_id actor_id", "body"),
    "connection": ("company_id connection_id", "body"),
    "secret": ("company_id connection_id name", "value version#"),
    "cursor": ("company_id connection_id stream", "cursor? at# whole_at#?"),
    "budget": ("company_id connection_id", "next_at# paused_until# throttled_since# month metered#"),
    "tie_check": ("company_id connection_id", "through# body"),
    "notice": ("company_id connection_id notice_id", "number# first_at# last_at# dismissed_by? body"),
    "inbox": ("company_id connection_id event_key", "at# hint done_at#? vendor_id?"),
    "alarm": ("company_id alarm_key", "since# told# over# body"),
    "message": ("company_id message_id", "at# body"),
    "due": ("company_id", "due_ms# reason owner fence# until_ms# turn"),
    "lease": ("company_id name", "owner fence# until_ms#"),
    "mirror": (
        "company_id connection_id kind vendor_id",
        """version seen_at# content_hash* record_hash* journal_seq#? position#? gone?
        number? party? currency? amount_minor#? open_minor#? on_date#? due_date#? state? record_seq# record*""",
    ),
    "outbox": (
        "company_id op_id",
        """number# connection_id kind subject intent state tries# repeat#
        tried_at#? keyed_at#? doubted_at#? not_before#? answer? fault plan_id? line# actor_id""",
    ),
    "plan": ("company_id plan_id", "number# body*"),
    "approval": ("company_id plan_id actor_id", "body"),
    "decision": ("company_id payment", "body"),
    "finding": ("company_id finding_hash", "number# body"),
    "evidence": ("company_id payment", "body*"),
    "ruling": ("company_id seq#", "payment body"),
    "forgotten": ("company_id fact_id", "body"),
    "contact": ("company_id contact_id", "number# invoice customer? body"),
    "note": ("company_id note_id", "number# contact_id body"),
    "payer_file": ("company_id customer", "body"),
    "link": ("company_id link_id", "debt state token_hash body"),
    "attempt": ("company_id attempt_id", "number# link_id state made_at# body"),
    "attempt_debt": ("company_id debt attempt_id", "minor#"),
    "link_debt": ("company_id debt link_id", "place#"),
    "receipt": ("company_id connection_id reference", "number# attempt_id booked# body"),
    "under_way": ("company_id debt", "minor# currency"),
    "person": ("company_id person_id", "body"),
    "seat": ("company_id person_id", "body"),
    "session": ("company_id token_hash", "person_id invited# form_key made_at# seen_at#"),
    "errand": ("company_id errand_id", "made_at# state body"),
    "figure": ("company_id name", "head# day at# body"),
    "tried": ("company_id name", "since# times#"),
}

_INDEXES: dict[str, tuple[str, str, str | None]] = {
    # index: (table, columns, condition of a unique index or None)
    "due_by_time": ("due", "owner due_ms", None),
    "inbox_open": ("inbox", "company_id connection_id done_at", None),
    "inbox_by_record": ("inbox", "company_id connection_id vendor_id", None),
    "outbox_by_state": ("outbox", "company_id state number", None),
    "outbox_subject": ("outbox", "company_id subject", "state <> 'dead'"),
    "ruling_by_payment": ("ruling", "company_id payment", None),
    "contact_by_number": ("contact", "company_id number", None),
    "contact_by_invoice": ("contact", "company_id invoice", None),
    "contact_by_customer": ("contact", "company_id customer", None),
    "note_by_contact": ("note", "company_id contact_id", None),
    "link_by_token": ("link", "token_hash", None),
    "link_by_debt": ("link", "company_id debt", None),
    "link_active": ("link", "company_id debt", "state = 'active'"),
    "attempt_by_link": ("attempt", "company_id link_id", None),
    "attempt_by_state": ("attempt", "company_id state number", None),
    "attempt_by_time": ("attempt", "company_id made_at", None),
    "receipt_by_attempt": ("receipt", "company_id attempt_id", None),
    "receipt_unbooked": ("receipt", "company_id booked", None),
}

_SQLITE = (
    """CREATE TRIGGER journal_keeps BEFORE UPDATE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is only ever added to'); END""",
    """CREATE TRIGGER journal_stays BEFORE DELETE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is only ever added to'); END""",
    """CREATE VIRTUAL TABLE contact_search USING fts5(
    company, words, contact_id UNINDEXED, tokenize = 'unicode61 remove_diacritics 0', prefix = '2 3')""",
)

_POSTGRESQL = (
    """CREATE FUNCTION journal_refuses() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the journal is only ever added to'; END $$""",
    """CREATE TRIGGER journal_keeps BEFORE UPDATE OR DELETE ON journal
    FOR EACH ROW EXECUTE FUNCTION journal_refuses()""",
    """CREATE TRIGGER journal_stays BEFORE TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_refuses()""",
    # These are compressed already: trying again would only cost time.
    "ALTER TABLE journal ALTER COLUMN pack SET STORAGE EXTERNAL",
    "ALTER TABLE journal ALTER COLUMN entry SET STORAGE EXTERNAL",
    "ALTER TABLE mirror ALTER COLUMN record SET STORAGE EXTERNAL",
    """CREATE TABLE contact_search (company_id text COLLATE "C" NOT NULL, number bigint NOT NULL,
    contact_id text NOT NULL, words tsvector NOT NULL, PRIMARY KEY (company_id, number, contact_id))""",
    "CREATE INDEX contact_words ON contact_search USING gin (words) WITH (fastupdate = off)",
)


def upgrade() -> None:
    """Make every table of the first schema."""
    for name, (keys, others) in _TABLES.items():
        columns = [_column(mark, primary_key=True) for mark in keys.split()]
        columns += [_column(mark, primary_key=False) for mark in others.split()]
        op.create_table(name, *columns)
    for name, (table, names, condition) in _INDEXES.items():
        where = None if condition is None else sa.text(condition)
        op.create_index(
            name, table, names.split(), unique=condition is not None, sqlite_where=where, postgresql_where=where
        )
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)


def _column(mark: str, *, primary_key: bool) -> sa.Column[Any]:
    name = mark.rstrip("#*?")
    kind: sa.types.TypeEngine[Any] = _KEY if primary_key else sa.Text()
    if "#" in mark:
        kind = sa.BigInteger()
    elif "*" in mark:
        kind = sa.LargeBinary()
    return sa.Column(name, kind, primary_key=primary_key, nullable="?" in mark, autoincrement=False)
