"""Change data capture: everything that changed since a moment, of several entities in one answer.

At most 1000 objects come in the whole answer. What is more is cut off without a word, and there is no second page; the
newest of each entity come first, as in queries, so that a reader who goes on from the newest time it saw loses the
rest. What was deleted comes last in its group, as an id, a time and the word. (Intuit does not document the order.)
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime

from adapters.quickbooks.standin import documents, faults
from adapters.quickbooks.standin.ledger import ENTITIES, Company
from adapters.quickbooks.standin.search import COUNTED, moment_of_text
from adapters.quickbooks.standin.wording import moment_text, render
from connector.dates import after

OBJECTS_MAX = 1000
LOOK_BACK_DAYS = 30
_DAY_SECONDS = 86_400
_CAPTURED = {entity.lower(): entity for entity in ENTITIES if entity != "Attachable"}
"""Whether Intuit captures Attachable is not documented; here it does not, so that nobody relies on it."""


def capture(company: Company, entities: str, since: str, *, cuts_look_back: bool) -> str:
    """The CDCResponse, as JSON text: one QueryResponse for each entity, in the order they were asked for."""
    if not entities:
        raise faults.missing("entities")
    if not since:
        raise faults.missing("changedSince")
    moment = moment_of_text(company, since)
    oldest = after(company.now, -LOOK_BACK_DAYS * _DAY_SECONDS)
    if moment < oldest and not cuts_look_back:
        raise faults.bad_query(f"changedSince must lie within the last {LOOK_BACK_DAYS} days")
    moment = max(moment, oldest)
    left = OBJECTS_MAX
    groups = []
    for name in entities.split(","):
        entity = _CAPTURED.get(name.strip().lower())
        if entity is None:
            raise faults.bad_query(f"the entity '{name.strip()[:40]}' cannot be captured")
        rows = [*_changed(company, entity, moment, left), *_deleted(company, entity, moment)][:left]
        left -= len(rows)
        groups.append(_group(entity, rows))
    return f'[{{"QueryResponse":[{",".join(groups)}]}}]'


def _changed(company: Company, entity: str, moment: datetime, rows_max: int) -> list[str]:
    places = company.shelves[entity].places()
    first = bisect_left(places, moment, key=lambda place: place.at)
    newest = [company.records[entity][place.id] for place in reversed(places[max(first, len(places) - rows_max) :])]
    shown = company.shown_through()
    return [documents.text(company, one) for one in newest if shown is None or one.created <= shown]


def _deleted(company: Company, entity: str, moment: datetime) -> list[str]:
    return [
        render(
            {
                "domain": "QBO",
                "status": "Deleted",
                "Id": one.id,
                "MetaData": {"LastUpdatedTime": moment_text(one.at, company)},
            }
        )
        for one in company.gone
        if one.entity == entity and one.at >= moment
    ]


def _group(entity: str, rows: list[str]) -> str:
    if not rows:
        return "{}"
    counted = f',"totalCount":{len(rows)}' if entity in COUNTED else ""
    return f'{{"{entity}":[{",".join(rows)}],"startPosition":1,"maxResults":{len(rows)}{counted}}}'
