"""What the books are asked while nobody looks: Intuit counts reads, of which a month has so many, and no writes.

A person who types `apply` waits to be told what landed, and costs one read more; a cycle of auto-sync does not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest

from adapters.quickbooks.standin.intuit import Intuit
from connector.app.house import House
from connector.app.proof import prove
from connector.app.setup import Wish, connect
from connector.app.ticking import tick
from connector.model.autosync import Autosync, Turn
from connector.model.source import Kind
from connector.ports import Hint
from connector.store.budget import account_key
from connector.store.inbox import Addressed
from tests.journeys.firm import KILLED, Firm, nothing
from tests.journeys.test_a_cent_apart import people
from tests.unit.budget_ground import OurPace

ALLOWED = 60
SLICE_SECONDS = 60.0
FAST = OurPace(calls_per_minute=60_000, calls_burst=ALLOWED, metered_per_month=ALLOWED)


class Books:
    """A firm whose turns come by themselves, and what its books were asked since they were asked about last."""

    def __init__(self, firm: Firm) -> None:
        self.firm = firm
        self._heard = 0
        self._metered = 0

    def turn(self) -> Turn:
        """One turn, in a house of its own, as after a restart."""
        with House(
            self.firm.config().model_copy(update={"calls_per_minute": 0})
        ) as house:  # Intuit's own pace, and its month
            company = house.store.companies()[0].company_id
            tick(house, company, SLICE_SECONDS, nothing)
            return house.store.turn(company)

    def asked(self) -> list[str]:
        """Each call by its kind, in order: reads in lower case, writes in capitals."""
        new, self._heard = self.firm.heard[self._heard :], len(self.firm.heard)
        found = [call for call in new if "/company/" in call.path]
        kinds = [call.path.partition("/company/")[2].split("/")[1] for call in found]
        return [kind.upper() if call.method == "POST" else kind for call, kind in zip(found, kinds, strict=True)]

    def metered(self) -> int:
        """The same as Intuit counts it against the month."""
        double = self.firm.doubles["quickbooks"].stand_in
        assert isinstance(double, Intuit)
        before, self._metered = self._metered, double.traffic(self.firm.world.realm).metered
        return self._metered - before


@pytest.fixture
def books(firm: Firm) -> Books:
    """Connected with so many reads a month, and read; nothing was written yet."""
    double = firm.doubles["quickbooks"]
    values = {**double.stand_in.settings(firm.world, double.url), "monthly_calls": str(ALLOWED)}
    with House(firm.config()) as house:
        connect(
            house,
            Wish(system="quickbooks", company=None, zone=firm.world.zone, values=values, allow_writes=True),
        )
        desk = house.company(None)
        house.store.set_company(replace(desk.company, autosync=Autosync(on=True)), desk.actor)
        house.store.wake(desk.id, "switched on")
    found = Books(firm)
    found.asked(), found.metered()
    return found


def hear_of_all(firm: Firm) -> int:
    """The vendor tells of every entry that carries our mark, and of the invoices; how many hints that were."""
    with firm.desk() as desk:
        at = desk.books()
        told = [(Kind.PAYMENT, each) for each in firm.marked("Payment", "PrivateNote")]
        told += [(Kind.INVOICE, each) for each in firm.books("Invoice")]
        hints = [
            Hint(
                account=at.account,
                key=f"{kind}-{row['Id']}",
                kind=kind,
                vendor_id=row["Id"],
                at=row["MetaData"]["LastUpdatedTime"],
            )
            for kind, row in told
        ]
        return desk.store.add_hints(Addressed(desk.id, at.connection_id, hint) for hint in hints)


@pytest.mark.req("Q20")
def test_a_turn_costs_one_read_what_we_wrote_costs_none_and_beyond_the_months_reads_nothing_is_asked(
    books: Books,
) -> None:
    wrote = books.turn()
    calls = books.asked()
    assert (wrote.said.partition(".")[0], wrote.unproven) == ("5 written", True)
    written = [place for place, kind in enumerate(calls) if kind.isupper()]
    assert Counter(calls[place] for place in written) == {"PAYMENT": 2, "PURCHASE": 2, "TRANSFER": 1}
    assert calls[written[1] + 1 :] == ["PURCHASE", "PURCHASE", "TRANSFER"], "nor between those that settle no invoice"
    assert books.metered() == len(calls) - len(written)

    proved = books.turn()
    assert (books.asked(), books.metered()) == (["cdc"], 1)
    assert (proved.said.partition(".")[0], proved.failed, proved.unproven) == ("Nothing to write", False, False)
    with books.firm.desk() as desk:
        assert prove(desk).problems == ()

    for _ in range(2):
        assert books.turn().said.startswith("Nothing new.")
        assert (books.asked(), books.metered()) == (["cdc"], 1)

    assert hear_of_all(books.firm) == 6
    books.turn()
    assert (books.asked(), books.metered()) == (["cdc"], 1), "what a webhook tells of our own writes is known"

    with books.firm.desk() as desk:
        at = desk.books()
        spent = desk.spending(at)
        assert spent is not None
        desk.store.budget(*account_key(at), FAST, "The Books").take(ALLOWED - spent.metered, metered=True)
    over = books.turn()
    assert (over.failed, books.asked(), books.metered()) == (True, [], 0)
    assert over.said.startswith(f"The {ALLOWED} reads of QuickBooks Online that this connection may make in ")


def test_what_a_turn_wrote_is_proved_by_the_next_reading_and_told_at_every_turn_until_it_agrees(books: Books) -> None:
    assert books.turn().unproven
    (posted, *_) = books.firm.marked("Payment", "PrivateNote")
    wrote = Decimal(posted["TotalAmt"])
    people(books.firm, lambda office: office.edit("Payment", posted["Id"], TotalAmt=wrote + Decimal("0.01")))
    for _ in range(2):
        after = books.turn()
        assert (after.failed, after.unproven) == (True, True)
        assert after.said.startswith("The books and the processors do not agree: ")
    people(books.firm, lambda office: office.edit("Payment", posted["Id"], TotalAmt=wrote))
    after = books.turn()
    assert (after.failed, after.unproven) == (False, False), after.said


@pytest.mark.gate
def test_a_turn_that_was_killed_while_it_wrote_is_proved_as_well(books: Books) -> None:
    assert books.firm.run("run", "--once", crash_at="apply.posted").code == KILLED
    with books.firm.desk() as desk:
        assert desk.store.turn(desk.id).unproven
    after = books.turn()
    assert (after.said.partition(".")[0], after.failed, after.unproven) == ("Nothing to write", False, False)


@pytest.mark.gate
def test_a_period_closed_since_the_books_said_so_last_is_asked_for_before_anything_is_planned_in_it(
    books: Books,
) -> None:
    people(books.firm, lambda office: office.close_through("2026-03-16"))
    wrote = books.turn()
    assert (wrote.said.partition(".")[0], wrote.waits) == ("3 written", "2 wait for a person.")
