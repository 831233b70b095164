"""A firm with books that somebody else's program worked in: looked at before anything is allowed, told, left alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.__main__ import run
from tests.journeys.firm import Firm, open_firm

WORLD = Path(__file__).parent / "worlds" / "polluted.world"


class Before:
    """What other hands did in the books, as they would: POSTs to the double."""

    def __init__(self, firm: Firm) -> None:
        self._firm = firm
        self._accounts = {each["Name"]: each["Id"] for each in firm.books("Account")}
        self._customers = {each["DisplayName"]: each["Id"] for each in firm.books("Customer")}

    def _account(self, name: str) -> dict[str, str]:
        return {"value": self._accounts[name]}

    def paid(self, who: str, amount: float, into: str, on: str, memo: str = "", number: str = "") -> str:
        """A payment; with a number it settles that invoice."""
        body: dict[str, Any] = {
            "CustomerRef": {"value": self._customers[who]},
            "TotalAmt": amount,
            "TxnDate": on,
            "DepositToAccountRef": self._account(into),
            "PrivateNote": memo,
        }
        if number:
            link = {"TxnId": self._firm.invoice(number)["Id"], "TxnType": "Invoice"}
            body["Line"] = [{"Amount": amount, "LinkedTxn": [link]}]
        return str(self._firm.in_books("Payment", body)["Id"])

    def spent(self, amount: float, on: str, memo: str) -> str:
        """A fee out of the clearing account."""
        detail = {"AccountRef": self._account("Stripe Fees")}
        body = {
            "PaymentType": "Cash",
            "AccountRef": self._account("Stripe Clearing"),
            "TxnDate": on,
            "PrivateNote": memo,
            "Line": [
                {
                    "Amount": amount,
                    "DetailType": "AccountBasedExpenseLineDetail",
                    "AccountBasedExpenseLineDetail": detail,
                }
            ],
        }
        return str(self._firm.in_books("Purchase", body)["Id"])

    def fed(self, amount: float, on: str, memo: str) -> str:
        """What the bank's feed added as income."""
        detail = {"AccountRef": self._account("Stripe Fees")}
        body = {
            "DepositToAccountRef": self._account("Checking"),
            "TxnDate": on,
            "PrivateNote": memo,
            "Line": [{"Amount": amount, "DetailType": "DepositLineDetail", "DepositLineDetail": detail}],
        }
        return str(self._firm.in_books("Deposit", body)["Id"])


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """Connected read-only, with everything read once."""
    with open_firm(tmp_path_factory.mktemp("firm"), WORLD.read_text(encoding="utf-8")) as opened:
        before = Before(opened)
        before.paid("Acme Bakery", 120.00, "Stripe Clearing", "2026-01-12", "charge ch_pol_1", "P-1")
        before.paid("Acme Bakery", 120.00, "Undeposited Funds", "2026-01-13")
        before.paid("Bolt Bikes", 242.94, "Stripe Clearing", "2026-01-13", "charge ch_pol_2", "P-2")
        before.paid("Cedar Crafts", 410.00, "Checking", "2026-01-15", "for P-4")
        before.spent(3.78, "2026-01-12", "fee ch_pol_1")
        before.spent(3.78, "2026-01-12", "fee ch_pol_1")
        before.fed(436.54, "2026-01-21", "STRIPE TRANSFER")
        opened.connect_quickly(allow_writes=False)
        yield opened


def _journal(firm: Firm) -> object:
    with firm.desk() as desk:
        return desk.store.head(desk.id)


@pytest.mark.req("W6")
def test_a_past_year_is_looked_at_without_any_permission_and_everything_wrong_in_it_is_told(firm: Firm) -> None:
    heard, kept = len(firm.heard), _journal(firm)
    ran = firm.run("shadow", "--json", "--from", "2026-01-01")
    assert ran.code == 1
    assert len(firm.heard) == heard, "no outside system is asked or told anything"
    assert _journal(firm) == kept, "and nothing is kept here"
    told = ran.json
    kinds = {(each["code"], each["count"], each["amount"]["minor"]) for each in told["sums"]}
    assert kinds == {
        ("not-applied", 1, 41_000),
        ("perhaps-twice", 1, 12_000),
        ("posted-net", 1, 756),
        ("fee-twice", 1, 378),
        ("payout-in-bank", 1, 43_654),
    }
    assert all(row["finding"]["sentence"] and row["finding"]["next_step"] and row["on"] for row in told["rows"])
    assert [each["payment"][2] for each in told["would_have_posted"]] == ["ch_pol_3"]
    (waited,) = told["waited"]
    assert (waited["payments"], waited["amount"]["minor"]) == (3, 45_050)
    assert waited["days"] >= 3 * 300


def test_only_what_belongs_to_the_period_is_told(firm: Firm) -> None:
    told = firm.run("shadow", "--json", "--from", "2026-01-14", "--to", "2026-01-20").json
    assert [each["code"] for each in told["sums"]] == ["not-applied"]
    assert told["to"] == "2026-01-20"
    refused = firm.run("shadow", "--from", "2026-02-01", "--to", "2026-01-01")
    assert refused.code == 2
    assert "before it begins" in refused.err


def test_the_report_is_one_page_with_nothing_to_load_that_says_the_same(firm: Firm, tmp_path: Path) -> None:
    page = tmp_path / "shadow.html"
    ran = firm.run("shadow", "--html", str(page))
    assert f"Written: {page}" in ran.out
    shown = page.read_text(encoding="utf-8")
    assert "436.54 USD" in shown
    assert "STRIPE" not in shown, "what other people wrote into memos is not repeated"
    assert "http" not in shown.replace('http-equiv="Content-Security-Policy"', "")


@pytest.mark.req("F13")
def test_the_plan_refuses_the_payout_that_checking_has_already_until_a_person_chooses(firm: Firm) -> None:
    listed = firm.run("conflicts")
    assert listed.code == 1
    assert "po_pol_1" in listed.out
    assert "nobody yet" in listed.out
    (finding,) = [each for each in firm.do("plan", "--json").json["left_out"] if each["code"] == "payout-in-bank"]
    assert finding["amount"]["minor"] == 43_654
    assert firm.run("conflicts", "keep", "po_pol_1", "neither").code == 2
    assert firm.run("conflicts", "keep", "po_nobody", "books").code != 0
    firm.do("conflicts", "keep", "po_pol_1", "books")
    codes = {each["code"] for each in firm.do("plan", "--json").json["left_out"]}
    assert "kept-out" in codes
    assert "payout-in-bank" not in codes
    assert not [line for line in firm.do("plan", "--json").json["lines"] if line["kind"] == "transfer"]
    firm.do("conflicts", "keep", "po_pol_1", "processor")
    assert [line for line in firm.do("plan", "--json").json["lines"] if line["kind"] == "transfer"]
    assert firm.do("verify").code == 0, "what a person said is part of the chain"


def test_exports_alone_show_what_was_never_applied_and_say_what_they_cannot_show(
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = Path(__file__).resolve().parents[2] / "fixtures" / "exports"
    assert run(["shadow", "--in", str(folder), "--currency", "USD", "--to", "2026-11-30", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    found = {row["finding"]["refs"][0][2]: row["days"] for row in told["rows"]}
    assert found == {"ch_1LV002": 26, "ch_1LV003": 25, "ch_1LV005": 16}
    assert {row["finding"]["code"] for row in told["rows"]} == {"not-applied"}
    (untold,) = told["unset"]
    assert "cannot be told from them" in untold


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--in", "{folder}", "--currency", "USD", "--from", "2026-12-01", "--to", "2026-11-30"], "before it begins"),
        (["--bank", "{folder}/bank/AccountHistory.csv"], "go with --in"),
        (["--currency", "USD"], "go with --in"),
    ],
)
def test_a_look_that_could_find_nothing_is_refused_instead_of_finding_nothing(
    capsys: pytest.CaptureFixture[str], arguments: list[str], error: str
) -> None:
    folder = Path(__file__).resolve().parents[2] / "fixtures" / "exports"
    assert run(["shadow", *(each.format(folder=folder) for each in arguments)]) == 2
    assert error in capsys.readouterr().err
