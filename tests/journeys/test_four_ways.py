"""The same turns by the embedded loop and by the cluster's dispatcher, on a SQLite file and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connector.app import reviewing, setup, switching
from connector.app.books import apply_plan, make_plan, sync_all
from connector.app.house import House
from connector.app.proof import prove
from connector.app.ticking import tick
from connector.model.source import CompanyId
from connector.runtime import Runner, Ticked
from connector.runtime.cluster import Dispatcher
from connector.runtime.loop import Loop
from connector.store.owners import this_process
from tests.databases import own_schema
from tests.journeys.firm import Firm, open_firm

SECONDS_MAX = 120.0


class Ground:
    """A firm on one of the databases, and one of the runners over it."""

    def __init__(self, firm: Firm, house: House, runner: Callable[[], Runner]) -> None:
        self.firm = firm
        self.house = house
        self._runner = runner

    def turns_until(self, said: str) -> list[str]:
        """Let the runner call turns until one says that; what each said."""
        stop, heard = threading.Event(), list[str]()
        late = threading.Timer(SECONDS_MAX, stop.set)
        late.start()

        def turn(company: CompanyId, seconds: float, hold: Callable[[], None]) -> Ticked:
            ticked = tick(self.house, company, seconds, hold)
            heard.append(self.house.store.turn(company).said)
            if said in heard[-1]:
                stop.set()
            return Ticked(again_in_seconds=0 if ticked.again_in_seconds is not None else None)

        runner = self._runner()
        switching.wake_all(self.house, runner)
        runner.run(turn, stop)
        late.cancel()
        assert said in heard[-1], heard
        return heard


@pytest.fixture(params=["loop-sqlite", "loop-postgresql", "dbos-sqlite", "dbos-postgresql"])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    """A person has applied a plan, said a word about one more payment, and switched on."""
    kind, database = request.param.split("-")
    if database == "sqlite":
        address, url = str(tmp_path / "store.db"), f"sqlite:///{tmp_path / 'turns.db'}"
    else:
        url = request.getfixturevalue("postgres")
        address = own_schema(url)
    with open_firm(tmp_path) as firm, House(firm.config().model_copy(update={"database": address})) as house:
        for system, double in firm.doubles.items():
            values = double.stand_in.settings(firm.world, double.url)
            wish = setup.Wish(system=system, company=None, zone=firm.world.zone, values=values, allow_writes=True)
            setup.connect(house, wish)
        desk = house.company(None)
        sync_all(desk, lambda *_: None)
        setup.choose_accounts(desk, "stripe", firm.chosen_accounts())
        apply_plan(desk, make_plan(desk), lambda *_: None, lambda _: None)
        reviewing.confirm(desk, "ch_walk_3", 1)
        switching.switch_on(desk, switching.Wanted())

        def runner() -> Runner:
            loop = Loop(store=house.store, owner=this_process())
            return loop if kind == "loop" else Dispatcher(loop=loop, url=url, clock=house.clock, workers=2)

        yield Ground(firm, house, runner)


@pytest.mark.gate
@pytest.mark.req("E2")
def test_turns_write_once_find_nothing_new_then_and_stand_still_while_paused(ground: Ground) -> None:
    firm, house = ground.firm, ground.house
    before = len(firm.marked("Payment", "PrivateNote"))
    assert "2 written." in ground.turns_until("Nothing new.")[0]
    assert len(firm.marked("Payment", "PrivateNote")) == before + 1
    assert set(firm.open_balances().values()) == {0}
    assert prove(house.company(None)).problems == ()
    switching.pause(house.company(None))
    firm.in_books("Invoice", {**_sale(firm), "DocNumber": "W-9"})
    assert ground.turns_until("writing is paused") == ["Read; writing is paused."]
    switching.resume(house.company(None))
    ground.turns_until("Nothing")
    assert len(firm.marked("Payment", "PrivateNote")) == before + 1
    switching.switch_off(house.company(None))
    assert ground.house.store.coming().in_ms is None


def _sale(firm: Firm) -> dict[str, object]:
    customer = firm.invoice("W-1")["CustomerRef"]
    return {
        "CustomerRef": customer,
        "Line": [{"Amount": 15.0, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {}}],
    }
