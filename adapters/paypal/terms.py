"""What a payment by PayPal is bound to, and its list price. Source: PayPal's page of merchant fees for the United
States ("PayPal Checkout", fixed fees by currency received) and its help pages on sending limits.

An account's own price may differ, as may that of payers from other countries: it is advice before a link is sent.
"""

from __future__ import annotations

from connector.model.paylink import MethodTerms, Price

TERMS = {
    "paypal": MethodTerms(
        # What PayPal names for a verified payer; it may hold one to less, and then says so to him.
        most={"USD": 6_000_000},
        price=Price(basis_points=349, fixed={"AUD": 59, "CAD": 59, "EUR": 39, "GBP": 39, "USD": 49}),
        # An order lapses three hours after it was opened.
        standing=False,
    ),
}
