"""The double's money: what a world's lines become, and sums that agree however much happens."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.stripe.standin import build
from adapters.stripe.standin.amounts import fee_of
from connector.errors import UserError
from connector.money import currency
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.stripe_desk import Desk, open_desk

COMPANY = "company  Harbor Supply  home USD  zone America/New_York  country US  stripe acct_harbor\n"
NAMED = COMPANY + "customer  Acme  email ap@acme.example  in stripe as cus_acme\n"


def entry(desk: Desk, txn_id: str) -> tuple[int, int, int]:
    """Amount, fee and net of one balance transaction."""
    found = desk.one(f"balance_transactions/{txn_id}")
    return found["amount"], found["fee"], found["net"]


def held(desk: Desk) -> dict[str, int]:
    """The balance per currency, available and pending together."""
    balance = desk.one("balance")
    sums: dict[str, int] = {}
    for row in balance["available"] + balance["pending"]:
        sums[row["currency"]] = sums.get(row["currency"], 0) + row["amount"]
    return sums


# Payments


def test_a_payment_becomes_an_intent_a_charge_and_a_balance_transaction() -> None:
    line = '2026-03-29  payment  ch_1  Acme  100.00 USD  by card  fee 3.20 USD  memo "inv 7"  key INV-7\n'
    with open_desk(NAMED + line) as desk:
        charge, intent = desk.one("charges/ch_1"), desk.one("payment_intents/pi_1")
        assert entry(desk, "txn_1") == (10000, 320, 9680)
    assert (charge["payment_intent"], charge["balance_transaction"], charge["customer"]) == (
        "pi_1",
        "txn_1",
        "cus_acme",
    )
    assert (charge["metadata"], intent["metadata"]) == ({"invoice_number": "INV-7"}, {"invoice_number": "INV-7"})
    assert (charge["description"], intent["description"]) == ("inv 7", "inv 7")
    assert (intent["status"], intent["latest_charge"], intent["amount_received"]) == ("succeeded", "ch_1", 10000)


def test_a_payer_whom_stripe_does_not_know_is_only_a_name_on_the_charge() -> None:
    with open_desk(COMPANY + "2026-03-29  payment  ch_1  Guest Co  100.00 USD\n") as desk:
        charge = desk.one("charges/ch_1")
        assert desk.get("customers").rows == []
    assert (charge["customer"], charge["billing_details"]["name"]) == (None, "Guest Co")


def test_payments_of_the_books_are_not_in_stripe() -> None:
    with open_desk(COMPANY + "2026-03-29  payment  CHK-1  Acme  100.00 USD  by check\n") as desk:
        assert desk.get("charges").rows == []


def test_two_payments_of_one_suffix_get_different_intents() -> None:
    lines = "2026-03-29  payment  ch_1  Acme  1.00 USD\n2026-03-29  payment  py_1  Acme  2.00 USD  by us_bank_account\n"
    with open_desk(COMPANY + lines) as desk:
        assert desk.get("payment_intents").ids == ["pi_py_1", "pi_1"]
        assert desk.one("charges/py_1")["balance_transaction"] == "txn_py_1"


@pytest.mark.parametrize(
    ("method", "amount", "code", "fee"),
    [
        ("card", 10000, "USD", 320),
        ("card", 100, "USD", 33),
        ("card", 50, "USD", 31),
        ("us_bank_account", 10000, "USD", 80),
        ("us_bank_account", 62500, "USD", 500),
        ("us_bank_account", 9999999, "USD", 500),
        ("us_bank_account", 62, "USD", 0),
        ("us_bank_account", 63, "USD", 1),
        ("card", 5000, "JPY", 175),
        ("card", 100000, "KWD", 3200),
        ("card", 1230, "KWD", 340),
        ("card", 500000, "ISK", 17500),
    ],
)
def test_without_a_fee_the_price_list_decides_in_whole_units(method: str, amount: int, code: str, fee: int) -> None:
    assert fee_of(method, amount, currency(code)) == fee


@pytest.mark.parametrize(
    ("written", "code", "amount"),
    [
        ("100.00 USD", "usd", 10000),
        ("5000 JPY", "jpy", 5000),
        ("12.340 KWD", "kwd", 12340),
        ("700 ISK", "isk", 70000),
        ("700 UGX", "ugx", 70000),
        ("7.00 MGA", "mga", 7),
    ],
)
def test_each_currency_is_counted_in_its_own_units(written: str, code: str, amount: int) -> None:
    with open_desk(COMPANY + f"2026-03-29  payment  ch_1  Acme  {written}\n") as desk:
        charge = desk.one("charges/ch_1")
    assert (charge["amount"], charge["currency"]) == (amount, code)


@pytest.mark.parametrize("written", ["12.345 KWD", "7.20 MGA"])
def test_an_amount_stripe_cannot_say_is_refused_at_loading(written: str) -> None:
    with pytest.raises(UserError, match="cannot be an amount in Stripe"):
        build(parse(COMPANY + f"2026-03-29  payment  ch_1  Acme  {written}\n"), clock=FakeClock())


def test_a_payment_settled_in_another_currency_says_at_which_rate() -> None:
    lines = "2026-03-29  payment  ch_1  Acme  100.00 EUR  settled 108.50 USD  fee 3.45 USD\n"
    lines += "2026-03-30  refund  re_1  50.00 EUR  of ch_1\n"
    with open_desk(COMPANY + lines) as desk:
        found = desk.one("balance_transactions/txn_1")
        assert entry(desk, "txn_re_1") == (-5425, 0, -5425)
        assert held(desk) == {"usd": 10850 - 345 - 5425}
    assert (found["currency"], found["amount"], found["net"]) == ("usd", 10850, 10505)
    assert found["exchange_rate"] == Decimal("1.085")


def test_a_pending_payment_has_moved_nothing() -> None:
    with open_desk(COMPANY + "2026-03-29  payment  py_1  Acme  1.00 USD  by us_bank_account  status pending\n") as desk:
        charge = desk.one("charges/py_1")
        assert (charge["status"], charge["paid"], charge["balance_transaction"]) == ("pending", False, None)
        assert desk.one("payment_intents/pi_1")["status"] == "processing"
        assert (desk.entries(), held(desk)) == ([], {"usd": 0})


def test_a_failed_payment_has_moved_nothing_and_says_why() -> None:
    lines = "2026-03-29  payment  py_1  Acme  1.00 USD  by us_bank_account  status failed\n"
    lines += "2026-03-29  payment  ch_2  Acme  1.00 USD  status failed\n"
    with open_desk(COMPANY + lines) as desk:
        debit, card = desk.one("charges/py_1"), desk.one("charges/ch_2")
        assert desk.one("payment_intents/pi_2")["last_payment_error"]["code"] == "card_declined"
        assert desk.entries() == []
    assert (debit["status"], debit["failure_code"], debit["outcome"]["network_decline_code"]) == (
        "failed",
        "insufficient_funds",
        "R01",
    )
    assert (card["status"], card["paid"], card["failure_code"]) == ("failed", False, "card_declined")


def test_a_returned_debit_is_a_dispute_that_was_lost_at_once() -> None:
    line = "2026-03-27  payment  py_1  Acme  100.00 USD  by us_bank_account  fee 0.80 USD  status returned\n"
    with open_desk(COMPANY + line) as desk:
        charge, fight = desk.one("charges/py_1"), desk.one("disputes/dp_1")
        assert entry(desk, "txn_dp_1") == (-10000, 1500, -11500)
        assert held(desk) == {"usd": -80 - 1500}
    assert (charge["status"], charge["disputed"]) == ("succeeded", True)
    assert (fight["status"], fight["reason"], fight["charge"]) == ("lost", "insufficient_funds", "py_1")
    assert [one["id"] for one in fight["balance_transactions"]] == ["txn_dp_1"]


def test_a_return_told_of_by_a_line_of_its_own_keeps_its_reason_and_is_made_once() -> None:
    lines = "2026-03-27  payment  py_1  Acme  100.00 USD  by us_bank_account  status returned\n"
    lines += "2026-03-31  dispute  dp_r  100.00 USD  of py_1  reason debit_not_authorized  fee 4.00 USD\n"
    with open_desk(COMPANY + lines) as desk:
        (fight,) = desk.get("disputes").rows
        assert entry(desk, "txn_dp_r") == (-10000, 400, -10400)
    assert (fight["id"], fight["status"], fight["reason"]) == ("dp_r", "lost", "debit_not_authorized")


# Refunds and disputes

SALE = "2026-03-10  payment  ch_1  Acme  100.00 USD  fee 3.20 USD\n"


def test_a_partial_refund_leaves_the_charge_partly_refunded() -> None:
    with open_desk(COMPANY + SALE + "2026-03-11  refund  re_1  40.00 USD  of ch_1\n") as desk:
        charge, back = desk.one("charges/ch_1"), desk.one("refunds/re_1")
        assert entry(desk, "txn_re_1") == (-4000, 0, -4000)
    assert (charge["amount_refunded"], charge["refunded"], charge["status"]) == (4000, False, "succeeded")
    assert (back["status"], back["charge"], back["payment_intent"]) == ("succeeded", "ch_1", "pi_1")


def test_refunds_of_the_whole_amount_make_the_charge_refunded() -> None:
    lines = "2026-03-11  refund  re_1  40.00 USD  of ch_1\n2026-03-12  refund  re_2  60.00 USD  of ch_1\n"
    with open_desk(COMPANY + SALE + lines) as desk:
        charge = desk.one("charges/ch_1")
        assert held(desk) == {"usd": -320}
    assert (charge["amount_refunded"], charge["refunded"]) == (10000, True)


def test_a_pending_refund_has_moved_nothing_but_is_counted_on_the_charge() -> None:
    with open_desk(COMPANY + SALE + "2026-03-11  refund  re_1  40.00 USD  of ch_1  status pending\n") as desk:
        back = desk.one("refunds/re_1")
        assert desk.one("charges/ch_1")["amount_refunded"] == 4000
        assert held(desk) == {"usd": 9680}
    assert (back["status"], back["balance_transaction"]) == ("pending", None)


def test_a_failed_refund_gives_the_money_back() -> None:
    with open_desk(COMPANY + SALE + "2026-03-11  refund  re_1  40.00 USD  of ch_1  status failed\n") as desk:
        back = desk.one("refunds/re_1", flat={"expand[]": "failure_balance_transaction"})
        assert desk.one("charges/ch_1")["amount_refunded"] == 0
        assert held(desk) == {"usd": 9680}
    assert (back["status"], back["failure_balance_transaction"]["net"]) == ("failed", 4000)


@pytest.mark.parametrize(
    ("status", "served", "nets"),
    [("open", "needs_response", [-11500]), ("lost", "lost", [-11500]), ("won", "won", [-11500, 10000])],
)
def test_a_dispute_takes_amount_and_fee_and_winning_gives_back_the_amount(
    status: str, served: str, nets: list[int]
) -> None:
    line = f"2026-03-11  dispute  dp_1  100.00 USD  of ch_1  reason fraudulent  fee 15.00 USD  status {status}\n"
    with open_desk(COMPANY + SALE + line) as desk:
        fight = desk.one("disputes/dp_1")
        assert desk.one("charges/ch_1")["disputed"] is True
        assert held(desk) == {"usd": 9680 + sum(nets)}
    assert (fight["status"], fight["reason"]) == (served, "fraudulent")
    assert [one["net"] for one in fight["balance_transactions"]] == nets
    categories = [one["reporting_category"] for one in fight["balance_transactions"]]
    assert categories == ["dispute", "dispute_reversal"][: len(nets)]


# Payouts

MEMBERS = SALE + (
    "2026-03-11  payment  ch_2  Acme  50.00 USD  fee 1.75 USD\n"
    "2026-03-12  refund  re_1  20.00 USD  of ch_1\n"
    "2026-03-13  dispute  dp_1  50.00 USD  of ch_2  fee 15.00 USD  status lost\n"
)


def test_a_payout_is_the_sum_of_its_members_and_lists_them_and_itself() -> None:
    with open_desk(COMPANY + MEMBERS + "2026-03-20  payout  po_1  USD  of ch_1, re_1, dp_1\n") as desk:
        payout = desk.one("payouts/po_1")
        listed = {row["id"]: row["net"] for row in desk.get("balance_transactions", payout="po_1").rows}
        assert held(desk) == {"usd": 4825}
    assert listed == {"txn_po_1": -1180, "txn_1": 9680, "txn_re_1": -2000, "txn_dp_1": -6500}
    assert (payout["amount"], payout["status"], payout["arrival_date"]) == (1180, "paid", 1_773_964_800)
    assert (payout["automatic"], payout["reconciliation_status"]) == (True, "completed")


def test_a_payout_started_by_hand_cannot_say_what_it_is_made_of() -> None:
    with open_desk(COMPANY + SALE + "2026-03-20  payout  po_1  USD  of ch_1  status manual\n") as desk:
        payout = desk.one("payouts/po_1")
        assert desk.get("balance_transactions", payout="po_1").status == 400
    assert (payout["status"], payout["automatic"], payout["reconciliation_status"]) == ("paid", False, "not_applicable")


def test_a_failed_payout_comes_back_into_the_balance() -> None:
    with open_desk(COMPANY + SALE + "2026-03-20  payout  po_1  USD  of ch_1  status failed\n") as desk:
        payout = desk.one("payouts/po_1")
        assert held(desk) == {"usd": 9680}
    assert (payout["status"], payout["failure_balance_transaction"]) == ("failed", "txn_po_1_failed")


def test_a_pending_payout_is_not_reconciled_yet() -> None:
    with open_desk(COMPANY + SALE + "2026-03-20  payout  po_1  USD  of ch_1  status pending\n") as desk:
        assert desk.one("payouts/po_1")["reconciliation_status"] == "in_progress"


def test_money_is_pending_for_two_days_and_then_available() -> None:
    with open_desk(COMPANY + SALE, at="2026-03-11T12:00:00Z") as desk:
        assert desk.one("balance_transactions/txn_1")["status"] == "pending"
        assert desk.one("balance")["available"][0]["amount"] == 0
        desk.clock.pass_seconds(2 * 86_400)
        assert desk.one("balance_transactions/txn_1")["status"] == "available"
        assert desk.one("balance")["available"][0]["amount"] == 9680


@pytest.mark.parametrize(
    "line",
    [
        "2026-03-20  payout  po_1  USD  of ch_9",
        "2026-03-20  payout  po_1  EUR  of ch_1",
        "2026-03-09  payout  po_1  USD  of ch_1",
        "2026-03-20  payout  po_1  USD  of ch_1, ch_1",
        "2026-03-20  payout  po_1  USD  of ch_1  status stuck",
        "2026-03-11  refund  re_1  1.00 USD  of ch_9",
        "2026-03-11  dispute  dp_1  1.00 USD  of ch_1  status drawn",
        "2026-03-11  dispute  dp_1  1.00 USD  of ch_1  fee 1.00 EUR",
        "2026-03-10  payment  ch_2  Acme  1.00 EUR  settled 1.10 USD  fee 0.10 EUR",
        "company  Twin  stripe acct_harbor",
    ],
)
def test_a_line_that_cannot_be_true_is_refused_at_loading(line: str) -> None:
    with pytest.raises(UserError):
        build(parse(COMPANY + SALE + line), clock=FakeClock())


# Invoices


def invoice_world(lines: str) -> str:
    return NAMED + "2026-03-02  invoice  S-1  Acme  80.00 USD  due 2026-04-01  in stripe as in_1\n" + lines


@pytest.mark.parametrize(
    ("paid", "status", "standing"),
    [
        ("30.00", "succeeded", ("open", 3000, 5000, "paid")),
        ("80.00", "succeeded", ("paid", 8000, 0, "paid")),
        ("80.00", "pending", ("open", 0, 8000, "open")),
        ("80.00", "failed", ("open", 0, 8000, "open")),
        ("80.00", "returned", ("paid", 8000, 0, "paid")),
    ],
)
def test_an_invoice_is_paid_by_what_invoice_payments_say(
    paid: str, status: str, standing: tuple[str, int, int, str]
) -> None:
    line = f"2026-03-10  payment  py_1  Acme  {paid} USD  by us_bank_account  status {status}  for S-1 {paid} USD\n"
    with open_desk(invoice_world(line)) as desk:
        invoice = desk.one("invoices/in_1")
        (link,) = desk.get("invoice_payments", invoice="in_1").rows
    assert (invoice["status"], invoice["amount_paid"], invoice["amount_remaining"], link["status"]) == standing
    assert (invoice["total"], invoice["amount_due"]) == (8000, 8000)
    assert link["payment"] == {"type": "payment_intent", "payment_intent": "pi_1"}


def test_an_invoice_in_both_systems_carries_the_number_of_the_other() -> None:
    lines = "2026-03-02  invoice  INV-7  Acme  80.00 USD  in quickbooks and stripe as in_7\n"
    with open_desk(invoice_world(lines)) as desk:
        assert desk.one("invoices/in_7")["metadata"] == {"invoice_number": "INV-7"}
        assert desk.one("invoices/in_1")["metadata"] == {}


def test_invoices_of_the_books_alone_are_not_in_stripe() -> None:
    with open_desk(NAMED + "2026-03-02  invoice  INV-7  Acme  80.00 USD\n") as desk:
        assert desk.get("invoices").rows == []


@pytest.mark.parametrize(("state", "issued", "voided"), [("draft", False, False), ("void", True, True)])
def test_a_draft_was_never_issued_and_a_void_invoice_was(state: str, *, issued: bool, voided: bool) -> None:
    line = f"2026-03-02  invoice  S-2  Acme  80.00 USD  status {state}  in stripe\n"
    with open_desk(NAMED + line) as desk:
        invoice = desk.one("invoices/in_s_2")
    assert invoice["status"] == state
    assert (invoice["status_transitions"]["finalized_at"] is not None) is issued
    assert (invoice["hosted_invoice_url"] is not None) is issued
    assert (invoice["status_transitions"]["voided_at"] is not None) is voided


def test_a_note_on_a_stripe_invoice_stands_in_its_metadata() -> None:
    line = '2026-03-05  note  S-1  "Left a message."  in stripe\n'
    with open_desk(invoice_world(line)) as desk:
        assert desk.one("invoices/in_1")["metadata"] == {"note": "Left a message."}


# Sums, however much happens


@st.composite
def small_worlds(draw: st.DrawFn) -> str:
    """A company with a few payments, some of them refunded, disputed, settled elsewhere, and paid out."""
    lines, settled_in, day = [COMPANY], {}, 1
    for number in range(1, draw(st.integers(1, 7)) + 1):
        code = draw(st.sampled_from(["USD", "EUR", "JPY", "KWD"]))
        amount = _written(draw(st.integers(50, 90_000)), code)
        home = draw(st.sampled_from([code, code, "USD"]))
        extra = f"  settled {_written(draw(st.integers(50, 90_000)), home)}" if home != code else ""
        status = draw(st.sampled_from(["succeeded", "succeeded", "pending", "failed", "returned"]))
        method = draw(st.sampled_from(["card", "us_bank_account"]))
        lines.append(f"2026-03-{number:02}  payment  ch_{number}  Acme  {amount}  by {method}  status {status}{extra}")
        if status in ("succeeded", "returned"):
            settled_in[f"ch_{number}"] = home
        if status == "succeeded" and draw(st.booleans()):
            kind, word = draw(st.sampled_from([("refund", "status"), ("dispute", "status")]))
            states = ["succeeded", "pending", "failed"] if kind == "refund" else ["open", "won", "lost"]
            state = draw(st.sampled_from(states))
            lines.append(f"2026-03-{number:02}  {kind}  x_{number}  {amount}  of ch_{number}  {word} {state}")
            if state != "pending":
                settled_in[f"x_{number}"] = home
    for code in sorted(set(settled_in.values())):
        members = draw(st.lists(st.sampled_from([one for one in settled_in if settled_in[one] == code]), unique=True))
        if members:
            status = draw(st.sampled_from(["paid", "pending", "failed"]))
            lines.append(f"2026-03-{19 + day}  payout  po_{code}  {code}  of {', '.join(members)}  status {status}")
            day += 1
    return "\n".join(lines)


def _written(units: int, code: str) -> str:
    """That many units of a size every currency takes, as a world writes them."""
    return {"JPY": f"{units} JPY", "KWD": f"{units // 100}.{units % 100:02}0 KWD"}.get(
        code, f"{units // 100}.{units % 100:02} {code}"
    )


@settings(max_examples=30)
@given(world=small_worlds())
def test_the_balance_is_the_sum_of_its_transactions_and_a_payout_that_of_its_members(world: str) -> None:
    with open_desk(world) as desk:
        entries = desk.entries()
        sums: dict[str, int] = {"usd": 0}
        for one in entries:
            sums[one["currency"]] = sums.get(one["currency"], 0) + one["net"]
        assert held(desk) == sums
        assert all(one["net"] == one["amount"] - one["fee"] for one in entries)
        assert all(one["fee"] == sum(part["amount"] for part in one["fee_details"]) for one in entries)
        for payout in desk.get("payouts", limit=100).rows:
            assert _members_sum(desk, payout) == payout["amount"]
            own = desk.one(f"balance_transactions/{payout['balance_transaction']}")
            assert own["net"] == -payout["amount"]
        _charges_agree(desk)


def _members_sum(desk: Desk, payout: dict[str, Any]) -> int:
    rows = desk.get("balance_transactions", payout=payout["id"], limit=100).rows
    return sum(row["net"] for row in rows if row["type"] != "payout")


def _charges_agree(desk: Desk) -> None:
    """A settled charge has one transaction of its own amount (in its own currency); others have none."""
    for charge in desk.get("charges", limit=100, flat={"expand[]": "data.balance_transaction"}).rows:
        own = charge["balance_transaction"]
        assert (own is not None) == (charge["status"] == "succeeded")
        if own is not None and own["exchange_rate"] is None:
            assert (own["amount"], own["currency"]) == (charge["amount"], charge["currency"])
