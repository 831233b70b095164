"""Who paid is known from a sign that only one customer group has, and from nothing else."""

from __future__ import annotations

import pytest

from connector.reconcile.cash.case import Party
from connector.reconcile.cash.payers import CONTRADICTED, Basis, Payers
from tests.unit.cash_ground import ACME, BOLT, invoice, paid, rounds, told
from tests.unit.spelt_ground import SPELLINGS, firms, parties, spelt

CUSTOMERS = [
    Party("0", "Violet Supplies"),
    Party("1", "Juniper Winter LLC"),
    Party("2", "Juniper Winter Machining"),
    Party("3", "Lime Travel Group"),
    Party("4", "Evergreen Coral Insulation GmbH", email="AP@evergreen.example", processor_id="cus_4", account="DE4"),
    Party("5", "Cobalt Dairy Ltd"),
    Party("6", "Cobalt Dairy Inc"),
    Party("7", "Quarry Holdings"),
    Party("8", "Quarry North", parent="7"),
    Party("9", "Müller & Söhne"),
]


@pytest.mark.parametrize(
    ("name", "group", "basis"),
    [
        ("VIOLET SUPPLIES", 0, Basis.NAME),
        ("Violet Supl", 0, Basis.NEAR_NAME),
        ("VIOLET SUPPLIS", 0, Basis.NEAR_NAME),
        ("LIMETRAVEL GROUP", 3, Basis.NEAR_NAME),
        ("TRAVEL LIME GROUP", 3, Basis.NEAR_NAME),
        ("EVERGREEN CORAL INS", 4, Basis.CUT_NAME),
        ("JUNIPER WINTER LLC", 1, Basis.NAME),
        ("Cobalt Dairy Inc", 6, Basis.NAME),
        ("QUARRY NORTH", 7, Basis.NAME),
        ("MÜLLER & SÖHNE", 9, Basis.NAME),
    ],
)
def test_a_name_is_known_as_banks_write_it(name: str, group: int, basis: Basis) -> None:
    payer = Payers(CUSTOMERS, {}).of(paid("p", 1, name=name))
    assert (payer.group, payer.basis) == (group, basis)


@pytest.mark.parametrize(
    ("name", "among"),
    [
        ("JUNIPER WINTER", (1, 2)),
        ("COBALT DAIRY", (5, 6)),
        ("COBALT DAIRY GMBH", (5, 6)),
        ("PAYMENTS AGENCY", ()),
        ("INC", ()),
        ("&&&", ()),
    ],
)
def test_a_name_that_several_might_have_is_nobody_s(name: str, among: tuple[int, ...]) -> None:
    payer = Payers(CUSTOMERS, {}).of(paid("p", 1, name=name))
    assert payer.group == -1
    assert payer.among == among


@pytest.mark.parametrize(
    ("signs", "basis"),
    [
        ({"processor": "cus_4", "account": "XX"}, Basis.PROCESSOR),
        ({"email": "ap@EVERGREEN.example"}, Basis.EMAIL),
        ({"account": "DE4", "name": "somebody else"}, Basis.ACCOUNT),
    ],
)
def test_an_id_an_address_or_an_account_says_who_paid(signs: dict[str, str], basis: Basis) -> None:
    payer = Payers(CUSTOMERS, {}).of(paid("p", 1, **signs))  # type: ignore[arg-type]
    assert (payer.group, payer.basis) == (4, basis)


def test_signs_that_contradict_each_other_are_nobody_s() -> None:
    payers = Payers([*CUSTOMERS, Party("10", "Other", account="DE9")], {})
    assert payers.of(paid("p", 1, processor="cus_4", account="DE9")) == CONTRADICTED
    assert payers.of(paid("p", 1, account="DE4", name="Violet Supplies")) == CONTRADICTED


def test_an_account_that_two_customers_share_says_nothing() -> None:
    payers = Payers([Party("0", "One", account="DE1"), Party("1", "Two", account="DE1")], {})
    assert payers.of(paid("p", 1, account="DE1")).group == -1


def test_a_circle_of_parents_is_one_group() -> None:
    circle = [Party("0", "Before", parent="2"), Party("1", "One", parent="2"), Party("2", "Two", parent="1")]
    assert Payers(circle, {}).root == [1, 1, 1]


def test_a_person_s_word_about_an_account_is_taken() -> None:
    payer = Payers(CUSTOMERS, {"GB7": "8"}).of(paid("p", 1, account="GB7"))
    assert (payer.group, payer.basis) == (7, Basis.LEARNED)


NAMES = 120


def test_the_group_is_known_however_a_name_is_spelt_and_never_another() -> None:
    known = firms(300)
    payers = Payers(parties(known), {})
    groups = {
        spelling: [(payers.of(paid("p", 1, name=one.name)).group, one.meant) for one in spelt(known, spelling, NAMES)]
        for spelling in SPELLINGS
    }
    pairs = [pair for each in groups.values() for pair in each]
    assert sum(group == meant for group, meant in pairs) >= 0.97 * len(pairs)
    assert sum(group not in (-1, meant) for group, meant in pairs) <= 0.0005 * len(pairs)
    poor = {name for name, each in groups.items() if sum(group == meant for group, meant in each) < 0.95 * len(each)}
    assert poor == set()


@pytest.mark.parametrize(
    "spelling", ["as it is", "in capitals", "without accents", "with its place", "cut by the bank"]
)
def test_a_name_that_two_customers_have_is_nobody_s_however_it_is_spelt(spelling: str) -> None:
    known = firms(40)
    twice = [*known, *known]
    payers = Payers(parties(twice), {})
    for one in spelt(known, spelling, NAMES):
        payer = payers.of(paid("p", 1, name=one.name))
        assert payer.group == -1
        assert set(payer.among) == {one.meant, one.meant + len(known)}


ENDINGS = ("corp", "llc", "foundation", "us", "systems", "associates", "trust", "co")
RETAIL = [
    Party("0", "WAL-MAR corp"), Party("1", "COSTC us"), Party("2", "KROG llc"), Party("3", "KROG trust"),
    Party("4", "MDV/ co"), Party("5", "SYSCO F foundation"),
]  # fmt: skip
SEEN = [f"{stem} {ending}" for stem in ("WAL-MAR", "COSTC", "KROG", "MDV/") for ending in ENDINGS]


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_ending_tells_nothing_where_every_name_comes_with_all_of_them(ending: str) -> None:
    payers = Payers(RETAIL, {}, SEEN)
    assert payers.of(paid("p", 1, name=f"WAL-MAR {ending}")).group == 0
    assert payers.of(paid("p", 1, name=f"MDV/ {ending}")).group == 4
    assert payers.of(paid("p", 1, name=f"KROG {ending}")).among == (2, 3)


def test_an_ending_tells_two_firms_apart_where_names_keep_theirs() -> None:
    assert Payers(RETAIL, {}, [party.name for party in RETAIL]).of(paid("p", 1, name="KROG TRUST")).group == 3


@pytest.mark.parametrize("name", ["IRON us", "IRON corp", "IRON co", "IRON"])
def test_the_endings_of_one_name_tell_nothing_where_it_alone_comes_with_all_of_them(name: str) -> None:
    two = [Party("0", "IRON corp"), Party("1", "IRON us"), Party("2", "Glacier Storage Co")]
    seen = [f"IRON {ending}" for ending in ("co", "systems", "trust", "foundation")]
    payers = Payers(two, {}, seen)
    assert payers.of(paid("p", 1, name=name)).among == (0, 1)
    assert payers.of(paid("p", 1, name="GLACIER STORAGE")).group == 2


OWN_DOMAINS = [Party(str(at), f"Firm {at}", email=f"ap@firm{at}.example") for at in range(4)]


def test_a_domain_of_one_s_own_says_who_paid() -> None:
    payer = Payers(OWN_DOMAINS, {}).of(paid("p", 1, email="Somebody@FIRM2.example"))
    assert (payer.group, payer.basis) == (2, Basis.EMAIL)


@pytest.mark.parametrize(
    "emails",
    [
        ["a@gmail.com", "b@gmail.com", "c@gmail.com", "d@gmail.com"],
        ["a@one.example", "b@one.example", "c@one.example", "d@two.example"],
        ["a@one.example", "b@two.example", "", ""],
    ],
)
def test_a_domain_that_is_not_a_customer_s_own_says_nothing(emails: list[str]) -> None:
    customers = [Party(str(at), f"Firm {at}", email=email) for at, email in enumerate(emails)]
    for email in filter(None, emails):
        assert Payers(customers, {}).of(paid("p", 1, email=f"x{email}")).group == -1


def test_a_name_that_is_another_s_than_the_domain_is_believed() -> None:
    assert Payers(OWN_DOMAINS, {}).of(paid("p", 1, name="Firm 3", email="x@firm2.example")).group == 3


ITEMS = [invoice("R100", 5_011), invoice("R101", 7_013), invoice("R102", 9_017)]
FIRST = paid("p", 5_011, "R100", account="GB7", on=10)
SECOND = paid("q", 7_013, "R101", account="GB7", on=20)
SILENT = paid("s", 9_017, account="GB7", on=5)


def test_an_account_is_learned_from_two_strong_decisions_and_used_in_the_same_run() -> None:
    done = rounds(ITEMS, [FIRST, SECOND, SILENT])
    assert told(done)["s"] == ("amount", {"R102": 9_017})
    assert done.at.payer[2].basis is Basis.LEARNED
    assert done.at.payers.learned == {"GB7": 0}


def test_one_strong_decision_teaches_nothing() -> None:
    assert "s" not in told(rounds(ITEMS, [FIRST, SILENT]))


def test_a_contradiction_unlearns_an_account() -> None:
    other = paid("r", 3_001, "R900", account="GB7", on=30)
    done = rounds([*ITEMS, invoice("R900", 3_001, "bolt")], [FIRST, SECOND, other, SILENT])
    assert "s" not in told(done)
    assert done.at.payers.learned == {}


def test_weak_decisions_teach_nothing() -> None:
    weak = [
        paid(id_, amount, name="Acme Roofing", account="GB7", on=on)
        for id_, amount, on in (("p", 5_011, 9), ("q", 7_013, 19))
    ]
    done = rounds(ITEMS, weak)
    assert [kind for kind, _ in told(done).values()] == ["amount", "amount"]
    assert done.at.payers.learned == {}


def test_a_trade_name_is_learned_like_an_account() -> None:
    receipts = [
        paid(id_, amount, text, name="Sunny Roofs")
        for id_, amount, text in (("p", 5_011, "R100"), ("q", 7_013, "R101"), ("s", 9_017, ""))
    ]
    done = rounds(ITEMS, receipts)
    assert told(done)["s"] == ("amount", {"R102": 9_017})
    assert done.at.payer[2].basis is Basis.LEARNED_NAME


def test_a_look_alike_s_name_is_never_learned() -> None:
    alike = [ACME, BOLT, Party("a", "Bright Bakery Ltd"), Party("b", "Bright Bakery Inc")]
    items = [invoice("R100", 5_011, "a"), invoice("R101", 7_013, "a"), invoice("R102", 9_017, "a")]
    receipts = [
        paid(id_, amount, text, name="BRIGHT BAKERY")
        for id_, amount, text in (("p", 5_011, "R100"), ("q", 7_013, "R101"), ("s", 9_017, ""))
    ]
    assert set(told(rounds(items, receipts, parties=alike))) == {"p", "q"}
