"""Small cases for the tests of cash application: one company, named by what matters in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from connector.reconcile.cash.case import Case, Item, Party, Policy, Receipt, ReceiptKind
from connector.reconcile.cash.rounds import Rounds
from connector.reconcile.cash.verdict import Verdict

DAY = date(2026, 3, 1).toordinal()
ACME = Party("acme", "Acme Roofing Ltd", account="DE1")
BOLT = Party("bolt", "Bolt Fasteners Inc", account="DE2")
OPEN_HANDED = Policy(terms=True, bank_fee=2_500, partial=True)


def invoice(
    number: str, amount: int, party: str = "acme", *, issued: int = 0, due: int = 30, currency: str = "USD"
) -> Item:
    """An open item whose id is its number; days count from the first of the case."""
    return Item(number, number, party, currency, amount, DAY + issued, DAY + issued + due)


def paid(
    id_: str, amount: int, text: str = "", *, account: str = "", name: str = "", on: int = 20, currency: str = "USD",
    key: str = "", email: str = "", processor: str = "",
) -> Receipt:  # fmt: skip
    """A payment, on a day counted from the first of the case."""
    return Receipt(id_, ReceiptKind.PAYMENT, DAY + on, currency, amount, name, account, processor, email, text, key)


def back(id_: str, amount: int, related: str, *, on: int = 40, kind: ReceiptKind = ReceiptKind.REFUND) -> Receipt:
    """Money that went back."""
    return Receipt(id_, kind, DAY + on, "USD", -amount, related=related)


def rounds(
    items: Sequence[Item], receipts: Sequence[Receipt], *, parties: Sequence[Party] = (ACME, BOLT),
    policy: Policy = OPEN_HANDED, learned: Mapping[str, str] | None = None,
    rates: Mapping[tuple[str, str, int], tuple[int, int]] | None = None,
) -> Rounds:  # fmt: skip
    """The case, decided."""
    case = Case(
        parties=parties, items=items, receipts=receipts, policy=policy, learned=learned or {}, rates=rates or {}
    )
    done = Rounds(case)
    done.run()
    return done


def verdicts(done: Rounds) -> dict[str, Verdict]:
    """What was decided, by the receipt's id."""
    return {done.at.case.receipts[place].id: verdict for place, verdict in done.at.verdicts.items()}


def told(done: Rounds) -> dict[str, tuple[str, dict[str, int]]]:
    """The class of each decision and what it applied to which item."""
    return {
        id_: (verdict.kind.value, {done.at.case.items[share.item].id: share.applied for share in verdict.shares})
        for id_, verdict in verdicts(done).items()
    }
