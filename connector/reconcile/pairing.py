"""One to one: entries of the books and the outside records that they stand for, by name first, then by sum and day.

Equal amounts alone never make a duplicate. What is more in the books than outside does, and that is counted here: each
outside record takes one entry at most, so what is left over is what nobody outside knows of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from connector.dates import BusinessDate
from connector.model.source import Ref
from connector.money import Money


class Known(NamedTuple):
    """An outside record: what the books should hold of it once. `who`: the customer of the books it is of, if any."""

    ref: Ref
    amount: Money
    on: BusinessDate
    who: Ref | None = None


class Held(NamedTuple):
    """An entry of the books. `named`: the outside record that it says it is; `ours`: it carries our stamp. `weak`:
    nothing but its sum and its day speaks for it. `settles`: all of it is applied to something."""

    ref: Ref
    amount: Money
    on: BusinessDate
    named: Ref | None = None
    who: Ref | None = None
    ours: bool = False
    weak: bool = False
    settles: bool = True


@dataclass(slots=True)
class Paired:
    """`first`: the entry of each outside record. `again`: each further entry that names the same, beside the first.
    `over`: entries for which no outside record is left; `left`: outside records without an entry."""

    first: dict[Ref, Held] = field(default_factory=dict)
    again: list[tuple[Held, Held]] = field(default_factory=list)
    over: list[Held] = field(default_factory=list)
    left: list[Known] = field(default_factory=list)


def paired(known: Iterable[Known], held: Iterable[Held], days: int) -> Paired:
    """Every entry with its record. Without a name they must have one amount and be of nearly one day."""
    found, every = Paired(), list(known)
    refs = {each.ref for each in every}
    rest: list[Held] = []
    for entry in sorted(held, key=lambda each: (not each.ours, not each.settles, each.on, each.ref)):
        if entry.named is None or entry.named not in refs:
            rest.append(entry)
        elif entry.named in found.first:
            found.again.append((entry, found.first[entry.named]))
        else:
            found.first[entry.named] = entry
    left = [each for each in every if each.ref not in found.first]
    strong = [each for each in rest if not each.weak]
    for part in (strong, [each for each in rest if each.weak]):
        # The same day first tells best which of several is too many, where it leaves no more over than need be.
        first, over = min((_tried(left, part, days, keys) for keys in _WAYS), key=lambda tried: len(tried[1]))
        found.first |= first
        found.over += over
        left = [each for each in left if each.ref not in first]
    found.left = left
    return found


def _same_day(each: Known | Held) -> Hashable:
    return each.amount, each.who, each.on


def _same_payer(each: Known | Held) -> Hashable:
    return each.amount, each.who


def _same_sum(each: Known | Held) -> Hashable:
    return each.amount


Key = Callable[[Known | Held], Hashable]
_WAYS: tuple[tuple[Key, ...], ...] = ((_same_day, _same_payer, _same_sum), (_same_payer, _same_sum), (_same_sum,))


def _tried(
    left: Sequence[Known], rest: Sequence[Held], days: int, keys: Sequence[Key]
) -> tuple[dict[Ref, Held], list[Held]]:
    """What pairs by these keys, one after another, and what is over then."""
    first: dict[Ref, Held] = {}
    over = list(rest)
    for key in keys:
        over = _by_sum(first, left, over, days, key)
    return first, over


def _by_sum(first: dict[Ref, Held], left: Sequence[Known], rest: Sequence[Held], days: int, key: Key) -> list[Held]:
    """Add pairs of one key, taken in the order of their days, so that as many pair as can. What is over is given."""
    waiting: dict[Hashable, list[Known]] = defaultdict(list)
    for each in sorted(left, key=lambda known: (known.on, known.ref), reverse=True):
        if each.ref not in first:
            waiting[key(each)].append(each)
    over: list[Held] = []
    for entry in sorted(rest, key=lambda held: (held.on, not held.settles, held.ref)):
        queue = waiting.get(key(entry), [])
        while queue and (entry.on - queue[-1].on).days > days:
            queue.pop()
        if queue and (queue[-1].on - entry.on).days <= days:
            first[queue.pop().ref] = entry
        else:
            over.append(entry)
    return over
