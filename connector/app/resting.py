"""What a write rests on that was written a moment before: known only once that is done, so it is put in when it is
sent."""

from __future__ import annotations

from dataclasses import replace

from connector.errors import Refused
from connector.model.allocation import Allocation
from connector.model.intent import ApplyCredit, Intent
from connector.model.source import CompanyId
from connector.money import total
from connector.store import Store


def with_entry(store: Store, company: CompanyId, intent: Intent) -> Intent:
    """The credit with the entry of ours that gives it. Refused where that entry was not written."""
    if not isinstance(intent, ApplyCredit) or intent.entry is None:
        return intent
    became = store.outbox_answers(company, {intent.entry}).get(intent.entry)
    if became is None:
        raise Refused(
            "The entry whose credit it applies was not written, so there is nothing to apply.",
            next_step="Make a new plan: receivables plan",
        )
    given = total((share.amount for share in intent.allocations), intent.allocations[0].amount.currency)
    used = Allocation(payment=intent.about, target=became, amount=given)
    return replace(intent, allocations=(*intent.allocations, used))
