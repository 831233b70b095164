"""A case that goes on: what is new is entered, what it touches is decided again, and nothing else is looked at."""

from __future__ import annotations

import pytest

from connector.reconcile.cash.case import Case, Item, Party, Policy, Receipt
from connector.reconcile.cash.cashbook import CashBook, Ran
from tests.unit.cash_ground import ACME, BOLT, OPEN_HANDED, back, invoice, paid

Shares = dict[str, int]
MANY, EACH = 400, 6
"""So many customers, each with so many items."""


def book(
    *, items: tuple[Item, ...] = (), receipts: tuple[Receipt, ...] = (), parties: tuple[Party, ...] = (ACME, BOLT),
    policy: Policy = OPEN_HANDED,
) -> CashBook:  # fmt: skip
    """A book in which that much was decided."""
    made = CashBook(Case(parties=parties, items=items, receipts=receipts, policy=policy))
    made.run()
    return made


def told(of: CashBook) -> dict[str, tuple[str, Shares]]:
    """Everything that is decided now."""
    at = of.at
    return {
        at.receipts[place].id: (one.kind.value, {at.items[share.item].id: share.applied for share in one.shares})
        for place, one in at.verdicts.items()
    }


def ids(of: CashBook, ran: Ran) -> tuple[set[str], set[str]]:
    """What a run decided, and what it withdrew."""
    receipts = of.at.receipts
    return {receipts[one].id for one in ran.decided}, {receipts[one].id for one in ran.withdrawn}


def ledger() -> CashBook:
    """Many customers, of each of whom one receipt waits that nothing explains."""
    parties = tuple(Party(f"c{who}", f"Customer {who:04} Ltd", account=f"DE{who:04}") for who in range(MANY))
    items = tuple(invoice(f"R{at:05}", 10_000 + 37 * at, f"c{at % MANY}", issued=at % 9) for at in range(MANY * EACH))
    waiting = tuple(paid(f"w{who:04}", 7, account=f"DE{who:04}") for who in range(MANY))
    return book(items=items, receipts=waiting, parties=parties)


@pytest.mark.req("R7")
def test_only_what_hangs_together_with_a_new_receipt_is_looked_at() -> None:
    of = ledger()
    assert of.run().looked_at == 0
    of.enter(receipts=[paid("p1", 10_000, "R00000", on=30), paid("p2", 10_037, account="DE0001", on=30)])
    ran = of.run()
    assert ids(of, ran) == ({"p1", "p2"}, set())
    assert (ran.looked_at, ran.receipts) == (4, MANY + 2)
    of.enter(receipts=[paid("p3", 10_000 + 37 * MANY, f"R{MANY:05}", on=31)])
    assert ids(of, of.run()) == ({"p3"}, set())
    of.enter(items=[invoice("R09999", 7, "c5")])
    ran = of.run()
    assert ids(of, ran) == ({"w0005"}, set())
    assert ran.looked_at == 1


def test_a_number_of_another_customer_in_a_text_ties_the_two_together() -> None:
    of = ledger()
    of.enter(receipts=[paid("p1", 123_456, "R00000 R00001", on=30)])
    assert of.run().looked_at == 3


@pytest.mark.req("R7")
def test_what_was_posted_is_never_decided_otherwise_and_what_was_not_may_be() -> None:
    items = (invoice("R100", 5_000), invoice("R101", 5_000))
    first, second = paid("p1", 5_000, "R100", account="DE1"), paid("p2", 5_000, "INV R100", account="DE1", on=30)
    of, posted = book(items=items, receipts=(first,)), book(items=items, receipts=(first,))
    assert told(of) == told(posted) == {"p1": ("reference", {"R100": 5_000})}
    posted.keep(["p1"])
    of.enter(receipts=[second])
    posted.enter(receipts=[second])
    assert ids(of, of.run()) == (set(), {"p1"}), "two mean one item, and an equal one is there: one of them is wrong"
    assert ids(posted, posted.run()) == (set(), set())
    assert told(posted) == {"p1": ("reference", {"R100": 5_000})}


@pytest.mark.req("R7")
def test_what_only_the_policy_decided_stays_whatever_comes() -> None:
    items = (invoice("R100", 5_000), invoice("R101", 5_000, issued=2))
    both = paid("p1", 5_000, account="DE1", on=20), paid("p2", 5_000, account="DE1", on=29)
    of = book(items=items, receipts=both, policy=Policy(oldest_first=True))
    before = told(of)
    assert before == {"p1": ("identical", {"R100": 5_000}), "p2": ("identical", {"R101": 5_000})}
    of.enter(receipts=[paid("p3", 5_000, "R100", account="DE1", on=60)])
    of.run()
    assert told(of) == before


@pytest.mark.req("R7")
def test_a_person_s_word_stays_whatever_comes() -> None:
    of = book(items=(invoice("R100", 5_000), invoice("R101", 7_000)), receipts=(paid("p1", 5_000, "R100"),))
    of.say("p1", {"R101": 5_000})
    assert ids(of, of.run()) == (set(), {"p1"})
    of.enter(receipts=[paid("p2", 2_000, "R101"), paid("p3", 5_000, "R100")])
    of.run()
    assert told(of) == {"p2": ("reference", {"R101": 2_000}), "p3": ("reference", {"R100": 5_000})}
    of.enter(items=[invoice("R102", 5_000)])
    of.run()
    assert "p1" not in told(of)


def test_a_person_gives_no_more_than_came_and_than_is_open() -> None:
    of = book(items=(invoice("R100", 5_000), invoice("R101", 100)), receipts=(paid("p1", 5_000, "R100"),))
    before = told(of)
    for wrong in ({"R100": 5_000, "R101": 1}, {"R101": 101}, {"R100": -1}):
        with pytest.raises(ValueError, match="a person"):
            of.say("p1", wrong)
        of.run()
        assert told(of) == before
    assert before
    of.keep(["p1"])
    with pytest.raises(ValueError, match="posted"):
        of.say("p1", {})


def test_what_is_undecided_cannot_be_kept_and_nothing_comes_twice() -> None:
    of = book(items=(invoice("R100", 5_000),), receipts=(paid("p1", 1),))
    with pytest.raises(ValueError, match="only what was decided"):
        of.keep(["p1"])
    with pytest.raises(ValueError, match="once"):
        of.enter(receipts=[paid("p1", 1)])


def test_an_item_that_comes_to_more_is_decided_again_and_one_that_was_posted_cannot_come_to_less() -> None:
    first = paid("p1", 5_000, "R100", account="DE1")
    items = invoice("R100", 5_000), invoice("R200", 5_000, "bolt")
    of = book(items=items, receipts=(first,), policy=Policy())
    of.enter(items=[invoice("R100", 9_000)])
    assert ids(of, of.run()) == (set(), {"p1"})
    of.enter(items=[invoice("R100", 5_000, due=60)])
    assert ids(of, of.run()) == ({"p1"}, set())
    of.keep(["p1"])
    with pytest.raises(ValueError, match="more was posted"):
        of.enter(items=[invoice("R100", 4_999)])
    of.enter(items=[invoice("R100", 9_000)])
    assert ids(of, of.run()) == (set(), set())
    assert of.at.left[of.at.item_of["R100"]] == 4_000


def test_an_item_that_gets_another_number_is_found_by_that_and_no_more_by_the_first() -> None:
    of = book(items=(invoice("R100", 5_000),), receipts=(paid("p1", 5_000, "R200"), paid("p2", 5_000, "R100")))
    assert set(told(of)) == {"p2"}
    of.enter(items=[invoice("R100", 5_000)._replace(number="R200")])
    assert ids(of, of.run()) == ({"p1"}, {"p2"})


def test_a_new_customer_is_known_by_its_account_and_may_make_another_s_name_unsure() -> None:
    of = book(items=(invoice("R100", 5_000),), receipts=(paid("p1", 5_000, name="Acme Roofing"),), parties=(ACME,))
    assert set(told(of)) == {"p1"}
    of.enter(parties=[Party("acme-2", "Acme Roofing GmbH", account="DE9")], items=[invoice("R300", 5_000, "acme-2")])
    assert ids(of, of.run()) == (set(), {"p1"})
    of.enter(receipts=[paid("p2", 5_000, account="DE9", on=35)])
    assert ids(of, of.run()) == ({"p2"}, set())


def test_a_customer_that_becomes_another_s_child_shares_its_items() -> None:
    of = book(
        items=(invoice("R100", 5_000), invoice("R200", 7_000, "bolt")), receipts=(paid("p", 7_000, account="DE1"),)
    )
    assert told(of) == {}
    of.enter(parties=[BOLT._replace(parent="acme")])
    assert ids(of, of.run()) == ({"p"}, set())


def test_money_that_goes_back_later_opens_what_it_had_settled() -> None:
    of = book(items=(invoice("R100", 5_000),), receipts=(paid("p1", 5_000, "R100"),))
    of.keep(["p1"])
    of.enter(receipts=[back("b1", 5_000, "p1")])
    of.run()
    assert told(of)["b1"] == ("reversal", {"R100": -5_000})
    of.enter(receipts=[paid("p2", 5_000, "R100", on=50)])
    of.run()
    assert told(of)["p2"] == ("reference", {"R100": 5_000})


def test_a_key_may_name_an_item_that_comes_later() -> None:
    of = book(items=(invoice("R100", 5_000),), receipts=(paid("p1", 4_000, key="R200"),))
    of.enter(items=[invoice("R200", 4_000)])
    assert ids(of, of.run()) == ({"p1"}, set())


def test_an_empty_book_fills_up() -> None:
    of = book(parties=())
    of.enter(parties=[ACME], items=[invoice("R100", 5_000)])
    of.enter(receipts=[paid("p1", 5_000, "R100")])
    assert ids(of, of.run()) == ({"p1"}, set())


def test_a_learned_account_is_no_veto_against_a_number_and_an_amount_that_only_one_item_has() -> None:
    items = (invoice("R100", 5_000), invoice("R101", 6_000), invoice("R200", 7_777, "bolt"))
    first = paid("p1", 5_000, "R100", account="XX"), paid("p2", 6_000, "R101", account="XX", on=21)
    later = paid("p3", 7_777, "R200", account="XX", on=22)
    of = book(items=items, receipts=first)
    assert of.at.payers.learned == {"XX": 0}
    of.enter(receipts=[later])
    of.run()
    assert told(of) == told(book(items=items, receipts=(*first, later)))
    assert told(of)["p3"] == ("reference", {"R200": 7_777})
