"""Whatever goes wrong on the way, every write stands on the other side exactly once, or not at all and with a reason.

Seeds make the worlds (`written_world`). The protocol without one of its parts, built from the product's own pieces,
must break a law within as many worlds: else the worlds would prove nothing.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connector.model.intent import IntentKind, WriteKey, Written
from connector.model.source import CompanyId, OpId
from connector.post import SETTLE_SECONDS
from connector.store import Lease, OutboxRow, Store
from connector.store.outbox import OutboxEvent
from tests.clocks import FakeClock
from tests.laws.written_world import NATURES, OtherSide, Standing, World

IN_MEMORY = Path("/dev/shm")  # noqa: S108 - where waiting for a disk would only make the same worlds slower
FEW, SHARE, SEEDS, NIGHTLY = 20, 80, 500, 20_000


class Blind(OtherSide):
    """Look-ups that see nothing, as if nobody looked."""

    def find(self, key: WriteKey) -> tuple[Written, ...]:
        super().find(key)
        return ()


class Unmarked(OtherSide):
    """Objects that do not say which write made them; what they say is the same for all."""

    def carries(self, each: Standing, key: WriteKey) -> bool:
        return each.op_id[:15] == key.op_id[:15]


class Unfenced(Store):
    """A store that moves a row for whoever asks, holder of the lease or not."""

    def renew(self, lease: Lease) -> Lease:
        return lease

    def keep(self, lease: Lease) -> None:
        del lease

    def _move(
        self,
        company: CompanyId,
        op_id: OpId,
        lease: Lease | None,
        happens: Callable[[OutboxRow], OutboxEvent],
        becomes: Callable[[OutboxRow], OutboxRow],
    ) -> OutboxRow:
        del lease
        return super()._move(company, op_id, None, happens, becomes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """The protocol with a part of it taken out, by what it works with."""

    settle: Mapping[IntentKind, int] = field(default_factory=dict)
    side: type[OtherSide] = OtherSide
    store: type[Store] = Store


MUTANTS = {
    "no marker": Mutant(side=Unmarked),
    "no look-up": Mutant(side=Blind),
    "no settle time": Mutant(settle=dict.fromkeys(SETTLE_SECONDS, 0)),
    "no fence": Mutant(store=Unfenced),
}


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder:
        yield Path(folder) / "store.db"


def lived(store: Store, clock: FakeClock, seed: int, mutant: Mutant | None = None) -> World:
    """The world of that seed, at its end."""
    nature = tuple(NATURES.values())[seed % len(NATURES)]
    changed = mutant or Mutant()
    world = World(store, clock, seed, nature, changed.settle, changed.side)
    world.live()
    return world


def broken(world: World) -> list[str]:
    """What does not hold in it, sums and all."""
    done, there = world.sums()
    return world.wrong() + ([f"{done} is done, and {there} stands there"] if done != there else [])


@pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(FEW), id="a few"),
        *(
            pytest.param(range(at, at + SHARE), id=f"from {at}", marks=pytest.mark.gate)
            for at in range(FEW, SEEDS, SHARE)
        ),
        pytest.param(range(NIGHTLY), id="nightly", marks=pytest.mark.long),
    ],
)
def test_whatever_goes_wrong_each_write_is_there_once_or_refused_and_absent(place: Path, seeds: range) -> None:
    deaths = asked = 0
    clock = FakeClock()
    with Store.open(place, clock) as store:
        for seed in seeds:
            world = lived(store, clock, seed)
            assert broken(world) == [], f"seed {seed}"
            deaths += world.deaths
            asked += sum(map(len, world.other.sends.values()))
    sys.stdout.write(f"{len(seeds)} worlds, {asked} calls, {deaths} deaths\n")
    assert deaths > len(seeds)


@pytest.mark.parametrize("name", MUTANTS)
def test_without_one_of_its_parts_the_protocol_breaks_a_law(place: Path, name: str) -> None:
    mutant, clock = MUTANTS[name], FakeClock()
    with mutant.store.open(place, clock) as store:
        caught = next((seed for seed in range(SEEDS) if broken(lived(store, clock, seed, mutant))), None)
    assert caught is not None
    sys.stdout.write(f"{name}: caught by seed {caught}\n")
