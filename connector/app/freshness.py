"""How old what a report shows is, and whether it is all there: said by every report in the same words.

A connection's data is as of the moment when the part of it that was read least lately was read to its end. Until each
part was, its mirror is only a piece of what is there, and nothing is planned from a piece.
"""

from __future__ import annotations

from dataclasses import dataclass

from connector.app.access import way_back
from connector.app.house import Desk
from connector.app.parted import parted
from connector.dates import Instant, after
from connector.errors import Refused
from connector.model.firm import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How far the reading of one connection is. `data_as_of` is None until it was read to its end once; `begun`: some
    of it was read. `stale`: that is longer ago than the setting allows, or never. `parted`: it is disconnected, so that
    what is there now is unknown, and no reading will tell."""

    connection: Connection
    title: str
    data_as_of: Instant | None
    begun: bool
    stale: bool
    parted: bool = False

    @property
    def warning(self) -> str:
        """What a person must know who looks at it; "" when all is well."""
        if self.parted:
            read = f"as of {self.data_as_of:%Y-%m-%d at %H:%M} UTC" if self.data_as_of is not None else "only a part"
            shown = f"what is shown of it is {read}" if self.begun else "nothing of it is shown"
            return (
                f"{self.title} is disconnected: {shown}, and what is there now is unknown; to connect it again: "
                f"{way_back(self.connection)}"
            )
        step = f"receivables sync {self.connection.system}"
        if self.data_as_of is None and self.begun:
            return (
                f"The first reading of {self.title} is not complete, so what is shown of it is only a part; "
                f"to finish it: {step}"
            )
        if self.data_as_of is None:
            return f"{self.title} was never read, and nothing of it is shown; to read it: {step}"
        if self.stale:
            return (
                f"{self.title} was read last on {self.data_as_of:%Y-%m-%d at %H:%M} UTC; what is shown of it may be "
                f"out of date; to read it: {step}"
            )
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How old a report is: as old as the oldest of what it is made of. `data_as_of` is None where some was never read
    to its end."""

    readings: tuple[Reading, ...]

    @property
    def data_as_of(self) -> Instant | None:
        moments = [each.data_as_of for each in self.readings if each.data_as_of is not None]
        return min(moments) if moments and len(moments) == len(self.readings) else None

    @property
    def stale(self) -> bool:
        return any(each.stale for each in self.readings)

    @property
    def parted(self) -> tuple[Reading, ...]:
        """Those that are disconnected."""
        return tuple(each for each in self.readings if each.parted)

    @property
    def warnings(self) -> tuple[str, ...]:
        """One sentence for each connection that is stale, or not all here."""
        return tuple(each.warning for each in self.readings if each.warning)

    def whole(self, what: str) -> None:
        """Refused when something was never read to its end: `what` would be made from a piece."""
        for each in self.readings:
            if each.data_as_of is None:
                state = "is not complete yet" if each.begun else "has not begun"
                raise Refused(
                    f"The first reading of {each.title} {state}, and {what} from a part of it could be wrong.",
                    next_step=f"Connect it again: {way_back(each.connection)}"
                    if each.parted
                    else "Run: receivables sync",
                )


def freshness(desk: Desk, *only: Connection) -> Freshness:
    """How old the company's mirror is, or that of these connections alone."""
    streams = desk.store.freshness(desk.id)
    every = only or desk.connections()
    lost, readings = parted(desk, every), []
    for connection in every:
        moments = [at for (of, _), at in streams.items() if of == connection.connection_id]
        whole = [at for at in moments if at is not None]
        read_at = min(whole) if whole and len(whole) == len(moments) else None
        readings.append(
            Reading(
                connection=connection,
                title=desk.spec(connection).title,
                data_as_of=read_at,
                begun=bool(moments),
                stale=connection.connection_id not in lost and _is_stale(desk, read_at),
                parted=connection.connection_id in lost,
            )
        )
    return Freshness(readings=tuple(readings))


def _is_stale(desk: Desk, read_at: Instant | None) -> bool:
    """Whether what was read then is too old to be relied on."""
    return read_at is None or desk.clock.now() > after(read_at, desk.house.config.stale_after_hours * 3600)
