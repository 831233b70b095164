"""What a company is connected to: how each connection stands; connected again, made read-only, disconnected; and what
else can be connected.

Keys are typed here and shown nowhere: a page says that one is kept, and never which. Addresses are not asked for,
because whoever could change where a key is sent to could read one that somebody else typed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from fastapi.responses import Response

from connector import logs, registry
from connector.app.access import brought
from connector.app.authorise import door, needs_browser, part, pasted
from connector.app.house import House
from connector.app.parted import is_parted
from connector.app.setup import Wish, forbid_writes, values_known
from connector.app.standing import accounts_of, asked, status
from connector.errors import ReceivablesError, UserError, VendorError
from connector.model.firm import Connection
from connector.model.person import Role
from connector.model.source import ConnectionId
from connector.ports import AdapterSpec, Check
from connector.web.console.consent import BACK_AT, Attempt, State, Way, connected
from connector.web.console.drawing import page, status_of
from connector.web.console.home import gauge_of
from connector.web.console.ways import Visit, act, look
from connector.web.landing import is_local

VALUE_MAX = 4_000
_PREFIX = "set-"
_LETTERS = frozenset({"api", "id"})
_YES_NO = {"True": "yes", "False": "no"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One setting as a page asks for it. `kept`: a secret is there already, and stays where nothing is typed."""

    name: str
    what: str
    secret: bool
    required: bool
    default: str
    value: str = ""
    kept: bool = False

    @property
    def yes_no(self) -> bool:
        return self.default in _YES_NO

    @property
    def label(self) -> str:
        return " ".join(each.upper() if each in _LETTERS else each for each in self.name.split("_"))

    @property
    def sent_as(self) -> str:
        return f"{_PREFIX}{self.name}"


def show(visit: Visit) -> Response:
    """The list."""
    desk = visit.desk
    found = status(desk).connections
    there = {each.connection.system for each in found}
    return page(
        visit,
        "connections.html",
        "Connections",
        room="setup",
        tab="connections",
        gauges=[(gauge_of(desk, each), each.parted, _missing(visit, each.connection)) for each in found],
        others=[spec for spec in registry.specs().values() if spec.name not in there],
        has_books=any(desk.spec(each.connection).keeps_books for each in found),
    )


def _missing(visit: Visit, connection: Connection) -> Check | None:
    """What of a processor's accounts is still to be chosen."""
    if visit.desk.spec(connection).keeps_books:
        return None
    found = accounts_of(connection)
    return None if found.ok else found


def one(visit: Visit) -> Response:
    """One system: its form, and what can be done with it."""
    return _one(visit, registry.spec_of(visit.guest.asked("system")))


def _one(
    visit: Visit, spec: AdapterSpec, fault: ReceivablesError | None = None, checks: tuple[Check, ...] | None = None
) -> Response:
    desk, guest = visit.desk, visit.guest
    sent = guest.form is not None and fault is not None
    held = _held(visit, spec)
    parted = held is not None and is_parted(desk, held)
    by_browser = spec.authorise is not None
    return page(
        visit,
        "connection.html",
        spec.title,
        room="setup",
        tab="connections",
        wrong=fault,
        spec=spec,
        held=held,
        parted=parted,
        by_browser=by_browser,
        has_grant=by_browser and not needs_browser(desk.house, _bare(visit, spec)),
        pastes=by_browser and not _comes_back(visit, spec),
        steps_before=_steps(visit, spec) if by_browser else registry.steps_before(spec),
        fields=_fields(visit, spec),
        writes=guest.given("writes", 10) == "yes" if sent else held is not None and held.writes_allowed,
        checks=checks,
    )


def _held(visit: Visit, spec: AdapterSpec) -> Connection | None:
    return next((each for each in visit.desk.connections() if each.system == spec.name), None)


def _bare(visit: Visit, spec: AdapterSpec) -> Wish:
    """The wish that changes nothing."""
    return Wish(system=spec.name, company=visit.desk.id, zone=None, values={}, allow_writes=False)


def _comes_back(visit: Visit, spec: AdapterSpec) -> bool:
    """Whether the browser comes back by itself; else its address is pasted. False also where nobody can say yet."""
    if visit.guest.base.startswith("https://"):
        return True
    try:
        return is_local(door(visit.desk.house, _at_hand(visit, _bare(visit, spec))).invite().redirect)
    except UserError:
        return False


def _at_hand(visit: Visit, wish: Wish) -> Wish:
    """With a word in the place of what is still to be typed, to ask where a browser would be led. Nothing is sent."""
    spec = registry.spec_of(wish.system)
    typed = (name for name, required, *_ in registry.setting_names(spec) if required and name not in brought(spec))
    known = values_known(visit.desk.house, wish)
    return replace(wish, values={name: "x" for name in typed if name not in known})


def _steps(visit: Visit, spec: AdapterSpec) -> tuple[str, ...]:
    """What has to be done at the other system, once."""
    back = visit.guest.base
    redirect = {"redirect": f"{back}/{BACK_AT}"} if back.startswith("https://") else {}
    try:
        return door(visit.desk.house, replace(_bare(visit, spec), values=redirect)).steps()
    except UserError as fault:
        return (str(fault),)


def _fields(visit: Visit, spec: AdapterSpec) -> tuple[Field, ...]:
    """What is asked for, as it stands or was typed just now; what was typed of a secret is not shown again."""
    known = values_known(visit.desk.house, _bare(visit, spec))
    brings, wanted = brought(spec), registry.names_asked(spec)
    found = []
    for name, required, secret, default, what in registry.setting_names(spec):
        if name in brings or not (required or name in wanted):
            continue
        each = Field(name=name, what=what, secret=secret, required=required, default=default)
        typed = visit.guest.given(each.sent_as, VALUE_MAX) if visit.guest.form is not None else ""
        value = "" if secret else typed or known.get(name, default)
        found.append(replace(each, value=_YES_NO.get(value, value), kept=secret and name in known))
    return tuple(sorted(found, key=lambda each: not each.required))


def _wish(visit: Visit, spec: AdapterSpec) -> Wish:
    """What the form asks for. An empty field leaves a secret as it is, and anything else at its default."""
    guest, known = visit.guest, values_known(visit.desk.house, _bare(visit, spec))
    values = {}
    for each in _fields(visit, spec):
        typed = guest.given(each.sent_as, VALUE_MAX)
        if each.secret:
            logs.hide(typed)
        if typed:
            values[each.name] = typed
        elif not each.secret and each.name in known:
            values[each.name] = each.default
    return replace(_bare(visit, spec), values=values, allow_writes=guest.given("writes", 10) == "yes")


def connect_now(visit: Visit) -> Response:
    """Connect with the keys of the form, or send the person to the other system's page. What was connected before
    works on, whatever is wrong with what was typed."""
    guest = visit.guest
    spec = registry.spec_of(guest.given("system", 100))
    how = guest.given("do", 10)
    try:
        wish = _wish(visit, spec)
        if spec.authorise is not None and how != "keys":
            return _invite(visit, wish, pasting=how == "paste")
        with _house(visit) as house:
            said = connected(house, wish)
    except ReceivablesError as fault:
        return _one(visit, spec, fault)
    return visit.to("connections", said=said)


@contextmanager
def _house(visit: Visit) -> Iterator[House]:
    """A house in which this person acts: what is connected there is written down as theirs."""
    with visit.guest.tools.open_house() as house:
        house.actor = visit.desk.actor
        yield house


def _invite(visit: Visit, wish: Wish, *, pasting: bool) -> Response:
    tools = visit.guest.tools
    base = "" if pasting else visit.guest.base
    attempt = tools.consents.begin(visit.desk.house, tools.open_house, wish, visit.desk.actor, base)
    return visit.to("connection/consent", id=attempt.attempt_id)


def _attempt(visit: Visit, wanted: str) -> Attempt:
    return visit.guest.tools.consents.of(visit.desk.id, visit.desk.actor, wanted)


def consent(visit: Visit) -> Response:
    """The window that waits beside the other system's page. Asked for again by the browser, by a header."""
    return _consent(visit, _attempt(visit, visit.guest.asked("id")), pasting=visit.guest.asked("paste") != "")


def _consent(
    visit: Visit, attempt: Attempt, fault: ReceivablesError | None = None, *, pasting: bool = False
) -> Response:
    spec = registry.spec_of(attempt.wish.system)
    pasting = pasting or attempt.way is Way.PASTE
    told = fault if fault is not None else attempt.fault
    return page(
        visit,
        "consent.html",
        f"Connect {spec.title}",
        room="setup",
        tab="connections",
        status=status_of(fault) if fault is not None else 200,
        wrong=told,
        spec=spec,
        attempt=attempt,
        pasting=pasting,
        again=attempt.state is State.WORKS or (attempt.state is State.WAITS and not pasting),
    )


def go_on(visit: Visit) -> Response:
    """What was pasted; or the same attempt from its beginning, with what was typed for it."""
    guest = visit.guest
    attempt = _attempt(visit, guest.given("id"))
    if guest.given("do", 10) == "again":
        return _invite(visit, attempt.wish, pasting=attempt.way is Way.PASTE)
    try:
        answer = pasted(guest.given("address", VALUE_MAX))
        guest.tools.consents.paste(guest.tools.open_house, attempt, answer)
    except ReceivablesError as fault:
        return _consent(visit, attempt, fault, pasting=True)
    return visit.to("connection/consent", id=attempt.attempt_id)


def look_now(visit: Visit) -> Response:
    """Ask the other side how a connection is, and what its keys may do."""
    spec = registry.spec_of(visit.guest.given("system", 100))
    return _one(
        visit, spec, checks=asked(visit.desk, visit.desk.store.connection(visit.desk.id, ConnectionId(spec.name)))
    )


def read_only(visit: Visit) -> Response:
    """Write nothing there any more."""
    spec = registry.spec_of(visit.guest.given("system", 100))
    forbid_writes(visit.desk, spec.name)
    return visit.to("connections", said=f"{spec.title} is read-only now: nothing is written there any more.")


def ask_to_part(visit: Visit) -> Response:
    """What disconnecting does, before it is done."""
    spec = registry.spec_of(visit.guest.asked("system"))
    held = visit.desk.store.connection(visit.desk.id, ConnectionId(spec.name))
    return page(
        visit, "disconnect.html", f"Disconnect {spec.title}", room="setup", tab="connections", spec=spec, held=held
    )


def part_now(visit: Visit) -> Response:
    """Give the access back, and forget it."""
    spec = registry.spec_of(visit.guest.given("system", 100))
    try:
        left = part(visit.desk, spec.name)
    except VendorError as fault:
        return _one(visit, spec, fault)
    return visit.to("connections", said=f"{spec.title} is disconnected. What was read stays. {left}".rstrip())


WAYS = (
    look("connections", show),
    look("connection", one, Role.ADMIN),
    act("connection", Role.ADMIN, connect_now),
    look("connection/consent", consent, Role.ADMIN),
    act("connection/consent", Role.ADMIN, go_on),
    act("connection/check", Role.ADMIN, look_now),
    act("connection/read-only", Role.ADMIN, read_only),
    look("disconnect", ask_to_part, Role.ADMIN),
    act("disconnect", Role.ADMIN, part_now),
)
