"""A payer pays by bank transfer, with what the page gave to copy; a statement confirms it, and the page says so."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.serving import link, serving
from tests.browser.test_pay_stories import Counter, sound
from tests.browser.window import WIDTHS, pytestmark  # noqa: F401  they are skipped together
from tests.journeys.shop import Shop
from tests.journeys.test_bank_books import IBAN, Till, paid
from tests.journeys.test_bank_books import till as till  # noqa: PLC0414  the firm with a bank
from tests.journeys.till import free_port

TABLES = {
    "seller": {"name": "Harbor Supply", "phone": "+49 40 123456"},
    "transfer_eur": {"holder": "Harbor Supply", "bank": "Hafenbank", "iban": IBAN, "bic": "COBADEFFXXX"},
}


@pytest.mark.gate
def test_by_bank_transfer_the_copied_reference_on_a_statement_makes_the_page_say_paid(
    till: Till, browser: Browser
) -> None:
    till.firm.environment["RECEIVABLES_LINK_BASE"] = f"http://127.0.0.1:{free_port()}"
    with serving(till.firm, TABLES) as base:
        counter, address = Counter(Shop(till.firm), base, browser), link(till.firm, "INV-1001")
        window = counter.open()
        window.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=base)
        window.show(address, WIDTHS[0])
        window.click("a.way:has-text('Bank transfer')")
        window.page.get_by_label("Copy: Reference").click()
        expect(window.page.locator("[role=status]")).to_have_text("Copied: Reference")
        reference = str(window.page.evaluate("navigator.clipboard.readText()"))
        assert window.page.locator(".code svg").count() == 1
        expect(window.page.get_by_label("Copy: Reference")).to_have_text("Copy")
        sound(counter, window, "bank-transfer")
        line = paid(date(2026, 3, 20), 120_00, "ACME GESELLSCHAFT", f"{reference} danke", bank_ref="B1")
        assert till.bring(till.statement(line)) == []
        window.show(address)
        assert window.page.locator("button[name=method]").count() == 0
        assert "We have received your payment. Thank you." in window.text()
        sound(counter, window, "bank-seen")
        till.book()
        window.show(address)
        assert "This invoice is paid." in window.text()
        sound(counter, window, "bank-paid")
        window.close()
