"""A database server that says nothing any more is not waited for until the operating system gives it up."""

from __future__ import annotations

import socket

import pytest

from connector.errors import StoreError
from connector.store import Store
from connector.store.database import connect
from tests.clocks import FakeClock
from tests.databases import own_schema


@pytest.mark.gate
@pytest.mark.parametrize("own", ["", "?connect_timeout=2"])
def test_a_server_that_takes_the_line_and_never_speaks_is_said_to_be_away(clock: FakeClock, own: str) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/nothing{own}"
        with pytest.raises(StoreError, match="cannot be reached"):
            Store.open(address, clock)


@pytest.mark.parametrize(("own", "kept"), [("", "60000"), ("&tcp_user_timeout=5000", "5000")])
def test_a_line_that_was_cut_is_given_up_in_a_minute_or_when_the_address_says(
    postgres: str, own: str, kept: str
) -> None:
    database = connect(own_schema(postgres) + own)
    try:
        with database.read() as tx:
            told = tx.connection.driver_connection
            assert told is not None
            settings = told.info.get_parameters()
    finally:
        database.close()
    assert (settings["tcp_user_timeout"], settings["keepalives_idle"]) == (kept, "30")
