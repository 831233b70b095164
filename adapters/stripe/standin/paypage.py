"""The page a payer sees: one button per method, and what each does to the account.

A page whose money is on its way has buttons for what the bank does next; the real one has none, of course.
"""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import parse_qs

from adapters.stripe.standin import links, moves, sessions
from adapters.stripe.standin.amounts import BANK_DEBITS, code_of, wire_digits
from adapters.stripe.standin.disputes import dispute
from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.shapes import Document, filled
from connector.testing.standin import Answer, Call

BANK_WORDS = {"pays": "The bank pays", "refuses": "The bank refuses", "returns": "The bank takes it back"}
_LABELS = {
    "acss_debit": "Pre-authorized debit",
    "bacs_debit": "Bacs Direct Debit",
    "card": "Card",
    "customer_balance": "Bank transfer",
    "paypal": "PayPal",
    "sepa_debit": "SEPA Direct Debit",
    "us_bank_account": "US bank account (ACH)",
}


def visit(ledger: Ledger | None, call: Call) -> Answer:
    """Show the page, or do what its form says: `method` pays by it, `bank` lets the bank pay, refuse or return."""
    session_id = call.path.removeprefix(sessions.PAGE)
    link = ledger.find(links.KIND, session_id) if ledger else None
    if ledger is not None and link is not None:
        return _follow(ledger, link)
    session = ledger.find(sessions.KIND, session_id) if ledger else None
    if ledger is None or session is None:
        return _html(404, "There is no such page", "")
    if call.method != "POST":
        return _show(session)
    form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
    if "bank" in form:
        return _show(session) if bank(ledger, session, form["bank"]) else _html(409, "The bank cannot do that now", "")
    if session["status"] != "open" or form.get("method") not in session["payment_method_types"]:
        return _html(409, "This page can no longer be used", "Nothing was charged.")
    pay(ledger, session, form["method"])
    target = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session_id)
    return Answer(status=303, content_type="text/html; charset=utf-8", headers={"Location": target})


def pay(ledger: Ledger, session: Document, method: str) -> None:
    """The payer pays: a card at once, a bank debit or transfer later. Completes the session."""
    at = ledger.now()
    about: dict[str, Any] = session["_payment_intent_data"]
    known = ledger.find("customer", session["customer"]) if session["customer"] else None
    email = session["customer_email"] or (known["email"] if known else None)
    later = method in BANK_DEBITS or method == "customer_balance"
    charge = moves.begin_sale(
        ledger,
        moves.Sale(
            charge_id=ledger.next_id("py" if later else "ch"),
            intent_id=ledger.next_id("pi"),
            amount=session["amount_total"],
            currency=session["currency"],
            method=method,
            created=at,
            customer=session["customer"],
            payer=known["name"] if known else "Test Payer",
            email=email,
            description=about.get("description"),
            metadata={name: text for name, text in about.get("metadata", {}).items() if text},
        ),
    )
    person = {"email": email, "name": charge["billing_details"]["name"], "phone": None, "tax_exempt": "none"}
    session.update(
        customer_details={**dict.fromkeys(("address", "business_name", "individual_name")), **person, "tax_ids": []},
        payment_intent=charge["payment_intent"],
        status="complete",
        url=None,
    )
    if not later:
        moves.complete_sale(ledger, charge, at=at)
        session["payment_status"] = "paid"
    ledger.tell("checkout.session.completed", session)
    links.completed(ledger, session)


def bank(ledger: Ledger, session: Document, word: str) -> bool:
    """What the payer's bank does with a debit under way: it `pays` or `refuses`, and what it paid it `returns`.

    False when there is nothing it could do that to.
    """
    if session["payment_intent"] is None:
        return False
    intent = ledger.get("payment_intent", session["payment_intent"])
    charge = ledger.get("charge", intent["latest_charge"])
    match word, charge["status"], charge["disputed"]:
        case "pays", "pending", _:
            moves.complete_sale(ledger, charge, at=ledger.now())
            session["payment_status"] = "paid"
            ledger.tell("checkout.session.async_payment_succeeded", session)
        case "refuses", "pending", _:
            moves.fail_sale(ledger, charge)
            ledger.tell("checkout.session.async_payment_failed", session)
        case "returns", "succeeded", False:
            fight = filled(
                "dispute",
                id=ledger.next_id("dp"),
                amount=charge["amount"],
                created=ledger.now(),
                reason="debit_not_authorized",
            )
            dispute(ledger, charge, fight)
        case _:
            return False
    return True


def _follow(ledger: Ledger, link: Document) -> Answer:
    """Who follows a Payment Link comes to a page of their own."""
    session = links.follow(ledger, link)
    if session is None:
        return _html(200, "This link is no longer active", f"<p>{escape(link['inactive_message'] or '')}</p>")
    return Answer(status=303, content_type="text/html; charset=utf-8", headers={"Location": session["url"]})


def _show(session: Document) -> Answer:
    code = code_of(session["currency"])
    digits = wire_digits(code)
    whole, rest = divmod(session["amount_total"], 10**digits)
    amount = f"{whole:,}.{rest:0{digits}d} {code}" if digits else f"{whole:,} {code}"
    words = "".join(f"<p>{escape(line['description'] or '')}</p>" for line in session["_lines"])
    match session["status"], session["payment_status"]:
        case "open", _:
            buttons = [_button("method", one, _LABELS.get(one, one)) for one in session["payment_method_types"]]
            return _html(200, f"Pay {amount}", words + "".join(buttons))
        case "complete", "unpaid":
            buttons = [_button("bank", one, BANK_WORDS[one]) for one in ("pays", "refuses")]
            return _html(200, f"{amount} is on its way", words + "".join(buttons))
        case "complete", _:
            return _html(200, f"{amount} is paid", words + _button("bank", "returns", BANK_WORDS["returns"]))
    return _html(200, "This page has expired", "<p>Nothing was charged.</p>")


def _button(name: str, value: str, label: str) -> str:
    hidden = f'<input type="hidden" name="{name}" value="{escape(value)}">'
    return f'<form method="post">{hidden}<button type="submit">{escape(label)}</button></form>'


def _html(status: int, title: str, body: str) -> Answer:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    note = "<p><small>A stand-in for the processor's page. No money moves here.</small></p>"
    page = f'<!doctype html><html lang="en"><head>{head}</head><body><h1>{escape(title)}</h1>{body}{note}</body></html>'
    return Answer(status=status, content_type="text/html; charset=utf-8", body=page.encode())
