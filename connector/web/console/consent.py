"""A person lets us in at another system's page, in a window of its own, while a page of the console waits beside it.

What the browser brings back comes by one of three ways: to a port of this computer (`Landing`, as for the command), to
the console's own address where that is reached by TLS, or pasted by the person. It is never logged, never shown, and
held in this process alone; so are the keys that were typed, until the attempt is over.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from connector import logs
from connector.app.authorise import admitted, door
from connector.app.house import House
from connector.app.setup import Wish, cautions, connect
from connector.errors import ReceivablesError, Refused, SettingsError, UnknownRecord
from connector.model.firm import Connection
from connector.model.source import ActorId, CompanyId
from connector.ports import Invitation
from connector.web.faces import OK, Face
from connector.web.landing import Landing, is_local

WAIT_SECONDS = 600
"""How long a port of this computer waits for the browser."""

LIFE_SECONDS = 1_800.0
"""How long an attempt is remembered."""

ATTEMPTS_MAX = 50
PARTING_SECONDS = 3.0
BACK_AT = "connected"
"""Where a browser comes back to at the console's own address."""

CONNECTED = Face(
    status=OK, title="Connected", said="You can close this window. It goes on in the one where you began.", mood="paid"
)
TURNED_AWAY = Face(
    status=OK,
    title="Not connected",
    said="You can close this window. What happened is told in the one where you began.",
    mood="fault",
)
COME_BACK = Face(status=OK, title="You can close this window", said="It goes on in the one where you began.")

_log = logging.getLogger(__name__)


class Way(StrEnum):
    """How the answer comes: to a port of this computer, to the console's own address, or by a person's hand."""

    HERE = "here"
    BACK = "back"
    PASTE = "paste"


class State(StrEnum):
    """How far an attempt is."""

    WAITS = "waits"
    WORKS = "works"
    DONE = "done"
    FAILED = "failed"


@dataclass(slots=True, kw_only=True, eq=False)
class Attempt:
    """One try to be let in. `said` is what came of it, `fault` why not."""

    attempt_id: str
    company: CompanyId
    by: ActorId
    wish: Wish = field(repr=False)
    invitation: Invitation = field(repr=False)
    way: Way
    begun_seconds: float
    state: State = State.WAITS
    said: str = ""
    fault: ReceivablesError | None = None
    listener: threading.Thread | None = None

    def tick(self, _left: int) -> None:
        """Refused, once nobody waits any more."""
        if self.state is not State.WAITS:
            raise Refused("This attempt is over.")


def connected(house: House, wish: Wish) -> str:
    """Connect, and say what is connected now and what a person should change in the books. Errors: UserError,
    VendorError; what was connected before stays as it was then."""
    connection = connect(house, wish)
    return " ".join((in_words(house, connection), *_warned(house, connection)))


def in_words(house: House, connection: Connection) -> str:
    """What is connected, and whether it may be written to."""
    title = house.company(connection.company_id).spec(connection).title
    where = "" if connection.live else ", a test account"
    may = "It may be written to" if connection.writes_allowed else "It is read-only: nothing is written there"
    return f"{title} is connected: account {connection.account}{where}. {may}."


def _warned(house: House, connection: Connection) -> tuple[str, ...]:
    try:
        return cautions(house, connection)
    except ReceivablesError as fault:
        # It is connected all the same; the next reading tells what is wrong.
        return (f"But: {fault.sentence}",)


class Consents:
    """The attempts of this console. May be asked by many threads at once."""

    def __init__(self) -> None:
        self._attempts: dict[str, Attempt] = {}
        self._lock = threading.Lock()

    def begin(self, house: House, open_house: Callable[[], House], wish: Wish, by: ActorId, base: str) -> Attempt:
        """Make an invitation, and wait for its answer. `base` is the console's own address, "" where the answer is to
        be pasted. Errors: UserError, VendorError; nothing is waited for then."""
        opened = door(house, wish)
        opened.knock()
        self._tidy(house.clock.monotonic(), by)
        back = f"{base}/{BACK_AT}" if base.startswith("https://") else ""
        redirect = opened.invite(back).redirect
        landing = _landing(redirect) if base and not back and is_local(redirect) else None
        attempt = Attempt(
            attempt_id=f"c-{secrets.token_urlsafe(12)}",
            company=CompanyId(wish.company or ""),
            by=by,
            wish=wish,
            invitation=opened.invite(landing.redirect if landing is not None else back),
            way=Way.BACK if back else Way.HERE if landing is not None else Way.PASTE,
            begun_seconds=house.clock.monotonic(),
        )
        if landing is not None:
            attempt.listener = threading.Thread(
                target=self._listen, args=(open_house, attempt, landing), name=attempt.attempt_id, daemon=True
            )
            attempt.listener.start()
        with self._lock:
            self._attempts[attempt.attempt_id] = attempt
        return attempt

    def _tidy(self, now: float, by: ActorId) -> None:
        """Forget what is old; whoever begins anew gives up what they began before, and the port with it."""
        with self._lock:
            held = list(self._attempts.values())
            old = [
                each
                for number, each in enumerate(held)
                if now - each.begun_seconds > LIFE_SECONDS or number < len(held) - ATTEMPTS_MAX or each.by == by
            ]
            for each in old:
                del self._attempts[each.attempt_id]
                if each.state is State.WAITS:
                    each.state = State.FAILED
        for each in old:
            if each.listener is not None:
                each.listener.join(PARTING_SECONDS)

    def of(self, company: CompanyId, by: ActorId, attempt_id: str) -> Attempt:
        """One's own attempt for that company. UnknownRecord when there is none (any more)."""
        held = self._attempts.get(attempt_id)
        if held is None or (held.company, held.by) != (company, by):
            raise UnknownRecord(
                "This attempt to connect is over.", next_step="Nothing was changed; begin again: receivables connect"
            )
        return held

    def came_back(self, open_house: Callable[[], House], answer: Mapping[str, str]) -> None:
        """What a browser brought to the console's own address; nothing, where nobody waits for that."""
        state = answer.get("state", "").encode()
        waiting = (each for each in tuple(self._attempts.values()) if each.way is Way.BACK)
        found = next((each for each in waiting if secrets.compare_digest(each.invitation.state.encode(), state)), None)
        if found is not None:
            self._carry(open_house, found, answer)

    def paste(self, open_house: Callable[[], House], attempt: Attempt, answer: Mapping[str, str]) -> None:
        """What a person pasted. What is wrong with it is raised, and the attempt waits on."""
        if not secrets.compare_digest(attempt.invitation.state.encode(), answer.get("state", "").encode()):
            raise Refused(
                "What was pasted does not belong to this attempt.",
                next_step="Open the other system's page by the button here, and copy the address it leads to.",
            )
        self._carry(open_house, attempt, answer)
        if attempt.fault is not None:
            raise attempt.fault

    def _listen(self, open_house: Callable[[], House], attempt: Attempt, landing: Landing) -> None:
        with landing:
            try:
                answer = landing.wait(WAIT_SECONDS, attempt.tick)
            except Refused:
                if attempt.state is State.WAITS:
                    _fail(attempt, Refused("Nobody came back from the browser.", next_step="Begin again."))
                return
            self._carry(open_house, attempt, answer)
            landing.say(CONNECTED if attempt.state is State.DONE else TURNED_AWAY)

    def _carry(self, open_house: Callable[[], House], attempt: Attempt, answer: Mapping[str, str]) -> None:
        """Connect with what came; one answer at a time, and none after it was good."""
        with self._lock:
            if attempt.state in (State.WORKS, State.DONE):
                return
            attempt.state, attempt.fault = State.WORKS, None
        try:
            with open_house() as house:
                house.actor = attempt.by
                attempt.said = connected(house, admitted(house, attempt.wish, attempt.invitation, answer))
            attempt.wish = replace(attempt.wish, values={}, admission=None)
            attempt.state = State.DONE
        except ReceivablesError as fault:
            _fail(attempt, fault)
        except Exception as fault:  # noqa: BLE001 - whoever waits for it must learn that it has ended
            _log.error(logs.where(fault))
            _fail(attempt, Refused("Something that should not happen did.", next_step="Begin again."))


def _fail(attempt: Attempt, fault: ReceivablesError) -> None:
    attempt.fault = fault
    attempt.state = State.FAILED


def _landing(redirect: str) -> Landing | None:
    """A port that waits; None where it is taken, and the answer has to be pasted."""
    try:
        return Landing(redirect)
    except SettingsError:
        return None
