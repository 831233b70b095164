"""Money that came back: what was posted is taken out of the books once, its invoice is open again, and why is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.stripe.standin import disputes, moves
from adapters.stripe.standin.ledger import Ledger
from connector.app import setup
from connector.app.books import Applied, apply_plan, make_plan, stored_plan, sync_all
from connector.app.payouts import payouts as explained
from connector.app.proof import prove
from connector.model.finding import FindingCode
from connector.model.firm import BookingPattern
from connector.money import grouped
from connector.plan import Plan
from connector.reconcile.clearing import Standing
from tests.accounts import ACCOUNTS
from tests.journeys.firm import KILLED, Firm, nothing, open_firm
from tests.journeys.till import link_quickly, open_till, payer

DAYS = 59
WORLD = f"""
company  Debit Tools  home USD  zone America/New_York  country US  realm 9140031  stripe acct_debit
{ACCOUNTS}
customer  Acme  email ap@acme.example  phone +1 212 555 0100  in quickbooks and stripe as cus_acme
2026-03-01  invoice  D-1  Acme  120.00 USD  due 2026-03-31
2026-03-01  invoice  D-2  Acme  80.00 USD  due 2026-03-31
{{day}}  payment  py_debit  Acme  120.00 USD  by us_bank_account  key D-1  status pending
2026-03-20  payment  ch_card  Acme  80.00 USD  by card  fee 2.62 USD  key D-2
"""


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    day = datetime.now(ZoneInfo("America/New_York")).date() - timedelta(days=DAYS)
    with open_firm(tmp_path, WORLD.format(day=day)) as opened:
        opened.connect_quickly()
        yield opened


def account(firm: Firm) -> Ledger:
    ledger: Ledger = firm.doubles["stripe"].stand_in.ledger("acct_debit")  # type: ignore[attr-defined]
    return ledger


def bank_pays(firm: Firm) -> None:
    ledger = account(firm)
    charge = ledger.get("charge", "py_debit")
    firm.doubles["stripe"].behind(lambda: moves.complete_sale(ledger, charge, at=ledger.now(), fee=96))


def bank_returns(firm: Firm, code: str = "R01") -> date:
    """The debit comes back; says the company's day on which it did."""
    ledger = account(firm)
    charge = ledger.get("charge", "py_debit")
    fight = firm.doubles["stripe"].behind(lambda: disputes.come_back(ledger, charge, code, fee=400))
    return datetime.fromtimestamp(fight["created"], UTC).astimezone(ZoneInfo("America/New_York")).date()


def posted(firm: Firm) -> None:
    """The debit arrived and both payments are in the books with their fees."""
    bank_pays(firm)
    with firm.desk() as desk:
        sync_all(desk, nothing)
        apply_plan(desk, make_plan(desk), nothing, nothing)
    assert firm.open_balances() == {"D-1": 0, "D-2": 0}


def planned(firm: Firm) -> Plan:
    with firm.desk() as desk:
        sync_all(desk, nothing)
        return make_plan(desk)


def applied(firm: Firm) -> Applied:
    with firm.desk() as desk:
        return apply_plan(desk, make_plan(desk), nothing, nothing)


def purse(firm: Firm) -> Standing:
    with firm.desk() as desk:
        (found,) = [each for each in explained(desk)[0].standings if each.connection == "stripe"]
    return found


def payments(firm: Firm) -> dict[str, dict[str, Any]]:
    """The payments of the books with our mark, by the processor's payment they are for."""
    return {
        each["PrivateNote"].rpartition("src=")[2].split()[0]: each for each in firm.marked("Payment", "PrivateNote")
    }


def in_the_books(firm: Firm) -> Counter[tuple[str, str, str]]:
    """How often each thing stands in the books under our mark, with its amount."""
    return Counter(
        (entity, each["PrivateNote"].rpartition("src=")[2].split()[0], f"{Decimal(str(each['TotalAmt'])):.2f}")
        for entity in ("Payment", "Purchase")
        for each in firm.marked(entity, "PrivateNote")
    )


def words(firm: Firm, command: str) -> str:
    """What a command says, without the lines of its tables."""
    return " ".join(firm.do(command).out.replace("│", " ").split())


AFTER = {
    ("Payment", "stripe/payment/py_debit", "0.00"): 1,
    ("Purchase", "stripe/payment/py_debit", "0.96"): 1,
    ("Payment", "stripe/payment/ch_card", "80.00"): 1,
    ("Purchase", "stripe/payment/ch_card", "2.62"): 1,
}
"""The debit void, its own fee, and the card payment; the fee of the return beside them has an id of the double's."""


def taken_back_once(firm: Firm) -> None:
    found = in_the_books(firm)
    (cost,) = [each for each in found if each[1].startswith("stripe/balance_entry/")]
    assert (cost[0], cost[2]) == ("Purchase", "4.00")
    assert found == {**AFTER, cost: 1}
    voided = payments(firm)["stripe/payment/py_debit"]
    assert voided["PrivateNote"].startswith("Voided")
    assert firm.open_balances() == {"D-1": 120, "D-2": 0}


@pytest.mark.req("F38")
def test_a_debit_is_on_its_way_then_posted_then_returned_and_taken_out_of_the_books_once(firm: Firm) -> None:
    on_its_way = planned(firm)
    assert "py_debit" not in " ".join(line.sentence for line in on_its_way.lines)
    assert firm.open_balances()["D-1"] == 120
    assert firm.books("Payment") == []
    items = {each["item"]["invoice"]["number"]: each["item"] for each in firm.do("today", "--json").json["items"]}
    assert items["D-1"]["why"] == "money on its way"
    posted(firm)
    received = date.fromisoformat(payments(firm)["stripe/payment/py_debit"]["TxnDate"])
    came_back = bank_returns(firm)
    assert (came_back - received).days in (DAYS, DAYS + 1), "one more where midnight passed meanwhile"
    why = f"was returned by the payer's bank on {came_back}: insufficient funds (R01)"

    made = planned(firm)
    assert [(str(line.kind), str(line.intent.on)) for line in made.lines] == [
        ("void", str(received)),
        ("expense", str(came_back)),
    ]
    assert "from Acme back, so that D-1 is open again" in made.lines[0].sentence
    assert why in made.lines[0].sentence
    assert "dispute fee of 4.00 USD" in made.lines[1].sentence
    assert {each.account: grouped(each.amount) for each in made.effects()} == {
        "Accounts receivable: Acme": "120.00 USD",
        "Stripe Clearing": "-124.00 USD",
        "Stripe Fees": "4.00 USD",
    }
    assert [each for each in made.left_out if each.code is FindingCode.RETURNED] == []
    assert "insufficient funds (R01)" in words(firm, "plan")

    with firm.desk() as desk:
        done = apply_plan(desk, made, nothing, nothing)
        assert ([str(row.kind) for row in done.posted.done], done.stale, done.not_landed) == (
            ["void", "expense"],
            (),
            (),
        )
        taken_back_once(firm)
        again = apply_plan(desk, made, nothing, nothing)
        assert (again.posted.done, again.already) == ([], 2)
        assert make_plan(desk).lines == ()
        proof = prove(desk)
    taken_back_once(firm)
    assert proof.problems == ()
    told = {row.ref.vendor_id: row for row in proof.money}["py_debit"]
    assert (told.fate, told.code, why in told.because) == ("listed", "returned", True)
    assert [finding.code for finding in proof.findings] == [FindingCode.RETURNED]
    (due,) = [item for item in proof.today if item.invoice.number == "D-1"]
    assert due.due
    assert due.came_back == f"a payment of 120.00 USD {why}"
    assert "insufficient funds (R01)" in words(firm, "today")
    firm.do("verify")


def test_the_clearing_account_is_the_processors_balance_before_and_after_the_payment_is_taken_back(firm: Firm) -> None:
    posted(firm)
    bank_returns(firm)
    planned(firm)
    before = purse(firm)
    assert before.holds
    assert {str(rest.reason): grouped(rest.amount) for rest in before.rest} == {
        "dispute": "-120.00 USD",
        "fee": "-4.00 USD",
    }
    applied(firm)
    after = purse(firm)
    # 80.00 less 2.62 of the card; of the debit its fee of 0.96 and the 4.00 of its return.
    assert (grouped(after.booked), after.rest, after.said) == ("72.42 USD", (), after.booked)
    assert after.holds
    (clearing,) = [each for each in firm.books("Account") if each["Name"] == "Stripe Clearing"]
    assert Decimal(str(clearing["CurrentBalance"])) == Decimal("72.42")


@pytest.mark.req("F38")
@pytest.mark.parametrize("point", ["post.sent:1", "post.done:1", "post.sent:2"])
def test_a_kill_between_taking_back_and_its_fee_leaves_one_of_each(firm: Firm, point: str) -> None:
    posted(firm)
    bank_returns(firm)
    planned(firm)
    assert firm.run("apply", "--yes", crash_at=point).code == KILLED
    for _ in range(4):
        if firm.run("apply", "--yes").code == 0:
            break
    taken_back_once(firm)
    assert planned(firm).lines == ()
    taken_back_once(firm)


def test_a_lost_answer_to_taking_back_takes_back_once(firm: Firm) -> None:
    posted(firm)
    bank_returns(firm)
    planned(firm)
    firm.faults("quickbooks", "POST /v3/company/*/payment 1 drop-after")
    for _ in range(4):
        if firm.run("apply", "--yes").code == 0:
            break
    taken_back_once(firm)


def test_a_debit_that_came_back_before_it_was_posted_is_never_posted_not_even_by_an_older_plan(firm: Firm) -> None:
    bank_pays(firm)
    old = planned(firm)
    assert "payment" in [str(line.kind) for line in old.lines if line.intent.about.vendor_id == "py_debit"]
    bank_returns(firm)
    assert {str(line.kind) for line in planned(firm).lines if "py_debit" in line.sentence} == {"expense"}
    with firm.desk() as desk:
        done = apply_plan(desk, old, nothing, nothing)
    assert "was returned by the payer's bank" in " ".join(each.sentence for each in done.stale)
    assert set(payments(firm)) == {"stripe/payment/ch_card"}
    assert firm.open_balances()["D-1"] == 120


def test_a_debit_that_came_back_while_its_posting_was_stored_and_not_sent_is_never_posted(firm: Firm) -> None:
    bank_pays(firm)
    planned(firm)
    assert firm.run("apply", "--yes", crash_at="apply.rows-stored").code == KILLED
    bank_returns(firm)
    firm.sync_quickly()
    with firm.desk() as desk:
        done = apply_plan(desk, stored_plan(desk, None), nothing, nothing)
    (off,) = done.stale
    assert "was not written: Payment py_debit of 120.00 USD was returned by the payer's bank" in off.sentence
    assert set(payments(firm)) == {"stripe/payment/ch_card"}
    assert firm.open_balances() == {"D-1": 120, "D-2": 0}
    planned(firm)
    assert firm.run("apply", "--yes").code == 0
    assert set(payments(firm)) == {"stripe/payment/ch_card"}


def test_a_dispute_takes_nothing_back_until_it_is_lost_and_one_won_in_the_end_is_named_and_not_posted_again(
    firm: Firm,
) -> None:
    posted(firm)
    ledger, double = account(firm), firm.doubles["stripe"]
    fight = double.behind(lambda: disputes.opened(ledger, ledger.get("charge", "ch_card"), fee=1500))
    contested = planned(firm)
    assert [str(line.kind) for line in contested.lines] == ["expense", "journal"], "its fee is gone in any case"
    (told,) = [each for each in contested.left_out if each.code is FindingCode.DISPUTED]
    assert "Leave payment" in told.next_step
    double.behind(lambda: disputes.close(ledger, fight))
    assert [str(line.kind) for line in planned(firm).lines] == ["void", "expense"]
    assert [str(row.kind) for row in applied(firm).posted.done] == ["void", "expense"]
    assert firm.open_balances() == {"D-1": 0, "D-2": 80}
    assert purse(firm).rest == ()
    double.behind(lambda: disputes.win(ledger, fight))
    won = planned(firm)
    assert [str(line.kind) for line in won.lines] == ["journal"]
    assert "Record the won dispute of payment ch_card of 80.00 USD into Stripe Clearing" in won.lines[0].sentence
    (named,) = [each for each in won.left_out if each.code is FindingCode.POSTING_UNDONE]
    assert "was taken out of the books" in named.sentence
    assert "is money again" in named.sentence
    assert named.amount is not None
    assert grouped(named.amount) == "80.00 USD"
    assert purse(firm).holds
    assert firm.open_balances() == {"D-1": 0, "D-2": 80}


def test_a_dispute_is_booked_while_it_is_open_and_when_it_is_lost_the_invoice_is_open_again_instead(
    firm: Firm,
) -> None:
    posted(firm)
    ledger, double = account(firm), firm.doubles["stripe"]
    fight = double.behind(lambda: disputes.opened(ledger, ledger.get("charge", "ch_card"), fee=1500))
    planned(firm)
    assert [str(row.kind) for row in applied(firm).posted.done] == ["expense", "journal"]
    assert purse(firm).rest == ()
    assert firm.open_balances() == {"D-1": 0, "D-2": 0}, "the invoice is as it was, and the customer owes the entry"
    double.behind(lambda: disputes.close(ledger, fight))
    assert [str(line.kind) for line in planned(firm).lines] == ["void", "void"]
    done = applied(firm)
    assert [str(row.kind) for row in done.posted.done] == ["void", "void"]
    assert done.not_landed == ()
    assert firm.open_balances() == {"D-1": 0, "D-2": 80}
    assert (purse(firm).rest, purse(firm).holds) == ((), True)
    assert planned(firm).lines == ()
    with firm.desk() as desk:
        assert prove(desk).problems == ()


def test_a_dispute_that_is_won_after_the_plan_was_made_takes_nothing_back(firm: Firm) -> None:
    posted(firm)
    ledger, double = account(firm), firm.doubles["stripe"]
    fight = double.behind(lambda: disputes.opened(ledger, ledger.get("charge", "ch_card"), fee=1500))
    double.behind(lambda: disputes.close(ledger, fight))
    made = planned(firm)
    double.behind(lambda: disputes.win(ledger, fight))
    with firm.desk() as desk:
        sync_all(desk, nothing)
        done = apply_plan(desk, made, nothing, nothing)
    assert "void" not in [str(row.kind) for row in done.posted.done]
    assert "has not gone back for good any more" in done.stale[0].sentence
    assert firm.open_balances() == {"D-1": 0, "D-2": 0}


def test_a_payment_that_a_person_changed_is_left_alone_and_the_plan_says_what_to_do(firm: Firm) -> None:
    posted(firm)
    ours = payments(firm)["stripe/payment/py_debit"]
    firm.doubles["quickbooks"].behind(
        lambda: firm.doubles["quickbooks"].stand_in.office().edit("Payment", ours["Id"], PaymentRefNum="looked at")  # type: ignore[attr-defined]
    )
    came_back = bank_returns(firm)
    made = planned(firm)
    assert [str(line.kind) for line in made.lines] == ["expense"]
    (left,) = [each for each in made.left_out if each.code is FindingCode.RETURNED]
    assert f"Somebody changed payment {ours['Id']} in quickbooks since it was posted" in left.sentence
    assert f"by hand, dated {came_back}: what Acme owes goes up by 120.00 USD" in left.next_step
    applied(firm)
    assert firm.open_balances()["D-1"] == 0


def test_in_the_deposit_pattern_a_return_is_named_with_its_reason_and_amount_and_nothing_is_written(firm: Firm) -> None:
    with firm.desk() as desk:
        setup.choose_accounts(desk, "stripe", {}, BookingPattern.DEPOSIT)
    posted(firm)
    bank_returns(firm)
    made = planned(firm)
    assert made.lines == ()
    (left,) = [each for each in made.left_out if each.code is FindingCode.RETURNED]
    assert "insufficient funds (R01). In the deposit pattern it is posted with its payout" in left.sentence
    assert left.amount is not None
    assert grouped(left.amount) == "120.00 USD"


def test_the_link_of_an_invoice_whose_debit_came_back_offers_to_pay_again_once_it_is_open(firm: Firm) -> None:
    with firm.desk() as desk:
        apply_plan(desk, make_plan(desk), nothing, nothing)
    assert firm.open_balances()["D-2"] == 0
    link = link_quickly(firm, "D-1")
    ledger = account(firm)
    pending = ledger.get("charge", "py_debit")
    firm.doubles["stripe"].behind(lambda: moves.fail_sale(ledger, pending, code="R01"))
    with open_till(firm) as till:
        firm.sync_quickly()
        first = till.pay_page(link)
        payer(first, method="us_bank_account")
        payer(first, bank="pays")
        planned(firm)
        applied(firm)
        assert "This invoice is paid." in till.look(link).text
        payer(first, bank="returns")
        planned(firm)
        assert till.click(link).status_code == 409, "until it is taken back, the books call it paid"
        assert [str(row.kind) for row in applied(firm).posted.done] == ["void", "expense"]
        assert "How would you like to pay?" in till.look(link).text
        assert till.pay_page(link) != first


def test_the_link_of_an_invoice_whose_card_payment_was_charged_back_offers_to_pay_again(firm: Firm) -> None:
    ledger, double = account(firm), firm.doubles["stripe"]
    pending = ledger.get("charge", "py_debit")
    double.behind(lambda: moves.fail_sale(ledger, pending, code="R01"))
    firm.sync_quickly()
    link = link_quickly(firm, "D-1")
    with open_till(firm) as till:
        first = till.pay_page(link)
        payer(first, method="card")
        planned(firm)
        applied(firm)
        (charge,) = [
            each for each in firm.stripe("charge") if each["status"] == "succeeded" and each["id"] != "ch_card"
        ]
        fight = double.behind(lambda: disputes.opened(ledger, ledger.get("charge", charge["id"])))
        double.behind(lambda: disputes.close(ledger, fight))
        planned(firm)
        applied(firm)
        assert firm.open_balances()["D-1"] == 120
        assert "How would you like to pay?" in till.look(link).text
        assert till.pay_page(link) != first
