"""What must hold at the end of a world of `wired_world`, as both systems' own books say it: one function for each law.

The numbers are those of the invariants that the worlds were made for: what no fault, death, or second worker may break.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal

from connector import registry
from connector.model.firm import Connection
from connector.model.intent import (
    IntentKind,
    PostDeposit,
    PostExpense,
    Posting,
    PostPayment,
    PostTransfer,
    VoidPosting,
)
from connector.model.invoice import Invoice
from connector.model.mirror import Gone, Noun
from connector.model.source import Kind, OpId, Ref
from connector.money import plain
from connector.ports import Surroundings
from connector.store import OutboxState
from tests.laws.wire import mount
from tests.laws.wired_start import HARBOR
from tests.laws.wired_world import FINISHED, Firm, Worker
from tests.surroundings import Held, OpenBudget, OpenTurns

UNMARKED = frozenset({IntentKind.VOID, IntentKind.PAY_PAGE, IntentKind.HOOK})
"""Kinds that leave no new object in the books."""

READS_MAX = 100


def wrong(firm: Firm) -> list[str]:
    """Every law that does not hold."""
    laws = (once, settled, to_the_cent, rebuilt, noted, certain, mirrored, within_limits)
    return [*firm.broken, *(f"{law.__name__}: {each}" for law in laws for each in law(firm))]


def once(firm: Firm) -> Iterator[str]:
    """I1: one object per op id; none of what was refused or taken out again, and none that nobody asked for."""
    marked, taken_back = {**firm.marked()}, _taken_back(firm)
    for row in firm.rows():
        there = marked.pop(row.op_id, [])
        if row.op_id in taken_back:
            there = [one for one in there if one[1]]
        stands = row.state is OutboxState.DONE and row.kind not in UNMARKED and row.op_id not in taken_back
        if len(there) != stands:
            yield f"{row.subject} is {row.state} and stands there {len(there)} times ({row.fault})"
    yield from (f"{op_id} was asked for by nobody" for op_id in marked)


def _taken_back(firm: Firm) -> frozenset[OpId]:
    """What we wrote and took out again, since its money had gone."""
    done = [row.intent for row in firm.rows() if row.state is OutboxState.DONE]
    return frozenset(intent.stamp for intent in done if isinstance(intent, VoidPosting))


def settled(firm: Firm) -> Iterator[str]:
    """I2: every settled payment is one payment of the books, or none and a person was told why."""
    stands: Counter[str] = Counter()
    for row in firm.books("Payment"):
        about = str(row.get("PrivateNote") or "").partition("src=stripe/payment/")[2]
        if about and Decimal(str(row["TotalAmt"])):
            stands[about.split()[0]] += 1
    told = {ref.vendor_id for finding in firm.house.store.findings(HARBOR) for ref in finding.refs}
    dead = [row.intent for row in firm.rows() if row.state is OutboxState.DEAD]
    told |= {intent.about.vendor_id for intent in dead if isinstance(intent, Posting)}
    for charge in ("ch_1", "ch_2", "py_3"):
        if charge in firm.people.returned and not stands[charge]:
            continue
        if stands[charge] > 1 or (not stands[charge] and charge not in told):
            yield f"{charge} is {stands[charge]} payments of the books"


def to_the_cent(firm: Firm) -> Iterator[str]:
    """I3: what was done and what stands there are the same sums."""
    done: dict[OpId, Decimal] = {}
    taken_back = _taken_back(firm)
    for row in firm.rows():
        if row.state is not OutboxState.DONE or row.op_id in taken_back:
            continue
        match row.intent:
            case PostPayment() | PostDeposit():
                done[row.op_id] = Decimal(plain(row.intent.total).partition(" ")[0])
            case PostExpense() | PostTransfer():
                done[row.op_id] = Decimal(plain(row.intent.amount).partition(" ")[0])
    there = {op_id: sum((amount for _, amount in found), Decimal()) for op_id, found in firm.marked().items()}
    for op_id, amount in done.items():
        if there.get(op_id) != amount:
            yield f"{op_id} is done with {amount}, and {there.get(op_id)} stands there"


def rebuilt(firm: Firm) -> Iterator[str]:
    """I4: what is open on each invoice is its total less what payments there say they settle, here and there."""
    applied: dict[str, Decimal] = defaultdict(Decimal)
    for payment in firm.books("Payment"):
        for line in payment.get("Line", []):
            for link in line.get("LinkedTxn", []):
                if link["TxnType"] == "Invoice":
                    applied[link["TxnId"]] += Decimal(str(line["Amount"]))
    held = {stored.ref.vendor_id: stored.record for stored in firm.house.store.records(HARBOR, Kind.INVOICE)}
    for row in firm.books("Invoice"):
        expected = Decimal(str(row["TotalAmt"])) - applied[row["Id"]]
        mirror = held.get(row["Id"])
        ours = Decimal(plain(mirror.open).partition(" ")[0]) if isinstance(mirror, Invoice) else None
        if not expected == Decimal(str(row["Balance"])) == ours:
            yield f"{row['DocNumber']} has {expected} open by its payments, {row['Balance']} there, and {ours} here"


def noted(firm: Firm) -> Iterator[str]:
    """I5: each contact that is written down is noted once, and none that is not."""
    notes = [str(row.get("Note", "")) for row in firm.books("Attachable")]
    notes += [invoice["metadata"].get("receivables_note", "") for invoice in firm.people.ledger.newest("invoice")]
    kept = {contact.said for contact in firm.house.store.contacts(HARBOR)}
    for words in firm.contacts:
        found = sum(words in each for each in notes)
        if found != (words in kept):
            yield f"{words!r} stands there {found} times, and is {'' if words in kept else 'not '}written down"


def certain(firm: Firm) -> Iterator[str]:
    """I7: in the end nothing is unsure; that it takes no longer than it may is watched on the way."""
    yield from (f"{row.subject} is {row.state} ({row.fault})" for row in firm.rows() if row.state not in FINISHED)


def mirrored(firm: Firm) -> Iterator[str]:
    """I8: the mirror is what somebody sees who reads both systems for the first time."""
    desk = firm.desk
    there = {ref: noun for each in desk.connections() for ref, noun in _fresh(firm, desk, each).items()}
    here = {
        stored.ref: stored.record
        for kind in Kind
        for stored in firm.house.store.records(HARBOR, kind)
        if kind is not Kind.PROFILE
    }
    for ref in here.keys() | there.keys():
        if here.get(ref) != there.get(ref):
            yield f"{ref} is {here.get(ref)} here and {there.get(ref)} there"


def _fresh(firm: Firm, desk: Worker, connection: Connection) -> dict[Ref, Noun]:
    spec = desk.spec(connection)
    held = Held()
    adapter = registry.connect(
        spec,
        Surroundings(
            connection=connection.connection_id,
            settings=registry.settings_of(spec, desk.store.secrets(desk.id, connection.connection_id)),
            zone=desk.company.zone,
            clock=firm.clock,
            tokens=desk.store.tokens(desk.id, connection.connection_id),
            budget=OpenBudget(),
            turns=OpenTurns(),
            mirror=held,
        ),
    )
    mount(adapter, firm.wires)
    found: dict[Ref, Noun] = {}
    for stream in adapter.streams():
        cursor: str | None = None
        for _ in range(READS_MAX):
            firm.clock.pass_seconds(1)  # nobody counts these calls, but the stand-in's limits do
            page = adapter.pull(stream, cursor)
            for one in page.records:
                held.records.setdefault(one.ref.kind, {})[one.ref.vendor_id] = one.version
                if isinstance(one.record, Gone):
                    found.pop(one.ref, None)
                else:
                    found[one.ref] = one.record
            cursor = page.cursor
            if not page.more:
                break
    return {ref: noun for ref, noun in found.items() if ref.kind is not Kind.PROFILE}


def within_limits(firm: Firm) -> Iterator[str]:
    """I10: no call of ours was one too many, as the stand-ins counted."""
    intuit, stripe = firm.intuit.traffic(), firm.stripe.traffic(firm.world.stripe_account)
    if intuit.refused or stripe.refused:
        yield f"{intuit.refused} calls of QuickBooks and {stripe.refused} of Stripe were one too many"
