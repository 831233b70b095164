"""Connect a system, choose accounts, say how everything stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from connector import registry
from connector.app.house import Desk, House
from connector.dates import Instant, zone
from connector.errors import ReceivablesError, Refused, SettingsError, UnknownRecord, UserError
from connector.model.firm import Actor, Company, Connection, NotesMode, PostingAccounts
from connector.model.party import Account, Profile
from connector.model.source import ActorId, CompanyId, ConnectionId, Kind, Ref
from connector.money import Currency, currency
from connector.ports import Adapter, AdapterSpec, Check
from connector.store import OutboxState

FIRST_COMPANY = "main"
ROLES = ("clearing", "bank", "fees")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What `connect` was asked for. `values` are the adapter's settings; `zone` is needed for a new company."""

    system: str
    company: str | None
    zone: str | None
    values: Mapping[str, str]
    allow_writes: bool


def connect(house: House, wish: Wish) -> Connection:
    """Connect a system, or connect it again. Read-only unless writes are allowed in so many words.

    The account that answers is remembered; the same connection never changes to another account.
    """
    spec = registry.spec_of(wish.system)
    company = _company(house, wish, spec)
    connection_id = ConnectionId(wish.system)
    before = next((c for c in house.store.connections(company.company_id) if c.connection_id == connection_id), None)
    stored = house.store.secrets(company.company_id, connection_id) if before is not None else {}
    values = {**stored, **house.config.adapter_values(wish.system, company.company_id), **wish.values}
    adapter = house.open_adapter(company, spec, connection_id, values)
    profile_ref, profile = _profile(adapter)
    if before is not None and before.account != profile_ref.vendor_id:
        raise Refused(
            f"{wish.system} is already connected to account {before.account}, and these keys open "
            f"{profile_ref.vendor_id}.",
            next_step="Connect the other account under a company of its own, with --company.",
        )
    # Only now: keys that open nothing, or another account, must not take the place of those that work.
    house.store.put_secrets(company.company_id, connection_id, values)
    if spec.keeps_books:
        renamed = replace(company, name=profile.name, home_currency=profile.home_currency)
        house.store.set_company(renamed, house.actor)
    connection = Connection(
        company_id=company.company_id,
        connection_id=connection_id,
        system=wish.system,
        account=profile_ref.vendor_id,
        live=profile.live,
        writes_allowed=wish.allow_writes or (before.writes_allowed if before is not None else False),
        posting=before.posting if before is not None else PostingAccounts(),
    )
    house.store.save_connection(connection, house.actor)
    return connection


def _company(house: House, wish: Wish, spec: AdapterSpec) -> Company:
    """The company to connect to: the one named, the only one, or a new one, made when the settings are all there."""
    companies = {company.company_id: company for company in house.store.companies()}
    wanted = CompanyId(wish.company or (next(iter(companies)) if len(companies) == 1 else FIRST_COMPANY))
    if wish.company is None and len(companies) > 1:
        raise UserError("There are several companies.", next_step=f"Say which with --company: {', '.join(companies)}.")
    if wanted in companies:
        return _in_zone(house, companies[wanted], wish.zone)
    if wish.zone is None:
        raise SettingsError(
            f"The company {wanted} is new, and its time zone is not known.",
            next_step="Add --zone, for example --zone America/New_York.",
        )
    zone(wish.zone)
    registry.settings_of(spec, {**house.config.adapter_values(spec.name, wanted), **wish.values})
    company = Company(company_id=wanted, name=wanted, home_currency=currency("USD"), zone=wish.zone)
    actor = Actor(company_id=wanted, actor_id=ActorId(house.actor), name=house.actor)
    house.store.add_company(company, actor)
    return company


def _in_zone(house: House, company: Company, wanted: str | None) -> Company:
    """The company, in the zone that was asked for; refused once days of another zone may be in the mirror."""
    if wanted is None or wanted == company.zone:
        return company
    zone(wanted)
    if house.store.connections(company.company_id):
        raise Refused(
            f"{company.company_id} counts its days in {company.zone}.", next_step="Leave --zone out, or name that one."
        )
    moved = replace(company, zone=wanted)
    house.store.set_company(moved, house.actor)
    return moved


def _profile(adapter: Adapter) -> tuple[Ref, Profile]:
    """Who answers under these keys: the first thing that is read."""
    page = adapter.pull(str(Kind.PROFILE), None)
    for mirrored in page.records:
        if isinstance(mirrored.record, Profile):
            return mirrored.ref, mirrored.record
    raise SettingsError("The system did not say which account this is.", next_step="Check the keys.")


def choose_accounts(desk: Desk, system: str, chosen: Mapping[str, str]) -> Connection:
    """Remember which accounts of the books a processor's money is booked to, by their exact names.

    A clearing or bank account serves its own currency; choosing one for another currency adds to the choice.
    """
    connection = desk.store.connection(desk.id, ConnectionId(system))
    books = desk.books().connection_id
    posting = connection.posting
    for role, names in chosen.items():
        for name in names.split(","):
            ref, account = _account(desk, books, name.strip())
            posting = _with(posting, role, account.currency, ref)
    changed = replace(connection, posting=posting)
    desk.store.save_connection(changed, desk.actor)
    return changed


def _with(posting: PostingAccounts, role: str, code: Currency, ref: Ref) -> PostingAccounts:
    match role:
        case "clearing":
            return replace(posting, clearing={**posting.clearing, code: ref})
        case "bank":
            return replace(posting, bank={**posting.bank, code: ref})
        case "fees":
            return replace(posting, fees=ref)
    raise UserError(f"There is no role {role!r} for an account.", next_step=f"Roles are {', '.join(ROLES)}.")


def _account(desk: Desk, books: ConnectionId, name: str) -> tuple[Ref, Account]:
    held = [
        (stored.ref, stored.record)
        for stored in desk.store.records(desk.id, Kind.ACCOUNT, connection=books)
        if isinstance(stored.record, Account) and stored.record.name.casefold() == name.casefold()
    ]
    if len(held) != 1:
        known = sorted(
            stored.record.name
            for stored in desk.store.records(desk.id, Kind.ACCOUNT, connection=books)
            if isinstance(stored.record, Account)
        )
        raise UnknownRecord(
            f"The books have {len(held) or 'no'} account named {name!r}.",
            next_step=f"Make it there and sync, or choose one of: {', '.join(known[:12]) or 'none read yet'}.",
        )
    return held[0]


def set_notes(desk: Desk, mode: NotesMode) -> None:
    """Whether notes are pushed: off, ask or auto."""
    desk.store.set_company(replace(desk.company, notes=mode), desk.actor)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionStatus:
    """How one connection stands."""

    connection: Connection
    title: str
    data_as_of: Instant | None
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How the company stands: connections, writes under way, findings."""

    company: Company
    connections: tuple[ConnectionStatus, ...]
    outbox: dict[str, int]
    unsure_age_seconds: int | None
    findings: int


def status(desk: Desk) -> Status:
    """How everything stands, from our own store alone."""
    fresh = desk.store.freshness(desk.id)
    rows = list(desk.store.outbox(desk.id))
    unsure = [row.tried_at for row in rows if row.state is OutboxState.UNSURE and row.tried_at is not None]
    now = desk.clock.now()
    return Status(
        company=desk.company,
        connections=tuple(
            ConnectionStatus(
                connection=each,
                title=desk.spec(each).title,
                data_as_of=min((at for (c, _), at in fresh.items() if c == each.connection_id), default=None),
                records=sum(
                    1 for kind in Kind for _ in desk.store.records(desk.id, kind, connection=each.connection_id)
                ),
            )
            for each in desk.connections()
        ),
        outbox={str(state): sum(row.state is state for row in rows) for state in OutboxState},
        unsure_age_seconds=int((now - min(unsure)).total_seconds()) if unsure else None,
        findings=len(tuple(desk.store.findings(desk.id))),
    )


def doctor(desk: Desk) -> tuple[Check, ...]:
    """Look at everything that could be wrong, in the order in which it should be put right."""
    checks = [_chain(desk)]
    for connection in desk.connections():
        try:
            checks += desk.adapter(connection).check()
        except ReceivablesError as fault:
            checks.append(
                Check(name=connection.connection_id, ok=False, sentence=fault.sentence, next_step=fault.next_step)
            )
    checks += [_accounts(each) for each in desk.processors()]
    return tuple(checks)


def _chain(desk: Desk) -> Check:
    problems = desk.store.verify(desk.id)
    return Check(
        name="journal",
        ok=not problems,
        sentence=problems[0] if problems else "The journal's chain is whole.",
        next_step="Restore the last backup." if problems else "",
    )


def _accounts(connection: Connection) -> Check:
    missing = [
        role
        for role, chosen in (
            ("clearing", connection.posting.clearing),
            ("bank", connection.posting.bank),
            ("fees", connection.posting.fees),
        )
        if not chosen
    ]
    return Check(
        name=f"{connection.connection_id} accounts",
        ok=not missing,
        sentence=f"No account is chosen for: {', '.join(missing)}." if missing else "Accounts are chosen.",
        next_step=f"Run: receivables accounts {connection.system} --help" if missing else "",
    )
