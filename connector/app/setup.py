"""Connect a system; choose the pattern and the accounts its money is booked by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from connector import registry
from connector.app.house import Desk, House, other_mode
from connector.dates import BusinessDate, midnight, zone
from connector.errors import NeedsReconnect, Refused, SettingsError, UnknownRecord, UserError
from connector.model.firm import Actor, Beginning, BookingPattern, Company, Connection, NotesMode, PostingAccounts
from connector.model.party import Account, Profile
from connector.model.source import ActorId, CompanyId, ConnectionId, Kind, Ref
from connector.money import Currency, currency
from connector.plan.patterns import IN_WORDS, patterns_in_use
from connector.ports import Adapter, AdapterSpec, Admission, Permitted, SecretPair
from connector.reconcile.booked import opened, opening_subjects
from connector.store import OutboxState

FIRST_COMPANY = "main"
ROLES = ("clearing", "transit", "bank", "fees", "suspense", "opening")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What `connect` was asked for. `values` are the adapter's settings; `zone` is needed for a new company.

    `admission` is what a person's consent in the browser has just led to, its settings among the values.
    """

    system: str
    company: str | None
    zone: str | None
    values: Mapping[str, str] = field(repr=False)
    allow_writes: bool
    admission: Admission | None = None


def values_known(house: House, wish: Wish) -> dict[str, str]:
    """The settings as they stand: what is asked for now, over the environment and files, over what is remembered."""
    company, is_new = company_wanted(house, wish)
    stored = {} if is_new else house.store.secrets(company.company_id, ConnectionId(wish.system))
    return {**stored, **house.config.adapter_values(wish.system, company.company_id), **wish.values}


def connect(house: House, wish: Wish) -> Connection:
    """Connect a system, or connect it again. Read-only unless writes are allowed in so many words.

    The account that answers is remembered; the same connection never changes to another account.
    """
    spec = registry.spec_of(wish.system)
    company = _company(house, wish, spec)
    connection_id = ConnectionId(wish.system)
    before = next((c for c in house.store.connections(company.company_id) if c.connection_id == connection_id), None)
    values = values_known(house, wish)
    if wish.admission is not None:
        _same_account(before, wish.admission.account)
        _keep_admission(house, company.company_id, connection_id, values, wish.admission)
    adapter = house.open_adapter(company, spec, connection_id, values)
    writes = wish.allow_writes or (before.writes_allowed if before is not None else False)
    profile_ref, profile = _profile(adapter, writes=writes)
    _same_account(before, profile_ref.vendor_id)
    if before is not None and before.live is not profile.live:
        raise other_mode(before, live=profile.live)
    _nothing_lacks(adapter, writes=writes)
    # Only now: keys that open nothing, or another account, must not take the place of those that work.
    house.store.put_secrets(company.company_id, connection_id, values, house.actor)
    if spec.keeps_books:
        renamed = replace(company, name=profile.name, home_currency=profile.home_currency)
        house.store.set_company(renamed, house.actor)
    connection = Connection(
        company_id=company.company_id,
        connection_id=connection_id,
        system=wish.system,
        account=profile_ref.vendor_id,
        live=profile.live,
        writes_allowed=writes,
        pattern=before.pattern if before is not None else _first_pattern(spec),
        posting=before.posting if before is not None else PostingAccounts(),
    )
    house.store.save_connection(connection, house.actor)
    return connection


def forbid_writes(desk: Desk, system: str) -> Connection:
    """From the next call on nothing is written to that system; it is read as before."""
    connection = replace(desk.store.connection(desk.id, ConnectionId(system)), writes_allowed=False)
    desk.store.save_connection(connection, desk.actor)
    return connection


def _first_pattern(spec: AdapterSpec) -> BookingPattern:
    """How its money is booked until a person says otherwise; what has arrived at the bank is booked there."""
    return BookingPattern.BANK if spec.is_bank else BookingPattern.CLEARING


def cautions(house: House, connection: Connection) -> tuple[str, ...]:
    """What a person should change in the books before anything is posted to them, as far as the books say it."""
    desk = house.company(connection.company_id)
    if not desk.spec(connection).keeps_books:
        return ()
    _, profile = _profile(desk.adapter(connection), writes=False)
    found = (
        (profile.auto_applies_credit, "open credits to invoices"),
        (profile.auto_applies_payments, "payments to the oldest invoices"),
    )
    return tuple(
        f"{profile.name} applies {what} by itself, so an invoice may be settled that nobody decided on. Switch it off "
        "in the settings of the books; `receivables doctor` says when it is."
        for applies, what in found
        if applies
    )


def _same_account(before: Connection | None, account: str) -> None:
    if before is not None and before.account != account:
        raise Refused(
            f"{before.system} is already connected to account {before.account}, and these keys open {account}.",
            next_step="Connect the other account under a company of its own, with --company.",
        )


def _keep_admission(
    house: House, company: CompanyId, connection: ConnectionId, values: Mapping[str, str], admission: Admission
) -> None:
    """Store what the browser brought before its first use: a code works only once, so a lost pair costs a new trip.

    The vendor has just taken these keys, so they may stand in the place of those that were there.
    """
    house.store.put_secrets(company, connection, values, house.actor)
    tokens, pair = house.store.tokens(company, connection), admission.pair
    if pair is None:
        return

    def newest() -> SecretPair:
        stored = tokens.read()
        return tokens.replace(replace(pair, version=stored.version if stored is not None else 0))

    tokens.locked(newest)


def company_wanted(house: House, wish: Wish) -> tuple[Company, bool]:
    """The company to connect to, the one named or the only one, and whether it is new: nothing is stored here.

    Errors: UserError when there are several, SettingsError when a new one has no time zone.
    """
    companies = {company.company_id: company for company in house.store.companies()}
    wanted = CompanyId(wish.company or (next(iter(companies)) if len(companies) == 1 else FIRST_COMPANY))
    if wish.company is None and len(companies) > 1:
        raise UserError("There are several companies.", next_step=f"Say which with --company: {', '.join(companies)}.")
    if wanted in companies:
        return companies[wanted], False
    if wish.zone is None:
        raise SettingsError(
            f"The company {wanted} is new, and its time zone is not known.",
            next_step="Add --zone, for example --zone America/New_York.",
        )
    zone(wish.zone)
    return Company(company_id=wanted, name=wanted, home_currency=currency("USD"), zone=wish.zone), True


def _company(house: House, wish: Wish, spec: AdapterSpec) -> Company:
    """The company to connect to; a new one is made when the settings are all there."""
    company, is_new = company_wanted(house, wish)
    if not is_new:
        return _in_zone(house, company, wish.zone)
    registry.settings_of(spec, values_known(house, wish))
    actor = Actor(company_id=company.company_id, actor_id=ActorId(house.actor), name=house.actor)
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


def _nothing_lacks(adapter: Adapter, *, writes: bool) -> None:
    """NeedsReconnect names everything at once that the keys may not do; what only writing needs, where it is wanted."""
    if not isinstance(adapter, Permitted):
        return
    lines = (*adapter.may_read(), *(adapter.may_write() if writes else ()))
    lacking = list(dict.fromkeys(line for line in lines if not line.ok))
    if lacking:
        sentences = " ".join(line.sentence for line in lacking)
        raise NeedsReconnect(f"Nothing was connected. {sentences}", next_step=lacking[0].next_step)


def _profile(adapter: Adapter, *, writes: bool) -> tuple[Ref, Profile]:
    """Who answers under these keys: the first thing that is read."""
    try:
        page = adapter.pull(str(Kind.PROFILE), None)
    except NeedsReconnect:
        _nothing_lacks(adapter, writes=writes)
        raise
    for mirrored in page.records:
        if isinstance(mirrored.record, Profile):
            return mirrored.ref, mirrored.record
    raise SettingsError("The system did not say which account this is.", next_step="Check the keys.")


def choose_accounts(
    desk: Desk,
    system: str,
    chosen: Mapping[str, str],
    pattern: BookingPattern | None = None,
    *,
    start: BusinessDate | None = None,
) -> Connection:
    """Remember which accounts of the books a processor's money is booked to, by their exact names or our ids."""
    changed = with_accounts(desk, system, chosen, pattern, start=start)
    desk.store.save_connection(changed, desk.actor)
    return changed


def with_accounts(
    desk: Desk,
    system: str,
    chosen: Mapping[str, str],
    pattern: BookingPattern | None = None,
    *,
    start: BusinessDate | None = None,
) -> Connection:
    """A connection as it would be with that choice; nothing is stored.

    A clearing or bank account serves its own currency; choosing one for another currency adds to the choice. `pattern`
    is how its money is booked; Refused once anything of it was booked in the other one. `start` is the day from which
    on its money is booked; Refused once the opening entry of another day is written.
    """
    connection = desk.store.connection(desk.id, ConnectionId(system))
    books = desk.books().connection_id
    if pattern is not None and connection.connection_id == books:
        raise UserError(f"{system} keeps the books.", next_step="Name the processor whose money is booked there.")
    if pattern is not None and (pattern is BookingPattern.BANK) is not desk.spec(connection).is_bank:
        raise UserError(
            f"The pattern {pattern} does not fit {system}.",
            next_step="bank is for a bank's own statements, and for nothing else.",
        )
    if pattern is not None:
        _refuse_mixing(desk, connection, pattern)
        connection = replace(connection, pattern=pattern)
    posting = connection.posting
    if start is not None:
        posting = replace(posting, begins=_beginning(desk, connection, books, start))
    for role, names in chosen.items():
        for name in names.split(","):
            ref, account = account_named(desk, books, name.strip())
            posting = _with(posting, role, account.currency, ref)
    _refuse_doubling(posting, desk.snapshot().accounts if posting.transit else {})
    return replace(connection, posting=posting)


def _refuse_doubling(posting: PostingAccounts, known: Mapping[Ref, Account]) -> None:
    """What is on its way is neither at the processor nor at the bank: it has an account of its own."""
    for code, ref in posting.transit.items():
        taken = {posting.clearing.get(code): "the clearing account", posting.bank.get(code): "the bank account"}
        if ref in taken:
            name = known[ref].name if ref in known else str(ref)
            raise UserError(
                f"{name} is {taken[ref]} already; payouts on their way need an account of their own.",
                next_step="Make an account for it in the books, such as Payouts In Transit, sync, and choose that.",
            )


def _beginning(desk: Desk, connection: Connection, books: ConnectionId, start: BusinessDate) -> Beginning:
    before, seen = connection.posting.begins, desk.snapshot()
    if connection.connection_id == books:
        raise UserError(
            f"{connection.system} keeps the books.", next_step="Name the processor that starts on that day."
        )
    if start > desk.today:
        raise UserError(
            f"{start} is in the future, and what {connection.system} will hold then is not known.",
            next_step="Choose today or a day before it.",
        )
    same_day = before is not None and before.on == start
    sent = any(subject.startswith(opening_subjects(connection.connection_id)) for subject in seen.in_flight)
    if not same_day and (sent or any(at == connection.connection_id for at, _ in opened(seen))):
        of = f" for {before.on}" if before is not None else ""
        raise Refused(
            f"The opening entry of {connection.connection_id} is written{of}, and is right for that day only.",
            next_step="Stay with that day; nothing was changed.",
        )
    opening = before.opening if before is not None else None
    return Beginning(on=start, at=midnight(start, zone(desk.company.zone)), opening=opening)


def _refuse_mixing(desk: Desk, connection: Connection, wanted: BookingPattern) -> None:
    """One pattern per processor, for good: what is booked in one cannot be finished in the other."""
    seen = desk.snapshot()
    unseen = [
        row.intent
        for row in desk.store.outbox(desk.id)
        if row.state is not OutboxState.DEAD
        and (row.answer is None or (row.answer.ref not in seen.versions and row.answer.ref not in seen.gone))
    ]
    others = patterns_in_use(seen, unseen).get(connection.connection_id, frozenset()) - {wanted}
    if others:
        used = next(iter(sorted(others)))
        raise Refused(
            f"{connection.connection_id}'s money is booked in the pattern {used} already ({IN_WORDS[used]}); in two "
            "patterns its payouts would stand in the books twice.",
            next_step=f"Stay with {used}; or take those entries back in the books, sync, and choose again.",
        )


def _with(posting: PostingAccounts, role: str, code: Currency, ref: Ref) -> PostingAccounts:
    match role:
        case "clearing":
            return replace(posting, clearing={**posting.clearing, code: ref})
        case "transit":
            return replace(posting, transit={**posting.transit, code: ref})
        case "bank":
            return replace(posting, bank={**posting.bank, code: ref})
        case "fees":
            return replace(posting, fees=ref)
        case "suspense":
            return replace(posting, suspense=ref)
        case "opening" if posting.begins is not None:
            return replace(posting, begins=replace(posting.begins, opening=ref))
        case "opening":
            raise UserError(
                "There is no start yet, so there is nothing to open with.",
                next_step="Say from which day on, for example --start 2026-01-01.",
            )
    raise UserError(f"There is no role {role!r} for an account.", next_step=f"Roles are {', '.join(ROLES)}.")


def account_named(desk: Desk, books: ConnectionId, name: str) -> tuple[Ref, Account]:
    """An account of the books by its exact name or our id; UnknownRecord where there is none, or several."""
    held = [
        (stored.ref, stored.record)
        for stored in desk.store.records(desk.id, Kind.ACCOUNT, connection=books)
        if isinstance(stored.record, Account)
        and (stored.record.name.casefold() == name.casefold() or str(stored.ref) == name)
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


def set_notes(desk: Desk, mode: NotesMode, *, on_customer: bool | None = None) -> bool:
    """Whether notes are pushed: off, ask or auto; and whether the latest status is also kept on the customer (None: as
    it was). Returns the latter."""
    wanted = desk.company.status_on_customer if on_customer is None else on_customer
    desk.store.set_company(replace(desk.company, notes=mode, status_on_customer=wanted), desk.actor)
    return wanted
