"""The plan's page in a real browser: it fits, it is read aloud, it unfolds on paper, and nothing in it fails."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.app.approving import Consent
from connector.app.plans import PlanStanding, PlanState
from connector.model.approval import Approval
from connector.model.source import ActorId, Tag
from connector.plan import InPlaceOf, Plan
from connector.plan.groups import sums_of
from connector.web.plan import render_plan
from tests.browser.window import LONG, WIDTHS, Window, pytestmark  # noqa: F401  they are skipped together
from tests.proofs import HOSTILE
from tests.unit.test_plan import Books


def many(count: int) -> Plan:
    """A plan with names that no layout likes, a line in another's place, and money that is left out."""
    books = Books()
    books.mirror.customer(LONG)
    for number in range(count):
        books.paid(f"ch_{number}", f"INV-{number}", "1234567.89", "3.00")
    books.mirror.invoice("INV-L", LONG, "99.00")
    books.mirror.charge("ch_long", "99.00", tags=(Tag("invoice_number", "INV-L"),))
    books.mirror.charge(f"ch_{LONG}", "7.00", memo=HOSTILE)
    made = books.plan()
    instead = InPlaceOf(plan_id=made.plan_id, line=1, why=f"{LONG} changed since the plan was made")
    return replace(made, lines=(replace(made.lines[0], instead=instead), *made.lines[1:]), follows=made.plan_id)


def standing(made: Plan, *, approved: bool) -> PlanStanding:
    given = Approval(
        plan_id=made.plan_id, plan_hash="f" * 32, by=ActorId("erin"), at=made.made_at, entered_by=ActorId("dana")
    )
    sums = sums_of(made.lines)
    return PlanStanding(
        plan=made,
        state=PlanState.APPROVED if approved else PlanState.MADE,
        consent=Consent(plan_hash="f" * 32, sums=sums, above=sums, given=(given,) if approved else ()),
        written=0,
        waiting=0,
        refused=0,
        taken_back=0,
        elsewhere=0,
    )


@pytest.fixture(scope="module", params=["waits", "approved"])
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "plan.html"
    html = render_plan("Harbor Supply", standing(many(12), approved=request.param == "approved"))
    path.write_text(html, encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_plan_fits_every_window_is_silent_and_has_no_barriers(window: Window, page: str, width: int) -> None:
    window.show(page, width)
    assert window.too_wide() == []
    window.unfold()
    assert window.too_wide() == []
    assert window.barriers() == []
    assert window.problems() == []
    assert window.ask("return document.querySelectorAll('script').length") == 0


def test_printed_the_plan_unfolds(window: Window, page: str) -> None:
    window.show(page, 1280)
    shown = "return [...document.querySelectorAll('.inside')].filter(each => each.checkVisibility()).length"
    assert window.ask(shown) == 0
    with window.printed():
        assert window.ask(shown) == window.ask("return document.querySelectorAll('.inside').length") > 0


def test_a_long_plan_holds_a_few_hundred_lines_and_says_where_the_rest_is() -> None:
    made = many(260)
    html = render_plan("Harbor Supply", standing(made, approved=False))
    assert html.count('<span class="no">') == 400
    assert "61 entries are not on this page" in html
    assert "60 entries are not on this page" in html
    assert f"receivables plan show {made.plan_id} --all" in html
    assert f"receivables plan approve {made.plan_id} --by NAME --hash {'f' * 12}" in html
