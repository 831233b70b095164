"""connector.app.house.House.company: one company of many is opened for itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from connector.app.house import House
from connector.config import Config
from connector.errors import UnknownRecord
from connector.model.firm import Actor, Company
from connector.model.source import ActorId, CompanyId
from connector.money import currency
from connector.store import tables


@pytest.fixture
def house(tmp_path: Path) -> House:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    opened = House(Config(home=home, database=str(home / "store.db"), actor="dana"))
    for name in ("acme", "birch"):
        company = Company(company_id=CompanyId(name), name=name, home_currency=currency("USD"), zone="UTC")
        opened.store.add_company(company, Actor(company_id=company.company_id, actor_id=ActorId("dana"), name="Dana"))
    return opened


def test_no_other_company_is_read_for_it(house: House) -> None:
    with house:
        with house.store._database.write() as tx:
            tx.execute(update(tables.company).where(tables.company.c.company_id == "birch").values(body="no JSON"))
        assert house.company("acme").company.name == "acme"


@pytest.mark.parametrize("wanted", ["harbor", "", "acme\0", "acme\n"])
def test_one_that_is_not_there_is_refused_with_those_that_are(house: House, wanted: str) -> None:
    with house, pytest.raises(UnknownRecord) as fault:
        house.company(wanted)
    assert fault.value.next_step == "Those there are: acme, birch."
