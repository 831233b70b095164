"""The judge of each vendor's exchanges with the product itself: what either side sent that the vendor never would.

Named like the systems, so that a double in a process of its own can be given them: `receivables standin --judge
tests.judges`. They say nothing where the vendors' schemas are not there.
"""

from __future__ import annotations

from collections.abc import Mapping

from connector.testing.standin import Answer, Call, Inspector
from tests.paypal_rig import judged as paypal
from tests.stripe_desk import judged
from tests.stripe_rig import judged_request
from tests.vendor import quickbooks as intuit
from tests.vendor.where import available


def quickbooks(call: Call, answer: Answer) -> list[str]:
    """Every request below a company, and every answer that says it went well."""
    if not available("quickbooks") or not call.path.startswith("/v3/company/"):
        return []
    wrong = intuit.request_errors(call.method, call.target, call.body)
    if answer.body and answer.content_type == "application/json" and answer.status == 200:
        wrong += intuit.answer_errors(call.target, answer.body)
    return wrong


def stripe(call: Call, answer: Answer) -> list[str]:
    """Every answer, and every request, refused or not: by the description and by the types of Stripe's own library."""
    is_refused = answer.status >= 400
    return judged(call, answer) + (judged_request(call, answer) if is_refused and "/pay/" not in call.path else [])


JUDGES: Mapping[str, Inspector] = {"quickbooks": quickbooks, "stripe": stripe, "paypal": paypal}
