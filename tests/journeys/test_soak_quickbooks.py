"""An hour of everything at once: two processes of eight threads, people in the books, and every fault there is.

Time is a sandglass (`sandglass`), by which the stand-in, both processes and their shared budget go: so the stand-in
counts what was sent in a second and in a minute of it. Leases go by the database's own clock, which here only means
that none is lost to time. What is asserted is read from the stand-in: its log, its counters, its books.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.quickbooks.standin.intuit import TOKENS
from connector import registry
from connector.app.books import unfinished
from connector.model.intent import PostExpense, PostPayment, PostTransfer
from connector.model.mirror import Gone, Mirrored
from connector.model.source import Kind, OpId, Ref
from connector.money import from_text, plain, total
from connector.ports import Readable, Surroundings
from tests.journeys.soak import ROLES
from tests.journeys.soak_hour import BOOKS, PER_MINUTE, USD, Entry, Soak, soaked, stamps_of
from tests.journeys.soak_mishaps import MISHAPS, kind_of
from tests.surroundings import Held, OpenTurns

BURST_MAX = 8
EARLY_SECONDS = 60
"""A token is renewed that much before its time is up."""
AGAIN_WITHIN = timedelta(seconds=90)
"""A refused call is made again as soon as its turn comes, after a pause of everybody at the latest."""


def each_entry_stands_once(soak: Soak) -> None:
    """Every entry is one object of its amount, and no other object carries a mark of ours."""
    found: dict[OpId, list[tuple[str, str]]] = defaultdict(list)
    for entity in ("Payment", "Purchase", "Transfer"):
        for row in soak.books(entity):
            amount = str(row.get("TotalAmt", row.get("Amount")))
            for one in stamps_of(row):
                found[one].append((entity, plain(from_text(amount, USD))))
    wanted = {one: [expected(entry)] for one, entry in soak.entries.items()}
    assert dict(found) == wanted, {
        one: (found.get(one), wanted.get(one), fault_of(soak, one))
        for one in found.keys() | wanted.keys()
        if found.get(one) != wanted.get(one)
    }


def fault_of(soak: Soak, one: OpId) -> object:
    """What our own memory says about it, to help whoever looks into a failure."""
    row = next((row for row in soak.desk.store.outbox(soak.desk.id) if row.op_id == one), None)
    return row and (row.state, row.tries, row.fault)


def expected(entry: Entry) -> tuple[str, str]:
    match entry:
        case PostPayment():
            return "Payment", plain(entry.total)
        case PostExpense():
            return "Purchase", plain(entry.amount)
        case PostTransfer():
            return "Transfer", plain(entry.amount)


def not_a_cent_is_lost(soak: Soak) -> None:
    """The clearing account holds what was paid into it, less fees and payouts."""
    came = total((entry.total for entry in soak.entries.values() if isinstance(entry, PostPayment)), USD)
    went = total((entry.amount for entry in soak.entries.values() if not isinstance(entry, PostPayment)), USD)
    [clearing] = [row for row in soak.books("Account") if row["Name"] == "Stripe Clearing"]
    assert plain(from_text(str(clearing["CurrentBalance"]), USD)) == plain(came - went)


def each_note_stands_once(soak: Soak) -> None:
    """What was logged is on its invoice once, and nothing that was not."""
    notes = [str(row.get("Note", "")) for row in soak.books("Attachable")]
    counted = {words: sum(words in note for note in notes) for words in soak.contacts}
    assert {words for words, times in counted.items() if times > 1} == set()
    assert {words for words, kept in soak.contacts.items() if kept and counted[words] == 0} == set()
    assert len(notes) == sum(counted.values())


def the_limits_were_kept(soak: Soak) -> None:
    """Intuit's, by its own counters; ours, by its log."""
    traffic = soak.intuit.traffic()
    assert traffic.second_max <= 10
    assert traffic.minute_max <= 500
    assert most(soak, 1) <= BURST_MAX
    assert most(soak, 60) <= PER_MINUTE


def most(soak: Soak, seconds: float) -> int:
    """The most calls of the company in any stretch of so many seconds."""
    times = sorted(line.at.timestamp() for line in soak.server.lines if line.path.startswith("/v3/"))
    found = first = 0
    for last, at in enumerate(times):
        while times[first] <= at - seconds:
            first += 1
        found = max(found, last - first + 1)
    return found


@dataclass(slots=True)
class Renewals:
    """How access tokens ended and were renewed, by the stand-in's log."""

    asked: int = 0
    heard: int = 0
    needless: list[str] = field(default_factory=list)


def renewals(soak: Soak) -> Renewals:
    """Each renewal against the token that was in force: its time was up, or a call had been told that it was no good.

    Where the answer to a renewal was lost, the token in force is still the one before, and asking again is right.
    """
    found, in_force, until, refused = Renewals(), "", 0.0, set[str]()
    for line in soak.server.lines:
        at = line.at.timestamp()
        if line.path != TOKENS:
            if line.status == 401:
                refused.add(line.bearer)
            continue
        found.asked += 1
        if in_force and at < until and in_force not in refused:
            found.needless.append(f"{line.at:%H:%M:%S} {in_force}")
        if line.issued and line.heard:
            found.heard += 1
            in_force, until = line.issued, at + soak.access_seconds - EARLY_SECONDS
    return found


def one_renewal_for_each_expiry(soak: Soak) -> None:
    """No token was renewed that was still good, every renewal beyond one for each had its answer lost by a fault, and
    nobody was asked to connect again but where Intuit refused the token it had just issued."""
    found = renewals(soak)
    assert found.needless == []
    assert found.asked - found.heard == sum(line.path == TOKENS and not line.heard for line in soak.server.lines)
    asked = sum(times for met, times in soak.faults.items() if met.endswith(": NeedsReconnect"))
    assert asked <= refused_twice(soak)


def refused_twice(soak: Soak) -> int:
    """At most so many calls were refused with one token and, made again, with the next one too."""
    refused = [line for line in soak.server.lines if line.status == 401]
    return sum(
        any(
            (earlier.path, earlier.bearer != later.bearer) == (later.path, True)
            and later.at - earlier.at < AGAIN_WITHIN
            for earlier in refused[:place]
        )
        for place, later in enumerate(refused)
    )


def the_mirror_is_what_a_new_reader_would_see(soak: Soak) -> None:
    desk = soak.desk
    here = {
        one.ref: (one.version, one.record)
        for kind in Kind
        for one in desk.store.records(desk.id, kind)
        if kind is not Kind.PROFILE
    }
    there = {ref: (one.version, one.record) for ref, one in fresh(soak).items() if not isinstance(one.record, Gone)}
    assert {ref: (here.get(ref), there.get(ref)) for ref in here.keys() ^ there.keys()} == {}
    assert {ref: (here[ref], there[ref]) for ref in here if here[ref] != there[ref]} == {}


def fresh(soak: Soak) -> dict[Ref, Mirrored]:
    """Everything, read anew by a connection that knows nothing."""
    desk = soak.desk
    connection = desk.books()
    spec = desk.spec(connection)
    settings = registry.settings_of(spec, desk.store.secrets(desk.id, BOOKS))
    held = Held()
    reader: Readable = registry.connect(
        spec,
        Surroundings(
            connection=BOOKS,
            settings=settings,
            zone="America/New_York",
            clock=soak.clock,
            tokens=desk.store.tokens(desk.id, BOOKS),
            budget=desk.house.budget(spec, desk.id, BOOKS, settings),
            turns=OpenTurns(),
            mirror=held,
        ),
    )
    found: dict[Ref, Mirrored] = {}
    cursor: str | None = None
    while True:
        page = reader.pull("books", cursor)
        for one in page.records:
            found[one.ref] = one
            held.records.setdefault(one.ref.kind, {})[one.ref.vendor_id] = one.version
        cursor = page.cursor
        if not page.more:
            return found


def all_of_it(soak: Soak) -> None:
    assert unfinished(soak.desk) == ()
    each_entry_stands_once(soak)
    not_a_cent_is_lost(soak)
    each_note_stands_once(soak)
    the_limits_were_kept(soak)
    one_renewal_for_each_expiry(soak)
    the_mirror_is_what_a_new_reader_would_see(soak)


def suffered(soak: Soak) -> Counter[str]:
    """The faults that calls met, by kind; those of renewals apart."""
    return Counter(
        f"token {line.fault.kind}" if line.path == TOKENS else kind_of(line.fault)
        for line in soak.server.lines
        if line.fault is not None
    )


def figures(soak: Soak) -> str:
    """What happened, in lines."""
    met = suffered(soak)
    traffic, found = soak.intuit.traffic(), renewals(soak)
    passed = (soak.server.lines[-1].at - (soak.began or soak.server.lines[0].at)).total_seconds() / 60
    lines = (
        f"{passed:.0f} minutes by the glass, {soak.forced} jumps of it forced;",
        f"{traffic.calls} calls, {traffic.refused} refused for their number,",
        f"at most {most(soak, 1)} a second and {most(soak, 60)} a minute;",
        f"Intuit counted at most {traffic.second_max} and {traffic.minute_max}",
        f"{met.total()} faults: {dict(met.most_common())}",
        f"{len(soak.entries)} entries and {len(soak.contacts)} contacts, {soak.at_end} objects when the time was up;",
        f"{soak.late} requests were carried out late",
        f"renewals: {found}",
        f"done: {dict(soak.did)}",
        f"errors met: {dict(soak.faults.most_common())}",
        f"people did: {dict(soak.edits.most_common())}",
        "",
    )
    return "\n".join(lines)


@pytest.mark.gate
@pytest.mark.req("Q2")
def test_five_minutes_of_two_processes_people_and_every_fault_lose_and_double_nothing(tmp_path: Path) -> None:
    seed = 3
    with soaked(tmp_path, seconds=300, entries=30, access_seconds=120, seed=seed) as soak:
        sys.stdout.write(f"seed {seed}\n{figures(soak)}")
        all_of_it(soak)
        assert suffered(soak).total() > 20


@pytest.mark.long
@pytest.mark.req("Q2")
def test_an_hour_of_it(tmp_path: Path) -> None:
    seed = 2
    with soaked(tmp_path, seconds=3600, entries=240, access_seconds=600, seed=seed) as soak:
        sys.stdout.write(f"seed {seed}\n{figures(soak)}")
        all_of_it(soak)
        assert set(MISHAPS) <= set(suffered(soak))
        assert set(soak.did) == set(ROLES)
