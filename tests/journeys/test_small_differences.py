"""Half a unit short: said why, given out share by share, written off to the chosen account, and taken back.

The books are the double over HTTP; what their vendor's schema says about each body is judged on the way.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connector.app import reviewing, small
from connector.app.books import Applied, apply_plan, make_plan, sync_all
from connector.app.house import Desk
from connector.app.proof import prove
from connector.app.replanning import under
from connector.app.undoing import plan_undo, say_again
from connector.cli.sharing import ask_shares
from connector.errors import Refused, UnknownRecord, UserError
from connector.model.finding import FindingCode
from connector.plan import Plan
from connector.plan.groups import account_effects
from tests.accounts import ACCOUNTS
from tests.journeys.firm import KILLED, Firm, nothing, open_firm

pytestmark = pytest.mark.gate

WORLD = f"""
company  Walkabout Tools  home USD  zone America/New_York  country US  realm 9140078  stripe acct_small
{ACCOUNTS}
account  Small Differences  expense USD
account  Bad Debts  expense USD
customer  Acme Bakery  email ap@acme.example  in quickbooks and stripe as cus_small_acme
2026-03-02  invoice  H-1001  Acme Bakery  120.00 USD  due 2026-04-01
2026-03-03  invoice  H-1002  Acme Bakery  300.00 USD  due 2026-04-02
2026-03-17  payment  ch_small_1  Acme Bakery  119.50 USD  by card  fee 2.33 USD  memo "Invoice H-1001"
2026-03-18  payment  ch_small_2  Acme Bakery  250.00 USD  by card  fee 9.00 USD  memo "Invoice H-1002"
"""


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    with open_firm(tmp_path, WORLD) as opened:
        opened.connect_quickly()
        yield opened


def allow(
    desk: Desk, largest: str = "1.00 USD", account: str = "Small Differences", *, automatic: bool = False
) -> None:
    """The company's rule for small differences."""
    rule = small.rule_with(desk, account=account, largest=largest, automatic=automatic)
    reviewing.set_rules(desk, replace(desk.company.matching, write_offs=rule))


def posted(desk: Desk) -> Plan:
    """Both payments in the books: the first leaves 0.50 of its invoice, the second 50.00."""
    reviewing.allocate(desk, "ch_small_1", [("H-1001", "119.50")], on_account=False)
    return applied(desk)[0]


def written_off(desk: Desk) -> Plan:
    """A person said that the 0.50 are written off, which the next plan will do; the run that posted both payments."""
    run = posted(desk)
    allow(desk)
    small.write_off(desk, "ch_small_1")
    return run


def applied(desk: Desk) -> tuple[Plan, Applied]:
    made = make_plan(desk)
    done = apply_plan(desk, made, nothing, nothing)
    assert (len(done.posted.done), done.stale, done.not_landed) == (len(made.lines), (), ())
    return made, done


def undone(desk: Desk, run: str) -> Plan:
    made = plan_undo(desk, run, nothing)
    done = apply_plan(desk, made, nothing, nothing)
    assert (len(done.posted.done), done.stale, done.not_landed) == (len(made.lines), (), ())
    return made


def people(firm: Firm, act: Callable[[Any], object]) -> None:
    """What somebody does on the screens of the books."""
    double = firm.doubles["quickbooks"]
    double.behind(lambda: act(double.stand_in.office()))  # type: ignore[attr-defined]


def dump(firm: Firm) -> str:
    """The books of the double without ids, tokens, times and traces of what is void."""
    double = firm.doubles["quickbooks"]
    held = double.behind(lambda: double.stand_in.dump(normalised=True))
    return json.dumps(held, sort_keys=True, indent=1, default=str)


def held_on(firm: Firm, account: str) -> Decimal:
    return next(Decimal(str(each["CurrentBalance"])) for each in firm.books("Account") if each["Name"] == account)


def told(made: Plan) -> list[str]:
    return [each.sentence for each in made.left_out if each.code is FindingCode.NOT_WRITTEN_OFF]


def once_each(firm: Firm) -> None:
    """One entry, one credit that applies it, nothing left of the invoice, and the customer owes the other one alone."""
    (entry,) = firm.marked("JournalEntry", "PrivateNote")
    marked = firm.marked("Payment", "PrivateNote")
    given = [each for each in marked if each["Line"] and not Decimal(str(each["TotalAmt"]))]
    assert [line["LinkedTxn"][0]["TxnType"] for line in given[0]["Line"]] == ["Invoice", "JournalEntry"]
    assert (len(given), given[0]["Line"][1]["LinkedTxn"][0]["TxnId"]) == (1, entry["Id"])
    assert firm.open_balances() == {"H-1001": 0, "H-1002": 50}
    assert held_on(firm, "Small Differences") == Decimal("0.5")
    assert held_on(firm, "Accounts Receivable") == 50


def give_out_freely(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Given out share by share: what remains is said each time, and nothing is given that is not there."""
    typed = io.StringIO("H-1001=130.00\nH-1001=60.00\nH-1002=59.51\nH-1001=1.00\nH-1002=59.50\n")
    assert ask_shares(desk, "ch_small_1", typed) == [("H-1001", "60.00"), ("H-1002", "59.50")]
    said = capsys.readouterr()
    assert "60.00 USD to H-1001, of which 60.00 USD stays open. 59.50 USD of the 119.50 USD remains" in said.out
    assert "59.50 USD to H-1002, of which 240.50 USD stays open. All of the 119.50 USD is given out." in said.out
    for refused in ("10.50 USD more than the 119.50 USD that came", "0.01 USD more than", "named twice"):
        assert refused in said.err
    with pytest.raises(Refused, match=r"only 120.00 USD of H-1001 is open now"):
        reviewing.try_out(desk, "ch_small_2", [("H-1001", "120.01")])
    reviewing.allocate(desk, "ch_small_1", [("H-1001", "119.50")], on_account=False)
    reviewing.say_short(desk, "ch_small_1", "bank-charge")


def choose_the_rule(desk: Desk) -> None:
    """Off until a person chooses an account and a largest amount, and never above it."""
    with pytest.raises(Refused, match="Nothing in USD is written off"):
        small.write_off(desk, "ch_small_1")
    with pytest.raises(UnknownRecord, match="no account named 'Petty'"):
        allow(desk, account="Petty")
    with pytest.raises(UserError, match="Checking is no expense account"):
        allow(desk, account="Checking")
    allow(desk)
    with pytest.raises(Refused, match=r"50.00 USD of H-1002 is more than the 1.00 USD") as above:
        small.write_off(desk, "H-1002")
    assert "--write-off-max" in above.value.next_step
    assert small.write_off(desk, "ch_small_1").sentence == "0.50 USD of H-1001 is written off."


def planned_with_its_reason(firm: Firm, desk: Desk) -> Plan:
    """A line of its own once the payment stands in the books, with its reason, account, and who said so; written."""
    plan, _ = applied(desk)
    entry, settles = plan.lines
    assert entry.sentence == (
        "Write off 0.50 USD of H-1001 (Acme Bakery) to Small Differences: payment ch_small_1 left it open (kept by "
        "a bank, says dana); dana says so (at most 1.00 USD of an invoice)."
    )
    assert settles.sentence == "Settle the 0.50 USD written off of H-1001 with that entry, so that nothing stays open."
    assert [(each.field, each.says) for each in entry.evidence] == [
        ("open", "0.50 USD of 120.00 USD"),
        ("short", "kept by a bank, says dana"),
        ("written off", "dana says so (at most 1.00 USD of an invoice)"),
    ]
    assert [(each.account, str(each.change), str(each.before)) for each in account_effects(plan)] == [
        ("Accounts receivable", "-0.50 USD", "50.50 USD"), ("Small Differences", "0.50 USD", "None"),
    ]  # fmt: skip
    once_each(firm)
    assert prove(desk).proven, "the books' own totals equal ours, to the cent"
    assert make_plan(desk).lines == (), "once"
    return plan


@pytest.mark.req("F24")
def test_half_a_unit_short_is_given_out_freely_explained_written_off_where_that_was_chosen_and_taken_back(
    firm: Firm, capsys: pytest.CaptureFixture[str]
) -> None:
    with firm.desk() as desk:
        give_out_freely(desk, capsys)
        choose_the_rule(desk)
        first, _ = applied(desk)
        received = first.lines[0].sentence
        assert "; 0.50 USD of H-1001 is to be written off by a later plan: kept by a bank, says dana." in received
        (waits,) = told(first)
        assert "is written off by a later plan, as dana said: payment ch_small_1 has to stand in the books" in waits
        before = dump(firm)
        plan = planned_with_its_reason(firm, desk)

        # Taken back by its run, what settles first; and posted again by a person's word alone.
        back = undone(desk, plan.plan_id)
        assert [line.sentence.partition(", ")[2].partition(" ")[0] for line in back.lines] == ["credit", "journal"]
        assert dump(firm) == before
        assert prove(desk).proven
        assert make_plan(desk).lines == ()
        say_again(desk, plan.plan_id)
        assert len(applied(desk)[0].lines) == 2
        once_each(firm)
        assert prove(desk).proven


def test_the_rule_proposes_by_itself_only_where_it_was_allowed_and_nobody_said_otherwise(firm: Firm) -> None:
    with firm.desk() as desk:
        posted(desk)
        allow(desk)
        assert make_plan(desk).lines == (), "a rest is no proposal until a person says so, of it or of all"
        allowed = small.rule_with(desk, automatic=True)
        changes = under(desk, rules=replace(desk.company.matching, write_offs=allowed))
        assert changes.lines == (), "no plan waits"
        allow(desk, automatic=True)
        plan = make_plan(desk)
        assert "the company's rule says so (at most 1.00 USD of an invoice)." in plan.lines[0].sentence
        lower = under(desk, rules=replace(desk.company.matching, write_offs=small.rule_with(desk, largest="0.10 USD")))
        assert [(each.number, each.then) for each in lower.lines] == [(1, "nothing"), (2, "nothing")]
        other = under(desk, rules=replace(desk.company.matching, write_offs=small.rule_with(desk, account="Bad Debts")))
        assert "to Bad Debts" in other.lines[0].then
        reviewing.say_short(desk, "ch_small_1", "rest-follows")
        assert make_plan(desk).lines == (), "the payer still means to pay it"
        reviewing.say_short(desk, "ch_small_1", "rounding")
        assert len(make_plan(desk).lines) == 2
        small.write_off(desk, "H-1001", off=False)
        assert make_plan(desk).lines == ()
    off = firm.do("rules", "--write-off-max", "off", "--no-write-off-automatic", "--yes").out
    assert "Small differences: nothing is written off." in off


def test_what_changed_after_the_plan_is_not_written_off_and_the_next_plan_says_what_is_right(firm: Firm) -> None:
    with firm.desk() as desk:
        written_off(desk)
        plan = make_plan(desk)
        allow(desk, largest="0.40 USD")
        done = apply_plan(desk, plan, nothing, nothing)
        assert "0.50 USD is more than may be written off now" in done.stale[0].sentence
        assert firm.books("JournalEntry") == []
        assert told(make_plan(desk)) == [
            "0.50 USD of H-1001 is more than the 0.40 USD that may be written off of one invoice."
        ]
        allow(desk)
        plan = make_plan(desk)
        people(firm, lambda office: office.pay("1", "0.30", {"1": "0.30"}))
        assert apply_plan(desk, plan, nothing, nothing).posted.done == []
        sync_all(desk, nothing)
        assert told(make_plan(desk)) == ["dana wrote off 0.50 USD of H-1001, and 0.20 USD of it is open now."]


def test_a_payment_is_not_taken_back_under_the_entry_that_wrote_off_its_rest(firm: Firm) -> None:
    with firm.desk() as desk:
        first = written_off(desk)
        second, _ = applied(desk)
        back = plan_undo(desk, first.plan_id, nothing)
        (left,) = (each for each in back.left_out if "wrote off what it left open" in each.sentence)
        assert str(second.plan_id) in left.next_step
        undone(desk, second.plan_id)
        undone(desk, first.plan_id)
    assert firm.open_balances() == {"H-1001": 120, "H-1002": 300}


def test_an_invoice_that_was_paid_in_between_leaves_a_credit_that_is_told_and_can_be_taken_back(firm: Firm) -> None:
    with firm.desk() as desk:
        written_off(desk)
        before = make_plan(desk)
        firm.faults("quickbooks", "POST /v3/company/*/payment 1 status-before 400")
        done = apply_plan(desk, before, nothing, nothing)
        assert [row.kind for row in done.posted.done] == ["journal"]
        again = make_plan(desk)
        assert [line.kind for line in again.lines] == ["credit"], "the entry stands, and only its credit is planned"
        apply_plan(desk, again, nothing, nothing)
    once_each(firm)


@pytest.mark.parametrize("point", ["post.sent:1", "post.done:1", "post.sent:2", "apply.rows-stored"])
def test_killed_anywhere_between_the_two_entries_each_is_there_once(firm: Firm, point: str) -> None:
    with firm.desk() as desk:
        written_off(desk)
        make_plan(desk)
    assert firm.run("apply", "--yes", crash_at=point).code == KILLED
    assert firm.do("apply", "--yes").code == 0
    once_each(firm)


def test_where_the_answer_about_the_entry_is_lost_its_credit_waits_for_it(firm: Firm) -> None:
    with firm.desk() as desk:
        written_off(desk)
        plan = make_plan(desk)
        firm.faults("quickbooks", "POST /v3/company/*/journalentry 1 drop-after")
        first = apply_plan(desk, plan, nothing, nothing)
        assert [row.kind for row in first.posted.waiting] == ["journal", "credit"]
        assert first.posted.dead == []
        apply_plan(desk, plan, nothing, nothing)
    once_each(firm)
