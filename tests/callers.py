"""What somebody says who called a payer."""

from __future__ import annotations

from connector.app.house import Desk
from connector.collect.contacts import Said
from connector.model.contact import Channel, Direction, Outcome


def voicemail(desk: Desk, words: str) -> Said:
    """A call of just now that a machine took."""
    return Said(
        by=desk.actor,
        at=desk.clock.now(),
        zone="America/New_York",
        direction=Direction.OUT,
        channel=Channel.PHONE,
        outcome=Outcome.VOICEMAIL,
        words=words,
    )
