"""A simulated merchant's account read over HTTP: Stripe's description judges every object that comes to be in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from adapters.stripe.standin.churn import Busy
from adapters.stripe.standin.life import Merchant
from tests.stripe_desk import Desk, open_desk
from tests.stripe_moves import WORLD, ledger_of

_NAMES = (
    "customers invoices invoice_payments credit_notes payment_intents charges refunds disputes payouts "
    "balance_transactions payment_records events"
)
LISTS = _NAMES.split()
EXPANDED = {
    "balance_transactions": ("data.source", "data.source.charge"),
    "charges": ("data.balance_transaction", "data.customer", "data.payment_intent", "data.refunds"),
    "credit_notes": ("data.customer", "data.invoice", "data.customer_balance_transaction"),
    "disputes": ("data.charge", "data.payment_intent"),
    "invoices": ("data.customer", "data.payments"),
    "invoice_payments": ("data.payment.payment_intent", "data.payment.payment_record", "data.invoice"),
    "payouts": ("data.balance_transaction", "data.failure_balance_transaction"),
    "refunds": ("data.balance_transaction", "data.failure_balance_transaction", "data.charge"),
}


def everything(desk: Desk, path: str, **params: Any) -> list[dict[str, Any]]:
    """All pages of a list."""
    found: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        reply = desk.get(path, flat={"limit": 100, **params, **after})
        assert reply.status == 200, reply.body
        found += reply.rows
        if not reply.body["has_more"]:
            return found
        after = {"starting_after": found[-1]["id"]}


@pytest.mark.parametrize("expansions", [{}, EXPANDED], ids=["plain", "expanded"])
def test_every_object_of_a_busy_season_is_as_stripe_describes_it(expansions: Mapping[str, tuple[str, ...]]) -> None:
    with open_desk(WORLD, at="2026-01-01T12:00:00Z") as desk:
        merchant = Merchant(ledger_of(desk), 7, wait=desk.clock.pass_seconds, charges_a_year=800)
        merchant.days(130)
        for path in LISTS:
            paths = expansions.get(path, ())
            rows = everything(desk, path, **{"expand[]": list(paths)} if paths else {})
            assert rows, path
            assert len({row["id"] for row in rows}) == len(rows)


def test_both_balances_of_every_customer_are_as_stripe_describes_them() -> None:
    with open_desk(WORLD, at="2026-01-01T12:00:00Z") as desk:
        merchant = Merchant(ledger_of(desk), 8, wait=desk.clock.pass_seconds, charges_a_year=800)
        merchant.days(90)
        kinds = set()
        for customer in everything(desk, "customers"):
            own = f"customers/{customer['id']}"
            credit = everything(desk, f"{own}/balance_transactions")
            assert -sum(line["amount"] for line in credit) == merchant.truth.credit.get(customer["id"], 0)
            cash = everything(desk, f"{own}/cash_balance_transactions")
            available = desk.one(f"{own}/cash_balance")["available"] or {}
            assert sum(line["net_amount"] for line in cash) == sum(available.values())
            kinds |= {line["type"] for line in [*credit, *cash]}
    assert kinds >= {"adjustment", "applied_to_invoice", "invoice_overpaid", "funded", "applied_to_payment"}


def test_a_merchant_works_on_while_somebody_reads() -> None:
    with open_desk(WORLD, at="2026-01-01T12:00:00Z") as desk:
        merchant = Merchant(ledger_of(desk), 9)
        with Busy(desk.server, merchant, acts=400) as busy:
            seen = [len(everything(desk, "balance_transactions")) for _ in range(3)]
            busy.finish()
        assert len(busy.done) == 400
        assert seen == sorted(seen)
        alone = Merchant(other_account(), 9)
        assert [alone.step() for _ in range(400)] == busy.done


def other_account() -> Any:
    """The same account somewhere else, in which nothing has happened."""
    with open_desk(WORLD, at="2026-01-01T12:00:00Z") as desk:
        return ledger_of(desk)


class Weary(Merchant):
    """A merchant who gives up at once."""

    def step(self) -> str:
        raise KeyError("usd")


def test_what_breaks_in_the_merchants_thread_is_said_where_the_block_ends() -> None:
    with open_desk(WORLD) as desk:
        busy = Busy(desk.server, Weary(ledger_of(desk), 9), acts=5)
        with pytest.raises(KeyError, match="usd"), busy:
            busy.finish()
