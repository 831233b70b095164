"""What a plan does about the payment link on an invoice, by what stands there and what was written there before."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

from connector.dates import instant_from_iso
from connector.model.finding import FindingCode
from connector.model.intent import IntentKind, ShowLink
from connector.model.invoice import InvoiceState
from connector.model.link_line import LinkLine, LinkSeen
from connector.model.source import ActorId, CompanyId, Kind, OpId, PlanId
from connector.paylinks import LastShown, OnInvoice
from connector.plan import Frame, Plan
from connector.plan.planner import plan_of_links
from tests.builders import Mirror, ref

INVOICE = ref(Kind.INVOICE, "i-I-1")
NOTHING: tuple[LinkSeen, ...] = ()


def line(name: str) -> LinkLine:
    """The line of a link, known by its name."""
    return LinkLine(text=f"Pay online: /pay/{name}", seen=LinkSeen(secret_hash=f"secret {name}", line=f"line {name}"))


NEW, OLD = line("new"), line("old")
BY_HAND = LinkSeen(secret_hash=NEW.seen.secret_hash, line="other words about new")
EDITED = LinkSeen(secret_hash=OLD.seen.secret_hash, line="other words about old")


def planned(
    stands: tuple[LinkSeen, ...],
    wanted: LinkLine | None,
    last: LastShown | None,
    *,
    state: str = "open",
    again: bool = False,
) -> Plan:
    mirror = Mirror()
    mirror.invoice("I-1", "acme", "120.00")
    held = mirror.seen()
    invoice = replace(held.invoices[INVOICE], links=stands, state=InvoiceState(state))
    seen = replace(held, records={**held.records, Kind.INVOICE: {INVOICE: invoice}})
    ids = count()
    frame = Frame(
        plan_id=PlanId("plan-1"),
        company_id=CompanyId("main"),
        made_at=instant_from_iso("2026-04-01T12:00:00Z"),
        made_by=ActorId("dana"),
        new_op_id=lambda: OpId(f"{next(ids):020}"),
        links=(OnInvoice(invoice=INVOICE, place="memo", line=wanted, why="so", last=last, again=again),),
    )
    return plan_of_links(seen, frame)


def wrote(put: LinkLine | None, *, under_way: bool = False, count: int = 1, run: str = "") -> LastShown:
    return LastShown(line=put, under_way=under_way, count=count, run=run)


@pytest.mark.parametrize(
    ("stands", "wanted", "last", "change"),
    [
        pytest.param(NOTHING, NEW, None, (None, NEW), id="the first time"),
        pytest.param(NOTHING, NEW, wrote(None, count=2), (None, NEW), id="again, after we took it off"),
        pytest.param((OLD.seen,), NEW, wrote(OLD), (OLD, NEW), id="another address"),
        pytest.param((OLD.seen,), None, wrote(OLD), (OLD, None), id="wanted no longer"),
        pytest.param((OLD.seen,), OLD, wrote(OLD), None, id="it stands there"),
        pytest.param((BY_HAND,), NEW, None, None, id="a person put the address there"),
        pytest.param(NOTHING, None, None, None, id="never there, not wanted"),
        pytest.param(NOTHING, NEW, wrote(NEW, under_way=True), None, id="on its way"),
        pytest.param(NOTHING, None, wrote(OLD), None, id="a person took off what is not wanted any more"),
    ],
)
def test_the_invoice_shows_what_it_is_to_show_and_what_people_put_there_stays(
    stands: tuple[LinkSeen, ...],
    wanted: LinkLine | None,
    last: LastShown | None,
    change: tuple[LinkLine | None, LinkLine | None] | None,
) -> None:
    made = planned(stands, wanted, last)
    assert made.left_out == ()
    assert [(each.link.takes_out, each.link.puts) for each in made.lines if each.link] == ([change] if change else [])


@pytest.mark.parametrize(
    ("stands", "wanted", "last", "code"),
    [
        pytest.param(NOTHING, NEW, wrote(NEW), FindingCode.POSTING_UNDONE, id="a person took it off"),
        pytest.param(NOTHING, NEW, wrote(OLD), FindingCode.POSTING_UNDONE, id="and the address is another by now"),
        pytest.param((EDITED,), NEW, wrote(OLD), FindingCode.LINK_CHANGED, id="a person changed it"),
        pytest.param((EDITED,), None, wrote(OLD), FindingCode.LINK_CHANGED, id="a person changed what is to go"),
    ],
)
def test_what_a_person_did_with_the_line_is_told_and_left(
    stands: tuple[LinkSeen, ...], wanted: LinkLine | None, last: LastShown, code: FindingCode
) -> None:
    made = planned(stands, wanted, last)
    assert ([each.code for each in made.left_out], made.lines) == ([code], ())


def test_a_void_invoice_loses_its_link_and_gets_none() -> None:
    (off,) = planned((OLD.seen,), OLD, wrote(OLD), state="void").lines
    assert off.link is not None
    assert (off.link.takes_out, off.link.puts) == (OLD, None)
    assert planned(NOTHING, NEW, None, state="void").lines == ()


def test_a_person_who_says_again_gets_it_and_each_time_is_a_write_of_its_own() -> None:
    (first,) = planned(NOTHING, NEW, None).lines
    (again,) = planned(NOTHING, NEW, wrote(NEW, count=3, run="undo-1"), again=True).lines
    assert isinstance(again.intent, ShowLink)
    assert (first.kind, again.kind) == (IntentKind.LINK, IntentKind.LINK)
    assert (first.subject, again.subject) == (f"link:{INVOICE}/1", f"link:{INVOICE}/4")
