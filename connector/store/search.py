"""Finding contacts by the words in them: FTS5 on SQLite, a tsvector under a GIN index on PostgreSQL.

Both are given the same words, cut here, so that one query finds the same on both and no punctuation can be an operator.
Among the words stands one for the company, so that the index itself keeps companies apart.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from sqlalchemy import ARRAY, Connection, Text, bindparam, text

from connector import canonical
from connector.dates import day_of, zone
from connector.model.contact import Contact
from connector.model.source import CompanyId
from connector.money import plain

_WORD = re.compile(r"[^\W_]+")
_DAY = re.compile(r"(?<![\w-])(\d{4})-(\d{2})-(\d{2})(?![\w-])")
_WORDS_MAX = 12
_PHONE_DIGITS_MIN = 7

_ADD = {
    "sqlite": text("INSERT INTO contact_search (company, words, contact_id) VALUES (:token, :words, :contact_id)"),
    "postgresql": text(
        "INSERT INTO contact_search (company_id, number, contact_id, words) "
        "VALUES (:company_id, :number, :contact_id, array_to_tsvector(:words))"
    ).bindparams(bindparam("words", type_=ARRAY(Text()))),
}

FIND = {
    "sqlite": text(
        "SELECT contact_id FROM contact_search WHERE contact_search MATCH :query ORDER BY rowid DESC LIMIT :limit"
    ),
    "postgresql": text(
        "SELECT contact_id FROM contact_search WHERE words @@ CAST(:query AS tsquery) ORDER BY number DESC LIMIT :limit"
    ),
}
"""Ids of the newest contacts that have every word of the query."""


def index(tx: Connection, company: CompanyId, rows: Sequence[tuple[int, Contact]]) -> None:
    """Make contacts findable, each with its running number."""
    name = tx.dialect.name
    token = _company_word(company)
    found: list[dict[str, object]] = []
    for number, contact in rows:
        cut = words(_searched(contact))
        row: dict[str, object] = {"contact_id": contact.contact_id}
        if name == "sqlite":
            row |= {"token": token, "words": " ".join(cut)}
        else:
            row |= {"company_id": company, "number": number, "words": [token, *dict.fromkeys(cut)]}
        found.append(row)
    tx.execute(_ADD[name], found)


def query(dialect: str, company: CompanyId, wanted: str) -> str | None:
    """What is asked for in the index's own language, every word as a prefix; None when there is no word in it."""
    cut = words(wanted)[:_WORDS_MAX]
    if not cut:
        return None
    token = _company_word(company)
    if dialect == "sqlite":
        return f'company:"{token}" AND ' + " AND ".join(f'words:"{word}"*' for word in cut)
    return f"'{token}' & " + " & ".join(f"'{word}':*" for word in cut)


def words(said: str) -> list[str]:
    """Letters and digits, without case or accents; a day is one word."""
    plain = "".join(
        letter for letter in unicodedata.normalize("NFKD", said.casefold()) if not unicodedata.combining(letter)
    )
    return _WORD.findall(_DAY.sub(r"\1\2\3", plain))


def _company_word(company: CompanyId) -> str:
    # Longer than any word that people write, and not to be met by a prefix of one: companies cannot leak.
    return "company" + canonical.digest(company.encode())


def _searched(contact: Contact) -> str:
    said = (
        contact.said, contact.person, contact.role, contact.address, _run_together(contact.address),
        contact.customer_name, contact.invoice_number, contact.dispute_reason, contact.outcome, contact.channel,
        contact.by, day_of(contact.at, zone(contact.zone)).isoformat(), contact.issued.to,
        *(debt.number for debt in contact.earlier),
        *((plain(contact.promise.amount), contact.promise.by.isoformat()) if contact.promise is not None else ()),
    )  # fmt: skip
    return " ".join(part for part in said if part)


def _run_together(address: str | None) -> str:
    """The digits of a telephone number as people run them together: all, without the country, without the area."""
    digits = "".join(letter for letter in address or "" if letter.isdigit())
    return " ".join(dict.fromkeys((digits, digits[-10:], digits[-7:]))) if len(digits) >= _PHONE_DIGITS_MIN else ""
