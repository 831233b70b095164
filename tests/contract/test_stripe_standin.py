"""The double of Stripe answers as Stripe does: who may ask, lists, filters, expansion, keys, refusals, marks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stripe

from tests.stripe_desk import Desk, open_desk
from tests.vendor import stripe as judge

WORLD = """
company  Harbor Supply  home USD  zone America/New_York  country US  stripe acct_harbor
customer  Acme  email ap@acme.example  phone +1 555 0100  in quickbooks and stripe as cus_acme
customer  Bolt  email pay@bolt.example  in stripe
customer  Guest Co  email g@guest.example
2026-03-01  invoice  INV-7  Acme  120.00 USD  due 2026-03-31  in quickbooks and stripe as in_7
2026-03-02  invoice  S-1  Bolt  80.00 USD  due 2026-04-01  sent ap@bolt.example 2026-03-03  in stripe as in_1
2026-03-03  invoice  S-2  Bolt  10.00 USD  status draft  in stripe
2026-03-10  payment  ch_1  Acme  120.00 USD  fee 3.78 USD  key INV-7  memo "inv 7"  for INV-7 120.00 USD
2026-03-11  payment  ch_2  Bolt  30.00 USD  for S-1 30.00 USD
2026-03-11  payment  ch_3  Guest Co  55.00 USD
2026-03-12  payment  py_4  Bolt  40.00 USD  by us_bank_account  status pending  for S-1 40.00 USD
2026-03-20  refund  re_1  20.00 USD  of ch_1
2026-03-21  dispute  dp_1  55.00 USD  of ch_3  reason fraudulent  fee 15.00 USD
2026-03-25  payout  po_1  USD  of ch_1, ch_2
2026-03-26  payout  po_2  USD  of ch_3  status manual
company  Maple Works  home CAD  zone America/Toronto  country CA  stripe acct_maple
2026-03-10  payment  ch_1  Somebody  7.00 CAD
"""
LISTS = (
    "customers",
    "invoices",
    "invoice_payments",
    "payment_intents",
    "charges",
    "refunds",
    "disputes",
    "balance_transactions",
    "payouts",
)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_desk(WORLD) as opened:
        yield opened


# Who may ask


def test_an_unknown_key_is_refused_with_401(desk: Desk) -> None:
    desk.key = "rk_test_nobody"
    reply = desk.get("account")
    assert (reply.status, reply.body["error"]["type"]) == (401, "invalid_request_error")
    assert "nobody" not in reply.refusal


def test_a_request_without_a_key_is_refused_with_401(desk: Desk) -> None:
    desk.key = ""
    assert desk.get("account").status == 401


def test_each_key_opens_its_own_account(desk: Desk) -> None:
    assert desk.one("account")["id"] == "acct_harbor"
    desk.key = "rk_test_maple"
    assert desk.one("account")["business_profile"]["name"] == "Maple Works"


def test_two_accounts_may_hold_equal_ids(desk: Desk) -> None:
    amount = desk.one("charges/ch_1")["amount"]
    desk.key = "rk_test_maple"
    assert (amount, desk.one("charges/ch_1")["amount"]) == (12000, 700)


def test_another_api_version_is_refused(desk: Desk) -> None:
    desk.headers = {"Stripe-Version": "2020-03-02"}
    reply = desk.get("account")
    assert (reply.status, "2020-03-02" in reply.refusal) == (400, True)


def test_a_request_that_names_no_api_version_is_refused(desk: Desk) -> None:
    desk.headers = {}
    assert desk.get("account").status == 400


def test_every_answer_has_a_request_id_of_its_own(desk: Desk) -> None:
    found = {desk.get(path).headers["Request-Id"] for path in ("account", "charges/ch_none", "nowhere")}
    assert len(found) == 3


# What there is


@pytest.mark.parametrize("path", LISTS)
def test_each_object_of_a_list_is_found_by_its_id(desk: Desk, path: str) -> None:
    rows = desk.get(path, limit=100).rows
    assert rows
    assert [desk.one(f"{path}/{row['id']}") for row in rows] == rows


@pytest.mark.parametrize("path", [*LISTS, "checkout/sessions"])
def test_an_id_that_does_not_exist_is_refused_with_404(desk: Desk, path: str) -> None:
    reply = desk.get(f"{path}/xx_none")
    assert (reply.status, reply.code) == (404, "resource_missing")


def test_the_address_of_an_empty_id_is_not_served(desk: Desk) -> None:
    assert desk.get("customers/").status == 404


def test_an_address_stripe_does_not_have_is_refused_with_404(desk: Desk) -> None:
    assert desk.get("nonsense").status == 404


def test_an_unsimulated_write_is_refused_with_404(desk: Desk) -> None:
    assert desk.post("topups", {"amount": "100"}).status == 404


# Lists


def test_a_list_is_newest_first(desk: Desk) -> None:
    assert desk.get("charges").ids == ["py_4", "ch_3", "ch_2", "ch_1"]


def test_paging_forward_meets_each_object_once(desk: Desk) -> None:
    first = desk.get("charges", limit=3)
    second = desk.get("charges", limit=3, starting_after=first.ids[-1])
    assert (first.body["has_more"], second.body["has_more"]) == (True, False)
    assert first.ids + second.ids == desk.get("charges", limit=100).ids


def test_paging_backward_gives_the_nearest_newer_objects(desk: Desk) -> None:
    page = desk.get("charges", limit=2, ending_before="ch_1")
    assert (page.ids, page.body["has_more"]) == (["ch_3", "ch_2"], True)


@pytest.mark.parametrize("cursor", ["ch_2", "ch_3"])
def test_paging_within_a_filter_goes_on_after_a_cursor_whether_it_is_in_the_filter_or_not(
    desk: Desk, cursor: str
) -> None:
    assert desk.get("charges", customer="cus_acme", starting_after=cursor).ids == ["ch_1"]
    assert desk.get("charges", customer="cus_bolt", ending_before=cursor).ids == ["py_4"]


@pytest.mark.parametrize("limit", [0, 101])
def test_a_limit_out_of_bounds_is_refused(desk: Desk, limit: int) -> None:
    assert desk.get("charges", limit=limit).code == "parameter_invalid_integer"


def test_a_cursor_that_does_not_exist_is_refused(desk: Desk) -> None:
    reply = desk.get("charges", starting_after="ch_none")
    assert (reply.status, reply.code) == (400, "resource_missing")


def test_two_cursors_at_once_are_refused(desk: Desk) -> None:
    assert desk.get("charges", starting_after="ch_1", ending_before="ch_2").status == 400


def test_a_range_of_creation_times_includes_its_bounds_as_asked(desk: Desk) -> None:
    at = desk.one("charges/ch_2")["created"]
    assert desk.get("charges", flat={"created[gte]": at}).ids == ["py_4", "ch_3", "ch_2"]
    assert desk.get("charges", flat={"created[gt]": at}).ids == ["py_4", "ch_3"]
    assert desk.get("charges", flat={"created[lte]": at}).ids == ["ch_2", "ch_1"]
    assert desk.get("charges", flat={"created[lt]": at}).ids == ["ch_1"]
    assert desk.get("charges", created=at).ids == ["ch_2"]


@pytest.mark.parametrize(
    ("path", "wanted", "found"),
    [
        ("customers", {"email": "pay@bolt.example"}, ["cus_bolt"]),
        ("invoices", {"status": "open"}, ["in_1"]),
        ("invoices", {"customer": "cus_acme"}, ["in_7"]),
        ("invoice_payments", {"invoice": "in_1"}, ["inpay_4", "inpay_2"]),
        ("invoice_payments", {"payment[type]": "payment_intent", "payment[payment_intent]": "pi_2"}, ["inpay_2"]),
        ("invoice_payments", {"status": "open"}, ["inpay_4"]),
        ("payment_intents", {"customer": "cus_acme"}, ["pi_1"]),
        ("charges", {"payment_intent": "pi_2"}, ["ch_2"]),
        ("refunds", {"charge": "ch_1"}, ["re_1"]),
        ("disputes", {"payment_intent": "pi_3"}, ["dp_1"]),
        ("balance_transactions", {"source": "re_1"}, ["txn_re_1"]),
        ("balance_transactions", {"type": "payout"}, ["txn_po_2", "txn_po_1"]),
        ("balance_transactions", {"currency": "eur"}, []),
        ("payouts", {"status": "paid"}, ["po_2", "po_1"]),
    ],
)
def test_a_filter_leaves_exactly_what_fits(desk: Desk, path: str, wanted: dict[str, str], found: list[str]) -> None:
    assert desk.get(path, flat=wanted).ids == found


def test_a_filter_by_an_object_that_does_not_exist_is_refused(desk: Desk) -> None:
    reply = desk.get("charges", customer="cus_none")
    assert (reply.status, reply.code, reply.body["error"]["param"]) == (400, "resource_missing", "customer")


def test_an_unknown_parameter_is_refused_by_name(desk: Desk) -> None:
    reply = desk.get("invoices", flat={"updated[gte]": "1"})
    assert (reply.status, reply.code, reply.body["error"]["param"]) == (400, "parameter_unknown", "updated")


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"limit": "ten"}, "parameter_invalid_integer"),
        ({"customer": ""}, "parameter_invalid_empty"),
        ({"created[from]": "1"}, "parameter_unknown"),
        ({"status": "partially_paid"}, None),
    ],
)
def test_a_mistyped_parameter_is_refused(desk: Desk, wanted: dict[str, str], code: str | None) -> None:
    reply = desk.get("invoices", flat=wanted)
    assert (reply.status, reply.code) == (400, code)


# Expansion


def test_a_list_expands_the_balance_transactions_of_its_charges(desk: Desk) -> None:
    rows = desk.get("charges", flat={"expand[]": "data.balance_transaction"}).rows
    assert [row["balance_transaction"] and row["balance_transaction"]["net"] for row in rows] == [
        None,
        5310,
        2883,
        11622,
    ]


def test_expansion_reaches_four_levels_and_no_more(desk: Desk) -> None:
    deep = desk.get("invoice_payments", flat={"expand[]": "data.payment.payment_intent.latest_charge"})
    assert [row["payment"]["payment_intent"]["latest_charge"]["id"] for row in deep.rows] == ["py_4", "ch_2", "ch_1"]
    five = "data.payment.payment_intent.latest_charge.balance_transaction"
    assert desk.get("invoice_payments", flat={"expand[]": five}).status == 400


def test_a_balance_transaction_expands_its_source_whatever_that_is(desk: Desk) -> None:
    rows = desk.get("balance_transactions", flat={"expand[]": "data.source"}).rows
    assert {row["source"]["object"] for row in rows} == {"charge", "refund", "dispute", "payout"}


def test_lists_inside_an_object_appear_only_when_expanded(desk: Desk) -> None:
    assert "refunds" not in desk.one("charges/ch_1")
    refunds = desk.one("charges/ch_1", flat={"expand[]": "refunds"})["refunds"]
    assert [row["id"] for row in refunds["data"]] == ["re_1"]
    payments = desk.one("invoices/in_1", flat={"expand[]": "payments.data.payment.payment_intent"})["payments"]
    assert [row["payment"]["payment_intent"]["status"] for row in payments["data"]] == ["processing", "succeeded"]


@pytest.mark.parametrize("path", ["amount", "nothing", "customer.colour", "payment_method_details.card"])
def test_what_cannot_be_expanded_is_refused(desk: Desk, path: str) -> None:
    assert desk.get("charges/ch_1", flat={"expand[]": path}).status == 400


# Metadata, the only thing that can be changed


def test_metadata_is_merged_and_an_empty_value_removes_one_name(desk: Desk) -> None:
    assert desk.post("invoices/in_7", {"metadata[a]": "1", "metadata[b]": "2"}).body["metadata"] == {
        "invoice_number": "INV-7",
        "a": "1",
        "b": "2",
    }
    desk.post("invoices/in_7", {"metadata[a]": ""})
    assert desk.one("invoices/in_7")["metadata"] == {"invoice_number": "INV-7", "b": "2"}


def test_an_empty_metadata_clears_all_of_it(desk: Desk) -> None:
    desk.post("customers/cus_acme", {"metadata[a]": "1"})
    assert desk.post("customers/cus_acme", {"metadata": ""}).body["metadata"] == {}


def test_writing_metadata_changes_nothing_else(desk: Desk) -> None:
    before = desk.one("customers/cus_acme")
    after = desk.post("customers/cus_acme", {"metadata[a]": "1"}).body
    assert {**before, "metadata": {"a": "1"}} == after


@pytest.mark.parametrize(
    "form",
    [
        {f"metadata[k{number}]": "x" for number in range(50)},
        {"metadata[" + "k" * 41 + "]": "x"},
        {"metadata[k]": "x" * 501},
        {"description": "shown to the customer"},
        {"metadata[k][deeper]": "x"},
    ],
    ids=["a 51st key", "a key of 41", "a value of 501", "a field besides", "a value inside a value"],
)
def test_a_write_beyond_the_limits_is_refused_and_changes_nothing(desk: Desk, form: dict[str, str]) -> None:
    before = desk.one("invoices/in_7")
    assert desk.post("invoices/in_7", form).status == 400
    assert desk.one("invoices/in_7") == before


def test_the_longest_metadata_allowed_is_taken(desk: Desk) -> None:
    form = {f"metadata[{number:040}]": "x" * 500 for number in range(50)}
    assert len(desk.post("customers/cus_acme", form).body["metadata"]) == 50


# Idempotency keys


def test_the_first_answer_under_a_key_is_replayed(desk: Desk) -> None:
    first = desk.post("customers/cus_acme", {"metadata[n]": "1"}, key="k1")
    desk.post("customers/cus_acme", {"metadata[n]": "2"})
    again = desk.post("customers/cus_acme", {"metadata[n]": "1"}, key="k1")
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (None, "true")
    assert again.body == first.body
    assert desk.one("customers/cus_acme")["metadata"] == {"n": "2"}


def test_other_parameters_under_a_used_key_are_an_idempotency_error(desk: Desk) -> None:
    desk.post("customers/cus_acme", {"metadata[n]": "1"}, key="k1")
    reply = desk.post("customers/cus_acme", {"metadata[n]": "2"}, key="k1")
    assert (reply.status, reply.body["error"]["type"]) == (400, "idempotency_error")


@pytest.mark.parametrize(("acted", "kept"), [(True, {"n": "1"}), (False, {})])
def test_a_500_is_kept_under_its_key_whether_the_work_was_done_or_not(
    desk: Desk, *, acted: bool, kept: dict[str, str]
) -> None:
    desk.stand_in.break_next_write(acted=acted)
    statuses = [desk.post("customers/cus_acme", {"metadata[n]": "1"}, key="k1").status for _ in range(3)]
    assert statuses == [500, 500, 500]
    assert desk.one("customers/cus_acme")["metadata"] == kept


def test_a_refused_parameter_leaves_the_key_free(desk: Desk) -> None:
    assert desk.post("customers/cus_acme", {"colour": "red"}, key="k1").status == 400
    assert desk.post("customers/cus_acme", {"metadata[n]": "1"}, key="k1").status == 200


def test_a_key_protects_for_a_day_and_no_longer(desk: Desk) -> None:
    desk.post("customers/cus_acme", {"metadata[n]": "1"}, key="k1")
    desk.clock.pass_seconds(24 * 3600)
    assert desk.post("customers/cus_acme", {"metadata[n]": "2"}, key="k1").status == 400
    desk.clock.pass_seconds(1)
    assert desk.post("customers/cus_acme", {"metadata[n]": "2"}, key="k1").status == 200


def test_a_key_of_more_than_255_characters_is_refused(desk: Desk) -> None:
    assert desk.post("customers/cus_acme", {"metadata[n]": "1"}, key="k" * 256).status == 400


def test_two_accounts_may_use_the_same_key(desk: Desk) -> None:
    form = {"mode": "payment", "success_url": "https://example.com/", "line_items[0][price_data][unit_amount]": "500"}
    form |= {"line_items[0][price_data][product_data][name]": "x", "line_items[0][price_data][currency]": "usd"}
    first = desk.post("checkout/sessions", form, key="k1")
    desk.key = "rk_test_maple"
    second = desk.post("checkout/sessions", form, key="k1")
    assert (second.status, "Idempotent-Replayed" in second.headers) == (200, False)
    assert first.body["id"] != second.body["id"]


# The vendor's own client


def test_the_sdk_pages_through_everything_and_reads_its_errors(desk: Desk) -> None:
    client = desk.sdk()
    found = client.v1.charges.list({"limit": 2, "expand": ["data.balance_transaction"]})
    assert [charge.id for charge in found.auto_paging_iter()] == desk.get("charges").ids
    with pytest.raises(stripe.InvalidRequestError) as missing:
        client.v1.invoices.retrieve("in_none")
    assert (missing.value.code, missing.value.http_status) == ("resource_missing", 404)
    with pytest.raises(stripe.AuthenticationError):
        stripe.StripeClient("rk_test_x", base_addresses={"api": desk.server.url}).v1.balance.retrieve()


def test_the_sdk_writes_metadata_and_meets_the_idempotency_error(desk: Desk) -> None:
    client = desk.sdk()
    written = client.v1.invoices.update("in_7", {"metadata": {"note": "called"}}, {"idempotency_key": "k1"})
    assert written.metadata is not None
    assert written.metadata["note"] == "called"
    with pytest.raises(stripe.IdempotencyError):
        client.v1.invoices.update("in_7", {"metadata": {"note": "again"}}, {"idempotency_key": "k1"})


def test_what_the_double_refuses_as_unknown_the_description_refuses_too(desk: Desk) -> None:
    assert desk.get("invoices", flat={"updated[gte]": "1"}).status == 400
    assert judge.request_errors("GET", "/v1/invoices?updated%5Bgte%5D=1", b"") != []


# Dump and planted errors


def test_a_normalised_dump_has_no_ids_times_or_op_ids(desk: Desk) -> None:
    desk.post("customers/cus_acme", {"metadata[receivables_op]": "ABCDEFGHIJKLMNOPQRST", "metadata[kept]": "yes"})
    desk.post("customers/cus_acme", {"metadata[text]": "receivables op=ABCDEFGHIJKLMNOPQRST here"})
    dump = desk.stand_in.dump(normalised=True)
    assert isinstance(dump, dict)
    acme = next(one for one in dump["acct_harbor"]["customer"] if one["name"] == "Acme")
    assert acme["metadata"] == {"receivables_op": "*", "kept": "yes", "text": "receivables op=* here"}
    assert {"id", "created"} & acme.keys() == set()
    assert {charge["payment_intent"] for charge in dump["acct_harbor"]["charge"]} == {"pi_*"}


def test_a_full_dump_holds_every_object_as_it_is(desk: Desk) -> None:
    dump = desk.stand_in.dump(normalised=False)
    assert isinstance(dump, dict)
    assert [charge["id"] for charge in dump["acct_harbor"]["charge"]] == ["ch_1", "ch_2", "ch_3", "py_4"]


def test_two_doubles_of_one_world_have_the_same_normalised_dump() -> None:
    with open_desk(WORLD) as one, open_desk(WORLD) as other:
        for desk, key in ((one, "k1"), (other, "k2")):
            desk.post("customers/cus_acme", {"metadata[receivables_op]": "ABCDEFGHIJKLMNOPQRST"}, key=key)
        assert one.stand_in.dump(normalised=True) == other.stand_in.dump(normalised=True)


def _figures(desk: Desk) -> dict[str, int]:
    """Every figure that may be planted wrong, as it is served."""
    figures = {f"charge {row['id']} amount": row["amount"] for row in desk.get("charges").rows}
    figures |= {f"txn {row['id']} fee": row["fee"] for row in desk.get("balance_transactions", limit=100).rows}
    figures |= {f"payout {row['id']} amount": row["amount"] for row in desk.get("payouts").rows}
    return figures | {f"balance {row['currency']}": row["amount"] for row in desk.one("balance")["available"]}


@pytest.mark.parametrize("seed", range(0, 48, 3))
def test_a_planted_error_is_one_unit_in_one_served_figure_and_is_named(seed: int) -> None:
    with open_desk(WORLD) as desk:
        harbor, desk.key = _figures(desk), "rk_test_maple"
        before = harbor | {f"maple {name}": figure for name, figure in _figures(desk).items()}
        sentence = desk.stand_in.corrupt(seed)
        after, desk.key = {f"maple {name}": figure for name, figure in _figures(desk).items()}, "rk_test_harbor"
        after |= _figures(desk)
    changed = {name: after[name] - before[name] for name in before if after[name] != before[name]}
    assert [abs(shift) for shift in changed.values()] == [1]
    (name,) = changed
    words = name.removeprefix("maple ").split()
    assert all(word in sentence for word in words if word != "txn")
    assert ("acct_maple" in sentence) == name.startswith("maple")
