"""Money that came twice is given back by a plan that a person asks for, once, and the books equal the processors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from adapters.stripe.standin import disputes, refunds
from connector.app.approving import add_person, approve, set_approve_above
from connector.app.books import Applied, apply_plan, latest_asked, make_plan
from connector.app.hosting import hosted
from connector.app.house import House
from connector.app.linking import MadeLink, Wish, show
from connector.app.plans import Plans
from connector.app.proof import prove
from connector.app.refunding import plan_refund
from connector.app.undoing import plan_undo
from connector.errors import Refused, UserError
from connector.model.finding import FindingCode
from connector.model.money_in import AttemptState
from connector.model.paylink import Flag, PaymentLink, ReceiptState
from connector.model.source import Ref
from connector.paylinks import Offer
from connector.plan import Plan
from connector.web.pay import pay_app
from tests.builders import money
from tests.journeys.firm import KILLED, nothing
from tests.journeys.shop import FIRM, Shop, open_shop
from tests.journeys.shop import WORLD as SHOP_WORLD
from tests.journeys.test_link_money import amounts, paid_twice, payer_follows
from tests.journeys.till import payer

pytestmark = pytest.mark.gate


NUMBERS = 11
MANY = FIRM + "".join(
    f"2026-03-02  invoice  R-{number}  Acme Bakery  120.00 USD  due 2026-04-01\n" for number in range(1, NUMBERS + 1)
)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_shop(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One for the tests that look at no sum of all: each takes an invoice of its own."""
    with open_shop(tmp_path_factory.mktemp("refunds"), MANY) as opened:
        yield opened


def booked_twice(shop: Shop, number: str = "P-1") -> Ref:
    """That invoice was paid twice, both are in the books, the second as credit; which is that?"""
    link = paid_twice(shop, number)
    shop.settle()
    shop.book()
    return [each.payment for each in shop.receipts() if each.link_id == link.link_id][1]


def planned(shop: Shop, payment: Ref, amount: str = "") -> Plan:
    with shop.desk() as desk:
        return plan_refund(desk, payment.vendor_id, amount)


def applied(shop: Shop, made: Plan) -> Applied:
    with shop.desk() as desk:
        return apply_plan(desk, made, nothing, nothing)


def given_back(shop: Shop, of: Ref | None = None) -> list[tuple[int, str]]:
    found = [each for each in shop.firm.stripe("refund") if of is None or each["charge"] == of.vendor_id]
    return [(each["amount"], each["status"]) for each in found]


def test_what_came_twice_is_given_back_once_and_the_books_equal_the_processor(shop: Shop) -> None:
    second = booked_twice(shop)
    made = planned(shop, second)
    (line,) = made.lines
    assert line.sentence == (
        f"Give 120.00 USD back to Acme Bakery at Stripe: all of payment {second.vendor_id} of 120.00 USD, the way it "
        "came."
    )
    told = {each.field: each.says for each in line.evidence}
    assert told["why"] == "P-1 was paid a second time by it"
    assert told["left of the payment"] == "0.00 USD"
    assert told["fee"] == "the 3.78 USD that Stripe took for the payment stay with it"
    assert given_back(shop) == []
    for _ in range(2):
        done = applied(shop, made)
        assert (done.stale, done.posted.dead, done.not_landed) == ((), [], ())
    assert given_back(shop) == [(12_000, "succeeded")]
    shop.book()
    shop.even()
    assert [each.state for each in shop.receipts()] == [ReceiptState.SUCCEEDED, ReceiptState.REFUNDED]
    assert [each for each in shop.findings() if each.code is FindingCode.OVER_PAYMENT] == []
    assert (shop.open()["P-1"], amounts(shop)) == (0, [(120, 0), (120, 120)])
    with shop.desk() as desk:
        assert prove(desk).problems == ()
        assert str(Plans(desk).of(made).state) == "applied"


def test_it_is_never_in_another_plan_and_apply_takes_it_by_its_name_alone(firm: Shop) -> None:
    second = booked_twice(firm, "R-1")
    with firm.desk() as desk:
        asked = latest_asked(desk)
        made = plan_refund(desk, str(second))
        assert make_plan(desk).lines == ()
        found = latest_asked(desk)
    assert asked is not None
    assert found is not None
    assert (made.plan_id.startswith("refund-"), found.plan_id.startswith("plan-")) == (True, True)
    assert given_back(firm, second) == []


def test_a_second_person_approves_what_is_above_the_amount(firm: Shop) -> None:
    second = booked_twice(firm, "R-2")
    with firm.desk() as desk:
        set_approve_above(desk, "100.00 USD")
        add_person(desk, "erin", None)
    made = planned(firm, second)
    with pytest.raises(Refused, match="needs the approval of somebody other"):
        applied(firm, made)
    with firm.desk() as desk:
        approve(desk, made, "erin")
    applied(firm, made)
    with firm.desk() as desk:
        set_approve_above(desk, "off")
    assert given_back(firm, second) == [(12_000, "succeeded")]


def test_a_part_goes_back_and_another_part_later_and_never_more_than_came(shop: Shop) -> None:
    second = booked_twice(shop)
    first_part = planned(shop, second, "50.00")
    applied(shop, first_part)
    shop.book()
    shop.even()
    with pytest.raises(Refused, match=r"70\.00 USD are left"):
        planned(shop, second, "70.01")
    rest = planned(shop, second)
    assert rest.lines[0].refund is not None
    assert rest.lines[0].refund.amount == money("70.00")
    applied(shop, rest)
    shop.book()
    shop.even()
    assert sorted(given_back(shop)) == [(5_000, "succeeded"), (7_000, "succeeded")]
    with pytest.raises(Refused, match="was refunded"):
        planned(shop, second, "1.00")


def test_two_plans_for_the_same_money_give_it_back_once(firm: Shop) -> None:
    second = booked_twice(firm, "R-3")
    one, other = planned(firm, second), planned(firm, second)
    applied(firm, one)
    late = applied(firm, other)
    assert given_back(firm, second) == [(12_000, "succeeded")]
    assert late.posted.done == []


def test_what_somebody_gave_back_at_the_processor_meanwhile_is_left_out(firm: Shop) -> None:
    second = booked_twice(firm, "R-4")
    made = planned(firm, second)
    charge = firm.ledger().get("charge", second.vendor_id)
    firm.behind(lambda: refunds.asked(firm.ledger(), charge, 12_000))
    late = applied(firm, made)
    assert given_back(firm, second) == [(12_000, "succeeded")]
    assert len(late.stale) == 1


def test_what_is_disputed_is_refused_and_so_is_what_nobody_said_how_much_of(shop: Shop) -> None:
    second = booked_twice(shop)
    first = shop.receipts()[0].payment
    with pytest.raises(UserError, match="say how much"):
        planned(shop, first)
    made = planned(shop, second)
    charge = shop.ledger().get("charge", second.vendor_id)
    shop.behind(lambda: disputes.opened(shop.ledger(), charge))
    with pytest.raises(Refused, match="disputed"):
        planned(shop, second)
    late = applied(shop, made)
    assert ([each.code for each in late.stale], given_back(shop)) == ([FindingCode.WRITE_REFUSED], [])


def test_undo_says_that_money_given_back_cannot_be_taken_again(firm: Shop) -> None:
    second = booked_twice(firm, "R-5")
    made = planned(firm, second)
    applied(firm, made)
    with firm.desk() as desk:
        undone = plan_undo(desk, made.plan_id, nothing)
    assert undone.lines == ()
    (why,) = undone.left_out
    assert (why.code, "cannot be taken back: the money is the payer's" in why.sentence) == (
        FindingCode.NOT_UNDONE,
        True,
    )


def test_a_refund_before_the_payment_is_booked_leaves_books_that_equal_the_processor(shop: Shop) -> None:
    paid_twice(shop)
    shop.settle()
    shop.sync()
    applied(shop, planned(shop, shop.receipts()[1].payment))
    shop.book()
    shop.even()
    assert (shop.open()["P-1"], amounts(shop)) == (0, [(120, 0)])


def test_a_refund_that_fails_days_later_is_money_again_in_the_books_too(shop: Shop) -> None:
    second = booked_twice(shop)
    applied(shop, planned(shop, second))
    shop.book()
    (back,) = shop.firm.stripe("refund")
    shop.behind(lambda: refunds.fail(shop.ledger(), shop.ledger().get("refund", back["id"])))
    shop.book()
    shop.even()
    assert [each.state for each in shop.receipts()] == [ReceiptState.SUCCEEDED, ReceiptState.SUCCEEDED]
    applied(shop, planned(shop, second, "all"))
    shop.book()
    shop.even()
    assert sorted(given_back(shop)) == [(12_000, "failed"), (12_000, "succeeded")]


@pytest.mark.parametrize(
    ("number", "boundary"),
    list(enumerate(["apply.rows-stored", "post.sent", "apply.posted"], 6)),
)
def test_killed_anywhere_the_same_command_gives_it_back_once(firm: Shop, number: int, boundary: str) -> None:
    second = booked_twice(firm, f"R-{number}")
    made = planned(firm, second)
    ran = firm.firm.run("apply", made.plan_id, "--yes", crash_at=boundary)
    assert ran.code == KILLED
    assert firm.firm.run("apply", made.plan_id, "--yes").code == 0
    assert given_back(firm, second) == [(12_000, "succeeded")]


TABLES = {
    "seller": {"name": "Walkabout Tools", "phone": "+1 555 0100"},
    "transfer_usd": {
        "holder": "Walkabout Tools",
        "bank": "First Bank",
        "routing": "021000021",
        "account": "000123456789",
    },
    "cheque": {"payee": "Walkabout Tools", "address": "1 Main St; New York"},
}
"""Where money can be sent without a processor."""

WAYS = ("card", "us_bank_account", "paypal")
"""Card, ACH and PayPal; EFT from a Canadian account for what is owed in Canadian dollars."""

MAPLE = """
account  Debtors CAD  receivable CAD
customer  Maple Ltd  currency CAD  email ap@maple.example
2026-03-05  invoice  P-4  Maple Ltd  90.00 CAD  due 2026-04-04
"""


def browser(shop: Shop) -> TestClient:
    config = shop.firm.config().model_copy(update={"adapters": TABLES})
    return TestClient(pay_app(lambda: House(config)))


def offers_every_way(shop: Shop, made: MadeLink) -> None:
    """Card, bank debit, PayPal, bank details and a cheque slip; each opens one page, and the same one again."""
    path = made.url.removeprefix(shop.firm.config().link_base)
    with browser(shop) as client:
        page = client.get(path).text
        assert [code for code in WAYS if f'value="{code}"' in page] == list(WAYS)
        assert "000123456789" in client.get(f"{path}?show=transfer").text
        assert "1 Main St" in client.get(f"{path}?show=cheque").text
    for method in WAYS:
        assert shop.click(made.link, method) == shop.click(made.link, method)
        assert len([each for each in shop.attempts(made.link) if each.state is AttemptState.OFFERED]) == 1
    canadian = shop.link("P-4")
    shop.click(canadian, "acss_debit")
    assert [each.offered for each in shop.attempts(canadian)] == [("acss_debit",)]
    assert shop.receipts() == ()


def waits_then_comes_back(shop: Shop, link: PaymentLink) -> None:
    """A debit on its way is a state: nobody is asked to pay again, nobody can, and nothing is booked. So is one that
    arrived and came back weeks later: the link asks again."""
    debit = shop.pays(link, "us_bank_account")
    assert (shop.offer(link), shop.attempts(link)[-1].state) == (Offer.PROCESSING, AttemptState.PROCESSING)
    for method in WAYS:
        with pytest.raises(Refused, match="cannot be paid now"):
            shop.click(link, method)
    shop.sync()
    assert (shop.open()["P-1"], shop.open()["P-2"], amounts(shop)) == (120, 80, [])
    payer(debit, bank="pays")
    shop.settle()
    shop.book()
    assert (shop.offer(link), shop.open()["P-1"], shop.open()["P-2"]) == (Offer.PAID, 0, 0)
    charge = shop.ledger().get("charge", shop.receipts()[0].payment.vendor_id)
    shop.behind(lambda: disputes.come_back(shop.ledger(), charge, "R01"))
    shop.book()
    assert (shop.receipts()[0].state, shop.offer(link)) == (ReceiptState.REVERSED, Offer.PAY)
    shop.even()


def both_pay(shop: Shop, link: PaymentLink) -> Ref:
    """Somebody has agreed at PayPal, and two others have the processor's own address open, and pay. What was agreed to
    is never taken; which payment is the second?"""
    with shop.desk() as desk:
        address = hosted(desk, "P-1", "P-2", wish=Wish())
    stays, agrees = address.pages
    payer(agrees.url, do="approve", funds="balance")
    assert address.link is not None
    assert address.link.link_id == link.link_id
    tabs = [payer_follows(stays.url) for _ in range(2)]
    for tab in tabs:
        payer(tab, method="card")
    shop.settle()
    assert shop.paypal.ordering("SHXPS2345678A").captured == []
    _, first, second = shop.receipts()
    assert (first.flags, second.flags) == ((), (Flag.OVER, Flag.DOUBLE))
    return second.payment


@pytest.mark.req("M10")
def test_one_link_for_a_set_of_invoices_by_every_method_and_what_came_twice_is_given_back_by_plan(
    tmp_path: Path,
) -> None:
    with open_shop(tmp_path, SHOP_WORLD + MAPLE.lstrip()) as shop:
        made = shop.made("P-1", "P-2")
        link = made.link
        assert {shop.made(*each).url for each in (("P-1", "P-2"), ("P-2", "P-1"))} == {made.url}
        offers_every_way(shop, made)
        waits_then_comes_back(shop, link)
        second = both_pay(shop, link)
        shop.book()
        (told,) = [each for each in shop.findings() if each.code is FindingCode.OVER_PAYMENT]
        assert told.next_step.startswith(f"Give it back (receivables refund {second.vendor_id})")
        plan = planned(shop, second)
        assert given_back(shop) == []
        for _ in range(2):
            applied(shop, plan)
        assert given_back(shop) == [(20_000, "succeeded")]
        shop.book()
        shop.even()
        assert [each.state for each in shop.receipts()[1:]] == [ReceiptState.SUCCEEDED, ReceiptState.REFUNDED]
        assert (shop.offer(link), shop.open()["P-1"], shop.open()["P-2"]) == (Offer.PAID, 0, 0)
        with shop.desk() as desk:
            assert prove(desk).problems == ()
            assert [each.state for each in show(desk, link).refunds] == ["done"]
        with browser(shop) as client:
            shown = client.get(made.url.removeprefix(shop.firm.config().link_base)).text
            assert "Given back to you: $200.00 USD." in shown
