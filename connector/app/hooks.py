"""Webhooks of a system, asked for by its API: one address per connection, sending exactly what this release reads.

They only speed things up, and nothing depends on them. What signs them stands in the answer to the asking and nowhere
else, and goes from there into the sealed settings: it is never shown. One whose secret was lost on the way is of no
use to anybody; it is ours, by its stamp, so it is closed and made anew.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from connector import registry
from connector.app.house import Desk, new_op_id
from connector.errors import OutcomeUnknown, Refused, UserError
from connector.model.firm import Connection
from connector.model.intent import IntentKind, OpenHook
from connector.model.source import ConnectionId, OpId
from connector.ports import Hook, HookDesk
from connector.post import post
from connector.store import Lease, OutboxRow, OutboxState

_BEGUN = (OutboxState.READY, OutboxState.SENDING, OutboxState.UNSURE)
_NAME = re.compile(r"(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")
_NOBODY_ELSES = ("localhost", "local", "internal", "lan", "home", "test", "invalid", "localdomain")
"""Last parts of names that mean nothing outside one's own network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One address that a system sends webhooks to. `ours`: this installation asked for it."""

    hook_id: str
    url: str
    ours: bool
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What became of asking: the address, whether it was asked for just now, and the others of ours that are closed."""

    url: str
    new: bool
    closed: tuple[str, ...]


def check_address(desk: Desk, system: str, url: str) -> None:
    """Refused when the system could not reach us under that address, or would reach something else than the door.

    A stand-in runs on this computer, so it may be told any address.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.path.rpartition("/hooks/")[2] != system or parts.query or parts.fragment:
        raise Refused(
            f"`receivables serve` takes these webhooks at /hooks/{system}, and the address leads elsewhere.",
            next_step=f"Give your own address, ending so: https://pay.example.com/hooks/{system}",
        )
    if _is_standin(desk, _connection(desk, system)):
        return
    if parts.scheme != "https" or parts.username is not None or not _is_public(parts.hostname or ""):
        raise Refused(
            "Webhooks come over the internet, so the address must begin with https:// and be reachable from there.",
            next_step="Put a web server with TLS in front of `receivables serve`, and give its address.",
        )


def open_hook(desk: Desk, system: str, url: str) -> Opened:
    """Ask a system to send its webhooks to that address, unless it does; ours at other addresses are closed after.

    Safe to run again after any interruption: what was asked for is looked up before anything is repeated. Errors:
    Refused, OutcomeUnknown, VendorError.
    """
    check_address(desk, system, url)
    connection = _connection(desk, system)
    with desk.lease(_lease_name(connection)) as lease:
        hooks = _desk_of(desk, connection)
        mine = _settled(desk, connection, lease)
        held = [each for each in hooks.hooks() if each.stamp in mine]
        standing = next((each for each in held if each.url == url and _is_good(desk, connection, each, mine)), None)
        if standing is None:
            op_id = _carry(desk, connection, url, lease)
            return Opened(url=url, new=True, closed=_close(desk, connection, held, keep=op_id))
        return Opened(url=url, new=False, closed=_close(desk, connection, held, keep=standing.stamp))


def close_hooks(desk: Desk, system: str) -> tuple[str, ...]:
    """Ask for no more webhooks to any address this installation asked for; those addresses. Others stay."""
    connection = _connection(desk, system)
    with desk.lease(_lease_name(connection)) as lease:
        hooks = _desk_of(desk, connection)
        mine = _settled(desk, connection, lease)
        return _close(desk, connection, [each for each in hooks.hooks() if each.stamp in mine], keep=None)


def title(desk: Desk, system: str) -> str:
    """What a system is called in words; UnknownRecord when it is not connected."""
    return desk.spec(_connection(desk, system)).title


def list_hooks(desk: Desk, system: str) -> tuple[Standing, ...]:
    """Every address that the system sends webhooks to, ours first."""
    connection = _connection(desk, system)
    mine = {row.op_id for row in _rows(desk, connection)}
    found = [
        Standing(hook_id=each.hook_id, url=each.url, ours=each.stamp in mine, current=each.current)
        for each in _desk_of(desk, connection).hooks()
    ]
    return tuple(sorted(found, key=lambda each: (not each.ours, each.url, each.hook_id)))


def _connection(desk: Desk, system: str) -> Connection:
    return desk.store.connection(desk.id, ConnectionId(system))


def _lease_name(connection: Connection) -> str:
    return f"hooks:{connection.connection_id}"


def _desk_of(desk: Desk, connection: Connection) -> HookDesk:
    adapter = desk.adapter(connection)
    if not isinstance(adapter, HookDesk):
        raise UserError(
            f"{desk.spec(connection).title} cannot be asked for webhooks by its API.",
            next_step="Enter the address at its own site, and put the secret it shows into the settings.",
        )
    return adapter


def _rows(desk: Desk, connection: Connection) -> list[OutboxRow]:
    return [
        row for row in desk.store.outbox(desk.id, kind=IntentKind.HOOK) if row.connection_id == connection.connection_id
    ]


def _settled(desk: Desk, connection: Connection, lease: Lease) -> dict[OpId, OutboxRow]:
    """What this installation has asked for by now, once it is known of each what became of it."""
    begun = frozenset(row.op_id for row in _rows(desk, connection) if row.state in _BEGUN)
    if begun:
        post(desk.tools(_quiet), desk.id, lease, only=begun)
    rows = {row.op_id: row for row in _rows(desk, connection)}
    if any(row.state in _BEGUN for row in rows.values()):
        raise OutcomeUnknown(
            f"{desk.spec(connection).title} did not answer, so the webhooks may or may not have been asked for.",
            next_step="Run it again in a minute; it is looked up there first.",
        )
    return rows


def _is_good(desk: Desk, connection: Connection, hook: Hook, mine: dict[OpId, OutboxRow]) -> bool:
    """Whether it sends what we read, and what it sends can be verified."""
    row = mine.get(hook.stamp) if hook.stamp is not None else None
    known = row is not None and row.answer is not None and not row.answer.notice
    spec = desk.spec(connection)
    door = registry.hooks_of(spec)
    values = desk.store.secrets(desk.id, connection.connection_id)
    return hook.current and known and door is not None and door.listens(registry.settings_of(spec, values))


def _carry(desk: Desk, connection: Connection, url: str, lease: Lease) -> OpId:
    """Ask, once; the op id of what stands there now."""
    op_id = new_op_id()
    row = OutboxRow(
        op_id=op_id,
        company_id=desk.id,
        connection_id=connection.connection_id,
        kind=IntentKind.HOOK,
        subject=f"hook:{op_id}",
        intent=OpenHook(connection=connection.connection_id, url=url),
        actor=desk.actor,
    )
    desk.store.outbox_add([row])
    post(desk.tools(_quiet), desk.id, lease, only=frozenset({op_id}))
    after = desk.store.outbox_row(desk.id, op_id)
    if after.state is OutboxState.DEAD:
        raise Refused(f"{desk.spec(connection).title} did not take the address.", next_step=after.fault)
    if after.state is not OutboxState.DONE:
        raise OutcomeUnknown(
            f"{desk.spec(connection).title} did not answer, so the webhooks may or may not have been asked for.",
            next_step="Run it again in a minute; it is looked up there first.",
        )
    return op_id


def _close(desk: Desk, connection: Connection, held: list[Hook], *, keep: OpId | None) -> tuple[str, ...]:
    """Close these but one; what of the settings changes by it is stored. Their addresses."""
    hooks = _desk_of(desk, connection)
    closed = [each for each in held if keep is None or each.stamp != keep]
    for each in closed:
        values = hooks.close_hook(each.hook_id)
        if values:
            desk.store.put_secrets(desk.id, connection.connection_id, values, desk.actor)
    return tuple(each.url for each in closed)


def _is_standin(desk: Desk, connection: Connection) -> bool:
    """Whether the connection's settings lead elsewhere than to the vendor."""
    values = desk.store.secrets(desk.id, connection.connection_id)
    known = {name: default for name, _, _, default, _ in registry.setting_names(desk.spec(connection))}
    return "base_url" in known and values.get("base_url", known["base_url"]) != known["base_url"]


def _is_public(host: str) -> bool:
    """Whether somebody outside may find a computer under that name or number. The name is not looked up."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        _, _, last = host.rpartition(".")
        return _NAME.fullmatch(host) is not None and last.lower() not in _NOBODY_ELSES and not last.isdecimal()


def _quiet(row: OutboxRow) -> None:
    """Asking for webhooks shows no progress."""
