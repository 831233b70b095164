"""Let ourselves in to an outside system by a person's browser, and keep what that leads to.

The browser's answer is collected by whoever can: a page on this computer, or a person who pastes it. What it holds is
never logged and never shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import parse_qs

from connector import registry
from connector.app.access import brought
from connector.app.house import Desk, House
from connector.app.setup import Wish, company_wanted, values_known
from connector.errors import Refused, UserError
from connector.model.firm import Connection
from connector.model.source import ConnectionId
from connector.ports import Authorising, Invitation

FIELDS_MAX = 20
PASTED_CHARS_MAX = 8_000

Collect = Callable[[Invitation], Mapping[str, str]]
"""Gets the answer to an invitation: the query values of the address the browser was sent back to."""


def needs_browser(house: House, wish: Wish) -> bool:
    """Whether there is a way in by a browser, and no secret that makes it unnecessary."""
    spec = registry.spec_of(wish.system)
    if spec.authorise is None:
        return False
    company, is_new = company_wanted(house, wish)
    if not is_new and house.store.read_grant(company.company_id, ConnectionId(wish.system)) is not None:
        return False
    secret = {name for name, _, is_secret, _, _ in registry.setting_names(spec) if is_secret}
    return not (brought(spec) & secret & set(values_known(house, wish)))


def door(house: House, wish: Wish) -> Authorising:
    """The way in, made with the settings that are known so far. UserError where there is none."""
    spec = registry.spec_of(wish.system)
    if spec.authorise is None:
        raise UserError(
            f"{spec.title} is not connected by a browser.",
            next_step=f"Run: receivables connect {spec.name}, which asks for its key.",
        )
    made: Authorising = registry.by_path(spec.authorise)(values_known(house, wish), house.clock)
    return made


def let_in(house: House, wish: Wish, collect: Collect, redirect: str = "") -> Wish:
    """The wish, with what a person's consent led to; nothing is stored yet. Errors: UserError, VendorError.

    `redirect` is where the browser is sent back to, where that is already known better than the settings do.
    """
    invitation = door(house, wish).invite(redirect)
    return admitted(house, wish, invitation, collect(invitation))


def admitted(house: House, wish: Wish, invitation: Invitation, answer: Mapping[str, str]) -> Wish:
    """The wish, with what the answer to an invitation leads to; nothing is stored yet. Errors: UserError,
    VendorError."""
    admission = door(house, wish).admit(invitation, answer)
    return replace(wish, values={**wish.values, **admission.settings}, admission=admission)


def part(desk: Desk, system: str) -> str:
    """Give our access to a system back, and forget it; what was read stays. Errors: UserError, VendorError.

    Writes are off from then on, also after connecting again. When the other side does not answer, the grant is kept, so
    that it can still be given back. Where there is only a key, that is forgotten, with whatever else is secret; returns
    what is left to do for a person then, "" for nothing.
    """
    connection = desk.store.connection(desk.id, ConnectionId(system))
    spec = desk.spec(connection)
    desk.store.save_connection(replace(connection, writes_allowed=False), desk.actor)
    secret = {name for name, _, is_secret, _, _ in registry.setting_names(spec) if is_secret}
    if spec.authorise is None:
        desk.store.forget_grant(desk.id, connection.connection_id, secret, desk.actor)
        return f"Delete the key at {spec.title} too: it still opens the account to whoever has it." if secret else ""
    pair = desk.store.read_grant(desk.id, connection.connection_id)
    if pair is not None:
        door(desk.house, _as_it_is(desk, connection)).leave(pair)
    desk.store.forget_grant(desk.id, connection.connection_id, brought(spec) & secret, desk.actor)
    return ""


def _as_it_is(desk: Desk, connection: Connection) -> Wish:
    """The wish that changes nothing of a connection."""
    return Wish(system=connection.system, company=desk.id, zone=None, values={}, allow_writes=False)


def answer_in(query: str) -> dict[str, str]:
    """The values of a query; a name that comes twice has none."""
    try:
        found = parse_qs(query, keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def pasted(text: str) -> dict[str, str]:
    """The answer in an address that a person copied. Refused when it holds none."""
    address = text.strip().strip("'\"<>")
    before, _, fragment = address.partition("#")
    answer = answer_in(before.partition("?")[2] or fragment)
    if "state" not in answer or len(address) > PASTED_CHARS_MAX:
        raise Refused(
            "What was pasted is not the address the browser was sent back to.",
            next_step="Nothing was changed; run it again, and copy the whole address line after you have clicked.",
        )
    return answer
