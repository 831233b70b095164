"""A vendor that is away, refuses, or answers nonsense: one sentence, and the next run goes on where this ended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connector.app.books import sync_all
from connector.app.house import House
from connector.model.source import ConnectionId, Kind
from connector.money import to_decimal
from connector.testing.standin import Answer, Call, Server
from tests.journeys.complaints import Spoil, Spoiling, closed_port, complains, connect, connect_and_read, typed
from tests.journeys.firm import KILLED, Firm, open_firm
from tests.judges import JUDGES

TITLES = {"quickbooks": "QuickBooks", "stripe": "Stripe"}
ABROAD = """
company  Harbor  home USD  zone America/New_York  realm 9130001  stripe acct_harbor
account  Receivables CAD  receivable CAD
customer  Acme  currency CAD
customer  Bolt
2026-03-02  invoice  W-1  Acme  120.00 CAD  due 2026-04-01
2026-03-02  invoice  W-2  Bolt  70.00 USD  due 2026-04-01
2026-03-03  payment  ch_1  Acme  100.00 CAD  by card  fee 3.20 CAD
2026-03-03  payment  ch_2  Acme  90.00 USD  by card  fee 3.20 USD
"""


def spoiling(firm: Firm, stack: ExitStack) -> dict[str, Spoiling]:
    """Puts doubles whose answers can be spoiled in the place of the firm's own."""
    spoils = {system: Spoiling(double.stand_in) for system, double in firm.doubles.items()}
    for system, spoil in spoils.items():
        firm.doubles[system] = stack.enter_context(Server(spoil))
    return spoils


def read_all(firm: Firm) -> dict[str, str]:
    """Reads everything in this process; the mirror afterwards, as {record: version and what it says}."""
    with House(firm.config()) as house:
        desk = house.company(None)
        sync_all(desk, lambda *_: None)
    return mirror(firm)


def mirror(firm: Firm) -> dict[str, str]:
    with House(firm.config()) as house:
        desk = house.company(None)
        stored = [each for kind in Kind for each in house.store.records(desk.id, kind)]
        return {f"{each.ref.connection}/{each.ref}": f"{each.version} {each.record}" for each in stored}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Firm, dict[str, Spoiling]]]:
    """A firm that has read everything, and doubles that can be told to answer otherwise."""
    with open_firm(tmp_path_factory.mktemp("firm")) as firm, ExitStack() as stack:
        spoils = spoiling(firm, stack)
        connect_and_read(firm)
        yield firm, spoils
        firm.do("sync")
        firm.do("verify")
    assert [problem for spoil in spoils.values() for problem in spoil.problems] == []


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    with open_firm(tmp_path) as opened:
        yield opened


def answering(status: int, body: bytes = b"", content_type: str = "text/html") -> Spoil:
    return lambda _call, _given: Answer(status=status, body=body, content_type=content_type)


def halved(_call: Call, given: Answer) -> Answer:
    return replace(given, body=given.body[: len(given.body) // 2])


ANSWERS = {
    "a page for people": (answering(200, b"<html>Welcome to the hotel's network</html>"), 4, ""),
    "nothing": (answering(200), 4, ""),
    "another shape": (answering(200, b'{"welcome": true}', "application/json"), 4, ""),
    "half a page": (halved, 4, ""),
    "a fault of its own": (answering(500, b"<html>"), 4, ""),
    "a gateway's": (answering(502), 4, ""),
    "that it is in maintenance": (answering(503), 4, ""),
    "that it knows nobody": (answering(401), 3, "accept"),
    "that rights are missing": (answering(403), 3, ""),
    "to slow down": (answering(429), 4, ""),
    "a way elsewhere": (answering(302), 4, ""),
}


@pytest.mark.parametrize("system", TITLES)
@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_is_none(shared: tuple[Firm, dict[str, Spoiling]], system: str, name: str) -> None:
    firm, spoils = shared
    before = mirror(firm)
    spoils[system].spoil, code, words = ANSWERS[name]
    ran = typed(firm.home, ("sync", system), firm.environment)
    spoils[system].spoil = None
    complains(ran, code, TITLES[system])
    assert words in ran.err
    assert mirror(firm) == before
    assert read_all(firm) == before


@pytest.mark.parametrize("system", TITLES)
@pytest.mark.parametrize("kind", ["truncate", "drop-before", "drop-after"])
def test_a_line_that_breaks(shared: tuple[Firm, dict[str, Spoiling]], system: str, kind: str) -> None:
    firm, _ = shared
    before = mirror(firm)
    firm.faults(system, f"GET /v* 1 {kind}")
    ran = firm.run("sync", system)
    complains(ran, 4, "")
    assert system in ran.err.lower()
    assert read_all(firm) == before


def test_a_vendor_that_is_away_costs_neither_the_rows_of_a_plan_nor_what_was_read(firm: Firm) -> None:
    connect_and_read(firm)
    firm.do("plan")
    assert firm.run("apply", "--yes", crash_at="apply.rows-stored").code == KILLED
    before = mirror(firm)
    double = firm.doubles["quickbooks"]
    double.stop()
    complains(firm.run("sync"), 4, "cannot be reached.")
    complains(firm.run("apply", "--yes"), 4, "cannot be reached.")
    complains(firm.run("connect", "quickbooks"), 4, "cannot be reached.")
    assert mirror(firm) == before
    assert firm.run("status", "--json").json["outbox"]["ready"] == 5
    port = int(double.url.rpartition(":")[2])
    with Server(double.stand_in, port=port, inspectors=(JUDGES["quickbooks"],)) as back:
        firm.doubles["quickbooks"] = back
        assert len(firm.do("apply", "--yes", "--json").json["done"]) == 5
        assert firm.open_balances() == {"W-1": 0, "W-2": 80, "W-3": 0, "W-4": 0}
        assert back.problems == []
        firm.do("verify")


def test_rights_that_end_while_a_plan_is_written_cost_no_row(firm: Firm) -> None:
    connect_and_read(firm)
    firm.do("plan")
    firm.faults("quickbooks", "POST /v3/company/*/purchase 1 status-before 403")
    complains(firm.run("apply", "--yes"), 3, "rights are missing")
    assert firm.do("status", "--json").json["outbox"] == {"ready": 3, "sending": 0, "unsure": 0, "done": 2, "dead": 0}
    assert len(firm.do("apply", "--yes", "--json").json["done"]) == 3
    assert len(firm.marked("Purchase", "PrivateNote")) == 2
    assert len(firm.marked("Payment", "PrivateNote")) == 2


def test_a_vendor_that_never_answered_can_be_connected_later(firm: Firm) -> None:
    away = f"http://127.0.0.1:{closed_port()}"
    settings = firm.doubles["stripe"].stand_in.settings(firm.world, away)
    given = {f"RECEIVABLES_STRIPE_{name.upper()}": value for name, value in settings.items()}
    ran = firm.run("connect", "stripe", "--zone", firm.world.zone, "--set", "retry_seconds=0", **given)
    complains(ran, 4, "stripe cannot be reached.")
    given["RECEIVABLES_STRIPE_BASE_URL"] = firm.doubles["stripe"].url
    firm.do("connect", "stripe", **given)
    firm.do("sync")


@pytest.mark.parametrize("system", TITLES)
def test_a_page_cut_short_in_the_middle_of_a_sync_keeps_the_pages_before_it(firm: Firm, system: str) -> None:
    with ExitStack() as stack:
        spoils = spoiling(firm, stack)
        connect(firm, page_size_max="2")
        later = {
            "quickbooks": r"SELECT \* FROM Invoice (WHERE|.*STARTPOSITION (?!1 ))",
            "stripe": r"/v1/charges.*starting_after",
        }

        def cut(call: Call, given: Answer) -> Answer:
            asked = " ".join((call.path, *call.query, *call.query.get("query", ())))
            return halved(call, given) if re.search(later[system], asked) else given

        spoils[system].spoil = cut
        complains(firm.run("sync"), 4, TITLES[system])
        kind = {"quickbooks": Kind.INVOICE, "stripe": Kind.PAYMENT}[system]
        assert len(held(firm, system, kind)) == 2
        spoils[system].spoil = None
        firm.do("sync")
        assert_equal_to_the_doubles(firm)
        whole = mirror(firm)
        assert read_all(firm) == whole


def held(firm: Firm, system: str, kind: Kind) -> dict[str, Any]:
    """What the mirror holds of one kind, by the vendor's ids."""
    with House(firm.config()) as house:
        stored = house.store.records(house.company(None).id, kind, connection=ConnectionId(system))
        return {each.ref.vendor_id: each.record for each in stored}


def assert_equal_to_the_doubles(firm: Firm) -> None:
    """The mirror has every record the doubles have, and their money to the cent."""
    balances = {each["Id"]: Decimal(str(each["Balance"])) for each in firm.books("Invoice")}
    assert {name: to_decimal(each.open) for name, each in held(firm, "quickbooks", Kind.INVOICE).items()} == balances
    for kind, entity in ((Kind.CUSTOMER, "Customer"), (Kind.PAYMENT, "Payment"), (Kind.ACCOUNT, "Account")):
        assert held(firm, "quickbooks", kind).keys() == {each["Id"] for each in firm.books(entity)}
    charges = {each["id"]: each["amount"] for each in firm.stripe("charge")}
    assert {name: each.gross.minor for name, each in held(firm, "stripe", Kind.PAYMENT).items()} == charges
    for kind, name in ((Kind.BALANCE_ENTRY, "balance_transaction"), (Kind.PAYOUT, "payout")):
        assert held(firm, "stripe", kind).keys() == {each["id"] for each in firm.stripe(name)}


def bills(firm: Firm, system: str) -> set[str]:
    """The numbers of the invoices of the books that are mirrored, or the ids of the processor's payments."""
    if system == "stripe":
        return set(held(firm, system, Kind.PAYMENT))
    return {each.number for each in held(firm, system, Kind.INVOICE).values()}


@pytest.mark.parametrize("system", TITLES)
def test_a_currency_nobody_knows_is_named_and_nothing_with_it_is_kept_and_the_rest_is_read(
    tmp_path: Path, system: str
) -> None:
    marks = {"quickbooks": ("FROM Invoice", b'"CAD"', b'"QQQ"'), "stripe": ("/v1/charges", b'"cad"', b'"qqq"')}
    asked, known, unknown = marks[system]
    with open_firm(tmp_path, ABROAD) as firm, ExitStack() as stack:
        spoils = spoiling(firm, stack)
        connect(firm)

        def renamed(call: Call, given: Answer) -> Answer:
            wanted = asked in " ".join((call.path, *call.query.get("query", ())))
            return replace(given, body=given.body.replace(known, unknown)) if wanted else given

        spoils[system].spoil = renamed
        ran = firm.run("sync", system)
        complains(ran, 1, "QQQ")
        assert [says for says in mirror(firm).values() if "QQQ" in says.upper()] == []
        assert bills(firm, system) == {"quickbooks": {"W-2"}, "stripe": {"ch_2"}}[system], "the rest is read"
        spoils[system].spoil = None
        firm.do("sync", "--again")
        assert bills(firm, system) == {"quickbooks": {"W-1", "W-2"}, "stripe": {"ch_1", "ch_2"}}[system]


def test_a_home_currency_nobody_knows_connects_nothing(firm: Firm) -> None:
    with ExitStack() as stack:
        spoil = spoiling(firm, stack)["quickbooks"]
        spoil.spoil = lambda _call, given: replace(given, body=given.body.replace(b'"USD"', b'"QQQ"'))
        double = firm.doubles["quickbooks"]
        settings = double.stand_in.settings(firm.world, double.url)
        given = {f"RECEIVABLES_QUICKBOOKS_{name.upper()}": value for name, value in settings.items()}
        complains(firm.run("connect", "quickbooks", "--zone", firm.world.zone, **given), 2, "'QQQ'")
        spoil.spoil = None
        firm.do("connect", "quickbooks", **given)
