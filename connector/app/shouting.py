"""Telling a person what is wrong, without being asked: once when it begins, once when it is over.

What is told holds no amount, name or address of a customer: a message lies in mail boxes and chat rooms that nobody of
us knows. Who cannot be reached is tried again with the next turn, and that he cannot is shown by `autosync status`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from standardwebhooks import Webhook, WebhookVerificationError

from connector import logs
from connector.app.channels import webhook
from connector.app.house import Desk, new_op_id
from connector.app.marks import stopped
from connector.app.standing import Status, status
from connector.errors import ReceivablesError, Refused, StoreError, UnknownRecord, UserError
from connector.model.alarm import Alarm, Channel, ChannelKind, Message, Standing
from connector.model.autosync import Turn
from connector.model.source import ConnectionId
from connector.transport import VendorSession

FAILURES_MIN = 2
"""A turn that fails once is tried again before anybody is told: most such faults are over by then."""

_ADDRESS, _SECRET = "address", "secret"
_NAME_CHARACTERS_MAX = 40
_log = logging.getLogger(__name__)


def conditions(desk: Desk, turn: Turn, stands: Status | None = None) -> tuple[Alarm, ...]:
    """What is wrong now, from our own store alone. `stands`: how everything stands, where that was asked just now."""
    return tuple(_conditions(desk, turn, stands if stands is not None else status(desk)))


def _conditions(desk: Desk, turn: Turn, stands: Status) -> Iterator[Alarm]:
    if turn.failures >= FAILURES_MIN:
        yield Alarm(key="turns", sentence=f"Auto-sync does not get on: {turn.said}", next_step=turn.next_step)
    why = stopped(desk.store, desk.id)
    if why:
        yield Alarm(key="stopped", sentence=f"Writing has stopped: {why}", next_step="Look at it: receivables status")
    refused = [each for each in stands.parked if each.state == "refused"]
    if refused:
        yield Alarm(
            key="refused",
            sentence=f"{len(refused)} writes were refused by the other side.",
            next_step="See why, and what to do: receivables status",
        )
    if stands.quarantined:
        yield Alarm(
            key="quarantine",
            sentence=f"{len(stands.quarantined)} rows of the books do not add up.",
            next_step="See which: receivables status",
        )
    for each in stands.connections:
        name, title = each.connection.connection_id, each.title
        if each.parted:
            yield Alarm(key=f"disconnected {name}", sentence=each.warning)
            continue
        if each.stale:
            yield Alarm(key=f"stale {name}", sentence=each.warning or f"{title} is out of date.")
        if each.access_warning:
            yield Alarm(key=f"access {name}", sentence=each.access_warning)
        if each.spending is not None and each.spending.nearly_spent:
            yield Alarm(
                key=f"reads {name}",
                sentence=f"Most of this month's reads of {title} are used.",
                next_step="See how many: receivables doctor",
            )


def shout(desk: Desk, turn: Turn) -> int:
    """Tell what has begun and what is over. How many messages could not be delivered to anybody."""
    desk.store.set_alarms(desk.id, conditions(desk, turn))
    untold = [each for each in desk.store.alarms(desk.id) if not each.told or each.over]
    channels = desk.company.channels
    if not untold or not channels:
        return 0
    left = 0
    for each in untold:
        # Everybody is tried; one who was told is enough, for whoever is told again has a second message.
        delivered = [_delivered(desk, channel, each) for channel in channels]
        if any(delivered):
            desk.store.alarm_told(desk.id, each)
        else:
            left += 1
    return left


def _delivered(desk: Desk, channel: Channel, what: Standing) -> bool:
    """Send it, and keep that it was sent."""
    taken = _sent(desk, channel, what)
    subject, text = _words(desk, what)
    message = Message(channel=channel.name, at=desk.clock.now(), subject=subject, text=text, taken=taken)
    try:
        desk.store.keep_message(desk.id, new_op_id(), message)
    except StoreError as fault:
        # What was taken was taken: whoever was told is not to be told twice because that could not be written down.
        _log.warning("That a message was sent to %s could not be kept: %s.", channel.name, type(fault).__name__)
    return taken


def _sent(desk: Desk, channel: Channel, what: Standing) -> bool:
    try:
        return _SENDERS[channel.kind](desk, channel, what)
    except (ReceivablesError, OSError, WebhookVerificationError) as fault:
        _log.warning("A message could not be sent to %s: %s.", channel.name, type(fault).__name__)
        return False


def _words(desk: Desk, what: Standing) -> tuple[str, str]:
    """A message's subject and text."""
    if what.over:
        return f"{desk.company.name}: over", f"This is over: {what.alarm.sentence}"
    return f"{desk.company.name}: needs you", f"{what.alarm.sentence} {what.alarm.next_step}".rstrip()


def _secrets(desk: Desk, channel: Channel) -> dict[str, str]:
    return desk.store.secrets(desk.id, _place(channel.name))


def _place(name: str) -> ConnectionId:
    return ConnectionId(f"notify {name}")


def _to_address(desk: Desk, channel: Channel, what: Standing) -> bool:
    from apprise import Apprise  # takes longer to import than everything else here together

    subject, text = _words(desk, what)
    service = Apprise()
    service.add(_secrets(desk, channel)[_ADDRESS])
    return bool(service.notify(title=subject, body=text))


def _to_webhook(desk: Desk, channel: Channel, what: Standing) -> bool:
    """Slack reads `text`; whoever reads more finds the rest beside it."""
    held = _secrets(desk, channel)
    subject, text = _words(desk, what)
    body = json.dumps({"text": f"{subject}. {text}", **_fields(desk, what)}, ensure_ascii=False)
    key = f"{desk.id} {what.alarm.key} {what.since:%Y%m%dT%H%M%S%f} {'over' if what.over else 'on'}"
    now = desk.clock.now()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": key,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(held[_SECRET]).sign(key, now, body),
    }
    with VendorSession("the notification's receiver", connect_seconds=5, read_seconds=10) as session:
        answer = session.request("POST", held[_ADDRESS], data=body.encode(), headers=headers)
    return answer.ok


def _to_file(desk: Desk, channel: Channel, what: Standing) -> bool:
    line = json.dumps(_fields(desk, what), ensure_ascii=False)
    with Path(_secrets(desk, channel)[_ADDRESS]).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    return True


def _fields(desk: Desk, what: Standing) -> dict[str, object]:
    return {
        "company": desk.id,
        "condition": what.alarm.key,
        "over": what.over,
        "since": what.since.isoformat(),
        "sentence": what.alarm.sentence,
        "next_step": what.alarm.next_step,
    }


_SENDERS: dict[ChannelKind, Callable[[Desk, Channel, Standing], bool]] = {
    ChannelKind.ADDRESS: _to_address,
    ChannelKind.WEBHOOK: _to_webhook,
    ChannelKind.FILE: _to_file,
}


def add_channel(desk: Desk, name: str, kind: ChannelKind, address: str, secret: str = "") -> Channel:
    """A way to a person, tried before it is kept: a test message is sent. Refused when it does not arrive."""
    if not name.isidentifier() or len(name) > _NAME_CHARACTERS_MAX:
        raise UserError(f"{name[:40]!r} is no name for a channel.", next_step="Use one word of letters, such as mail.")
    if any(each.name == name for each in desk.company.channels):
        raise Refused(
            f"There is a channel {name} already.", next_step=f"Remove it first: receivables notify remove {name}"
        )
    logs.hide(*(each for each in (address, secret) if each))
    if kind is ChannelKind.WEBHOOK:
        address, secret = webhook(address, secret)
    made = Channel(name=name, kind=kind)
    desk.store.put_secrets(desk.id, _place(name), {_ADDRESS: address, _SECRET: secret}, desk.actor)
    if not try_channel(desk, made):
        _forget(desk, name)
        raise Refused(
            f"The test message to {name} could not be delivered.", next_step="Check its address, then add it again."
        )
    _set(desk, (*desk.company.channels, made))
    return made


def try_channel(desk: Desk, channel: Channel) -> bool:
    """Send a test message; whether it was taken."""
    alarm = Alarm(key="test", sentence="This is a test.", next_step="Nothing has to be done.")
    return _delivered(desk, channel, Standing(alarm=alarm, since=desk.clock.now(), told=False))


def channel_named(desk: Desk, name: str) -> Channel:
    """UnknownRecord when there is none of that name."""
    found = next((each for each in desk.company.channels if each.name == name), None)
    if found is None:
        names = ", ".join(each.name for each in desk.company.channels) or "none"
        raise UnknownRecord(f"There is no channel {name[:40]!r}.", next_step=f"Those there are: {names}.")
    return found


def remove_channel(desk: Desk, name: str) -> None:
    """Nobody is told that way any more, and its address is forgotten."""
    gone = channel_named(desk, name)
    _set(desk, tuple(each for each in desk.company.channels if each != gone))
    _forget(desk, name)


def _forget(desk: Desk, name: str) -> None:
    desk.store.put_secrets(desk.id, _place(name), {_ADDRESS: "", _SECRET: ""}, desk.actor)


def _set(desk: Desk, channels: tuple[Channel, ...]) -> None:
    desk.company = replace(desk.store.company(desk.id), channels=channels)
    desk.store.set_company(desk.company, desk.actor)
