"""That a second person has looked at a plan and says that it may be written."""

from __future__ import annotations

from dataclasses import dataclass

from connector.dates import Instant
from connector.model.source import ActorId, PlanId


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who approved a plan, and when. `plan_hash` is the hash of the plan as it was then: it is good for no other.

    `entered_by` is whose command it was: on a shared computer that may be another person than the one it names.
    """

    plan_id: PlanId
    plan_hash: str
    by: ActorId
    at: Instant
    entered_by: ActorId
