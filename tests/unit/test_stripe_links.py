"""adapters.stripe.links: an address that stays, may be paid once, and is closed for everybody when it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from adapters.stripe import spec
from adapters.stripe.paypages import NOT_BY_LINK, link_params, session_params
from connector.dates import instant_from_iso
from connector.errors import Refused
from connector.model.intent import WriteKey
from connector.model.money_in import AttemptState
from connector.model.paylink import Share
from connector.model.source import Kind
from connector.money import currency, from_text
from tests.clocks import FakeClock
from tests.stripe_rig import OP, PAGE, example, listed, ref, text
from tests.unit.stripe_ground import SESSIONS, WRITE_KEY, Serve, fault_answer, ok, serving, session
from tests.vendor import stripe as judge

LINKS = "/v1/payment_links"
STANDING = replace(PAGE, standing=True, methods=("card", "us_bank_account"), return_url="")
KEY = WriteKey(op_id=OP)
NOW = instant_from_iso("2026-03-01T12:00:00Z")


@pytest.fixture
def serve(clock: FakeClock) -> Iterator[Serve]:
    with serving(clock) as start:
        yield start


def payment_link(**changed: object) -> dict[str, Any]:
    line = {"amount_total": 12_000, "currency": "usd"}
    opened = {
        "id": "plink_1",
        "active": True,
        "url": "https://buy.stripe.com/1",
        "payment_method_types": ["card"],
        "line_items": {"object": "list", "data": [line], "has_more": False, "url": "/"},
    }
    return example("payment_link", **{**opened, **changed})


@pytest.mark.req("S24")
@pytest.mark.parametrize("method", ["acss_debit", "customer_balance"])
def test_a_method_that_no_link_can_offer_is_refused_before_anything_is_sent(method: str) -> None:
    with pytest.raises(Refused, match=f"cannot offer {method}"):
        link_params(replace(STANDING, methods=("card", method)), KEY)
    assert method in NOT_BY_LINK
    assert not spec.method_terms[method].standing


def test_a_link_may_be_paid_once_is_marked_twice_and_fits_stripes_own_description() -> None:
    params = link_params(STANDING, KEY)
    assert params["restrictions"] == {"completed_sessions": {"limit": 1}}
    assert params["metadata"] == params["payment_intent_data"]["metadata"]
    assert params["metadata"]["receivables_debt"] == "quickbooks/invoice/130"
    assert judge.sdk_param_errors("POST", LINKS, params) == []


def test_money_for_several_debts_names_none_of_them_so_that_none_gets_all_of_it() -> None:
    usd = currency("USD")
    shares = (
        Share(debt=PAGE.debt, amount=from_text("100.00", usd)),
        Share(debt=replace_id(PAGE.debt, "131"), amount=from_text("20.00", usd)),
    )
    for params in (
        link_params(replace(STANDING, shares=shares, number="INV-7, INV-8"), KEY),
        session_params(replace(PAGE, shares=shares, number="INV-7, INV-8"), KEY, NOW, None),
    ):
        assert set(params["metadata"]) == {"receivables_op", "receivables_attempt"}
        assert params["line_items"][0]["price_data"]["product_data"]["name"] == "Invoices INV-7, INV-8"


def replace_id(debt: Any, vendor_id: str) -> Any:
    return debt._replace(vendor_id=vendor_id)


def test_a_link_is_opened_under_our_key_and_found_by_our_mark(serve: Serve) -> None:
    mine = payment_link(metadata={"receivables_op": OP})
    adapter, vendor, _ = serve({f"POST {LINKS}": [ok(text(mine))], f"GET {LINKS}": [ok(listed(payment_link(), mine))]})
    written = adapter.open_page(STANDING, WRITE_KEY)
    assert vendor.heard[0].headers["idempotency-key"] == OP
    assert (written.ref, written.amount) == (ref(Kind.ATTEMPT, "plink_1"), PAGE.amount)
    assert (written.url, written.methods) == ("https://buy.stripe.com/1", ("card",))
    assert adapter.find_pages(STANDING, WRITE_KEY) == (written,)


@pytest.mark.parametrize(("active", "state"), [(True, AttemptState.OFFERED), (False, AttemptState.EXPIRED)])
def test_a_link_nobody_has_paid_is_open_until_it_is_closed(serve: Serve, active: bool, state: AttemptState) -> None:  # noqa: FBT001
    waiting = listed(session(payment_link="plink_1"))
    adapter, _, _ = serve(
        {f"GET {LINKS}/plink_1": [ok(text(payment_link(active=active)))], f"GET {SESSIONS}": [ok(waiting)]}
    )
    found = adapter.page_state("plink_1")
    assert (found.state, found.url is not None, found.further) == (state, active, ())


def completed(name: str, created: int) -> dict[str, Any]:
    intent = example("payment_intent", id=f"pi_{name}", status="succeeded", latest_charge=f"ch_{name}", amount=12_000)
    return session(
        id=f"cs_test_{name}",
        status="complete",
        payment_status="paid",
        payment_intent={**intent, "currency": "usd"},
        created=created,
    )


@pytest.mark.req("S24")
def test_closing_a_link_closes_every_page_of_it_and_tells_of_all_that_were_paid(serve: Serve) -> None:
    rows = listed(session(id="cs_test_9"), completed("b", 20), completed("a", 10))
    adapter, vendor, _ = serve(
        {
            f"GET {LINKS}/plink_1": [ok(text(payment_link()))],
            f"POST {LINKS}/plink_1": [ok(text(payment_link(active=False)))],
            f"GET {SESSIONS}": [ok(rows), ok(rows)],
            f"POST {SESSIONS}/cs_test_9/expire": [fault_answer(400, code="resource_already_complete")],
        }
    )
    found = adapter.expire_page("plink_1")
    assert (found.state, found.payment, found.taken) == (
        AttemptState.SUCCEEDED,
        ref(Kind.PAYMENT, "ch_a"),
        PAGE.amount,
    )
    assert [each.payment for each in found.further] == [ref(Kind.PAYMENT, "ch_b")]
    assert [call.path for call in vendor.heard if call.method == "POST"] == [
        f"{LINKS}/plink_1",
        f"{SESSIONS}/cs_test_9/expire",
    ]
