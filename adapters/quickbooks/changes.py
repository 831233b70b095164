"""The one stream of a company's books: everything once, then what changed, by one question for all entities at a time.

What comes next is decided in `course`; here it is asked for. An answer that was cut, or that cannot reach back far
enough, is never taken for the whole: then every entity is walked by time of change, and the ids are compared after.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from adapters.quickbooks import course, keyset, translate, wire
from adapters.quickbooks.auth import IntuitSession
from adapters.quickbooks.calls import Calls
from adapters.quickbooks.course import Course, Phase
from adapters.quickbooks.entities import BY_SHAPE, ENTITIES, NAMES, SHAPES, Entity
from adapters.quickbooks.records import Found, Records, Rows, parted
from adapters.quickbooks.sweep import Sweep
from adapters.quickbooks.walk import TRIES_MAX, Walk, fewer
from connector import canonical
from connector.dates import epoch_seconds, instant_from_iso
from connector.errors import UnknownCurrency
from connector.model.source import Kind
from connector.ports import Page

DELETED = "deleted"
"""What stands for the version of a row that is said to be gone."""

_DIGEST_CHARS = 12


class Changes(Records):
    """The stream of the books."""

    _walker: Walk | None = None
    _sweep: Sweep | None = None

    def _books(self, at: Course) -> Page:
        """The next page after a course."""
        if at.home is None:
            at = replace(at, home=self._home())
        if at.phase is not Phase.SWEEP:
            self._sweep = None
        match at.phase:
            case Phase.WALK:
                return self._walk_on(at)
            case Phase.CATCH | Phase.REST:
                return self._catch_up(at)
            case Phase.CHECK:
                return self._check_numbers(at)
            case Phase.SWEEP:
                return self._sweep_on(at)

    @property
    def _walk(self) -> Walk:
        if self._walker is None:
            settings = self._settings
            self._walker = Walk(
                self._calls, self._beside, page_size=settings.page_size_max, in_flight=settings.in_flight
            )
        return self._walker

    def _beside(self) -> Calls:
        return self._calls.beside(IntuitSession(self._settings, self._grant, self._surroundings.budget))

    def _walk_on(self, at: Course) -> Page:
        entity = ENTITIES[at.name]
        step = self._walk.step(entity, at.bookmark)
        if at.since is None and step.time is not None:
            # What happens from the first page on is asked for when all is walked.
            at = replace(at, since=epoch_seconds(instant_from_iso(step.time)))
        at, frame = self._learn(at, step.rows)
        after = course.walked_on(at, step.after, more=step.more, only_page=step.only_page)
        records, findings = parted(self._records(step.rows, frame))
        return Page(
            records=records,
            findings=findings,
            cursor=course.write(after),
            more=True,
            about=entity.name,
            expected=step.expected,
            store_first=after.phase is Phase.CHECK,
        )

    def _catch_up(self, at: Course) -> Page:
        now = self._now()
        if course.must_walk(at, now):
            return self._walk_on(course.again_from(at, None))
        names = ",".join(shape.__name__ for shape in SHAPES)
        asked = {"entities": names, "changedSince": keyset.moment(course.window(at.since))}
        found = self._calls.read("cdc", asked, lambda body: wire.changes(body, SHAPES))
        mark = epoch_seconds(instant_from_iso(found.time)) if found.time is not None else at.since
        until = max(mark or 0, at.since or 0)
        if max(found.largest, found.total) >= course.CHANGES_MAX:
            cursor = course.write(course.again_from(at, until))
            return Page(records=(), cursor=cursor, more=True, about="changes")
        met = set(at.seen)
        rows = [one for one in found.rows if _met(one) not in met]
        deleted = [one for one in found.deleted if _gone(one.row, one.shape) not in met]
        at, frame = self._learn(at, rows)
        confirmed = [record for one in deleted for record in self._confirmed(BY_SHAPE[one.shape], (one.row.id,), frame)]
        seen = {_met(one) for one in found.rows} | {_gone(one.row, one.shape) for one in found.deleted}
        # What a row said before in the same second is forgotten: it may say so again, and then that is news.
        told = {(one.at, one.id) for one in seen}
        seen |= {one for one in at.seen if (one.at, one.id) not in told}
        after = course.caught_up(at, until, seen, now)
        more = after.phase is not Phase.REST
        records, findings = parted((*self._records(rows, frame), *confirmed))
        return Page(
            records=records,
            findings=findings,
            cursor=course.write(after),
            more=more,
            about="changes",
            store_first=more,
        )

    def _check_numbers(self, at: Course) -> Page:
        """Whether there are as many rows there as here, kind by kind; a few that fitted one page were counted."""
        uneven = self._uneven(at) if not at.thorough else frozenset()
        differing = tuple(name for name in NAMES if ENTITIES[name].kind in uneven)
        after = course.checked(at, differing, self._now())
        return Page(records=(), cursor=course.write(after), more=after.phase is not Phase.REST, about="numbers")

    def _there(self, at: Course, name: str) -> int:
        return at.rows[name] if name in at.rows else self._walk.count(ENTITIES[name])

    def _uneven(self, at: Course) -> frozenset[Kind]:
        """The kinds of which there are more here than there, or fewer."""
        there: Counter[Kind] = Counter()
        for name in NAMES:
            there[ENTITIES[name].kind] += self._there(at, name)
        return frozenset(kind for kind in there if there[kind] != self._surroundings.mirror.number(kind))

    def _sweep_on(self, at: Course) -> Page:
        entity = ENTITIES[at.left[0]]
        sweep = self._sweep
        if sweep is None or sweep.name != entity.name:
            here = entity.own(self._surroundings.mirror.known(entity.kind))
            sweep = self._sweep = Sweep(entity.name, here=here, there=self._ids(entity.name))
        at, frame = self._learn(at, ())
        found: list[Found] = [*self._confirmed(entity, sweep.vanished(), frame)]
        found += self._records(self._listed(entity, sweep.missing()), frame)
        records, findings = parted(found)
        after = course.swept_on(at, self._now()) if sweep.over else at
        return Page(
            records=records,
            findings=findings,
            cursor=course.write(after),
            more=after.phase is not Phase.REST,
            about=f"{entity.name} ids",
        )

    def _ids(self, name: str) -> frozenset[str]:
        """Every id of an entity, none fewer than there were when it was begun: rows that are struck out meanwhile move
        others from page to page, and a page may come with fewer rows than there are. Errors: MalformedAnswer."""
        for _ in range(TRIES_MAX):
            number = self._walk.count(ENTITIES[name])
            found = frozenset(self._listed_ids(ENTITIES[name]))
            if len(found) >= number:
                return found
        raise fewer(ENTITIES[name])

    def _listed_ids(self, entity: Entity) -> Iterator[str]:
        start = 1
        size = self._settings.page_size_max
        while True:
            question = keyset.ids(entity.shape.__name__, start, page_size=size, name_list=entity.lists_names)
            page = self._calls.read("query", {"query": question}, lambda body: wire.ids(body, entity.shape))
            yield from page
            if len(page) < size:
                return
            start += size

    def _learn(self, at: Course, rows: Rows) -> tuple[Course, translate.Frame]:
        """The course with what new accounts say about other rows, and the frame that this makes."""
        home = at.home if at.home is not None else self._home()
        bare = translate.Frame(connection=self._connection, home=home)
        foreign, receivable = dict(at.foreign), set(at.receivable)
        for one in rows:
            if isinstance(one.row, wire.Account):
                with suppress(UnknownCurrency):  # told when the account itself becomes a record
                    code = translate.account(one.row, bare).currency
                    if code != home:
                        foreign[one.row.id] = code
                if translate.is_receivable(one.row):
                    receivable.add(one.row.id)
        at = replace(at, home=home, foreign=foreign, receivable=tuple(sorted(receivable)))
        frame = replace(bare, accounts=foreign, receivable=frozenset(receivable))
        if at.phase is not Phase.WALK:
            self._frame = frame
        return at, frame

    def _now(self) -> int:
        return epoch_seconds(self._clock.now())


def _met(one: wire.Received[wire.Entity]) -> keyset.Seen:
    """How a row of an answer is told from the same row in the next one: by all that it says, for a balance may move
    twice in one second, and moves no version."""
    return _seen(one.row, type(one.row), canonical.digest(one.raw)[:_DIGEST_CHARS])


def _gone(row: wire.Entity, shape: type[wire.Entity]) -> keyset.Seen:
    """The same of a row that is said to be gone."""
    return _seen(row, shape, DELETED)


def _seen(row: wire.Entity, shape: type[wire.Entity], token: str) -> keyset.Seen:
    changed = translate.last_updated(row)
    return keyset.Seen(epoch_seconds(changed) if changed is not None else 0, f"{shape.__name__}:{row.id}", token)
