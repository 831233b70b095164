"""Books as they are met: a closed period, a cent of tax, a merged customer, a deleted invoice, calls turned away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from connector import registry
from connector.app import setup
from connector.app.books import apply_plan, make_plan, sync_all
from connector.app.conflicting import conflicts
from connector.app.house import Desk, House
from connector.model.finding import FindingCode
from connector.model.mirror import Mirrored
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import Money, currency
from connector.ports import Page
from connector.testing.standin import Server
from connector.testing.worlds import parse
from tests.accounts import ACCOUNTS
from tests.clocks import FakeClock
from tests.journeys.firm import Firm, nothing
from tests.journeys.test_undo import people
from tests.judges import JUDGES

WORLD = f"""
company  Walkabout Tools  home USD  zone America/New_York  realm 9140008  stripe acct_awkward
{ACCOUNTS}
customer  Acme Bakery  email ap@acme.example  in quickbooks and stripe as cus_awk_acme
customer  Bolt Bikes  email ap@bolt.example  in quickbooks and stripe as cus_awk_bolt
customer  Bolt Bicycles  email ap@bicycles.example  in quickbooks
2026-03-01  invoice  M-1  Acme Bakery  120.00 USD  due 2026-03-31
2026-04-02  invoice  M-2  Acme Bakery  80.01 USD  due 2026-05-01
2026-04-02  invoice  M-3  Bolt Bikes  60.00 USD  due 2026-05-01
2026-04-02  invoice  M-4  Acme Bakery  40.00 USD  due 2026-05-01
2026-03-20  payment  ch_awk_1  Acme Bakery  120.00 USD  by card  fee 3.78 USD  key M-1
2026-04-10  payment  ch_awk_2  Acme Bakery  80.00 USD  by card  fee 2.62 USD  key M-2
2026-04-11  payment  ch_awk_3  Bolt Bikes  60.00 USD  by card  fee 2.04 USD  key M-3
2026-04-12  payment  ch_awk_4  Acme Bakery  40.00 USD  by card  fee 1.46 USD  key M-4
"""
DAYS = 40
DAY_SECONDS = 24 * 3600
USD = currency("USD")
THROTTLES = ("throttle-json", "throttle-padded", "throttle-xml")
"""How the books say that they were asked too often."""


@contextmanager
def firm_at(clock: FakeClock, folder: Path) -> Iterator[tuple[Firm, Desk]]:
    """The firm, both doubles and the program by one clock, so that nobody really waits."""
    (world,) = parse(WORLD)
    home = folder / "home"
    home.mkdir(mode=0o700)
    firm = Firm(world=world, home=home)
    with ExitStack() as stack:
        for name in ("quickbooks", "stripe"):
            double = registry.by_path(registry.spec_of(name).standin)((world,), clock=clock)
            firm.doubles[name] = stack.enter_context(Server(double, inspectors=(JUDGES[name], firm.hear)))
        house = stack.enter_context(House(firm.config(), clock=clock))
        for system, server in firm.doubles.items():
            values = server.stand_in.settings(world, server.url)
            wish = setup.Wish(system=system, company=None, zone=world.zone, values=values, allow_writes=True)
            setup.connect(house, wish)
        desk = house.company(None)
        sync_all(desk, nothing)
        setup.choose_accounts(desk, "stripe", firm.chosen_accounts())
        yield firm, desk
    assert firm.problems == []


def told(desk: Desk, code: FindingCode) -> list[str]:
    """What a new plan leaves out for that reason, with the next step."""
    return [f"{each.sentence} {each.next_step}" for each in make_plan(desk).left_out if each.code is code]


@pytest.mark.gate
@pytest.mark.req("M18")
def test_closed_periods_a_cent_of_tax_merged_customers_deletions_and_throttling_in_one_firm(tmp_path: Path) -> None:
    clock = FakeClock("2026-04-20T12:00:00Z")
    with firm_at(clock, tmp_path) as (firm, desk):
        # A period is closed, two customers are made one, an invoice goes and nobody tells of it.
        people(firm, lambda office: office.close_through("2026-03-31"))
        bolt, kept = (people_id(firm, name) for name in ("Bolt Bikes", "Bolt Bicycles"))
        people(firm, lambda office: office.merge(bolt, kept))
        gone = firm.invoice("M-4")["Id"]
        people(firm, lambda office: office.delete("Invoice", gone))
        people(firm, lambda office: office.company.gone.clear())
        clock.pass_seconds(DAYS * DAY_SECONDS)
        for shape in THROTTLES:
            firm.faults("quickbooks", f"GET /v3/company/*/query 1 answer-before {shape}")
            sync_all(desk, nothing, only="quickbooks")
        sync_all(desk, nothing)
        assert Ref(ConnectionId("quickbooks"), Kind.INVOICE, gone) in desk.snapshot().gone, "found at any age"

        made = make_plan(desk)
        lines = {line.payment.about.vendor_id: line for line in made.lines if line.payment is not None}
        assert lines.keys() == {"ch_awk_2", "ch_awk_3"}
        (closed,) = [each for each in told(desk, FindingCode.CLOSED_PERIOD) if each.startswith("The payment")]
        assert "closed through 2026-03-31" in closed
        assert "today's date" in closed
        assert "leave it out" in closed
        assert lines["ch_awk_3"].payment is not None
        assert lines["ch_awk_3"].payment.customer.vendor_id == kept
        assert "received from Bolt Bicycles for M-3" in lines["ch_awk_3"].sentence
        (deleted,) = [each for each in made.left_out if each.refs[0].vendor_id == "ch_awk_4"]
        assert deleted.next_step, "it is not posted, and a person is told"

        firm.faults("quickbooks", "POST /v3/company/*/payment 1 answer-before throttle-xml")
        done = apply_plan(desk, made, nothing, nothing)
        for _ in range(8):  # as many hours as a write in doubt may take to turn up, and one try more
            clock.pass_seconds(3600)
            done = apply_plan(desk, made, nothing, nothing)
        assert (done.stale, done.posted.waiting) == ((), [])
        posted = {each["PrivateNote"].rpartition("/")[2]: each for each in firm.marked("Payment", "PrivateNote")}
        assert posted.keys() == {"ch_awk_2", "ch_awk_3"}, "each once, and nothing into the closed period"
        assert str(posted["ch_awk_2"]["TotalAmt"]) in ("80", "80.0", "80.00"), "the source's amount, not the books'"
        assert str(firm.open_balances()["M-2"]) == "0.01"
        assert "M-4" not in firm.open_balances(), "what was deleted in the books is never made again"
        said = " ".join(conflict_of_a_cent(desk))
        assert "80.01 USD" in said
        assert "80.00 USD" in said
        assert "0.01 USD apart" in said


def people_id(firm: Firm, name: str) -> str:
    return next(str(each["Id"]) for each in firm.books("Customer") if each["DisplayName"] == name)


def conflict_of_a_cent(desk: Desk) -> list[str]:
    """The processor's own copy of the invoice comes to a cent less: both figures are shown."""
    seen = desk.snapshot()
    (own,) = [ref for ref, held in seen.invoices.items() if held.number == "M-2"]
    there = Ref(ConnectionId("stripe"), Kind.INVOICE, "in_2")
    copy = replace(seen.invoices[own], total=Money(8_000, USD), open=Money(0, USD), same_debt=own, tags=())
    page = Page(records=(Mirrored(ref=there, version="1", raw=b"{}", record=copy),), cursor="", more=False)
    desk.store.save_pages(desk.author("sync"), there.connection, None, [page])
    return [
        each.conflict.finding.sentence for each in conflicts(desk) if each.conflict.finding.code is FindingCode.VARIANCE
    ]
