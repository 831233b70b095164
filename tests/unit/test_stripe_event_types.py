"""adapters.stripe.event_types: every type that Stripe is known to tell, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import stripe

from adapters.stripe import events
from adapters.stripe.event_types import KNOWN

PREVIEW = {"invoice_payment.detached"}


def test_the_table_holds_every_type_of_the_pinned_library_and_only_those() -> None:
    source = (Path(stripe.__file__).parent / "_event.py").read_text(encoding="utf-8")
    found = re.search(r"type: Literal\[(.*?)\]", source, re.DOTALL)
    assert found is not None
    assert set(re.findall(r'"([a-z0-9_.]+)"', found[1])) == KNOWN - PREVIEW


def test_every_type_that_webhooks_are_asked_for_is_known() -> None:
    assert set(events.EVENT_TYPES) <= KNOWN
