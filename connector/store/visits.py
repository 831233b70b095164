"""What whoever opens a payment link needs, read at once: whose link it is, and marks of all that its page depends on.

A page may be opened a hundred times a second and its debts change a few times a day, so whoever shows it keeps what was
shown and asks here only whether the marks are the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import BindParameter, bindparam, literal, select, union_all

from connector.model.firm import Company
from connector.model.paylink import PaymentLink
from connector.store import tables
from connector.store.database import Texts, is_one_of
from connector.store.journal import Desk, read_back

_LINK, _MIRROR, _UNDER_WAY = tables.link.c, tables.mirror.c, tables.under_way.c
_ATTEMPT, _ATTEMPT_DEBT, _RECEIPT = tables.attempt.c, tables.attempt_debt.c, tables.receipt.c
_KEPT = 256
"""So many links and companies are kept as they were read, by their text."""

_BY_TOKEN = (
    select(_LINK.body, tables.company.c.body.label("company"))
    .join_from(tables.link, tables.company, tables.company.c.company_id == _LINK.company_id)
    .where(_LINK.token_hash == bindparam("token"))
)
_COMPANY: BindParameter[str] = bindparam("company")
_DEBTS = bindparam("debts", type_=Texts())
_TRIES = select(_ATTEMPT_DEBT.attempt_id).where(
    _ATTEMPT_DEBT.company_id == _COMPANY, is_one_of(_ATTEMPT_DEBT.debt, _DEBTS)
)
_NONE = literal(0)
_MARKS = union_all(
    select(literal("try"), _ATTEMPT.body, _NONE, _NONE).where(
        _ATTEMPT.company_id == _COMPANY, _ATTEMPT.attempt_id.in_(_TRIES)
    ),
    select(literal("receipt"), _RECEIPT.body, _NONE, _NONE).where(
        _RECEIPT.company_id == _COMPANY, _RECEIPT.attempt_id.in_(_TRIES)
    ),
    select(literal("under way"), _UNDER_WAY.debt + " " + _UNDER_WAY.currency, _UNDER_WAY.minor, _NONE).where(
        _UNDER_WAY.company_id == _COMPANY, is_one_of(_UNDER_WAY.debt, _DEBTS)
    ),
    select(
        literal("record"), _MIRROR.connection_id + "/" + _MIRROR.vendor_id, _MIRROR.record_seq, _MIRROR.seen_at
    ).where(
        _MIRROR.company_id == _COMPANY,
        is_one_of(_MIRROR.connection_id, bindparam("connections", type_=Texts())),
        is_one_of(_MIRROR.kind, bindparam("kinds", type_=Texts())),
        is_one_of(_MIRROR.vendor_id, bindparam("ids", type_=Texts())),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """A link and its company, and marks that differ whenever anything stored about its debts does."""

    company: Company
    link: PaymentLink
    marks: tuple[tuple[str, str, int, int], ...]


class Visits(Desk):
    """Links as their visitors come to them."""

    def visited(self, token_hash: str) -> Visited | None:
        """What a payer's link leads to; None when it is nobody's. Two questions in one transaction."""
        with self._database.read() as tx:
            found = tx.execute(_BY_TOKEN, {"token": token_hash}).one_or_none()
            if found is None:
                return None
            company, link = _company(found.company), _link(found.body)
            asked = {
                "company": company.company_id,
                "debts": [str(debt) for debt in link.debts],
                "connections": sorted({debt.connection for debt in link.debts}),
                "kinds": sorted({debt.kind.value for debt in link.debts}),
                "ids": [debt.vendor_id for debt in link.debts],
            }
            marks = tuple(
                sorted((str(row[0]), str(row[1]), int(row[2]), int(row[3])) for row in tx.execute(_MARKS, asked))
            )
        return Visited(company=company, link=link, marks=marks)


@lru_cache(_KEPT)
def _company(body: str) -> Company:
    return read_back(body, Company)


@lru_cache(_KEPT)
def _link(body: str) -> PaymentLink:
    return read_back(body, PaymentLink)
