"""The double's change feed: what it tells of, how it is paged, when it forgets, and how it can be made to lie."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import stripe

from adapters.stripe.standin.events import Telling, tell_upcoming
from adapters.stripe.standin.life import Merchant
from adapters.stripe.standin.versions import OLD
from tests.stripe_desk import Desk, Reply, open_desk
from tests.vendor import stripe as judge
from tests.vendor import where
from tests.vendor.stripe_spec import find_operation

WORLD = """
company  Harbor Supply  home USD  zone America/New_York  country US  stripe acct_harbor
customer  Acme  email ap@acme.example  in stripe as cus_acme
customer  Bolt  email pay@bolt.example  in stripe
2026-03-01  invoice  S-1  Acme  120.00 USD  due 2026-03-31  in stripe as in_1
2026-03-02  invoice  S-2  Bolt  80.00 USD  due 2026-04-01  in stripe as in_2
2026-03-03  invoice  S-3  Bolt  10.00 USD  status draft  in stripe as in_3
2026-03-04  invoice  S-4  Bolt  10.00 USD  due 2026-04-01  status void  in stripe as in_4
2026-03-10  payment  ch_1  Acme  120.00 USD  fee 3.78 USD  for S-1 120.00 USD
2026-03-11  payment  py_2  Bolt  40.00 USD  by us_bank_account  status pending  for S-2 40.00 USD
2026-03-11  payment  ch_3  Bolt  55.00 USD
2026-03-12  payment  ch_4  Bolt  5.00 USD  status failed
2026-03-13  refund  re_1  20.00 USD  of ch_1
2026-03-14  dispute  dp_1  55.00 USD  of ch_3  reason fraudulent  fee 15.00 USD  status won
2026-03-15  payout  po_1  USD  of ch_1
2026-03-16  payout  po_2  USD  of ch_3  status manual
"""
MARCH_20 = "2026-03-20T12:00:00Z"
DAY = 86_400


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_desk(WORLD, at=MARCH_20) as opened:
        yield opened


def every(desk: Desk, **params: Any) -> list[dict[str, Any]]:
    """All events, newest first, page by page."""
    found: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        reply = desk.get("events", limit=100, **params, **after)
        assert reply.status == 200, reply.body
        found += reply.rows
        if not reply.body["has_more"]:
            return found
        after = {"starting_after": found[-1]["id"]}


def types(found: list[dict[str, Any]]) -> list[str]:
    """Their types, oldest first."""
    return [event["type"] for event in reversed(found)]


def about(found: list[dict[str, Any]], vendor_id: str) -> list[str]:
    """The types of the events about one object, oldest first."""
    return types([event for event in found if event["data"]["object"].get("id") == vendor_id])


def object_errors(told: dict[str, Any]) -> list[str]:
    """What Stripe's description has against the object of an event; what was deleted has a shape of its own."""
    name = told["object"]
    return judge.object_errors(f"deleted_{name}" if told.get("deleted") else name, told)


# What is told of


def test_each_line_of_a_world_was_told_of_in_stripes_words(desk: Desk) -> None:
    found = every(desk)
    assert about(found, "cus_acme") == ["customer.created"]
    assert about(found, "in_1") == [
        "invoice.created",
        "invoice.finalized",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice.updated",
    ]
    assert about(found, "in_3") == ["invoice.created"]
    assert about(found, "in_4")[-1] == "invoice.voided"
    assert about(found, "ch_1") == ["charge.succeeded", "charge.updated", "charge.refunded"]
    assert about(found, "py_2") == ["charge.pending"]
    assert about(found, "pi_2") == ["payment_intent.created", "payment_intent.processing"]
    assert about(found, "ch_4") == ["charge.failed"]
    assert about(found, "pi_4") == ["payment_intent.created", "payment_intent.payment_failed"]
    assert about(found, "re_1") == ["refund.created"]
    assert about(found, "dp_1") == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    ]
    assert about(found, "po_2") == ["payout.created", "payout.updated", "payout.paid"]
    assert about(found, "po_1") == [*about(found, "po_2"), "payout.reconciliation_completed"]
    assert Counter(types(found))["invoice_payment.paid"] == 1


def test_events_stand_newest_first_at_the_times_their_lines_say(desk: Desk) -> None:
    found = every(desk)
    assert [event["created"] for event in found] == sorted((event["created"] for event in found), reverse=True)
    refund = desk.one("refunds/re_1")
    told = next(event for event in found if event["type"] == "refund.created")
    assert told["created"] == refund["created"]


def test_funds_that_become_available_are_told_of_once_a_day(desk: Desk) -> None:
    before = [event for event in every(desk) if event["type"] == "balance.available"]
    days = [event["created"] // DAY for event in before]
    assert days
    assert len(days) == len(set(days))


@pytest.mark.skipif(not where.available("stripe"), reason="The stripe schemas are not beside the project.")
def test_every_object_in_an_event_is_as_stripe_describes_it(desk: Desk) -> None:
    for event in every(desk):
        assert object_errors(event["data"]["object"]) == [], event["type"]


@pytest.mark.skipif(not where.available("stripe"), reason="The stripe schemas are not beside the project.")
def test_all_that_a_busy_merchant_is_told_of_has_a_type_and_an_object_that_stripe_has(desk: Desk) -> None:
    merchant = Merchant(desk.stand_in.ledger("acct_harbor"), 7, charges_a_year=4000)
    desk.server.behind(lambda: merchant.days(60))
    found = every(desk)
    operation = find_operation("POST", "/v1/webhook_endpoints")
    assert operation is not None
    known = set(operation.body["properties"]["enabled_events"]["items"]["enum"])
    assert {event["type"] for event in found} <= known | {"invoice_payment.detached"}  # of a public preview
    assert len({event["type"] for event in found}) > 30
    wrong = {f"{event['type']}: {error}" for event in found for error in object_errors(event["data"]["object"])}
    assert wrong == set()


def test_the_feed_of_a_long_year_keeps_the_last_thirty_days_of_it(desk: Desk) -> None:
    ledger = desk.stand_in.ledger("acct_harbor")
    merchant = Merchant(ledger, 7, charges_a_year=500)
    desk.server.behind(lambda: merchant.days(120))
    found = every(desk)
    assert min(event["created"] for event in found) >= ledger.now() - 30 * DAY
    assert len(found) < ledger.told


def test_a_payment_of_an_invoice_that_is_given_up_is_told_in_thin_events_alone(desk: Desk) -> None:
    ledger = desk.stand_in.ledger("acct_harbor")
    (link,) = [one for one in ledger.newest("invoice_payment") if one["status"] == "open"]
    ledger.tell("invoice_payment.canceled", link)
    assert "invoice_payment.canceled" not in types(every(desk))
    newest = desk.sdk().v2.core.events.list({"limit": 1}).data[0]
    assert (newest.type, newest.to_dict().get("snapshot_event")) == ("v1.invoice_payment.canceled", None)


def test_an_event_holds_its_object_as_it_was_and_not_as_it_is(desk: Desk) -> None:
    desk.post("customers/cus_acme", {"metadata[colour]": "red"})
    desk.post("customers/cus_acme", {"metadata[colour]": "blue"})
    newest, older = desk.get("events", type="customer.updated").rows
    assert newest["data"]["object"]["metadata"] == {"colour": "blue"}
    assert newest["data"]["previous_attributes"] == {"metadata": {"colour": "red"}}
    assert older["data"]["object"]["metadata"] == {"colour": "red"}
    assert older["data"]["previous_attributes"] == {"metadata": {"colour": None}}


def test_a_write_is_named_in_the_event_it_makes(desk: Desk) -> None:
    reply = desk.post("invoices/in_1", {"metadata[note]": "called"}, key="key-1")
    event = desk.get("events", type="invoice.updated", limit=1).rows[0]
    assert event["request"] == {"id": reply.headers["Request-Id"], "idempotency_key": "key-1"}


def test_metadata_that_stays_as_it_was_is_not_told_of(desk: Desk) -> None:
    desk.post("invoices/in_1", {"metadata[note]": "called"})
    count = len(every(desk))
    desk.post("invoices/in_1", {"metadata[note]": "called"})
    assert len(every(desk)) == count


def test_what_a_payer_does_on_a_page_is_told_of(desk: Desk) -> None:
    session = desk.sdk().v1.checkout.sessions.create(
        {
            "mode": "payment",
            "success_url": "https://example.com/done",
            "line_items": [{"price_data": {"currency": "usd", "product_data": {"name": "x"}, "unit_amount": 5000}}],
        }
    )
    page = {"id": session.id}
    desk.clock.pass_seconds(60)
    before = len(every(desk))
    desk.payer(page, method="us_bank_account")
    desk.payer(page, bank="pays")
    desk.payer(page, bank="returns")
    told = [name for name in types(every(desk)[:-before]) if name != "balance.available"]
    assert told == [
        "payment_intent.created",
        "payment_intent.processing",
        "charge.pending",
        "checkout.session.completed",
        "charge.succeeded",
        "payment_intent.succeeded",
        "charge.updated",
        "checkout.session.async_payment_succeeded",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.closed",
    ]


def test_a_session_that_lapses_is_told_of_at_the_second_it_lapsed(desk: Desk) -> None:
    line = {"price_data": {"currency": "usd", "product_data": {"name": "x"}, "unit_amount": 5000}}
    asked = {"mode": "payment", "success_url": "https://example.com/done", "line_items": [line]}
    session = desk.sdk().v1.checkout.sessions.create(asked)  # type: ignore[arg-type]
    desk.clock.pass_seconds(2 * DAY)
    (event,) = desk.get("events", type="checkout.session.expired").rows
    assert (event["data"]["object"]["id"], event["created"]) == (session.id, session.expires_at)


# Lists


def test_types_filter_and_take_at_most_twenty(desk: Desk) -> None:
    wanted = ["invoice.paid", "charge.succeeded"]
    found = every(desk, **{"types[]": wanted})
    assert set(types(found)) == set(wanted)
    assert desk.get("events", **{"types[]": [f"charge.{number}" for number in range(20)]}).rows == []
    reply = desk.get("events", **{"types[]": [f"charge.{number}" for number in range(21)]})
    assert (reply.status, reply.body["error"]["param"]) == (400, "types")


def test_a_type_may_be_a_group_with_a_star(desk: Desk) -> None:
    assert {name.split(".")[0] for name in types(every(desk, type="charge.*"))} == {"charge"}
    assert set(types(every(desk, type="charge.dispute.*"))) == {
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    }


def test_type_and_types_together_are_refused(desk: Desk) -> None:
    reply = desk.get("events", **{"type": "invoice.paid", "types[]": ["invoice.paid"]})
    assert reply.status == 400


def test_created_is_a_range_with_open_or_closed_ends(desk: Desk) -> None:
    seconds = sorted({event["created"] for event in every(desk)})
    low, high = seconds[2], seconds[5]
    closed = every(desk, **{"created[gte]": low, "created[lte]": high})
    opened = every(desk, **{"created[gt]": low, "created[lt]": high})
    assert {event["created"] for event in closed} == {second for second in seconds if low <= second <= high}
    assert {event["created"] for event in opened} == {second for second in seconds if low < second < high}


def test_ending_before_gives_the_page_next_above_the_cursor(desk: Desk) -> None:
    whole = [event["id"] for event in every(desk)]
    cursor = whole[10]
    reply = desk.get("events", ending_before=cursor, limit=3)
    assert (reply.ids, reply.body["has_more"]) == (whole[7:10], True)
    top = desk.get("events", ending_before=whole[2], limit=3)
    assert (top.ids, top.body["has_more"]) == (whole[:2], False)


def test_the_sdk_walks_from_a_cursor_to_the_newest(desk: Desk) -> None:
    whole = [event["id"] for event in every(desk)]
    params: Any = {"ending_before": whole[-1], "limit": 4}
    walked = [event.id for event in desk.sdk().v1.events.list(params).auto_paging_iter()]
    assert walked == whole[:-1][::-1]


def test_a_cursor_of_another_type_than_the_filter_holds_its_place(desk: Desk) -> None:
    whole = every(desk)
    cursor = next(event for event in whole if event["type"] == "payout.created")
    newer = whole[: whole.index(cursor)]
    found = desk.get("events", ending_before=cursor["id"], type="payout.*", limit=100)
    assert found.ids == [event["id"] for event in newer if event["type"].startswith("payout.")]


def test_a_limit_out_of_range_is_refused(desk: Desk) -> None:
    assert desk.get("events", limit=101).status == 400
    assert desk.get("events", limit=0).status == 400


def test_one_event_is_read_by_its_id(desk: Desk) -> None:
    newest = desk.get("events", limit=1).rows[0]
    assert desk.one(f"events/{newest['id']}") == newest


# Thirty days


def test_an_event_of_more_than_thirty_days_ago_is_gone(desk: Desk) -> None:
    found = every(desk)
    oldest = found[-1]
    horizon = oldest["created"] + 30 * DAY
    desk.clock.pass_seconds(horizon - int(desk.clock.now().timestamp()))
    assert desk.get(f"events/{oldest['id']}").status == 200
    desk.clock.pass_seconds(1)
    assert oldest["id"] not in [event["id"] for event in every(desk)]
    gone = desk.get(f"events/{oldest['id']}")
    assert (gone.status, gone.code) == (404, "resource_missing")
    for name in ("ending_before", "starting_after"):
        reply = desk.get("events", **{name: oldest["id"]})
        assert (reply.status, reply.code, reply.body["error"]["param"]) == (400, "resource_missing", name)


def test_a_world_of_long_ago_has_no_events() -> None:
    with open_desk(WORLD, at="2026-06-01T12:00:00Z") as later:
        assert every(later) == []


# What can be wrong with a feed


def test_an_old_account_tells_in_the_shape_of_its_day(desk: Desk) -> None:
    desk.stand_in.telling = Telling(version=OLD)
    paid = desk.get("events", type="invoice.paid").rows[0]
    told = paid["data"]["object"]
    assert paid["api_version"] == "2020-03-02"
    assert (told["paid"], told["charge"], told["payment_intent"]) == (True, "ch_1", "pi_1")
    assert "amount_overpaid" not in told
    assert desk.get("events", type="charge.succeeded").rows[-1]["data"]["object"]["invoice"] == "in_1"
    assert "paid" not in desk.one("invoices/in_1")


@pytest.mark.skipif(not where.available("stripe"), reason="The stripe schemas are not beside the project.")
def test_the_old_shape_has_every_field_of_the_recorded_samples_that_carries_money_or_links() -> None:
    samples = where.schemas("stripe") / "webhook-samples"
    recorded = json.loads((samples / "invoice_paid.json").read_text())["data"]["object"]
    with open_desk(WORLD, at=MARCH_20) as desk:
        desk.stand_in.telling = Telling(version=OLD)
        told = desk.get("events", type="invoice.paid").rows[0]["data"]["object"]
    assert recorded.keys() - told.keys() <= {"tax_percent", "transfer_data"}
    assert told.keys() <= recorded.keys()


def test_a_misleading_feed_is_right_in_ids_and_kinds_only(desk: Desk) -> None:
    honest = every(desk)
    desk.stand_in.telling = Telling(misleading=True)
    lying = every(desk)
    for true, false in zip(honest, lying, strict=True):
        assert (true["id"], true["type"], true["created"]) == (false["id"], false["type"], false["created"])
        assert true["data"]["object"].get("id") == false["data"]["object"].get("id")
        assert true["data"]["object"] != false["data"]["object"]


def test_withheld_events_are_never_shown_by_id_of_event_or_object(desk: Desk) -> None:
    paid = desk.get("events", type="invoice.paid").rows[0]
    desk.stand_in.telling = Telling(withheld=frozenset({paid["id"], "re_1"}))
    found = every(desk)
    assert "invoice.paid" not in types(found)
    assert about(found, "re_1") == []
    assert desk.get(f"events/{paid['id']}").status == 404
    assert desk.get("events", ending_before=paid["id"]).status == 400


def test_a_share_of_events_is_withheld_the_same_one_in_every_run(desk: Desk) -> None:
    whole = [event["id"] for event in every(desk)]
    desk.stand_in.telling = Telling(withheld_percent=40, seed=3)
    first = [event["id"] for event in every(desk)]
    assert 0 < len(first) < len(whole)
    assert [event["id"] for event in every(desk)] == first
    desk.stand_in.telling = Telling(withheld_percent=40, seed=4)
    assert [event["id"] for event in every(desk)] != first


def test_a_late_event_appears_below_newer_ones_that_were_read_before(desk: Desk) -> None:
    desk.stand_in.telling = Telling(late_seconds=600, withheld=frozenset())
    desk.post("customers/cus_acme", {"metadata[a]": "1"})
    assert desk.get("events", type="customer.updated").rows == []
    desk.clock.pass_seconds(599)
    assert desk.get("events", type="customer.updated").rows == []
    desk.clock.pass_seconds(1)
    (event,) = desk.get("events", type="customer.updated").rows
    assert event["created"] == int(desk.clock.now().timestamp()) - 600


def test_events_of_one_second_may_stand_in_any_order_and_are_paged_all_the_same(desk: Desk) -> None:
    honest = every(desk)
    desk.stand_in.telling = Telling(shuffled=True, seed=1)
    whole = [event["id"] for event in every(desk)]
    assert whole != [event["id"] for event in honest]
    assert sorted(whole) == sorted(event["id"] for event in honest)
    paged = _paged(desk, whole[-1])
    assert [whole[-1], *paged] == whole[::-1]


def _paged(desk: Desk, cursor: str) -> list[str]:
    found: list[str] = []
    while True:
        reply: Reply = desk.get("events", ending_before=cursor, limit=2)
        found += reply.ids[::-1]
        if not reply.body["has_more"]:
            return found
        cursor = reply.ids[0]


def test_an_upcoming_invoice_has_no_id_and_an_unknown_type_is_told_like_any(desk: Desk) -> None:
    ledger = desk.stand_in.ledger("acct_harbor")
    tell_upcoming(ledger, "in_1")
    ledger.tell("invoice.teleported", ledger.get("invoice", "in_1"))
    ledger.tell("flux.created", {"id": "flux_1", "object": "flux", "livemode": False})
    flux, teleported, upcoming = desk.get("events", limit=3).rows
    assert "id" not in upcoming["data"]["object"]
    assert (teleported["type"], teleported["data"]["object"]["id"]) == ("invoice.teleported", "in_1")
    assert flux["data"]["object"] == {"id": "flux_1", "object": "flux", "livemode": False}


def test_switches_leave_the_account_itself_as_it_is(desk: Desk) -> None:
    before = desk.stand_in.dump(normalised=False)
    desk.stand_in.telling = replace(Telling(version=OLD), misleading=True, withheld_percent=50)
    every(desk)
    assert desk.stand_in.dump(normalised=False) == before


def test_events_of_one_account_are_not_anothers() -> None:
    both = WORLD + "company  Maple  home CAD  zone America/Toronto  country CA  stripe acct_maple\n"
    with open_desk(both, at=MARCH_20) as desk:
        mine = desk.get("events", limit=1).ids[0]
        desk.key = "rk_test_maple"
        with pytest.raises(stripe.InvalidRequestError):
            desk.sdk().v1.events.retrieve(mine)
