"""A world in which writes go wrong, made from a seed: another side that loses, repeats, hides and delays, processes
that die at any point, and a lease that runs out in the middle of a call.

Everything is in this process and by one clock. The other side keeps what really stands there, which no look-up of ours
can tell: that is what the laws are held against.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

from connector.dates import after, business_date
from connector.errors import (
    MalformedAnswer,
    OutcomeUnknown,
    RateLimited,
    ReceivablesError,
    Rejected,
    Unreachable,
)
from connector.model.allocation import Allocation
from connector.model.firm import Actor, Company
from connector.model.intent import Intent, IntentKind, Posting, PostPayment, PushNote, WriteKey, Written
from connector.model.source import ActorId, CompanyId, Kind, OpId, Ref
from connector.money import Money
from connector.ports import Check, NoteLimits, Page
from connector.post import BOUNDARIES, SETTLE_SECONDS, Tools, post
from connector.store import Lease, OutboxRow, OutboxState, Store
from tests.builders import BOOKS, PROCESSOR, USD, ref
from tests.clocks import FakeClock

HOUR = 3600.0
LEASE = "books"
STEPS_MAX = 400
FINISHED = frozenset({OutboxState.DONE, OutboxState.DEAD})


class Died(BaseException):
    """The process ends here, without a farewell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nature:
    """What the other side is like. Seconds; `key` 0: it takes no notice of keys. `late` is the longest until a write
    whose answer was lost turns up after all; a note turns up within `late_note`."""

    key: float = 0
    keeps_faults: bool = False
    lag: float = 0
    late: float = 0
    late_note: float = 0


NATURES: Mapping[str, Nature] = {
    "key kept a day": Nature(key=24 * HOUR),
    "key kept a day, a fault is stored under it": Nature(key=24 * HOUR, keeps_faults=True),
    "key kept an hour": Nature(key=HOUR),
    "key ignored": Nature(),
    "key ignored, the search lags": Nature(lag=30),
    "key kept a day, late by hours": Nature(key=24 * HOUR, late=4 * HOUR, late_note=600),
    "key ignored, late by hours": Nature(late=4 * HOUR, late_note=600),
}


@dataclass(slots=True)
class Standing:
    """An object that really stands on the other side."""

    op_id: OpId
    written: Written
    seen_from: float


@dataclass(slots=True)
class Send:
    """A call that asked for a write: when, under which key, and whether its caller has to be unsure of it."""

    at: float
    key: str
    unsure: bool = True


@dataclass
class OtherSide:
    """`Books` and `NoteBoard` of a vendor that goes wrong in four of ten calls."""

    clock: FakeClock
    nature: Nature
    chance: Random
    interrupt: Callable[[], None]
    allowed: Callable[[], bool]
    objects: list[Standing] = field(default_factory=list)
    sends: dict[OpId, list[Send]] = field(default_factory=lambda: defaultdict(list))
    looks: dict[OpId, list[float]] = field(default_factory=lambda: defaultdict(list))
    replayed: dict[OpId, set[str]] = field(default_factory=lambda: defaultdict(set))
    broken: list[str] = field(default_factory=list)
    _keys: dict[str, tuple[float, Standing | None]] = field(default_factory=dict)
    _late: list[tuple[float, Intent, WriteKey]] = field(default_factory=list)

    @property
    def now(self) -> float:
        return self.clock.monotonic()

    def settle(self) -> None:
        """Let what is late arrive, as far as its time has come."""
        due = [each for each in self._late if each[0] <= self.now]
        self._late = [each for each in self._late if each[0] > self.now]
        for _, intent, key in due:
            self._act(intent, key)

    def send(self, intent: Intent, key: WriteKey) -> Written:
        self.settle()
        self._watch(intent, key)
        send = Send(self.now, key.text)
        self.sends[key.op_id].append(send)
        if self.chance.random() < 0.05:
            self.interrupt()
            self.settle()
        known = self._known(key)
        if known is not None:
            return known.written
        deed = self.chance.choices(tuple(_DEEDS), weights=tuple(_DEEDS.values()))[0]
        return self._do(deed, intent, key, send)

    def _watch(self, intent: Intent, key: WriteKey) -> None:
        """What no caller may do: ask without the lease, again without a look, too soon, or under a key that is old."""
        if not self.allowed():
            self.broken.append(f"{key.op_id} was asked for without the lease")
        before = self.sends[key.op_id]
        last = before[-1] if before else None
        wait = SETTLE_SECONDS[_kind(intent)]
        if last is not None and last.unsure and not any(at >= last.at + wait for at in self.looks[key.op_id]):
            self.broken.append(f"{key.op_id} was repeated without a look after its settle time")
        first = next((each.at for each in before if each.key == key.text), self.now)
        if self.now - first > 20 * HOUR:
            self.broken.append(f"the key {key.text} was used {(self.now - first) / HOUR:.0f} hours after its first use")
        if key.text in self.replayed[key.op_id]:
            self.broken.append(f"the key {key.text} was used again after it had repeated a fault")

    def _known(self, key: WriteKey) -> Standing | None:
        """What a key that is still kept answers."""
        at, found = self._keys.get(key.text, (0.0, None))
        if key.text not in self._keys or self.now - at > self.nature.key:
            return None
        if found is None:
            self.replayed[key.op_id].add(key.text)
            fault = OutcomeUnknown("The same fault as before.")
            fault.key_spent = True
            raise fault
        return found

    def _do(self, deed: str, intent: Intent, key: WriteKey, send: Send) -> Written:
        match deed:
            case "answered":
                send.unsure = False
                return self._act(intent, key).written
            case "away":
                send.unsure = False
                raise Unreachable("No connection could be made.")
            case "refused":
                send.unsure = False
                raise Rejected("The account is not one that takes this.")
            case "throttled":
                raise RateLimited("Slow down.", retry_after_seconds=60)
            case "broken down" if self.nature.keeps_faults:
                self._keys[key.text] = (self.now, None)
            case "late" if self.nature.late:
                most = self.nature.late_note if isinstance(intent, PushNote) else self.nature.late
                self._late.append((self.now + self.chance.uniform(60, most), intent, key))
            case "throttled after all":
                self._act(intent, key)
                raise RateLimited("Slow down.", retry_after_seconds=60)
            case "half an answer":
                self._act(intent, key)
                raise MalformedAnswer("The answer was cut short.")
            case "answer lost":
                self._act(intent, key)
            case _:
                pass  # the request never arrived
        raise OutcomeUnknown("No answer came.")

    def _act(self, intent: Intent, key: WriteKey) -> Standing:
        known = self._keys.get(key.text)
        if known is not None and known[1] is not None and self.now - known[0] <= self.nature.key:
            return known[1]
        number = str(len(self.objects) + 1)
        made = Standing(key.op_id, _written(number, intent), self.now + self.nature.lag)
        self.objects.append(made)
        if self.nature.key:
            self._keys[key.text] = (self.now, made)
        return made

    def find(self, key: WriteKey) -> tuple[Written, ...]:
        self.settle()
        if self.chance.random() < 0.1:
            raise Unreachable("No connection could be made.")
        self.looks[key.op_id].append(self.now)
        return tuple(each.written for each in self.objects if self.carries(each, key) and each.seen_from <= self.now)

    def carries(self, each: Standing, key: WriteKey) -> bool:
        """Whether an object carries that mark."""
        return each.op_id == key.op_id

    def read(self, found: Ref) -> Written:
        if self.chance.random() < 0.05:
            raise Unreachable("No connection could be made.")
        return self.objects[int(found.vendor_id) - 1].written

    # The ports

    def post(self, intent: Posting, key: WriteKey) -> Written:
        return self.send(intent, key)

    def find_posted(self, _intent: Posting, key: WriteKey) -> tuple[Written, ...]:
        return self.find(key)

    def read_posted(self, ref: Ref) -> Written:
        return self.read(ref)

    def push_note(self, intent: PushNote, key: WriteKey) -> Written:
        return self.send(intent, key)

    def find_notes(self, _intent: PushNote, key: WriteKey) -> tuple[Written, ...]:
        return self.find(key)

    def note_limits(self) -> NoteLimits:
        raise NotImplementedError

    def note_targets(self, invoice: Ref, customer: Ref | None) -> tuple[Ref, ...]:
        raise NotImplementedError(invoice, customer)

    def streams(self) -> tuple[str, ...]:
        return ()

    def pull(self, stream: str, cursor: str | None) -> Page:
        raise NotImplementedError(stream, cursor)

    def check(self) -> tuple[Check, ...]:
        return ()


_DEEDS = {
    "answered": 60,
    "away": 5,
    "refused": 1,
    "throttled": 4,
    "throttled after all": 4,
    "broken down": 5,
    "half an answer": 4,
    "answer lost": 6,
    "never arrived": 6,
    "late": 5,
}
"""What becomes of a call, by weight."""


def _kind(intent: Intent) -> IntentKind:
    return IntentKind.NOTE if isinstance(intent, PushNote) else IntentKind.PAYMENT


def _written(number: str, intent: Intent) -> Written:
    if isinstance(intent, PushNote):
        return Written(ref=ref(Kind.INVOICE, number), version="0", text=intent.text)
    if not isinstance(intent, PostPayment):
        raise TypeError(type(intent).__name__)
    return Written(ref=ref(Kind.PAYMENT, number), version="0", amount=intent.total, allocated=intent.allocations)


def _intents(chance: Random) -> Iterator[tuple[IntentKind, PostPayment | PushNote]]:
    for number in range(4):
        about = ref(Kind.PAYMENT, f"ch_{number}", PROCESSOR)
        amount = Money(chance.randint(1, 99_999), USD)
        yield (
            IntentKind.PAYMENT,
            PostPayment(
                books=BOOKS,
                customer=ref(Kind.CUSTOMER, "1"),
                on=business_date("2026-03-01"),
                total=amount,
                allocations=(Allocation(payment=about, target=ref(Kind.INVOICE, str(number)), amount=amount),),
                into=ref(Kind.ACCOUNT, "35"),
                about=about,
                memo="card payment",
            ),
        )
    now = after(FakeClock().now(), 0)
    yield (
        IntentKind.NOTE,
        PushNote(
            target=ref(Kind.INVOICE, "1"), text="Called.", part=1, parts=1, reference="c-1", written_at=now, count=1
        ),
    )


@dataclass
class World:
    """One company, its outbox, two processes that carry it out by turns, and the other side."""

    store: Store
    clock: FakeClock
    seed: int
    nature: Nature
    settle: Mapping[IntentKind, int] = field(default_factory=dict)
    side: type[OtherSide] = OtherSide

    def __post_init__(self) -> None:
        self.chance = Random(self.seed)  # noqa: S311 - a seed, so that a failure can be looked into
        self.company = CompanyId(f"c{self.seed}")
        self.store.add_company(
            Company(company_id=self.company, name="Harbor", home_currency=USD, zone="America/New_York"),
            Actor(company_id=self.company, actor_id=ActorId("dana"), name="Dana"),
        )
        self.holder: Lease | None = None
        self.deaths = 0
        self.other = self.side(self.clock, self.nature, self.chance, self._taken_over, self._holds)
        rows = [
            OutboxRow(
                op_id=OpId(f"{self.seed:015d}OP{place:03d}"), company_id=self.company, connection_id=BOOKS, kind=kind,
                subject=f"{kind}:{place}", intent=intent,
            )
            for place, (kind, intent) in enumerate(_intents(self.chance))
        ]  # fmt: skip
        self.store.outbox_add(rows)

    def _holds(self) -> bool:
        """Whether whoever calls now has the lease, as the database says."""
        return self.holder is not None and self.store.holder(self.company, LEASE) == self.holder.owner

    def _taken_over(self) -> None:
        """The lease runs out in the middle of a call, and another process takes up the work."""
        asleep = self.holder
        if asleep is None or asleep.owner == "second":
            return
        self.store.release(asleep)
        self.clock.pass_seconds(self.chance.choice((0, 60, 600)))
        self.turn("second")
        self.holder = asleep

    def _boundary(self, name: str) -> None:
        if name not in BOUNDARIES:
            raise LookupError(name)
        if self.chance.random() < 0.08:
            self.deaths += 1
            raise Died(name)

    def turn(self, owner: str) -> None:
        """One process tries to carry out what there is, and may die. Its lease runs out afterwards."""
        lease = self.store.acquire(self.company, LEASE, owner, 60)
        if lease is None:
            raise LookupError(owner)
        self.holder = lease
        tools = Tools(
            store=self.store, clock=self.clock, adapters={BOOKS: self.other}, boundary=self._boundary,
            settle=self.settle, progress=lambda _: None,
        )  # fmt: skip
        try:
            post(tools, self.company, lease)
        except Died:
            self._unheard()
        except ReceivablesError:
            pass
        finally:
            self.store.release(lease)
            self.holder = None

    def _unheard(self) -> None:
        """What was answered to whoever died before it was stored, nobody knows: such a key may be used once more."""
        for row in self.rows():
            if row.state is OutboxState.SENDING:
                self.other.replayed[row.op_id].discard(WriteKey(op_id=row.op_id, repeat=row.repeat).text)

    def rows(self) -> tuple[OutboxRow, ...]:
        return self.store.outbox(self.company)

    def live(self) -> None:
        """Until nothing is left to be done, and everything that was late has arrived."""
        for _ in range(STEPS_MAX):
            self.turn(self.chance.choice(("first", "third")))
            if all(row.state in FINISHED for row in self.rows()):
                break
            self.clock.pass_seconds(self.chance.choice((1, 60, 20 * 60, HOUR, 5 * HOUR, 7 * HOUR, 30 * HOUR)))
        self.clock.pass_seconds(5 * HOUR)
        self.other.settle()

    def wrong(self) -> list[str]:
        """Every law that does not hold, by what really stands on the other side."""
        found = list(self.other.broken)
        stands: dict[OpId, list[Written]] = defaultdict(list)
        for each in self.other.objects:
            stands[each.op_id].append(each.written)
        for row in self.rows():
            there = stands.pop(row.op_id, [])
            match row.state:
                case OutboxState.DONE if len(there) != 1:
                    found.append(f"{row.subject} is done, and stands there {len(there)} times")
                case OutboxState.DONE if row.answer is None or row.answer.ref != there[0].ref:
                    found.append(f"{row.subject} is done as another object than the one that stands there")
                case OutboxState.DEAD if there:
                    found.append(f"{row.subject} is refused, and stands there {len(there)} times ({row.fault})")
                case OutboxState.DONE | OutboxState.DEAD:
                    pass
                case _:
                    found.append(f"{row.subject} is {row.state} for ever")
        return found + [f"{op_id} was asked for by nobody" for op_id in stands]

    def sums(self) -> tuple[int, int]:
        """What was done and what stands there, in minor units."""
        done = [row.intent for row in self.rows() if row.state is OutboxState.DONE]
        posted = sum(intent.total.minor for intent in done if isinstance(intent, PostPayment))
        there = sum(each.written.amount.minor for each in self.other.objects if each.written.amount is not None)
        return posted, there
