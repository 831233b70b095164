"""What lets us into an outside system, by the names under which it is kept. No value is opened, so no key is needed."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from connector import registry
from connector.errors import NeedsReconnect
from connector.model.firm import Connection
from connector.model.source import CompanyId, ConnectionId
from connector.ports import AdapterSpec
from connector.store import Store
from connector.store.secrets import GRANT


def brought(spec: AdapterSpec) -> frozenset[str]:
    """The settings that a browser brings, so that nobody is asked for them; none where there is no such way in."""
    if spec.authorise is None:
        return frozenset()
    found: frozenset[str] = registry.by_path(spec.authorise).brings
    return found


def shut_out(store: Store, company: CompanyId, connections: Iterable[Connection]) -> frozenset[ConnectionId]:
    """Those of a company's connections of which nothing is kept any more that lets us in."""
    held = store.entered(company)
    return frozenset(
        each.connection_id
        for each in connections
        if not _lets_in(registry.spec_of(each.system), held.get(each.connection_id, frozenset()))
    )


def way_back(connection: Connection) -> str:
    """What a person does to let us in again."""
    return f"receivables connect {connection.system}"


def not_let_in(connection: Connection) -> NeedsReconnect:
    """What whoever wants to ask it something is told."""
    title = registry.spec_of(connection.system).title
    return NeedsReconnect(
        f"{title} is disconnected, and can be neither read nor written to.",
        next_step=f"Connect it again: {way_back(connection)}",
    )


def _lets_in(spec: AdapterSpec, names: Collection[str]) -> bool:
    """Whether what is kept under these names opens the system."""
    if spec.authorise is None:
        return all(
            name in names for name, required, is_secret, *_ in registry.setting_names(spec) if is_secret and required
        )
    if GRANT in names:
        return True
    secret = {name for name, _, is_secret, *_ in registry.setting_names(spec) if is_secret}
    return not (brought(spec) & secret).isdisjoint(names)
