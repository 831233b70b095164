"""connector.app.switching.wake_all: who has turns is due when a daemon begins, and thousands are not all at once."""

from __future__ import annotations

from pathlib import Path

from connector.app.house import House
from connector.app.switching import wake_all
from connector.config import Config
from connector.model.autosync import Autosync
from connector.model.firm import Actor, Company
from connector.model.source import ActorId, CompanyId
from connector.money import currency
from connector.runtime import RunnerStatus, Tick


def test_companies_that_have_turns_are_due_one_after_the_other_and_the_first_at_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    woken: list[tuple[CompanyId, float]] = []

    class Runner:
        def wake(self, company: CompanyId, *, reason: str, in_seconds: float = 0) -> None:
            assert reason
            woken.append((company, in_seconds))

        def run(self, tick: Tick, stop: object) -> None:
            raise NotImplementedError

        def status(self) -> RunnerStatus:
            raise NotImplementedError

    with House(Config(home=home, database=str(home / "store.db"), actor="dana")) as house:
        for number in range(42):
            made = Company(
                company_id=CompanyId(f"c{number:02}"),
                name="Firm",
                home_currency=currency("USD"),
                zone="UTC",
                autosync=Autosync(on=number != 7),
            )
            house.store.add_company(made, Actor(company_id=made.company_id, actor_id=ActorId("dana"), name="Dana"))
        assert wake_all(house, Runner()) == 41
    assert CompanyId("c07") not in dict(woken)
    assert woken[0] == ("c00", 0)
    assert woken[-1] == ("c41", 2)
    assert len([each for _, each in woken if each < 1]) == 20
