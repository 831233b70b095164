"""adapters.stripe.guards: what the SDK would let through and Stripe would misunderstand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapters.stripe.guards import checked_id, checked_params
from connector.errors import Refused


@pytest.mark.req("S4")
@pytest.mark.parametrize("vendor_id", ["", " ", "cus_1/../charges", "cus_1?x=1", "cus 1", "x" * 256, "cüs_1"])
def test_an_empty_or_odd_id_is_refused(vendor_id: str) -> None:
    with pytest.raises(Refused):
        checked_id(vendor_id)


@pytest.mark.parametrize("vendor_id", ["cus_QXg1o8vcGmoR32", "x" * 255])
def test_an_id_that_stripe_could_have_made_passes(vendor_id: str) -> None:
    assert checked_id(vendor_id) == vendor_id


@pytest.mark.req("S4")
@pytest.mark.parametrize(
    ("params", "place"),
    [
        ({"amount": 10.5}, "amount"),
        ({"amount": 10.0}, "amount"),
        ({"amount": Decimal("10.5")}, "amount"),
        ({"metadata": None}, "metadata"),
        ({"metadata": {"receivables_note": None}}, "metadata[receivables_note]"),
        ({"line_items": [{"price_data": {"unit_amount": 1.5}}]}, "line_items[0][price_data][unit_amount]"),
        ({"line_items": [None]}, "line_items[0]"),
        ({"name": b"x"}, "name"),
        ({"metadata": ""}, "metadata"),
        ({"payment_intent_data": {"metadata": ""}}, "payment_intent_data[metadata]"),
    ],
)
def test_a_fraction_or_a_none_at_any_depth_is_refused_by_its_place(params: dict[str, object], place: str) -> None:
    with pytest.raises(Refused) as caught:
        checked_params(params)
    assert f"The parameter {place} " in caught.value.sentence


def test_texts_whole_numbers_and_what_holds_them_pass() -> None:
    checked_params({"metadata": {"receivables_note": ""}})
    checked_params({"a": "", "b": 5, "c": True, "d": {"e": ["f", 6, {"g": "h"}]}})
