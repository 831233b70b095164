"""Who approved which plan. Only ever added to; an approval is good for the plan with that hash and for no other."""

from __future__ import annotations

from sqlalchemy import exists, select

from connector import canonical
from connector.errors import Refused, UnknownRecord
from connector.model.approval import Approval
from connector.model.source import CompanyId, PlanId
from connector.store import tables
from connector.store.decisions import plan_body
from connector.store.journal import Desk, read_back, text_of
from connector.store.rows import Author

_APPROVAL = tables.approval.c


class Approvals(Desk):
    """The second person's word."""

    def approve(self, author: Author, approval: Approval) -> None:
        """Keep it. Refused when the plan that is stored is another than the one approved, or the same person approved
        it before; UnknownRecord when there is none of that id."""
        same = (tables.plan.c.company_id == author.company, tables.plan.c.plan_id == approval.plan_id)
        before = (_APPROVAL.company_id == author.company, _APPROVAL.plan_id == approval.plan_id)
        with self._writing(author) as scribe:
            body = scribe.tx.execute(select(tables.plan.c.body).where(*same)).scalar_one_or_none()
            if body is None:
                raise UnknownRecord(f"There is no plan {approval.plan_id}.", next_step="See: receivables plans")
            if canonical.digest(plan_body(bytes(body))) != approval.plan_hash:
                raise Refused(
                    f"The plan {approval.plan_id} that is stored is not the one that was looked at.",
                    next_step=f"Look again: receivables plan show {approval.plan_id}",
                )
            known = scribe.tx.execute(select(_APPROVAL.actor_id).where(*before, _APPROVAL.actor_id == approval.by))
            if known.first() is not None:
                raise Refused(
                    f"{approval.by} approved {approval.plan_id} already.",
                    next_step=f"Nothing more is needed: receivables apply {approval.plan_id}",
                )
            row = {"plan_id": approval.plan_id, "actor_id": approval.by, "body": text_of(approval)}
            scribe.keep(tables.approval, [row])
            scribe.write("approval", approval)

    def approved_plans(self, company: CompanyId) -> tuple[PlanId, ...]:
        """The plans that anybody approved, the last made first."""
        same = (tables.plan.c.company_id == _APPROVAL.company_id, tables.plan.c.plan_id == _APPROVAL.plan_id)
        wanted = select(tables.plan.c.plan_id).where(tables.plan.c.company_id == company)
        wanted = wanted.where(exists().where(*same)).order_by(tables.plan.c.number.desc())
        with self._database.read() as tx:
            return tuple(PlanId(each) for each in tx.execute(wanted).scalars())

    def approvals(self, company: CompanyId, plan_id: PlanId) -> tuple[Approval, ...]:
        """Who approved it, the first one first."""
        wanted = select(_APPROVAL.body).where(_APPROVAL.company_id == company, _APPROVAL.plan_id == plan_id)
        with self._database.read() as tx:
            found = [read_back(body, Approval) for body in tx.execute(wanted).scalars()]
        return tuple(sorted(found, key=lambda each: (each.at, each.by)))
