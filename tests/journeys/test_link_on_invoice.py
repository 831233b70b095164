"""A payment link on its invoice in the books, where the customer reads it: a plan line, written once, taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from connector.app.books import Applied, apply_plan, carry_on, make_plan, sync_all
from connector.app.link_rules import Change, set_rules
from connector.app.linking import chosen_link, revoke, rotate
from connector.app.on_invoices import plan_link
from connector.app.plans import Plans
from connector.app.proof import prove
from connector.app.undoing import plan_undo
from connector.canonical import encode
from connector.errors import Refused
from connector.model.finding import FindingCode
from connector.model.intent import ShowLink, VoidPosting
from connector.plan import Plan
from tests.journeys.firm import KILLED, nothing
from tests.journeys.shop import FIRM, Shop, open_shop

THANKS = "Thank you for your business.\nNo returns after 30 days."
pytestmark = pytest.mark.gate

ON, OFF = Change(on_invoice="memo"), Change(on_invoice="off")
NUMBERS = [f"P-{nth}" for nth in range(1, 21)]
WORLD = FIRM + "".join(
    f"2026-04-{day:02}  invoice  P-{day}  Acme Bakery  120.00 USD  due 2026-05-01\n" for day in range(1, 21)
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One firm for all, with an invoice for each story."""
    with open_shop(tmp_path_factory.mktemp("on-invoices"), WORLD) as opened:
        with opened.desk() as desk:
            set_rules(desk, ON)
        yield opened


def memo(shop: Shop, number: str) -> str:
    """What the customer reads on the invoice."""
    held: dict[str, Any] = shop.firm.invoice(number).get("CustomerMemo") or {}
    return str(held.get("value", ""))


def write(shop: Shop, number: str, text: str) -> None:
    """A person types the message on the invoice."""
    held = shop.firm.invoice(number)
    body = {"Id": held["Id"], "SyncToken": held["SyncToken"], "sparse": True, "CustomerMemo": {"value": text}}
    shop.firm.in_books("Invoice", body)


def planned(shop: Shop) -> Plan:
    """The books are read, and a plan is made."""
    with shop.desk() as desk:
        sync_all(desk, nothing)
        return make_plan(desk)


def applied(shop: Shop, made: Plan | None = None) -> tuple[Plan, Applied]:
    made = made if made is not None else planned(shop)
    with shop.desk() as desk:
        return made, apply_plan(desk, made, nothing, nothing)


def undone(shop: Shop, run: str) -> tuple[Plan, Applied]:
    with shop.desk() as desk:
        made = plan_undo(desk, run, nothing)
        return made, apply_plan(desk, made, nothing, nothing)


def told(shop: Shop, made: Plan, number: str) -> list[FindingCode]:
    """Why a plan leaves something out that is about this invoice."""
    ref = f"quickbooks/invoice/{shop.firm.invoice(number)['Id']}"
    return [each.code for each in made.left_out if ref in [str(one) for one in each.refs]]


def changes(shop: Shop, number: str) -> list[dict[str, Any]]:
    """Every change of the invoice that we sent to the books."""
    sent = [each for each in shop.firm.heard if each.path.endswith("/invoice") and "requestid" in each.query]
    bodies = [json.loads(each.body) for each in sent if each.body]
    return [body for body in bodies if body["Id"] == shop.firm.invoice(number)["Id"]]


def test_nothing_is_put_on_an_invoice_until_the_firm_wants_it_there(shop: Shop) -> None:
    with shop.desk() as desk:
        set_rules(desk, OFF)
    shop.made("P-1")
    assert planned(shop).lines == ()
    with shop.desk() as desk:
        set_rules(desk, ON)
    assert [line.link is not None for line in planned(shop).lines] == [True]
    applied(shop)


def test_the_link_is_a_line_of_the_plan_and_goes_below_what_the_firm_wrote_and_changes_nothing_else(shop: Shop) -> None:
    write(shop, "P-2", THANKS)
    before = shop.firm.invoice("P-2")
    url = shop.made("P-2").url
    made, done = applied(shop)
    (line,) = made.lines
    assert line.sentence == "Put the payment link on invoice P-2 of Acme Bakery, where the customer reads it."
    assert (line.effects, [str(ref) for ref, _ in line.expects]) == ((), [f"quickbooks/invoice/{before['Id']}"])
    assert (len(done.posted.done), done.stale, done.not_landed) == (1, (), ())
    assert memo(shop, "P-2") == f"{THANKS}\nPay online: {url}"
    after = shop.firm.invoice("P-2")
    apart = {"CustomerMemo", "SyncToken", "MetaData"}
    assert {key: after[key] for key in after.keys() - apart} == {key: before[key] for key in before.keys() - apart}
    (sent,) = changes(shop, "P-2")
    assert sorted(sent) == ["CustomerMemo", "Id", "SyncToken", "sparse"]
    with shop.desk() as desk:
        assert (make_plan(desk).lines, prove(desk).problems) == ((), ())


def test_the_secret_of_an_address_on_an_invoice_is_stored_nowhere_here(shop: Shop) -> None:
    secret = shop.made("P-3").url.rpartition("/")[2]
    applied(shop)
    assert secret in memo(shop, "P-3")
    stored = [path.read_bytes() for path in shop.firm.home.iterdir() if path.is_file()]
    with shop.desk() as desk:
        stored += [encode(entry.body) for entry in desk.store.journal(desk.id)]
        stored += [encode([row.intent, row.answer]) for row in desk.store.outbox(desk.id)]
        stored += [body for _, body in desk.store.plans(desk.id)]
        stored += [desk.store.raw(desk.id, desk.invoice("P-3")) or b""]
    assert b"CustomerMemo" in stored[-1]
    assert not any(secret.encode() in each for each in stored)


def test_an_undo_takes_the_line_off_and_leaves_every_other_word_and_it_is_not_put_there_again(shop: Shop) -> None:
    write(shop, "P-4", THANKS)
    url = shop.made("P-4").url
    made, _ = applied(shop)
    write(shop, "P-4", memo(shop, "P-4") + "\nAsk for Dana.")
    taken, done = undone(shop, made.plan_id)
    assert (len(taken.lines), len(done.posted.done), done.not_landed) == (1, 1, ())
    assert memo(shop, "P-4") == f"{THANKS}\nAsk for Dana."
    again = planned(shop)
    assert (again.lines, told(shop, again, "P-4")) == ((), [FindingCode.POSTING_UNDONE])
    with shop.desk() as desk:
        assert Plans(desk).of(made).taken_back == 1
        assert [type(row.intent) for row in desk.store.outbox(desk.id)][-2:] == [ShowLink, VoidPosting]
        apply_plan(desk, plan_link(desk, "P-4"), nothing, nothing)
    assert memo(shop, "P-4") == f"{THANKS}\nAsk for Dana.\nPay online: {url}"


def test_a_line_that_a_person_changed_is_neither_undone_nor_renewed_and_that_is_told(shop: Shop) -> None:
    shop.made("P-5")
    made, _ = applied(shop)
    edited = memo(shop, "P-5").replace("Pay online", "PAY HERE, PLEASE")
    write(shop, "P-5", edited)
    taken, _ = undone(shop, made.plan_id)
    assert ([each.code for each in taken.left_out], taken.lines) == ([FindingCode.NOT_UNDONE], ())
    with shop.desk() as desk:
        rotate(desk, chosen_link(desk, "P-5"))
    again = planned(shop)
    assert (told(shop, again, "P-5"), again.lines) == ([FindingCode.LINK_CHANGED], ())
    assert memo(shop, "P-5") == edited


def test_what_a_person_changes_between_the_plan_and_its_writing_stays(shop: Shop) -> None:
    shop.made("P-6")
    applied(shop)
    with shop.desk() as desk:
        rotate(desk, chosen_link(desk, "P-6"))
    made = planned(shop)
    edited = memo(shop, "P-6").replace("Pay online", "Pay here")
    write(shop, "P-6", edited)
    _, done = applied(shop, made)
    assert ([each.code for each in done.stale], memo(shop, "P-6")) == ([FindingCode.WRITE_REFUSED], edited)


def test_the_line_follows_the_link_to_its_new_address_in_the_same_place(shop: Shop) -> None:
    shop.made("P-7")
    applied(shop)
    write(shop, "P-7", memo(shop, "P-7") + "\nAsk for Dana.")
    with shop.desk() as desk:
        _, url = rotate(desk, chosen_link(desk, "P-7"))
    made, done = applied(shop)
    assert ["in place of the one on it" in line.sentence for line in made.lines] == [True]
    assert (memo(shop, "P-7"), len(done.posted.done)) == (f"Pay online: {url}\nAsk for Dana.", 1)


def test_a_link_that_is_taken_back_leaves_its_invoice(shop: Shop) -> None:
    write(shop, "P-8", THANKS)
    shop.made("P-8")
    applied(shop)
    with shop.desk() as desk:
        revoke(desk, chosen_link(desk, "P-8"))
    made, _ = applied(shop)
    assert ([line.sentence.endswith("its link was taken back.") for line in made.lines], memo(shop, "P-8")) == (
        [True],
        THANKS,
    )


@pytest.mark.parametrize(("number", "when_paid", "stays"), [("P-9", "keep", True), ("P-10", "remove", False)])
def test_a_paid_invoice_keeps_its_link_or_loses_it_as_the_firm_chose(
    shop: Shop, number: str, when_paid: str, *, stays: bool
) -> None:
    with shop.desk() as desk:
        set_rules(desk, Change(when_paid=when_paid))
    link = shop.link(number)
    shop.book()
    assert "/pay/" in memo(shop, number)
    shop.part_paid(number, "120")
    shop.sync()
    shop.book()
    assert (("/pay/" in memo(shop, number)), shop.state(link)) == (stays, "settled")
    with shop.desk() as desk:
        set_rules(desk, Change(when_paid="keep"))


def test_a_message_without_room_is_left_as_it_is_and_that_is_told(shop: Shop) -> None:
    full = "x" * 980
    write(shop, "P-11", full)
    shop.made("P-11")
    _, done = applied(shop)
    assert (["too full" in each.sentence for each in done.refused], memo(shop, "P-11")) == ([True], full)
    with shop.desk() as desk:
        revoke(desk, chosen_link(desk, "P-11"))


def test_a_write_whose_answer_is_lost_is_looked_up_and_not_sent_twice(shop: Shop) -> None:
    url = shop.made("P-12").url
    made = planned(shop)
    shop.firm.faults("quickbooks", "POST */invoice 1 drop-after")
    applied(shop, made)
    with shop.desk() as desk:
        carry_on(desk, nothing, nothing)
        row = desk.store.outbox(desk.id)[-1]
    assert (row.state.value, memo(shop, "P-12"), len(changes(shop, "P-12"))) == ("done", f"Pay online: {url}", 1)


def test_an_invoice_is_paid_by_the_link_that_stands_on_it_and_the_books_follow(shop: Shop) -> None:
    link = shop.link("P-18")
    shop.book()
    assert "/pay/" in memo(shop, "P-18")
    shop.pays(link)
    shop.book()
    shop.sync()
    assert (shop.open()["P-18"], shop.state(link)) == (0, "settled")
    with shop.desk() as desk:
        assert prove(desk).problems == ()


def test_no_invoice_of_a_real_firm_gets_an_address_that_opens_on_this_computer_only(shop: Shop) -> None:
    with shop.desk() as desk:
        held = desk.processors()[0]
        desk.store.save_connection(replace(held, live=True), desk.actor)
        try:
            with pytest.raises(Refused, match="only on this computer"):
                set_rules(desk, ON)
        finally:
            desk.store.save_connection(held, desk.actor)


@pytest.mark.parametrize(
    ("number", "point"),
    [("P-13", "post.sending"), ("P-14", "post.sent"), ("P-15", "post.read-back"), ("P-16", "post.done")],
)
def test_a_kill_at_any_moment_leaves_the_link_on_the_invoice_once(shop: Shop, number: str, point: str) -> None:
    write(shop, number, THANKS)
    url = shop.made(number).url
    made = planned(shop)
    assert shop.firm.run("apply", made.plan_id, "--yes", crash_at=point).code == KILLED
    with shop.desk() as desk:
        carry_on(desk, nothing, nothing)
        apply_plan(desk, made, nothing, nothing)
    assert (memo(shop, number), len(changes(shop, number))) == (f"{THANKS}\nPay online: {url}", 1)
    assert planned(shop).lines == ()


def test_a_link_for_several_invoices_stands_on_none_of_them(shop: Shop) -> None:
    shop.made("P-17", "P-20")
    assert planned(shop).lines == ()
    with shop.desk() as desk, pytest.raises(Refused, match="several invoices"):
        plan_link(desk, "P-17")


def test_the_commands_plan_write_show_and_take_it_back(shop: Shop) -> None:
    do, run = shop.firm.do, shop.firm.run
    url = do("link", "P-19", "--json").json["url"]
    assert "memo" in do("link", "rules", "--on-invoice", "memo", "--invoice-words", "Settle here: {url}").out
    plan = do("link", "put", "P-19", "--json").json
    assert url not in json.dumps(plan)
    assert "Put the payment link on invoice P-19" in do("plan", "show", plan["plan_id"]).out
    do("apply", plan["plan_id"], "--yes")
    assert memo(shop, "P-19") == f"Settle here: {url}"
    do("undo", plan["plan_id"], "--yes")
    assert memo(shop, "P-19") == ""
    said = do("link", "show", "P-19", "--template", "{customer}: {number}, {amount} by {due} at {url}").out.strip()
    assert said == f"Acme Bakery: P-19, 120.00 USD by May 1, 2026 at {url}"
    for wrong in (
        ("show", "P-19", "--template", "{iban}"),
        ("rules", "--on-invoice", "footer"),
        ("rules", "--invoice-words", "no address"),
        ("rules", "--when-paid", "perhaps"),
    ):
        assert run("link", *wrong).code == 2
    do("link", "rules", "--invoice-words", "none")


def test_in_a_closed_period_nothing_is_put_on_an_invoice(shop: Shop) -> None:
    double = shop.firm.doubles["quickbooks"]
    double.behind(lambda: double.stand_in.office().close_through("2026-04-20"))  # type: ignore[attr-defined]
    shop.made("P-20")
    made = planned(shop)
    assert told(shop, made, "P-20") == [FindingCode.CLOSED_PERIOD]
    assert made.lines == ()
