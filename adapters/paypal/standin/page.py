"""The page on which a payer approves an order at the double, and where it sends the payer afterwards."""

from __future__ import annotations

from html import escape
from urllib.parse import parse_qs, urlencode, urlsplit

from adapters.paypal.standin.books import Order, major
from adapters.paypal.standin.people import FUNDS, People
from connector.errors import UserError
from connector.testing.standin import Answer, Call

PAGE = "/checkoutnow"
_NAMES = {
    "balance": "Pay with PayPal balance",
    "echeck": "Pay with a bank account (eCheck)",
    "declined": "Pay with a card that is declined",
    "refused": "Pay with a card that PayPal refuses",
}
_GONE = "<!doctype html><html lang=en><title>PayPal</title><p>This payment is no longer there."


def visited(people: People, call: Call) -> Answer:
    """GET shows the choices; POST `do=approve&funds=balance` or `do=cancel` sends the payer back."""
    order = people.order(call.first("token"))
    if order is None or order.captures:
        return Answer(status=404, body=_GONE.encode(), content_type="text/html")
    if call.method != "POST":
        return Answer(body=_shown(order).encode(), content_type="text/html; charset=utf-8")
    form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
    if form.get("do") == "cancel":
        return _back(order.cancel_url, order, payer=False)
    try:
        people.approve(order.id, form.get("funds", "balance"))
    except UserError:
        return Answer(status=404, body=_GONE.encode(), content_type="text/html")
    return _back(order.return_url, order, payer=True)


def _shown(order: Order) -> str:
    instant = order.preference == "IMMEDIATE_PAYMENT_REQUIRED"
    buttons = "".join(
        f'<p><button name="funds" value="{funds}">{escape(_NAMES[funds])}</button>'
        for funds in FUNDS
        if not (instant and funds == "echeck")
    )
    return (
        "<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>PayPal</title>"
        f"<h1>PayPal (stand-in)</h1><p>{escape(major(order.amount, order.currency))} {escape(order.currency)}"
        f'<form method="post"><input type="hidden" name="do" value="approve">{buttons}</form>'
        '<form method="post"><button name="do" value="cancel">Cancel and return</button></form>'
    )


def _back(url: str, order: Order, *, payer: bool) -> Answer:
    added = {"token": order.id, **({"PayerID": "PAYERPAYERPAY"} if payer else {})}
    joined = f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(added)}"
    return Answer(status=302, headers={"Location": joined})
