"""Notes and contacts in the notation of worlds, and the smallest world written in it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from connector.dates import BusinessDate
from connector.errors import UserError
from connector.money import Currency, Money
from connector.testing.worlds import WorldContact, WorldNote, parse
from tests.unit.world_reader import net, read


def test_notes_and_contacts_can_be_written_in_the_notation() -> None:
    (world,) = parse(
        """
company  Acme Works  home USD
2026-03-01  invoice  INV-7  Acme  120.00 USD  due 2026-03-31
2026-04-06  note  INV-7  "Left a message."  in stripe
2026-04-06  note  INV-7  Sent a copy
2026-04-07  contact  INV-7  promise  Dana Reyes  role owner  said "On Friday."  promised 20.00 USD by 2026-04-10
2026-04-08  contact  INV-7  voicemail  by email  next 2026-04-15
"""
    )
    first = BusinessDate(date(2026, 4, 6))
    assert world.notes == (
        WorldNote(invoice="INV-7", on=first, text="Left a message.", system="stripe"),
        WorldNote(invoice="INV-7", on=first, text="Sent a copy", system="quickbooks"),
    )
    assert world.contacts == (
        WorldContact(
            invoice="INV-7",
            on=BusinessDate(date(2026, 4, 7)),
            outcome="promise",
            person="Dana Reyes",
            role="owner",
            said="On Friday.",
            promised=(Money(2000, Currency("USD")), BusinessDate(date(2026, 4, 10))),
        ),
        WorldContact(
            invoice="INV-7",
            on=BusinessDate(date(2026, 4, 8)),
            outcome="voicemail",
            channel="email",
            next_on=BusinessDate(date(2026, 4, 15)),
        ),
    )


@pytest.mark.parametrize(
    "line",
    ["contact  INV-7  promise", "2026-04-06  note  INV-7", "2026-04-06  contact  INV-7  promise  promised 2 USD"],
)
def test_a_note_or_contact_that_lacks_something_is_refused(line: str) -> None:
    with pytest.raises(UserError):
        parse(line)


def test_the_walk_world_is_as_small_as_it_says_and_its_expectations_add_up() -> None:
    text = (Path(__file__).parents[1] / "journeys" / "worlds" / "walk.world").read_text(encoding="utf-8")
    (world,) = parse(text)
    stripe = [p for p in world.payments if p.system == "stripe"]
    assert (len(world.customers), len(world.invoices), len(stripe), len(world.payouts)) == (2, 4, 3, 1)
    assert [p.id for p in world.payments if p.system == "quickbooks"] == ["CHK-88"]
    opens = {words[0]: words[2] for words in (e.split(" ") for e in world.expect) if words[1] == "open"}
    settled = {words[2]: words[0] for words in (e.split(" ") for e in world.expect) if words[1] == "->"}
    assert opens == {"W-1": "0.00", "W-2": "80.00", "W-3": "0.00", "W-4": "0.00"}
    assert settled == {"W-1": "ch_walk_1", "W-3": "py_walk_2"}
    firm = read(text.replace("expect", "#"))["Walkabout Tools"]
    assert sum(net(firm, member)[0] for member in ("ch_walk_1", "py_walk_2")) == 36_472
