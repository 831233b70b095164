"""Payment links, the pages opened for them, and the money that came. Of a link's secret only the hash is here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import bindparam, delete, func, insert, select

from connector.dates import Instant
from connector.errors import Refused, UnknownRecord
from connector.model.money_in import AttemptState
from connector.model.paylink import AmountMode, AttemptId, LinkAttempt, LinkId, LinkState, PaymentLink, Receipt, Step
from connector.model.source import ActorId, CompanyId, Ref
from connector.money import Currency, Money
from connector.store import tables
from connector.store.database import Texts, is_one_of
from connector.store.journal import Desk, Scribe, micros, read_back, text_of
from connector.store.outbox import add_rows
from connector.store.rows import PROGRAM, Author, OutboxRow

_LINK, _LINK_DEBT = tables.link.c, tables.link_debt.c
_ATTEMPT, _ATTEMPT_DEBT = tables.attempt.c, tables.attempt_debt.c
_RECEIPT, _UNDER_WAY = tables.receipt.c, tables.under_way.c

# Made once: whoever opens a link waits for them, and making a statement costs more than carrying it out.
_OF_DEBTS = select(_ATTEMPT_DEBT.attempt_id).where(
    _ATTEMPT_DEBT.company_id == bindparam("company"),
    is_one_of(_ATTEMPT_DEBT.debt, bindparam("debts", type_=Texts())),
)
_ATTEMPTS_FOR = (
    select(_ATTEMPT.body)
    .where(_ATTEMPT.company_id == bindparam("company"), _ATTEMPT.attempt_id.in_(_OF_DEBTS))
    .order_by(_ATTEMPT.number)
)
_RECEIPTS_FOR = (
    select(_RECEIPT.body)
    .where(_RECEIPT.company_id == bindparam("company"), _RECEIPT.attempt_id.in_(_OF_DEBTS))
    .order_by(_RECEIPT.number)
)
_UNDER_WAY_TO = select(_UNDER_WAY.minor, _UNDER_WAY.currency).where(
    _UNDER_WAY.company_id == bindparam("company"), is_one_of(_UNDER_WAY.debt, bindparam("debts", type_=Texts()))
)
_ATTEMPTS_IN = _ATTEMPTS_FOR.where(is_one_of(_ATTEMPT.state, bindparam("states", type_=Texts())))
_BY_ID = select(_LINK.body).where(_LINK.company_id == bindparam("company"), _LINK.link_id == bindparam("link"))
_ATTEMPT_BY_ID = select(_ATTEMPT.body).where(
    _ATTEMPT.company_id == bindparam("company"), _ATTEMPT.attempt_id == bindparam("attempt")
)
_MADE_SINCE = select(func.count().label("held"), func.min(_ATTEMPT.made_at).label("first")).where(
    _ATTEMPT.company_id == bindparam("company"), _ATTEMPT.made_at > bindparam("since")
)
_MADE_SINCE_OF = _MADE_SINCE.where(_ATTEMPT.link_id == bindparam("link"))
_RECEIPT_OF = select(_RECEIPT.number, _RECEIPT.body).where(
    _RECEIPT.company_id == bindparam("company"),
    _RECEIPT.connection_id == bindparam("connection"),
    _RECEIPT.reference == bindparam("payment"),
)

STEP = "link_step"
"""The kind of the journal's entries that say how a try and its money moved."""


class Links(Desk):
    """One stable link per debt, or set of debts, and amount mode."""

    def add_link(self, company: CompanyId, link: PaymentLink, token_hash: str, by: ActorId) -> None:
        """Refused when there is an active link for the same debts already."""
        with self._writing(Author(company, by)) as scribe:
            if link.state is LinkState.ACTIVE:
                _refuse_second(scribe, link)
            _keep(scribe, link, token_hash)
            scribe.write("link", link)

    def link(self, company: CompanyId, link_id: LinkId) -> PaymentLink:
        """UnknownRecord when there is none of that id."""
        with self._database.read() as tx:
            body = tx.execute(_BY_ID, {"company": company, "link": link_id}).scalar_one_or_none()
        if body is None:
            raise _unknown(link_id)
        return read_back(body, PaymentLink)

    def links(
        self, company: CompanyId, debt: Ref | None = None, states: Collection[LinkState] = ()
    ) -> tuple[PaymentLink, ...]:
        """All, those for one debt (alone or with others), or those in these states; by id."""
        wanted = select(_LINK.body).where(_LINK.company_id == company).order_by(_LINK.link_id)
        if debt is not None:
            for_it = select(_LINK_DEBT.link_id).where(_LINK_DEBT.company_id == company, _LINK_DEBT.debt == str(debt))
            wanted = wanted.where(_LINK.link_id.in_(for_it))
        if states:
            wanted = wanted.where(_LINK.state.in_([state.value for state in states]))
        with self._database.read() as tx:
            return tuple(read_back(body, PaymentLink) for body in tx.execute(wanted).scalars())

    def set_link_state(
        self, company: CompanyId, link_id: LinkId, state: LinkState, by: ActorId = PROGRAM
    ) -> PaymentLink:
        """Which moves are allowed is decided in `connector.paylinks`; here only that one link of a debt is active."""
        return self.change_link(company, replace(self.link(company, link_id), state=state), by)

    def change_link(
        self, company: CompanyId, link: PaymentLink, by: ActorId = PROGRAM, *, token_hash: str | None = None
    ) -> PaymentLink:
        """A known link as it is now; `token_hash` where its address was changed: the old one leads nowhere at once."""
        with self._writing(Author(company, by)) as scribe:
            held = scribe.tx.execute(
                select(_LINK.token_hash).where(_LINK.company_id == company, _LINK.link_id == link.link_id)
            ).scalar_one_or_none()
            if held is None:
                raise _unknown(link.link_id)
            if link.state is LinkState.ACTIVE:
                _refuse_second(scribe, link)
            _keep(scribe, link, held if token_hash is None else token_hash)
            scribe.write("link", link)
        return link

    def save_attempt(
        self,
        company: CompanyId,
        attempt: LinkAttempt,
        by: ActorId = PROGRAM,
        *,
        rows: Sequence[OutboxRow] = (),
        step: Step | None = None,
    ) -> None:
        """A new page, together with the write that opens it; or what became of one, with the line of its trail."""
        with self._writing(Author(company, by)) as scribe:
            _keep_attempt(scribe, attempt)
            scribe.write("attempt", attempt)
            if step is not None:
                scribe.write(STEP, step)
            add_rows(scribe, rows)

    def attempt(self, company: CompanyId, attempt_id: AttemptId) -> LinkAttempt | None:
        """One try, None where nobody knows it."""
        with self._database.read() as tx:
            body = tx.execute(_ATTEMPT_BY_ID, {"company": company, "attempt": attempt_id}).scalar_one_or_none()
        return None if body is None else read_back(body, LinkAttempt)

    def attempts(
        self,
        company: CompanyId,
        link_id: LinkId | None = None,
        *,
        states: Collection[AttemptState] = (),
        since: Instant | None = None,
    ) -> tuple[LinkAttempt, ...]:
        """All, those of one link, those in these states, those made since then; oldest first."""
        wanted = select(_ATTEMPT.body).where(_ATTEMPT.company_id == company).order_by(_ATTEMPT.number)
        if link_id is not None:
            wanted = wanted.where(_ATTEMPT.link_id == link_id)
        if since is not None:
            wanted = wanted.where(_ATTEMPT.made_at > micros(since))
        if states:
            wanted = wanted.where(_ATTEMPT.state.in_([state.value for state in states]))
        with self._database.read() as tx:
            return tuple(read_back(body, LinkAttempt) for body in tx.execute(wanted).scalars())

    def attempts_for(
        self, company: CompanyId, debts: Collection[Ref], states: Collection[AttemptState] = ()
    ) -> tuple[LinkAttempt, ...]:
        """The tries of whatever link that are for one of these debts (in one of these states), oldest first."""
        wanted = {"company": company, "debts": [str(debt) for debt in debts], "states": [str(each) for each in states]}
        with self._database.read() as tx:
            found = tx.execute(_ATTEMPTS_IN if states else _ATTEMPTS_FOR, wanted)
            return tuple(read_back(body, LinkAttempt) for body in found.scalars())

    def receipts_for(self, company: CompanyId, debts: Collection[Ref]) -> tuple[Receipt, ...]:
        """The money that came of them, oldest first."""
        with self._database.read() as tx:
            found = tx.execute(_RECEIPTS_FOR, {"company": company, "debts": [str(debt) for debt in debts]})
            return tuple(read_back(body, Receipt) for body in found.scalars())

    def attempts_since(self, company: CompanyId, since: Instant, link_id: LinkId | None = None) -> tuple[int, int]:
        """How many pages were opened since that moment, for one link or for all, and when the first of them was (in
        microseconds since 1970; 0 for none)."""
        wanted = {"company": company, "since": micros(since), "link": link_id}
        with self._database.read() as tx:
            found = tx.execute(_MADE_SINCE if link_id is None else _MADE_SINCE_OF, wanted).one()
        return int(found.held), int(found.first or 0)

    def add_receipt(self, company: CompanyId, receipt: Receipt, attempt: LinkAttempt, step: Step) -> bool:
        """Money that came, with what became of its try. False, and nothing is stored, when that payment has a receipt
        already: whoever is told of it a second time adds nothing."""
        with self._writing(Author(company)) as scribe:
            if scribe.tx.execute(_RECEIPT_OF, _of(company, receipt.payment)).first() is not None:
                return False
            _keep_receipt(scribe, receipt)
            _keep_attempt(scribe, attempt)
            scribe.write("receipt", receipt)
            scribe.write(STEP, step)
        return True

    def change_receipt(self, company: CompanyId, receipt: Receipt, step: Step | None = None) -> None:
        """What became of money that came, or that the books hold it now."""
        with self._writing(Author(company)) as scribe:
            _keep_receipt(scribe, receipt)
            scribe.write("receipt", receipt)
            if step is not None:
                scribe.write(STEP, step)

    def receipts(
        self,
        company: CompanyId,
        *,
        attempt: AttemptId | None = None,
        booked: bool | None = None,
    ) -> tuple[Receipt, ...]:
        """All, or those of one try, or those that are booked or not; oldest first."""
        wanted = select(_RECEIPT.body).where(_RECEIPT.company_id == company).order_by(_RECEIPT.number)
        if attempt is not None:
            wanted = wanted.where(_RECEIPT.attempt_id == attempt)
        if booked is not None:
            wanted = wanted.where(_RECEIPT.booked == int(booked))
        with self._database.read() as tx:
            return tuple(read_back(body, Receipt) for body in tx.execute(wanted).scalars())

    def receipt(self, company: CompanyId, payment: Ref) -> Receipt | None:
        """The receipt of one payment of a processor."""
        with self._database.read() as tx:
            found = tx.execute(_RECEIPT_OF, _of(company, payment)).one_or_none()
        return None if found is None else read_back(found.body, Receipt)

    def set_under_way(self, company: CompanyId, found: Mapping[Ref, Money]) -> None:
        """What is on its way to debts that have links; all of it, in place of what was said before."""
        rows = [
            {"company_id": company, "debt": str(debt), "minor": money.minor, "currency": money.currency}
            for debt, money in found.items()
        ]
        with self._database.write() as tx:
            tx.execute(delete(tables.under_way).where(_UNDER_WAY.company_id == company))
            if rows:
                tx.execute(insert(tables.under_way), rows)

    def under_way(self, company: CompanyId, debts: Collection[Ref]) -> tuple[Money, ...]:
        """What is on its way to these debts."""
        with self._database.read() as tx:
            found = tx.execute(_UNDER_WAY_TO, {"company": company, "debts": [str(debt) for debt in debts]})
            return tuple(Money(row.minor, Currency(row.currency)) for row in found)


def debts_key(link: PaymentLink) -> str:
    """What a link is for, as one text: at most one active link has it."""
    mode = "" if link.mode is AmountMode.WHOLE else f" {link.mode} {link.minimum.minor if link.minimum else 0}"
    return " ".join(sorted(str(debt) for debt in link.debts)) + mode


def _keep(scribe: Scribe, link: PaymentLink, token_hash: str) -> None:
    row = {
        "link_id": link.link_id,
        "debt": debts_key(link),
        "state": link.state.value,
        "token_hash": token_hash,
        "body": text_of(link),
    }
    scribe.keep(tables.link, [row])
    scribe.keep(
        tables.link_debt,
        [{"debt": str(debt), "link_id": link.link_id, "place": place} for place, debt in enumerate(link.debts)],
    )


def _keep_attempt(scribe: Scribe, attempt: LinkAttempt) -> None:
    row = {
        "attempt_id": attempt.attempt_id,
        "number": scribe.seq + 1,
        "link_id": attempt.link_id,
        "state": attempt.state.value,
        "made_at": micros(attempt.created_at or attempt.expires_at),
        "body": text_of(attempt),
    }
    scribe.keep(tables.attempt, [row], renumber=False)
    shares = {share.debt: share.amount.minor for share in attempt.shares} or {attempt.debt: attempt.amount.minor}
    scribe.keep(
        tables.attempt_debt,
        [{"debt": str(debt), "attempt_id": attempt.attempt_id, "minor": minor} for debt, minor in shares.items()],
    )


def _keep_receipt(scribe: Scribe, receipt: Receipt) -> None:
    held = scribe.tx.execute(_RECEIPT_OF, _of(scribe.company, receipt.payment)).one_or_none()
    row = {
        "connection_id": receipt.payment.connection,
        "reference": receipt.payment.vendor_id,
        "number": scribe.seq + 1 if held is None else held.number,
        "attempt_id": receipt.attempt_id,
        "booked": int(receipt.booked),
        "body": text_of(receipt),
    }
    scribe.keep(tables.receipt, [row])


def _of(company: CompanyId, payment: Ref) -> dict[str, str]:
    return {"company": company, "connection": payment.connection, "payment": payment.vendor_id}


def _refuse_second(scribe: Scribe, link: PaymentLink) -> None:
    other = scribe.tx.execute(
        select(_LINK.link_id).where(
            _LINK.company_id == scribe.company,
            _LINK.debt == debts_key(link),
            _LINK.state == LinkState.ACTIVE.value,
            _LINK.link_id != link.link_id,
        )
    ).first()
    if other is not None:
        raise Refused("This debt has an active payment link already.", next_step="Use that one, or revoke it first.")


def _unknown(link_id: LinkId) -> UnknownRecord:
    return UnknownRecord(f"There is no payment link {link_id}.")
