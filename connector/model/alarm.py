"""What a person is told of without asking: one message when something begins to be wrong, one when it is over."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connector.dates import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One thing that is wrong. `key` names the condition, so that it is told once however often it is seen."""

    key: str
    sentence: str
    next_step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An alarm since when, and whether somebody was told of it; `over`: it is no more, and that is still to be told."""

    alarm: Alarm
    since: Instant
    told: bool
    over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What was sent to a person by one channel, and whether it was taken there."""

    channel: str
    at: Instant
    subject: str
    text: str
    taken: bool


class ChannelKind(StrEnum):
    """How a message travels. ADDRESS: an address of the library's many services (mail, Slack, Teams, ...). WEBHOOK: a
    POST signed by the Standard Webhooks scheme. FILE: a line of JSON each, for another program."""

    ADDRESS = "address"
    WEBHOOK = "webhook"
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One way to a person. Its address is a secret, and sealed apart."""

    name: str
    kind: ChannelKind
