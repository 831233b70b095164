"""Books that another connector polluted before us and beside us, cleaned up by a plan: ours by us, theirs by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.app.books import apply_plan, make_plan
from connector.app.cleaning import propose
from connector.app.shadow import shadow
from connector.errors import UserError
from tests.journeys.firm import Firm, nothing, open_firm
from tests.journeys.test_shadow import WORLD, Before
from tests.journeys.test_undo import people, undone

ENTITIES = ("Payment", "Purchase", "Deposit", "Transfer", "JournalEntry")


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    with open_firm(tmp_path, WORLD.read_text(encoding="utf-8")) as opened:
        before = Before(opened)
        before.paid("Acme Bakery", 120.00, "Stripe Clearing", "2026-01-12", "charge ch_pol_1", "P-1")
        before.paid("Acme Bakery", 120.00, "Stripe Clearing", "2026-01-13", "charge ch_pol_1")
        before.paid("Bolt Bikes", 242.94, "Stripe Clearing", "2026-01-13", "charge ch_pol_2", "P-2")
        before.spent(3.78, "2026-01-12", "fee ch_pol_1")
        before.spent(3.78, "2026-01-12", "fee ch_pol_1")
        opened.connect_quickly()
        with opened.desk() as desk:
            apply_plan(desk, make_plan(desk), nothing, nothing)
        # The old program is not switched off yet.
        before.spent(2.62, "2026-01-14", "fee ch_pol_3")
        opened.sync_quickly()
        yield opened


def theirs(firm: Firm) -> list[tuple[str, str, str]]:
    """Every entry without our mark, with its version."""
    return [
        (entity, each["Id"], each["SyncToken"])
        for entity in ENTITIES
        for each in firm.books(entity)
        if "receivables op=" not in str(each.get("PrivateNote"))
    ]


def rows(firm: Firm) -> set[str]:
    with firm.desk() as desk:
        return {str(row.finding.code) for row in shadow(desk).shadow.rows}


@pytest.mark.gate
@pytest.mark.req("W7")
def test_a_polluted_file_gets_a_plan_of_voids_corrections_and_merges_with_evidence_and_others_entries_stay(
    firm: Firm, tmp_path: Path
) -> None:
    people(firm, lambda office: office.customer("Bolt Bikes (Stripe)"))
    Before(firm).paid("Bolt Bikes (Stripe)", 60.00, "Checking", "2026-02-01")
    firm.sync_quickly()
    before = theirs(firm)
    page = tmp_path / "clean.html"
    ran = firm.run("shadow", "--propose", "--json", "--html", str(page))
    assert ran.code == 1, "something of it is for a person"
    made: dict[str, Any] = ran.json
    assert [line["kind"] for line in made["lines"]] == ["payment", "expense", "void"]
    assert all(line["evidence"] and line["expects"] for line in made["lines"])
    by_hand = {each["code"]: each["next_step"] for each in made["left_out"]}
    assert by_hand.keys() >= {"posted-twice", "fee-twice", "perhaps-one-customer"}
    assert "void it" in by_hand["posted-twice"]
    assert "merge them in the books" in by_hand["perhaps-one-customer"]
    assert "void it" in page.read_text(encoding="utf-8")
    assert theirs(firm) == before, "nothing is written before apply"

    other = firm.do("plan", "--json").json["plan_id"]
    assert firm.run("apply", "--json", "--yes").json["plan"] == other, "a clean-up is applied by its name alone"
    done = firm.do("apply", made["plan_id"], "--yes", "--json").json
    assert (len(done["done"]), done["changed_since"], done["not_landed"]) == (3, [], [])
    assert theirs(firm) == before, "what other hands wrote is as it was"
    assert str(firm.invoice("P-2")["Balance"]) in ("0", "0.0", "0.00")
    left = rows(firm)
    assert "posted-net" not in left
    assert left >= {"posted-twice", "fee-twice"}, "theirs are there until a person has done it"
    again = firm.run("shadow", "--propose", "--json").json
    assert again["lines"] == []
    assert firm.do("apply", made["plan_id"], "--yes", "--json").json["done"] == []
    with firm.desk() as desk:
        _, back = undone(desk, made["plan_id"])
    assert len(back.posted.done) == 2, "what was added is taken back; what was voided cannot be"


def test_ours_stays_where_the_other_hand_took_its_own_out_meanwhile_and_only_ours_may_be_named(firm: Firm) -> None:
    with firm.desk() as desk:
        made = propose(desk)
        (line,) = [each for each in made.lines if each.void is not None]
        (theirs_too,) = [each for each in firm.books("Purchase") if each.get("PrivateNote") == "fee ch_pol_3"]
        people(firm, lambda office: office.delete("Purchase", theirs_too["Id"]))
        done = apply_plan(desk, made, nothing, nothing)
        assert [each.line.op_id for each in done.stale_lines] == [line.op_id]
        for name in (theirs_too["Id"], "Purchase:1", str(line.void.target if line.void is not None else "")):
            with pytest.raises(UserError):
                propose(desk, take_back=[name])
