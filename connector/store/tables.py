"""The tables. `company_id` begins every primary key and every unique index.

Instants are whole microseconds since 1970 (UTC), days are integers like 20260331, money is an integer of minor units
beside its currency. A `body` is the canonical JSON of one dataclass: a new field with a default needs no migration.
`entry` and `record` are canonical JSON too, compressed as `packs.py` tells; the `body` of a plan is compressed alone.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, Table, Text

metadata = MetaData()

KEY = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that sorts by bytes on both databases, so that paging by key gives one order everywhere."""


def _key(name: str) -> Column[Any]:
    return Column(name, KEY, primary_key=True)


def _text(name: str) -> Column[Any]:
    return Column(name, Text, nullable=False)


def _maybe(name: str) -> Column[Any]:
    return Column(name, Text)


def _number(name: str) -> Column[Any]:
    return Column(name, BigInteger, nullable=False)


def _bytes(name: str) -> Column[Any]:
    return Column(name, LargeBinary, nullable=False)


def _maybe_number(name: str) -> Column[Any]:
    return Column(name, BigInteger)


head = Table("head", metadata, _key("company_id"), _number("seq"), _text("chain"))
"""Where each company's journal ends. Locking this row is what makes a company's writers take turns."""

journal = Table(
    "journal",
    metadata,
    _key("company_id"),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    _text("kind"),
    _text("chain"),
    _bytes("entry"),
    Column("pattern", LargeBinary),
    Column("pack", LargeBinary),
)

company = Table("company", metadata, _key("company_id"), _text("body"))
actor = Table("actor", metadata, _key("company_id"), _key("actor_id"), _text("body"))
connection = Table("connection", metadata, _key("company_id"), _key("connection_id"), _text("body"))
secret = Table(
    "secret", metadata, _key("company_id"), _key("connection_id"), _key("name"), _text("value"), _number("version")
)
cursor = Table(
    "cursor",
    metadata,
    _key("company_id"),
    _key("connection_id"),
    _key("stream"),
    _maybe("cursor"),
    _number("at"),
    _maybe_number("whole_at"),
)
"""Where each stream goes on (null: at its beginning), and when it was last read to its end (null: never yet)."""

alarm = Table(
    "alarm",
    metadata,
    _key("company_id"),
    _key("alarm_key"),
    _number("since"),
    _number("told"),
    _number("over"),
    _text("body"),
)
"""What is wrong and since when; whether somebody was told, and whether it is over and that is still to be told."""

message = Table("message", metadata, _key("company_id"), _key("message_id"), _number("at"), _text("body"))
"""What people were told, and whether it was taken; the latest ones."""

due = Table(
    "due",
    metadata,
    _key("company_id"),
    _number("due_ms"),
    _text("reason"),
    _text("owner"),
    _number("fence"),
    _number("until_ms"),
    _text("turn"),
    Index("due_by_time", "owner", "due_ms"),
)
"""When each company's turn is, who has it, and how the last one went."""

lease = Table(
    "lease", metadata, _key("company_id"), _key("name"), _text("owner"), _number("fence"), _number("until_ms")
)

mirror = Table(
    "mirror",
    metadata,
    _key("company_id"),
    _key("connection_id"),
    _key("kind"),
    _key("vendor_id"),
    _text("version"),
    _number("seen_at"),
    _bytes("content_hash"),
    _bytes("record_hash"),
    _maybe_number("journal_seq"),
    _maybe_number("position"),
    _maybe("gone"),
    _maybe("number"),
    _maybe("party"),
    _maybe("currency"),
    _maybe_number("amount_minor"),
    _maybe_number("open_minor"),
    _maybe_number("on_date"),
    _maybe_number("due_date"),
    _maybe("state"),
    _number("record_seq"),
    _bytes("record"),
)

outbox = Table(
    "outbox",
    metadata,
    _key("company_id"),
    _key("op_id"),
    _number("number"),
    _text("connection_id"),
    _text("kind"),
    _text("subject"),
    _text("intent"),
    _text("state"),
    _number("tries"),
    _number("repeat"),
    _maybe_number("tried_at"),
    _maybe_number("keyed_at"),
    _maybe_number("doubted_at"),
    _maybe_number("not_before"),
    _maybe("answer"),
    _text("fault"),
    _maybe("plan_id"),
    _number("line"),
    _text("actor_id"),
    Index("outbox_by_state", "company_id", "state", "number"),
    # Of rows that are not dead; as below, the revision says so. Said here it would import what SQLAlchemy knows of
    # PostgreSQL, three megabytes, for nothing: no statement asks for it.
    Index("outbox_subject", "company_id", "subject", unique=True),
)

plan = Table(
    "plan",
    metadata,
    _key("company_id"),
    _key("plan_id"),
    _number("number"),
    _bytes("body"),
)
approval = Table("approval", metadata, _key("company_id"), _key("plan_id"), _key("actor_id"), _text("body"))
"""Who besides its maker says that a plan may be written."""

decision = Table("decision", metadata, _key("company_id"), _key("payment"), _text("body"))
finding = Table("finding", metadata, _key("company_id"), _key("finding_hash"), _number("number"), _text("body"))
evidence = Table("evidence", metadata, _key("company_id"), _key("payment"), _bytes("body"))
"""What the last word about each payment stands on, compressed; it stays when the payment is posted."""

ruling = Table(
    "ruling",
    metadata,
    _key("company_id"),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    _text("payment"),
    _text("body"),
    Index("ruling_by_payment", "company_id", "payment"),
)
"""What people said about payments: only ever added to."""

forgotten = Table("forgotten", metadata, _key("company_id"), _key("fact_id"), _text("body"))
"""Signs of payers that say nothing any more."""

contact = Table(
    "contact",
    metadata,
    _key("company_id"),
    _key("contact_id"),
    _number("number"),
    _text("invoice"),
    _maybe("customer"),
    _text("body"),
    Index("contact_by_number", "company_id", "number"),
    Index("contact_by_invoice", "company_id", "invoice"),
    Index("contact_by_customer", "company_id", "customer"),
)
note = Table(
    "note",
    metadata,
    _key("company_id"),
    _key("note_id"),
    _number("number"),
    _text("contact_id"),
    _text("body"),
    Index("note_by_contact", "company_id", "contact_id"),
)
payer_file = Table("payer_file", metadata, _key("company_id"), _key("customer"), _text("body"))

link = Table(
    "link",
    metadata,
    _key("company_id"),
    _key("link_id"),
    _text("debt"),
    _text("state"),
    _text("token_hash"),
    _text("body"),
    Index("link_by_token", "token_hash"),
    Index("link_by_debt", "company_id", "debt"),
    Index("link_active", "company_id", "debt", unique=True),  # of links that are active
)
attempt = Table(
    "attempt",
    metadata,
    _key("company_id"),
    _key("attempt_id"),
    _number("number"),
    _text("link_id"),
    _text("state"),
    _number("made_at"),
    _text("body"),
    Index("attempt_by_link", "company_id", "link_id"),
    Index("attempt_by_state", "company_id", "state", "number"),
    Index("attempt_by_time", "company_id", "made_at"),
)
attempt_debt = Table(
    "attempt_debt",
    metadata,
    _key("company_id"),
    _key("debt"),
    _key("attempt_id"),
    _number("minor"),
)
"""Which tries are meant to pay a debt, of whatever link, and how much of it."""

link_debt = Table("link_debt", metadata, _key("company_id"), _key("debt"), _key("link_id"), _number("place"))
"""Which links are for a debt, alone or with others."""

receipt = Table(
    "receipt",
    metadata,
    _key("company_id"),
    _key("connection_id"),
    _key("reference"),
    _number("number"),
    _text("attempt_id"),
    _number("booked"),
    _text("body"),
    Index("receipt_by_attempt", "company_id", "attempt_id"),
    Index("receipt_unbooked", "company_id", "booked"),
)
"""Money that came through links: one row per payment of a processor, however often it is told."""

under_way = Table(
    "under_way",
    metadata,
    _key("company_id"),
    _key("debt"),
    _number("minor"),
    _text("currency"),
)
"""Money on its way to debts that have links, by any way but those: worked out anew after each reading, because whoever
opens a link cannot wait until everything is matched."""

tie_check = Table("tie_check", metadata, _key("company_id"), _key("connection_id"), _number("through"), _text("body"))
"""Which rows of a connection did not tie when its mirror was last checked, and the journal entry it was checked to."""

notice = Table(
    "notice",
    metadata,
    _key("company_id"),
    _key("connection_id"),
    _key("notice_id"),
    _number("number"),
    _number("first_at"),
    _number("last_at"),
    _maybe("dismissed_by"),
    _text("body"),
)
"""What was seen while a connection was read and a person should know, until it is gone or was dismissed."""

budget = Table(
    "budget",
    metadata,
    _key("company_id"),
    _key("connection_id"),
    _number("next_at"),
    _number("paused_until"),
    _number("throttled_since"),
    _text("month"),
    _number("metered"),
)
"""What a connection has used of its vendor's limits, in milliseconds of the database's clock; 0 is never."""

inbox = Table(
    "inbox",
    metadata,
    _key("company_id"),
    _key("connection_id"),
    _key("event_key"),
    _number("at"),
    _text("hint"),
    _maybe_number("done_at"),
    _maybe("vendor_id"),
    Index("inbox_open", "company_id", "connection_id", "done_at"),
    Index("inbox_by_record", "company_id", "connection_id", "vendor_id"),
)
"""What vendors told us to look at, once per event; a hint is never data."""

person = Table("person", metadata, _key("company_id"), _key("person_id"), _text("body"))
"""Who may sign in to the console, of whatever company; with a hash of a password, so never sealed."""

seat = Table("seat", metadata, _key("company_id"), _key("person_id"), _text("body"))
"""What each of them may do in a company."""

session = Table(
    "session",
    metadata,
    _key("company_id"),
    _key("token_hash"),
    _text("person_id"),
    _number("invited"),
    _text("form_key"),
    _number("made_at"),
    _number("seen_at"),
)
"""Browsers in which somebody is signed in, and links by which a password may be chosen; by the hash of their secret."""

errand = Table(
    "errand", metadata, _key("company_id"), _key("errand_id"), _number("made_at"), _text("state"), _text("body")
)
"""Long work that somebody asked for at the console: how far it is, and what came of it."""

figure = Table(
    "figure", metadata, _key("company_id"), _key("name"), _number("head"), _text("day"), _number("at"), _text("body")
)
"""What was worked out of a company's mirror, with the end of the journal and the day that it is good for."""

tried = Table("tried", metadata, _key("company_id"), _key("name"), _number("since"), _number("times"))
"""How often a password was tried of late, by a hash of the name or the visitor; of no company."""

SEALED: dict[str, Table] = {
    table.name: table
    for table in (
        company, actor, connection, outbox, plan, approval, decision, finding, evidence, ruling, forgotten, contact,
        note, payer_file, link, link_debt, attempt, attempt_debt, receipt, seat,
    )
}  # fmt: skip
"""Tables whose every row is vouched for by a hash in the journal. Secrets never are, not even by their hash; cursors,
notices, leases, budgets, hints and figures are working notes that are made anew. People of the console have a hash of
a password, and their sessions are secrets; what they may do, their seats, is vouched for."""
