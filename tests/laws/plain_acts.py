"""What happens in a firm of values: trade, its processor's moods, and people who work in the books behind our back.

Each act says whether it could be done; `act` does one by chance.
"""

from __future__ import annotations

from collections.abc import Callable

from connector.dates import later
from connector.model.allocation import Allocation
from connector.model.firm import BookingPattern
from connector.model.money_in import DisputeState, PaymentState, RefundState
from connector.model.ruling import Ruling, RulingKind
from connector.model.settlement import EntryNature, PayoutState
from connector.model.source import Kind, Ref
from connector.money import Money, half_up
from tests.laws.plain_books import HOME
from tests.laws.plain_firm import DANA, PlainFirm
from tests.laws.plain_processor import CODES, Sale

_RATE = (10_835, 10_000)
_LINES = (EntryNature.FEE, EntryNature.RESERVE, EntryNature.TOPUP, EntryNature.ADJUSTMENT, EntryNature.SUSPENSE)
_PEOPLE_PERCENT, _LATER_PERCENT = 25, 40
"""So often may people act, and has time passed."""


def act(firm: PlainFirm) -> str:
    """One act of somebody; says which."""
    if firm.chance.randrange(100) < _LATER_PERCENT:
        firm.processor.days(firm.chance.randint(1, 3))
    acts = {**TRADE, **(PEOPLE if firm.chance.randrange(100) < _PEOPLE_PERCENT else {})}
    for name in firm.chance.choices(list(acts), [weight for weight, _ in acts.values()], k=20):
        if acts[name][1](firm):
            return name
    return "nothing"


def _invoice(firm: PlainFirm) -> bool:
    who = firm.chance.choice(list(firm.payers))
    code = firm.books.customers[who].currency or HOME
    firm.books.invoice(who, firm.number(), firm.amount(code), firm.processor.today)
    return True


def _credit_note(firm: PlainFirm) -> bool:
    who = firm.chance.choice(list(firm.payers))
    code = firm.books.customers[who].currency or HOME
    firm.books.credit_note(who, f"CM-{1000 + next(firm._numbers)}", firm.amount(code), firm.processor.today)
    return True


def _sale(firm: PlainFirm) -> bool:
    """Somebody pays an invoice: exactly, in part, or too much; and says so by a key, in words, or not at all."""
    debt, chance = firm.pick(firm.debts()), firm.chance
    if debt is None:
        return False
    held = firm.books.documents[debt]
    left, code = firm.books.left_of(debt), held.amount.currency
    paid = chance.choices((left, chance.randint(1, left), left + chance.randint(1, 999)), (7, 2, 1))[0]
    amount = Money(paid, code)
    changed = code != HOME and chance.random() < 0.5
    into = Money(half_up(paid * _RATE[0], _RATE[1]), HOME) if changed else None
    told = chance.choices(("key", "words", "silent"), (6, 2, 2))[0]
    fee = half_up((into or amount).minor * 3, 100) + 30
    firm.processor.sale(
        Sale(
            amount=amount,
            fee=fee,
            payer=firm.payers[held.customer] if held.customer is not None else None,
            key=held.number if told == "key" else "",
            words=f"for invoice {held.number}" if told == "words" else "",
            by_bank=chance.random() < 0.3,
            into=into,
        )
    )
    return True


def _paid(firm: PlainFirm, *, untouched: bool = False) -> list[Ref]:
    fought = {fight.payment for fight in firm.processor.disputes.values()}
    return [
        ref
        for ref, held in firm.processor.payments.items()
        if held.state is PaymentState.SUCCEEDED and not (untouched and (held.refunded or ref in fought))
    ]


def _refund(firm: PlainFirm) -> bool:
    ref = firm.pick(_paid(firm))
    if ref is None:
        return False
    held = firm.processor.payments[ref]
    left = held.gross.minor - (held.refunded.minor if held.refunded is not None else 0)
    back = left if firm.chance.random() < 0.5 else firm.chance.randint(1, left)
    taken = None
    if firm.processor.purse(ref) != held.gross.currency:
        taken = max(1, half_up(back * _RATE[0], _RATE[1]) + firm.chance.randint(-3, 3))
    firm.processor.refund(ref, Money(back, held.gross.currency), taken)
    return True


def _refund_fails(firm: PlainFirm) -> bool:
    states = firm.processor.payments
    ref = firm.pick(
        [
            ref
            for ref, back in firm.processor.refunds.items()
            if back.state is RefundState.DONE
            and back.payment is not None
            and states[back.payment].state in (PaymentState.SUCCEEDED, PaymentState.REFUNDED)
        ]
    )
    if ref is None:
        return False
    firm.processor.refund_fails(ref)
    return True


def _dispute(firm: PlainFirm) -> bool:
    ref = firm.pick(_paid(firm, untouched=True))
    if ref is None:
        return False
    firm.processor.dispute(ref, fee=1_500)
    return True


def _fight(firm: PlainFirm, *, won: bool) -> bool:
    every = firm.processor.disputes.items()
    ref = firm.pick([ref for ref, fight in every if fight.state is DisputeState.OPEN])
    if ref is None:
        return False
    if won:
        firm.processor.wins(ref, fee_back=1_500 if firm.chance.random() < 0.3 else 0)
    else:
        firm.processor.loses(ref)
    return True


def _comes_back(firm: PlainFirm) -> bool:
    every = firm.processor.payments
    ref = firm.pick([ref for ref in _paid(firm, untouched=True) if every[ref].method != "card"])
    if ref is None:
        return False
    firm.processor.comes_back(ref)
    return True


def _line(firm: PlainFirm) -> bool:
    nature, code = firm.chance.choice(_LINES), firm.chance.choice(CODES)
    amount = firm.chance.randint(1, 9_000) * (-1 if nature is EntryNature.FEE else firm.chance.choice((-1, 1)))
    firm.processor.line(nature, Money(amount, code))
    return True


def _pay_out(firm: PlainFirm) -> bool:
    return firm.processor.pays_out(firm.chance.choice(CODES)) is not None


def _pay_out_by_hand(firm: PlainFirm) -> bool:
    if firm.pattern is BookingPattern.DEPOSIT or firm.processor.balance[HOME] <= 0:
        return False
    return firm.processor.pays_out(HOME, manual=firm.chance.randint(1, firm.processor.balance[HOME])) is not None


def _arrives(firm: PlainFirm) -> bool:
    ref = firm.pick([ref for ref, one in firm.processor.payouts.items() if one.state is PayoutState.PENDING])
    if ref is None:
        return False
    firm.processor.arrives(ref)
    return True


def _payout_fails(firm: PlainFirm) -> bool:
    ref = firm.pick([ref for ref, one in firm.processor.payouts.items() if one.state is not PayoutState.FAILED])
    if ref is None:
        return False
    firm.processor.payout_fails(ref)
    return True


def _says(firm: PlainFirm) -> bool:
    """A person decides what a payment pays: an invoice, perhaps less a credit note of the same customer."""
    decided = {ruling.payment for ruling in firm.rulings}
    posted = {row.intent.about for row in firm.rows if hasattr(row.intent, "about")}
    ref = firm.pick([each for each in _paid(firm, untouched=True) if each not in decided | posted])
    debt = firm.pick(firm.debts())
    if ref is None or debt is None:
        return False
    held, owed = firm.processor.payments[ref], firm.books.documents[debt]
    if owed.amount.currency != held.gross.currency:
        return False
    left = firm.books.left_of(debt)
    notes = [
        (one.ref, firm.books.left_of(one.ref))
        for one in firm.books.documents.values()
        if one.ref.kind is Kind.CREDIT_NOTE and one.customer == owed.customer and firm.books.left_of(one.ref) > 0
    ]
    credit = min(notes[0][1], max(left - held.gross.minor, 0)) if notes else 0
    pays = min(left, held.gross.minor + credit)
    code = held.gross.currency
    shares = [Allocation(payment=ref, target=debt, amount=Money(pays, code))]
    if credit:
        shares.append(Allocation(payment=ref, target=notes[0][0], amount=Money(-credit, code)))
    firm.rulings.append(
        Ruling(
            payment=ref,
            kind=RulingKind.HUMAN,
            by=DANA,
            at=firm.processor.at,
            gross=held.gross,
            unapplied=Money(held.gross.minor + credit - pays, code),
            allocations=tuple(shares),
            number=len(firm.rulings) + 1,
        )
    )
    return True


def _received_by_hand(firm: PlainFirm) -> bool:
    debt = firm.pick(firm.debts())
    if debt is None:
        return False
    held, left = firm.books.documents[debt], firm.books.left_of(debt)
    paid = firm.chance.choice((left, firm.chance.randint(1, left)))
    if held.customer is None:
        return False
    money = Money(paid, held.amount.currency)
    firm.books.received(held.customer, money, firm.processor.today, [(debt, money)])
    return True


def _takes_out(firm: PlainFirm) -> bool:
    """A person voids or deletes something that we wrote."""
    ref = firm.pick(
        [
            ref
            for ref in firm.ours(Kind.PAYMENT, Kind.BOOK_ENTRY, Kind.DEPOSIT)
            if not firm.books.is_banked(ref) and not firm.books.is_settled(ref)
        ]
    )
    if ref is None:
        return False
    if ref.kind is Kind.PAYMENT and firm.chance.random() < 0.5:
        firm.books.void(ref)
    else:
        firm.books.delete(ref)
    return True


def _takes_off(firm: PlainFirm) -> bool:
    ref = firm.pick([ref for ref in firm.ours(Kind.PAYMENT) if firm.books.documents[ref].amount])
    if ref is None:
        return False
    firm.books.unapply(ref)
    return True


def _edits(firm: PlainFirm) -> bool:
    ref = firm.pick(firm.ours(Kind.PAYMENT, Kind.BOOK_ENTRY, Kind.DEPOSIT))
    if ref is None:
        return False
    firm.books.edit(ref)
    return True


def _voids_invoice(firm: PlainFirm) -> bool:
    whole = [ref for ref in firm.debts() if firm.books.left_of(ref) == firm.books.documents[ref].amount.minor]
    ref = firm.pick(whole)
    if ref is None:
        return False
    firm.books.void(ref)
    return True


def _undoes(firm: PlainFirm) -> bool:
    """A person takes back one of our runs, with whatever happened since."""
    runs = firm.runs()
    if not runs:
        return False
    firm.take_back(firm.chance.choice(runs))
    return True


def _closes(firm: PlainFirm) -> bool:
    firm.books.close(later(firm.processor.today, -firm.chance.randint(0, 3)))
    return True


Act = Callable[[PlainFirm], bool]

TRADE: dict[str, tuple[int, Act]] = {
    "an invoice": (20, _invoice),
    "a credit note": (4, _credit_note),
    "a payment": (24, _sale),
    "a refund": (7, _refund),
    "a refund fails": (10, _refund_fails),
    "a dispute": (9, _dispute),
    "a dispute is won": (12, lambda firm: _fight(firm, won=True)),
    "a dispute is lost": (12, lambda firm: _fight(firm, won=False)),
    "a debit comes back": (9, _comes_back),
    "a line of another kind": (4, _line),
    "a payout": (14, _pay_out),
    "a payout by hand": (2, _pay_out_by_hand),
    "a payout arrives": (20, _arrives),
    "a payout fails": (6, _payout_fails),
    "a person decides": (16, _says),
}
PEOPLE: dict[str, tuple[int, Act]] = {
    "a person records a payment": (6, _received_by_hand),
    "a person takes out what we wrote": (8, _takes_out),
    "a person takes a payment off": (3, _takes_off),
    "a person edits what we wrote": (4, _edits),
    "a person voids an invoice": (3, _voids_invoice),
    "a person undoes a run": (5, _undoes),
    "a person closes the books": (1, _closes),
}
ACTS = frozenset({*TRADE, *PEOPLE})
