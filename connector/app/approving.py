"""A second person for what is large: who may act for a company, which plans need another's word, and who gave it.

On one shared computer this is a procedure and no lock: whoever may run commands may run them under another's name. What
it gives is that both names, and whose command it was, stand in the journal, for good.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from connector import canonical
from connector.app.house import Desk
from connector.errors import Refused, UnknownCurrency, UnknownRecord, UserError
from connector.model.approval import Approval
from connector.model.firm import Actor
from connector.model.source import ActorId, PlanId
from connector.money import Currency, Money, MoneyError, currency, from_text, grouped
from connector.plan import Plan
from connector.plan.groups import sums_of

NAME_MAX = 200
_OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Whether a plan may be written: `above` are its sums for which a second person is needed, none where none is;
    `given` are the words of others than its maker that are good for it as it is stored."""

    plan_hash: str
    sums: tuple[Money, ...]
    above: tuple[Money, ...]
    given: tuple[Approval, ...]

    @property
    def lacks(self) -> bool:
        return bool(self.above) and not self.given


def consent(desk: Desk, made: Plan) -> Consent:
    """How a plan stands with the company's rule of today."""
    plan_hash = canonical.digest(canonical.encode(made))
    return consent_for(desk, made.plan_id, made.made_by, plan_hash=plan_hash, sums=sums_of(made.lines))


def consent_for(desk: Desk, plan_id: PlanId, made_by: str, *, plan_hash: str, sums: tuple[Money, ...]) -> Consent:
    """The same of a plan of which only its hash and its sums are at hand."""
    limits = {each.currency: each for each in desk.company.approve_above}
    above = tuple(each for each in sums if limits and each > limits.get(each.currency, Money(0, each.currency)))
    given = tuple(
        each
        for each in desk.store.approvals(desk.id, plan_id)
        if each.plan_hash == plan_hash and not _same(each.by, made_by)
    )
    return Consent(plan_hash=plan_hash, sums=sums, above=above, given=given)


def require_approval(desk: Desk, made: Plan) -> None:
    """Refused where a second person has to approve a plan and has not approved it as it is."""
    if not desk.company.approve_above:
        return
    stands = consent(desk, made)
    if stands.lacks:
        amounts = " and ".join(grouped(each) for each in stands.above)
        raise Refused(
            f"{made.plan_id} writes {amounts}, and needs the approval of somebody other than {made.made_by}.",
            next_step=f"Let them look and approve: receivables plan approve {made.plan_id} --by NAME",
        )


def approve(desk: Desk, made: Plan, by: str, *, seen: str | None = None) -> Approval:
    """Somebody other than its maker says that a plan may be written. `seen` is the beginning of the hash on what they
    looked at. Refused: its maker, a second time, another plan than was seen; UnknownRecord: nobody of that name."""
    person = _person(desk, by)
    if _same(person.actor_id, made.made_by):
        raise Refused(
            f"{made.made_by} made {made.plan_id}, and a plan is approved by somebody else.",
            next_step=f"Let another person look: receivables plan approve {made.plan_id} --by NAME",
        )
    plan_hash = canonical.digest(canonical.encode(made))
    if seen is not None and (len(seen) < HASH_SHOWN or not plan_hash.startswith(seen.casefold())):
        raise Refused(
            f"{made.plan_id} has the hash {plan_hash[:HASH_SHOWN]}, and not {seen[:40]}: it is another than was seen.",
            next_step=f"Look at it again: receivables plan show {made.plan_id}",
        )
    given = Approval(
        plan_id=made.plan_id,
        plan_hash=plan_hash,
        by=person.actor_id,
        at=desk.clock.now(),
        entered_by=desk.actor,
    )
    desk.store.approve(desk.author("approve"), given)
    return given


HASH_SHOWN = 12
"""How much of a plan's hash people are shown, and have to name."""


def _person(desk: Desk, wanted: str) -> Actor:
    people = desk.store.actors(desk.id)
    found = next((each for each in people if each.actor_id == wanted), None)
    if found is None:
        names = ", ".join(each.actor_id for each in people)
        raise UnknownRecord(
            f"There is nobody called {wanted[:40]!r} at {desk.company.name}.",
            next_step=f"Those there are: {names or 'none'}; to add one: receivables people add NAME",
        )
    return found


def add_person(desk: Desk, wanted: str, name: str | None) -> Actor:
    """Somebody who may approve. Refused when there is one of that name, however it is written."""
    actor_id = wanted.strip()
    if not actor_id or len(actor_id) > NAME_MAX or not actor_id.isprintable() or any(c.isspace() for c in actor_id):
        raise UserError("A person's short name is one word.", next_step="For example: receivables people add erin")
    held = next((each for each in desk.store.actors(desk.id) if _same(each.actor_id, actor_id)), None)
    if held is not None:
        raise Refused(f"{held.actor_id} is there already.", next_step="See who is: receivables people")
    added = Actor(company_id=desk.id, actor_id=ActorId(actor_id), name=(name or "").strip()[:NAME_MAX] or actor_id)
    desk.store.add_actor(added, by=desk.actor)
    return added


def _same(one: str, other: str) -> bool:
    """Whether two names are one person's: no second person is made by writing the first one's name otherwise."""
    return one.strip().casefold() == other.strip().casefold()


def set_approve_above(desk: Desk, wanted: str) -> tuple[Money, ...]:
    """From which sum on a plan needs a second person: amounts by commas, each with its currency ("1000.00 USD"), one
    without in the company's own; "off": never."""
    limits = money_limits(desk, wanted)
    if limits != desk.company.approve_above:
        desk.company = replace(desk.company, approve_above=limits)
        desk.store.set_company(desk.company, desk.actor)
    return limits


def money_limits(desk: Desk, wanted: str) -> tuple[Money, ...]:
    """Amounts by commas, at most one per currency; "off": none. UserError where one cannot be read."""
    if wanted.strip().casefold() == _OFF:
        return ()
    found: dict[Currency, Money] = {}
    for part in wanted.split(","):
        number, _, code = part.strip().partition(" ")
        try:
            limit = from_text(number, currency(code.strip()) if code else desk.company.home_currency)
        except (MoneyError, UnknownCurrency) as fault:
            raise UserError(fault.sentence, next_step="For example: '1000.00 USD, 800.00 CAD'; or: off") from None
        if limit.minor < 0 or limit.currency in found:
            wrong = "is below zero" if limit.minor < 0 else "is a second amount for one currency"
            raise UserError(f"{part.strip()[:40]} {wrong}.", next_step="Give one amount per currency, or: off")
        found[limit.currency] = limit
    return tuple(found[code] for code in sorted(found))
