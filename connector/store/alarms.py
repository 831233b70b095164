"""Which alarms stand, since when, and of which of them somebody was told.

That a message is due is stored before it is sent, and that it was sent after: a process that dies between the two tells
it once more, and none is lost.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, select, update

from connector.model.alarm import Alarm, Message, Standing
from connector.model.source import CompanyId
from connector.store import tables
from connector.store.journal import Desk, from_micros, micros, read_back, text_of

MESSAGES_MAX = 200
"""So many of what people were told are kept for a company."""

_ALARM = tables.alarm.c
_MESSAGE = tables.message.c
_LATEST = (
    select(_MESSAGE.message_id, _MESSAGE.body)
    .where(_MESSAGE.company_id == bindparam("company"))
    .order_by(_MESSAGE.at.desc(), _MESSAGE.message_id)
    .limit(MESSAGES_MAX)
)


class Alarms(Desk):
    """What is wrong now, and what is still to be told."""

    def alarms(self, company: CompanyId) -> tuple[Standing, ...]:
        """Those that stand, and those that are over and untold, the oldest first."""
        wanted = select(tables.alarm).where(_ALARM.company_id == company).order_by(_ALARM.since, _ALARM.alarm_key)
        with self._database.read() as tx:
            return tuple(
                Standing(
                    alarm=read_back(row.body, Alarm),
                    since=from_micros(row.since),
                    told=bool(row.told),
                    over=bool(row.over),
                )
                for row in tx.execute(wanted)
            )

    def set_alarms(self, company: CompanyId, found: Sequence[Alarm]) -> None:
        """These are wrong now, and no others. One that is over before anybody was told of it was none."""
        now = micros(self._clock.now())
        own = _ALARM.company_id == company
        with self._database.write() as tx:
            held = {row.alarm_key: row for row in tx.execute(select(tables.alarm).where(own))}
            for each in found:
                row = held.pop(each.key, None)
                if row is None:
                    fresh = {"company_id": company, "alarm_key": each.key, "since": now, "told": 0, "over": 0}
                    tx.execute(self._database.insert(tables.alarm).values({**fresh, "body": text_of(each)}))
                elif row.over or row.body != text_of(each):
                    # The same condition in other words (one more refused write) is no second message.
                    change = update(tables.alarm).where(own, _ALARM.alarm_key == each.key)
                    tx.execute(change.values(over=0, body=text_of(each)))
            for key, row in held.items():
                if row.told:
                    tx.execute(update(tables.alarm).where(own, _ALARM.alarm_key == key).values(over=1))
                else:
                    tx.execute(delete(tables.alarm).where(own, _ALARM.alarm_key == key))

    def messages(self, company: CompanyId) -> tuple[Message, ...]:
        """What people were told, the latest first."""
        with self._database.read() as tx:
            return tuple(read_back(row.body, Message) for row in tx.execute(_LATEST, {"company": company}))

    def keep_message(self, company: CompanyId, message_id: str, told: Message) -> None:
        """One more; the oldest beyond `MESSAGES_MAX` are forgotten."""
        row = {"company_id": company, "message_id": message_id, "at": micros(told.at), "body": text_of(told)}
        with self._database.write() as tx:
            tx.execute(self._database.insert(tables.message).values(row))
            kept = [each.message_id for each in tx.execute(_LATEST, {"company": company})]
            tx.execute(delete(tables.message).where(_MESSAGE.company_id == company, _MESSAGE.message_id.not_in(kept)))

    def alarm_told(self, company: CompanyId, told: Standing) -> None:
        """Somebody was told: that it stands, or that it is over."""
        mine = (_ALARM.company_id == company, _ALARM.alarm_key == told.alarm.key)
        with self._database.write() as tx:
            if told.over:
                tx.execute(delete(tables.alarm).where(*mine, _ALARM.over == 1))
            else:
                tx.execute(update(tables.alarm).where(*mine).values(told=1))
