"""Systems that somebody disconnected: nothing lets us in there any more, so what is there now is unknown.

Such a system is passed over and told of as what it is, so that the others go on; nothing of its money is planned, and
nothing is called equal to it.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.app.access import shut_out, way_back
from connector.app.house import Desk
from connector.model.finding import Finding, FindingCode
from connector.model.firm import Connection
from connector.model.source import ConnectionId, Ref
from connector.plan import PlanLine
from connector.reconcile.booked import Written


def parted(desk: Desk, connections: Sequence[Connection] | None = None) -> frozenset[ConnectionId]:
    """Those of the company's connections, or of these, that are disconnected, and can be connected again."""
    return shut_out(desk.store, desk.id, desk.connections() if connections is None else connections)


def is_parted(desk: Desk, connection: Connection) -> bool:
    """Whether it is disconnected."""
    return connection.connection_id in parted(desk, (connection,))


def passed_over(desk: Desk, connection: Connection) -> Finding:
    """What is told in the place of a reading."""
    return Finding(
        code=FindingCode.DISCONNECTED,
        sentence=f"{desk.spec(connection).title} is disconnected and was passed over: what is there now is unknown.",
        next_step=f"To read it, connect it again: {way_back(connection)}",
        refs=(),
    )


def of_unknown(desk: Desk, lines: Sequence[PlanLine]) -> dict[Ref | Written, Finding]:
    """The lines about money that is at a disconnected system: it may have been given back since, or never have come."""
    lost = parted(desk) if lines else frozenset()
    gone = {each.connection_id: each for each in desk.processors() if each.connection_id in lost}
    return {
        line.intent.about: Finding(
            code=FindingCode.DISCONNECTED,
            sentence=f"{desk.spec(at).title} is disconnected, so nobody knows whether this is still as it was read.",
            next_step=f"Connect it again, and read: {way_back(at)}",
            refs=(line.intent.about,),
        )
        for line in lines
        if (at := gone.get(line.intent.about.connection)) is not None
    }
