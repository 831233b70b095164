"""Whatever happens in a firm, and however far we had got with writing: the books stay books, and say what happened.

Each life is random and can be lived again by its seed. After every act all identities are asked: of the double's own
ledger, which knows nothing of us, and of ours.
"""

from __future__ import annotations

from collections import Counter

import pytest

from connector.model.firm import BookingPattern
from connector.model.money_in import DisputeState
from connector.model.settlement import PayoutState
from connector.model.source import Kind, Ref
from connector.money import Currency
from connector.reconcile.clearing import Standing
from connector.reconcile.tieout import tie_out
from tests.laws.plain_acts import ACTS, act
from tests.laws.plain_books import PlainBooks
from tests.laws.plain_firm import PlainFirm
from tests.laws.plain_processor import CODES

ACTS_A_LIFE, SHORT_ACTS = 20, 10
SHORT_LIVES, MANY_LIVES, SHARE = 200, 10_000, 500
OPEN_ITEMS = {Kind.INVOICE: 1, Kind.CREDIT_NOTE: -1, Kind.PAYMENT: -1}
"""Documents of which something can be open, and whether it raises what is owed."""
PATTERNS = (BookingPattern.CLEARING, BookingPattern.DEPOSIT)


def wrong_in(books: PlainBooks) -> list[str]:
    """What is wrong in the double's own ledger, by nobody's figures but its own."""
    found, balances, applied = [], books.balances(), books.applied()
    owed: Counter[Currency] = Counter()
    for held in books.documents.values():
        if held.void:
            continue
        left = books.unapplied(held).minor if held.ref.kind is Kind.PAYMENT else held.amount.minor
        left -= applied.get(held.ref, 0)
        if held.ref.kind in OPEN_ITEMS:
            owed[held.amount.currency] += OPEN_ITEMS[held.ref.kind] * left
            if not 0 <= left <= held.amount.minor:
                found.append(f"{held.ref} has {left} open of {held.amount}")
        else:
            sign = -1 if held.ref.kind is Kind.DEPOSIT else 1
            owed[held.amount.currency] += sign * sum(one.amount.minor for one in held.parts if one.customer is not None)
    for code in CODES:
        whole = sum(minor for (_, of), minor in balances.items() if of == code)
        if whole:
            found.append(f"debits are not credits in {code}: {whole}")
        if owed[code] != balances.get(("Receivable", code), 0):
            found.append(
                f"receivable {code} holds {balances.get(('Receivable', code), 0)}, open items are {owed[code]}"
            )
    return found


def twice_in(books: PlainBooks) -> list[str]:
    """What stands in the books more than once."""
    marks: Counter[tuple[str, bool, Ref | None]] = Counter()
    for held in books.documents.values():
        if held.stamp is not None and not held.void:
            marks[held.ref.kind, bool(held.parts), held.stamp.about] += 1
    return [f"{mark} stands {times} times" for mark, times in marks.items() if times > 1]


def unsaid_in(firm: PlainFirm, purse: Standing) -> list[str]:
    """Money that is between the processor and the books, and of which nobody says why."""
    named = {ref for finding in firm.left for ref in finding.refs}
    there, found = firm.processor, []
    for rest in purse.rest:
        for line in rest.entries:
            about = there.lines[line].about
            payment = about
            if about is not None and about.kind in (Kind.REFUND, Kind.DISPUTE):
                payment = (there.refunds.get(about) or there.disputes[about]).payment
            waits = about in there.payouts and there.payouts[about].state is PayoutState.PENDING
            fought = any(
                fight.payment == payment and fight.state is DisputeState.OPEN for fight in there.disputes.values()
            )
            carrier = goes_out_with(firm, line)
            if not waits and not fought and not {line, about, payment, carrier} & named and carrier is not PENDING:
                found.append(f"{rest.reason} {rest.amount}: {line}")
    return found


PENDING = None


def goes_out_with(firm: PlainFirm, line: Ref) -> Ref | None:
    """The payout that arrived with that line, in the pattern in which payouts book their lines; PENDING: none yet."""
    if firm.pattern is BookingPattern.CLEARING:
        return line
    for ref, payout in firm.processor.payouts.items():
        if payout.state is PayoutState.PAID and (line in (payout.entries or ()) or line == payout.entry):
            return ref
    return PENDING


def check(firm: PlainFirm) -> None:
    """Every identity, now."""
    assert wrong_in(firm.books) == []
    assert twice_in(firm.books) == []
    assert tie_out(firm.seen()).findings == ()
    balances = firm.books.balances()
    for code, purse in firm.standings().items():
        assert purse.ledger.minor == firm.processor.balance[code]
        assert purse.holds, purse
        account = "Clearing" if firm.pattern is BookingPattern.CLEARING else "Undeposited"
        assert balances.get((account, code), 0) + purse.unbooked.minor == firm.processor.balance[code]
        assert unsaid_in(firm, purse) == []


def undone_at_once(firm: PlainFirm) -> None:
    """Nobody did anything between the two: the books are what they were."""
    before = standing_of(firm.books)
    made = firm.plan()
    firm.write(made)
    back = firm.take_back(made.plan_id)
    assert len(back.lines) == len([line for line in made.lines if line.void is None])
    if all(line.void is None for line in made.lines):
        assert standing_of(firm.books) == before


def standing_of(books: PlainBooks) -> tuple[dict[tuple[str, Currency], int], dict[Ref, int]]:
    """What every account holds, and what is open of every document."""
    open_items = {ref: books.left_of(ref) for ref in books.documents if ref.kind in (Kind.INVOICE, Kind.CREDIT_NOTE)}
    return {account: minor for account, minor in books.balances().items() if minor}, open_items


def live(seed: int, acts: int = ACTS_A_LIFE) -> Counter[str]:
    """One life; says what happened in it."""
    firm = PlainFirm(seed, PATTERNS[seed % 2])
    story: list[str] = []
    try:
        for _ in range(acts):
            story.append(act(firm))
            if firm.chance.random() < 0.2:
                made = firm.plan()
                firm.write(made, firm.chance.randint(0, len(made.lines)))
                story.append("a plan is written in part")
                assert wrong_in(firm.books) == []
                continue
            if firm.chance.random() < 0.1:
                story.append("a run is written and undone at once")
                undone_at_once(firm)
            firm.catch_up()
            check(firm)
        firm.settle()
        firm.catch_up()
        check(firm)
    except Exception as fault:
        fault.add_note(f"seed {seed}, {firm.pattern}: {', '.join(story)}")
        raise
    return Counter(story)


def lives(seeds: range, acts: int = ACTS_A_LIFE) -> Counter[str]:
    """Many lives."""
    found: Counter[str] = Counter()
    for seed in seeds:
        found += live(seed, acts)
    return found


def test_the_identities_of_the_books_never_break_whatever_happens() -> None:
    happened = lives(range(SHORT_LIVES), SHORT_ACTS)
    assert happened.keys() >= ACTS


@pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(SHORT_LIVES, 1_000), id="a thousand", marks=pytest.mark.gate),
        *(
            pytest.param(range(at, at + SHARE), id=f"from {at}", marks=pytest.mark.long)
            for at in range(1_000, 1_000 + MANY_LIVES, SHARE)
        ),
    ],
)
def test_nor_in_very_many_lives(seeds: range) -> None:
    assert lives(seeds).keys() >= ACTS
