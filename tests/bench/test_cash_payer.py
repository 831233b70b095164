"""Who paid: on labelled worlds it is known of nearly every receipt that says anything, and never somebody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from connector.app import reviewing
from connector.app.folder import read_cases
from connector.reconcile.cash.case import Case, ReceiptKind
from connector.reconcile.cash.rounds import Rounds
from tests.bench.cash import files
from tests.bench.cash.calibrate import POLICY
from tests.bench.cash.records import Receipt, Tenant
from tests.bench.cash.settings import HELD_BACK, PROFILES
from tests.bench.cash.world import world
from tests.journeys.firm import open_firm
from tests.journeys.test_review import WORLD
from tests.unit import test_cash_payers as told_apart
from tests.unit.cash_ground import rounds, told


def known(tenants: Iterable[Tenant]) -> Counter[str]:
    """Of the receipts with a name, an account or an address that settle something: how many there are, of how many the
    group is known, by a sign of its payer or by what it was decided to settle, and of how many a wrong one."""
    made = list(tenants)
    receipts = {receipt.id: receipt for tenant in made for receipt in tenant.receipts}
    counted: Counter[str] = Counter()
    with TemporaryDirectory() as folder:
        files.write(Path(folder), made)
        for _, case in read_cases(Path(folder), POLICY):
            _count(case, receipts, counted)
    return counted


def _count(case: Case, receipts: dict[str, Receipt], counted: Counter[str]) -> None:
    done = Rounds(case)
    verdicts, at = done.run(), done.at
    place_of = {party.id: place for place, party in enumerate(case.parties)}
    for place, shown in enumerate(case.receipts):
        really = receipts[shown.id]
        if shown.kind is not ReceiptKind.PAYMENT or not really.truth:
            continue
        if not (shown.payer_name or shown.payer_account or shown.email):
            continue
        settled = [at.group[share.item] for share in verdicts[place].shares] if place in verdicts else []
        right = {at.payers.root[place_of[really.sender]]}
        if at.payer[place].group < 0:
            right.add(at.group[at.item_of[really.truth[0].item]])
        found = at.payer[place].group if at.payer[place].group >= 0 else settled[0] if settled else -1
        counted["all"] += 1
        counted["known"] += found >= 0
        counted["wrong"] += found >= 0 and found not in right


@pytest.mark.parametrize("name", PROFILES)
def test_the_group_is_known_and_right(name: str) -> None:
    found = known(world(PROFILES[name], 1_000, 23))
    assert found["known"] >= 0.965 * found["all"]
    assert found["wrong"] == 0


@pytest.mark.gate
@pytest.mark.req("R13")
def test_the_group_is_known_look_alikes_are_left_alone_and_what_was_learned_is_sure_listed_and_revocable(
    tmp_path: Path,
) -> None:
    for profile in (*PROFILES.values(), *HELD_BACK.values()):
        found = known(world(profile, 4_000, 24))
        assert found["known"] >= 0.97 * found["all"]
        assert found["wrong"] <= 0.0005 * found["all"]
    for spelling in ("as it is", "in capitals", "cut by the bank"):
        told_apart.test_a_name_that_two_customers_have_is_nobody_s_however_it_is_spelt(spelling)
    told_apart.test_an_account_is_learned_from_two_strong_decisions_and_used_in_the_same_run()
    told_apart.test_one_strong_decision_teaches_nothing()
    told_apart.test_a_contradiction_unlearns_an_account()
    told_apart.test_weak_decisions_teach_nothing()
    again = rounds(told_apart.ITEMS, [told_apart.SILENT], learned={"GB7": "acme"})
    assert told(again)["s"] == ("amount", {"R102": 9_017})
    with open_firm(tmp_path, WORLD.read_text(encoding="utf-8")) as firm:
        firm.connect_quickly()
        with firm.desk() as desk:
            reviewing.waiting(desk)
            reviewing.allocate(desk, "ch_review_4", [("R-1005", "410.00")], on_account=False)
        (fact,) = firm.do("review", "facts", "--json").json
        assert (fact["sign"], len(fact["payments"])) == ("stripe/customer/cus_review_rosen", 1)
        firm.do("review", "forget", fact["fact_id"])
        assert firm.do("review", "facts", "--json").json == []
