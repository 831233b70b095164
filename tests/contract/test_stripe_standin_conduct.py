"""The double's manners: limits, locks, keys that may not, and every shape in which Stripe fails."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import stripe

from adapters.stripe.standin.conduct import LIVE_PER_SECOND, Conduct, Limits
from adapters.stripe.standin.failures import RETRY_AFTER_SECONDS, SHAPES
from connector.errors import UserError
from connector.testing.standin import Answer, Call, parse_faults
from tests.stripe_desk import Desk, Reply, judged, open_desk
from tests.vendor import stripe as judge
from tests.vendor import where

WORLD = """
company  Harbor Supply  home USD  zone America/New_York  country US  stripe acct_harbor
customer  Acme  email ap@acme.example  in stripe as cus_acme
customer  Bolt  email ap@bolt.example  in stripe as cus_bolt
2026-03-01  invoice  S-1  Acme  120.00 USD  due 2026-03-31  in stripe as in_1
2026-03-10  payment  ch_1  Acme  100.00 USD  for S-1 100.00 USD
company  Maple Works  home CAD  zone America/Toronto  country CA  stripe acct_maple
2026-03-10  payment  ch_1  Somebody  7.00 CAD
"""
ACCOUNT = "acct_harbor"


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_desk(WORLD) as opened:
        yield opened


# Limits


def test_nothing_is_refused_as_long_as_no_limit_is_set_and_everything_is_counted(desk: Desk) -> None:
    assert {desk.get("customers").status for _ in range(60)} == {200}
    desk.get("customers/cus_acme")
    desk.get("customers/cus_bolt")
    traffic = desk.stand_in.traffic(ACCOUNT)
    assert (traffic.calls, traffic.refused, traffic.second_max) == (62, 0, 62)
    assert traffic.endpoint_max == {"GET /v1/customers": 60, "GET /v1/customers/{id}": 2}


def test_one_request_too_many_for_the_account_is_429_until_the_second_is_over(desk: Desk) -> None:
    desk.stand_in.conduct = Conduct(limits=Limits(per_account=3, per_endpoint=100))
    assert [desk.get(name).status for name in ("account", "balance", "charges")] == [200, 200, 200]
    reply = desk.get("refunds")
    assert (reply.status, reply.code, reply.headers["Stripe-Rate-Limited-Reason"]) == (429, "rate_limit", "global-rate")
    assert "Retry-After" not in reply.headers
    desk.clock.pass_seconds(0.999)
    assert desk.get("refunds").status == 429
    desk.clock.pass_seconds(1)
    assert desk.get("refunds").status == 200
    assert desk.stand_in.traffic(ACCOUNT).refused == 2


def test_one_request_too_many_for_an_endpoint_leaves_the_others_free_whatever_the_id(desk: Desk) -> None:
    desk.stand_in.conduct = Conduct(limits=Limits(per_account=100, per_endpoint=2))
    assert desk.get("customers/cus_acme").status == 200
    assert desk.get("customers/cus_bolt").status == 200
    reply = desk.get("customers/cus_acme")
    assert (reply.status, reply.headers["Stripe-Rate-Limited-Reason"]) == (429, "endpoint-rate")
    assert desk.get("customers").status == 200
    assert desk.post("customers/cus_acme", {"metadata[a]": "1"}).status == 200


def test_the_limits_of_one_account_are_not_anothers(desk: Desk) -> None:
    desk.stand_in.conduct = Conduct(limits=Limits(per_account=1))
    assert [desk.get("account").status, desk.get("account").status] == [200, 429]
    desk.key = "rk_test_maple"
    assert desk.get("account").status == 200
    assert desk.stand_in.traffic("acct_maple").calls == 1


def test_the_limits_set_by_default_are_those_of_a_sandbox_and_live_has_a_hundred(desk: Desk) -> None:
    desk.stand_in.conduct = Conduct(limits=Limits())
    assert [desk.get("customers").status for _ in range(26)].count(429) == 1
    desk.clock.pass_seconds(2)
    desk.stand_in.conduct = Conduct(limits=Limits(per_account=LIVE_PER_SECOND))
    statuses = [desk.get(name).status for _ in range(25) for name in ("customers", "charges", "refunds", "payouts")]
    assert (len(statuses), set(statuses)) == (100, {200})
    assert desk.get("disputes").status == 429


def test_a_call_that_a_fault_kept_away_is_counted(desk: Desk) -> None:
    desk.server.add_faults(*parse_faults("GET /v1/charges 1 answer-before rate-limit"))
    assert desk.get("charges").status == 429
    assert desk.stand_in.traffic(ACCOUNT).endpoint_max == {"GET /v1/charges": 1}


def test_the_sdk_hears_a_rate_limit_and_its_code(desk: Desk) -> None:
    desk.stand_in.conduct = Conduct(limits=Limits(per_account=0))
    with pytest.raises(stripe.RateLimitError) as caught:
        desk.sdk().v1.customers.list()
    assert caught.value.error is not None
    assert caught.value.error.code == "rate_limit"


# Locks


def write(path: str, body: str = "metadata[a]=1", *, key: str = "", account: str = "harbor") -> Call:
    headers = {"authorization": f"Bearer rk_test_{account}", "stripe-version": "2026-10-28.endive"}
    headers |= {"idempotency-key": key} if key else {}
    return Call(method="POST", path=path, query={}, headers=headers, body=body.encode(), target=path)


def at_once(desk: Desk, first: Call, second: Call) -> tuple[Answer, Answer]:
    """What the two hear when the second comes and is answered while the first is still under way."""
    stand_in = desk.stand_in
    for call in (first, second):
        stand_in.entered(call)
    later = stand_in.answer(second)
    stand_in.left(second)
    earlier = stand_in.answer(first)
    stand_in.left(first)
    assert judged(first, earlier) + judged(second, later) == []
    return earlier, later


def code(answer: Answer) -> str | None:
    found: str | None = json.loads(answer.body)["error"].get("code")
    return found


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("/v1/customers/cus_acme", "/v1/customers/cus_acme", id="the same customer"),
        pytest.param("/v1/customers/cus_acme", "/v1/invoices/in_1", id="a customer and its invoice"),
        pytest.param("/v1/invoices/in_1", "/v1/checkout/sessions", id="an invoice and a session of its customer"),
    ],
)
def test_two_writes_to_one_customer_at_once_end_in_a_lock_timeout(desk: Desk, first: str, second: str) -> None:
    body = "customer=cus_acme" if "sessions" in second else "metadata[b]=2"
    earlier, later = at_once(desk, write(first), write(second, body))
    assert (earlier.status, later.status, code(later)) == (200, 429, "lock_timeout")
    traffic = desk.stand_in.traffic(ACCOUNT)
    assert (traffic.writes_max, traffic.locked) == ({"cus_acme": 2}, 1)


def test_writes_to_two_customers_or_two_accounts_do_not_meet(desk: Desk) -> None:
    both = at_once(desk, write("/v1/customers/cus_acme"), write("/v1/customers/cus_bolt"))
    assert [answer.status for answer in both] == [200, 200]
    strangers = at_once(desk, write("/v1/customers/cus_acme"), write("/v1/customers/cus_acme", account="maple"))
    assert [answer.status for answer in strangers] == [200, 404]
    assert set(desk.stand_in.traffic(ACCOUNT).writes_max.values()) == {1}


def test_locks_can_be_switched_off_and_are_counted_all_the_same(desk: Desk) -> None:
    desk.stand_in.conduct = Conduct(locks=False)
    both = at_once(desk, write("/v1/customers/cus_acme"), write("/v1/customers/cus_acme"))
    assert [answer.status for answer in both] == [200, 200]
    assert desk.stand_in.traffic(ACCOUNT).writes_max == {"cus_acme": 2}


def test_the_same_idempotency_key_at_once_is_409_and_its_work_is_done_once(desk: Desk) -> None:
    first, second = write("/v1/customers/cus_acme", key="k"), write("/v1/customers/cus_acme", key="k")
    earlier, later = at_once(desk, first, second)
    assert (earlier.status, later.status, code(later)) == (200, 409, "idempotency_key_in_use")
    assert desk.stand_in.answer(second).headers["Idempotent-Replayed"] == "true"


def test_a_lock_timeout_is_kept_under_no_key(desk: Desk) -> None:
    second = write("/v1/invoices/in_1", key="k2")
    _, later = at_once(desk, write("/v1/customers/cus_acme", key="k1"), second)
    assert code(later) == "lock_timeout"
    again = desk.stand_in.answer(second)
    assert (again.status, "Idempotent-Replayed" in again.headers) == (200, False)


def test_writes_one_after_the_other_never_meet(desk: Desk) -> None:
    for number in range(5):
        assert desk.post("customers/cus_acme", {"metadata[a]": str(number)}).status == 200
    assert desk.stand_in.traffic(ACCOUNT).writes_max == {"cus_acme": 1}


def test_a_write_that_is_slow_on_the_line_locks_its_customer(desk: Desk) -> None:
    desk.server.add_faults(*parse_faults("POST /v1/customers/cus_acme 1 slow 0.4"))
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(desk.post, "customers/cus_acme", {"metadata[a]": "1"})
        while not (slow.done() or desk.stand_in.traffic(ACCOUNT).writes_max):
            time.sleep(0.002)
        beside = desk.post("invoices/in_1", {"metadata[a]": "1"})
        assert (beside.status, beside.code) == (429, "lock_timeout")
        assert slow.result().status == 200
    assert desk.post("invoices/in_1", {"metadata[a]": "1"}).status == 200


# Keys


def test_a_key_that_lacks_a_permission_is_told_which_before_anything_else(desk: Desk) -> None:
    desk.stand_in.issue(ACCOUNT, lacking=("rak_charge_read", "rak_customer_write"))
    for reply in (desk.get("charges"), desk.get("charges/ch_none"), desk.get("refunds")):
        assert reply.status == 403
        assert reply.refusal.endswith("Having the 'rak_charge_read' permission would allow this request to continue.")
        assert "harbor" not in reply.refusal.replace(ACCOUNT, "")
    written = desk.post("customers/cus_none", {"metadata[a]": "1"})
    assert (written.status, "rak_customer_write" in written.refusal) == (403, True)
    assert desk.get("customers").status == 200
    desk.stand_in.issue(ACCOUNT)
    assert desk.get("charges").status == 200


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        ("account", "rak_connected_account_read"),
        ("balance", "rak_balance_read"),
        ("balance_transactions", "rak_balance_transaction_source_read"),
        ("customers/cus_acme", "rak_customer_read"),
        ("invoices", "rak_invoice_read"),
        ("invoice_payments", "rak_invoice_read"),
        ("payment_intents", "rak_payment_intent_read"),
        ("refunds", "rak_charge_read"),
        ("disputes", "rak_dispute_read"),
        ("payouts", "rak_payout_read"),
        ("events", "rak_event_read"),
        ("checkout/sessions", "rak_checkout_session_read"),
        ("webhook_endpoints", "rak_webhook_read"),
    ],
)
def test_every_address_wants_one_permission(desk: Desk, path: str, permission: str) -> None:
    assert desk.get(path).status == 200
    desk.stand_in.issue(ACCOUNT, lacking=[permission])
    assert permission in desk.get(path).refusal


def test_the_sdk_hears_of_a_missing_permission(desk: Desk) -> None:
    desk.stand_in.issue(ACCOUNT, lacking=["rak_payout_read"])
    with pytest.raises(stripe.PermissionError, match="rak_payout_read"):
        desk.sdk().v1.payouts.list()


def test_a_live_key_shows_live_objects_and_a_test_key_test_ones(desk: Desk) -> None:
    live = desk.stand_in.issue(ACCOUNT, live=True)
    assert desk.one("customers/cus_acme")["livemode"] is False
    desk.key = live
    assert live == "rk_live_harbor"
    assert desk.one("customers/cus_acme")["livemode"] is True
    assert desk.one("balance")["livemode"] is True
    assert {row["livemode"] for row in desk.get("charges").rows} == {True}
    desk.key = "rk_live_maple"
    assert desk.get("account").status == 401


# Shapes


def after_one(desk: Desk, fault: str) -> Reply:
    desk.server.add_faults(*parse_faults(f"* /v1/customers/cus_acme 1 {fault}"))
    return desk.post("customers/cus_acme", {"metadata[a]": "1"}, key="k")


@pytest.mark.parametrize(
    ("shape", "status", "word", "headers"),
    [
        ("rate-limit", 429, "rate_limit", {"Stripe-Rate-Limited-Reason": "global-rate"}),
        ("rate-limit-endpoint", 429, "rate_limit", {"Stripe-Rate-Limited-Reason": "endpoint-rate"}),
        ("rate-limit-after", 429, "rate_limit", {"Retry-After": str(RETRY_AFTER_SECONDS)}),
        ("lock-timeout", 429, "lock_timeout", {}),
        ("lock-timeout-retry", 429, "lock_timeout", {"Stripe-Should-Retry": "true"}),
        ("server-error", 500, None, {}),
        ("server-error-retry", 500, None, {"Stripe-Should-Retry": "true"}),
        ("server-error-no-retry", 500, None, {"Stripe-Should-Retry": "false"}),
        ("key-in-use", 409, "idempotency_key_in_use", {}),
        ("unauthorized", 401, None, {}),
        ("forbidden", 403, None, {}),
        ("card-declined", 402, "card_declined", {}),
    ],
)
def test_each_shape_is_an_error_as_stripe_describes_it(
    desk: Desk, shape: str, status: int, word: str | None, headers: dict[str, str]
) -> None:
    reply = after_one(desk, f"answer-before {shape}")
    assert (reply.status, reply.code) == (status, word)
    assert headers.items() <= dict(reply.headers).items()
    if where.available("stripe"):
        assert judge.answer_errors("POST", "/v1/customers/cus_acme", status, SHAPES[shape].body) == []


def test_a_shape_before_acting_leaves_everything_as_it_was_and_one_after_acting_does_not(desk: Desk) -> None:
    assert after_one(desk, "answer-before server-error").status == 500
    assert desk.one("customers/cus_acme")["metadata"] == {}
    desk.server.add_faults(*parse_faults("* /v1/customers/cus_bolt 1 answer-after server-error"))
    assert desk.post("customers/cus_bolt", {"metadata[a]": "1"}, key="b").status == 500
    assert desk.one("customers/cus_bolt")["metadata"] == {"a": "1"}
    assert desk.post("customers/cus_bolt", {"metadata[a]": "1"}, key="b").status == 200


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_500_that_is_kept_is_the_answer_to_its_key_for_a_day(desk: Desk, when: str) -> None:
    first = after_one(desk, f"answer-{when} server-error-kept")
    again = desk.post("customers/cus_acme", {"metadata[a]": "1"}, key="k")
    assert (first.status, again.status, again.headers["Idempotent-Replayed"]) == (500, 500, "true")
    assert desk.post("customers/cus_acme", {"metadata[a]": "2"}, key="k").status == 400
    desk.clock.pass_seconds(24 * 3600 + 1)
    assert desk.post("customers/cus_acme", {"metadata[a]": "1"}, key="k").status == 200


@pytest.mark.parametrize(
    ("shape", "status"),
    [("html-502", 502), ("html-503", 503), ("empty-504", 504), ("rate-limit-bare", 429), ("html-in-200", 200)],
)
def test_some_shapes_are_no_json_at_all(desk: Desk, shape: str, status: int) -> None:
    desk.server.add_faults(*parse_faults(f"GET /v1/charges 1 answer-before {shape}"))
    answer = requests.get(f"{desk.server.url}/v1/charges", timeout=10)
    assert answer.status_code == status
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()


def test_a_shape_that_stripe_has_not_is_refused_at_the_start(desk: Desk) -> None:
    with pytest.raises(UserError):
        desk.server.add_faults(*parse_faults("GET * 1 answer-before throttle-xml"))
