"""Proposals for what was not decided: up to three allocations, the likeliest first, with how often such ones are right.

Nothing here is ever applied by itself. It is only worked out for receipts that somebody looks at.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from connector.model.finding import FindingCode
from connector.money import Money, currency, grouped
from connector.reconcile.cash import measured
from connector.reconcile.cash.case import ReceiptKind
from connector.reconcile.cash.converted import EXCHANGE
from connector.reconcile.cash.ideas import Ideas
from connector.reconcile.cash.nextsteps import PROPOSED_MAX
from connector.reconcile.cash.questions import Question, listed, question
from connector.reconcile.cash.sorts import Idea, Sort
from connector.reconcile.cash.standing import Standing
from connector.reconcile.cash.verdict import Class, Share, Verdict

CONFIDENCE_PPM_MIN = 1_000
WORTH_A_LOOK_PPM = 50_000


class Proposal(NamedTuple):
    """An allocation a person may confirm: `pay` of all shares and `unapplied` are the receipt. `kind`: what it stands
    on; `confidence_ppm`: how many of a million such proposals were right where the truth is known; `of`: the receipt
    that this one takes back."""

    kind: str
    shares: tuple[Share, ...]
    unapplied: int
    confidence_ppm: int
    sentence: str
    adjustment: str = ""
    of: int = -1


class Proposals:
    """Over a case in which nothing more follows."""

    def __init__(self, at: Standing) -> None:
        self.at = at
        self._said: dict[int, tuple[Proposal, ...]] = {}

    def of(self, place: int, asked: Question | None = None) -> tuple[Proposal, ...]:
        """The best of them for an undecided receipt, none where nothing can be guessed."""
        if place not in self._said:
            self._said[place] = self._of(place, asked or question(self.at, place))
        return self._said[place]

    @cached_property
    def _ideas(self) -> Ideas:
        return Ideas(self.at)

    def _of(self, place: int, asked: Question) -> tuple[Proposal, ...]:
        ranked = self.ranked(place, asked.code)
        return tuple(
            Proposal(
                kind=idea.sort.value,
                shares=idea.shares,
                unapplied=idea.unapplied,
                confidence_ppm=confidence,
                sentence=_sentence(self.at, place, idea),
                adjustment=idea.adjustment,
                of=idea.of,
            )
            for idea, confidence in ranked[:PROPOSED_MAX]
            if confidence >= CONFIDENCE_PPM_MIN
        )

    def ranked(self, place: int, code: FindingCode) -> list[tuple[Idea, int]]:
        """Every idea with its confidence, the best first, each allocation once: as what came to mind first."""
        first: dict[tuple[tuple[Share, ...], int], tuple[Idea, int]] = {}
        for idea in self.ideas(place):
            first.setdefault((tuple(sorted(idea.shares)), idea.unapplied), (idea, measured.proposal_ppm(idea, code)))
        chances = measured.together([confidence for _, confidence in first.values()])
        found = [(idea, chance) for (idea, _), chance in zip(first.values(), chances, strict=True)]
        return sorted(found, key=lambda one: (_is_last(*one), -one[1]))

    def ideas(self, place: int) -> Sequence[Idea]:
        """Everything that comes to mind."""
        if self.at.case.receipts[place].kind is ReceiptKind.PAYMENT:
            return list(self._ideas.of(place)) if self.at.case.receipts[place].amount > 0 else []
        return self._taken_back(place)

    def _taken_back(self, place: int) -> list[Idea]:
        """Money that went back undoes what its payment settled, or would."""
        at, receipt = self.at, self.at.case.receipts[place]
        original = at.receipt_at.get(receipt.related, -1)
        if original < 0 or receipt.amount >= 0 or at.case.receipts[original].currency != receipt.currency:
            return []
        decided = at.verdicts.get(original)
        if decided is not None:
            sources: list[Idea | Verdict] = [decided]
        else:
            sources = [idea for idea, _ in self.ranked(original, question(at, original).code)[:PROPOSED_MAX]]
        found = [back for source in sources for back in _backwards(at, source, -receipt.amount)]
        return [
            Idea(Sort.TAKEN_BACK, shares, rest, of=original, many=len(found), rank=rank)
            for rank, (shares, rest) in enumerate(found)
        ]


def _is_last(idea: Idea, confidence: int) -> bool:
    """To keep money on account is possible at any time, so what is worth a look comes before it."""
    return idea.sort is Sort.ON_ACCOUNT or confidence < WORTH_A_LOOK_PPM


def proposals(at: Standing, place: int) -> tuple[Proposal, ...]:
    """Those for one receipt; whoever asks about many keeps one `Proposals`."""
    return Proposals(at).of(place)


def confidence_of(kind: Class) -> int:
    """How many of a million decisions of this class are right."""
    return measured.class_ppm(kind.value)


def _backwards(at: Standing, source: Idea | Verdict, amount: int) -> list[tuple[tuple[Share, ...], int]]:
    """All of it undone, or a part of one item."""
    brought = sum(share.pay for share in source.shares) + source.unapplied
    if brought == amount:
        return [(tuple(_undone(at, share, share.pay, share.applied) for share in source.shares), -source.unapplied)]
    return [
        ((_undone(at, share, amount, amount),), 0)
        for share in source.shares
        if share.pay == share.applied and amount < share.pay
    ]


def _undone(at: Standing, share: Share, pay: int, applied: int) -> Share:
    return Share(share.item, -pay, -applied, at.left[share.item])


_SAID = {
    Sort.KEY: "It may be for {items}, of which it carries the stored key",
    Sort.KEY_PART: "It may be a part of {items}, of which it carries the stored key",
    Sort.KEY_OVER: "It may be for {items}, of which it carries the stored key, and more than was open",
    Sort.NAMED: "It may be for {items}, which its text names",
    Sort.NAMED_FEE: "It may be for {items}, which its text names",
    Sort.NAMED_SOME: "It may be for {items}: of the invoices its text names, these come to the amount",
    Sort.NAMED_CREDIT: "It may be for {items}: what its text names less credit",
    Sort.NAMED_MORE: "It may be for {items}: what its text names and others that make up the rest",
    Sort.NAMED_RUN: "It may be for {items}: what its text names and the numbers that follow",
    Sort.NAMED_RUN_GAP: "It may be for {items}: what its text names and numbers that follow",
    Sort.NAMED_RUN_GAPS: "It may be for {items}: what its text names and numbers that follow",
    Sort.NAMED_RUN_REST: "It may be for {items}: the rest of the first its text names, and the numbers that follow",
    Sort.NAMED_RUN_FEE: "It may be for {items}: what its text names and the numbers that follow",
    Sort.NAMED_RUN_OVER: "It may be for {items}, what its text names and the next numbers, and more than was open",
    Sort.NAMED_RUN_PART: "It may be for {items}: what its text names and the numbers that follow, one of them in part",
    Sort.NAMED_REST: "It may be for {items}, which its text names, of some only the discount that came too late",
    Sort.NAMED_LAST: "It may be for {items}, which its text names: another receipt brings the first part",
    Sort.NAMED_LAST_RUN: "It may be for {items}: what its text names, of which another receipt brings a part, and more",
    Sort.NAMED_LAST_OVER: "It may be for {items}, which its text names, and more than another receipt leaves open",
    Sort.NAMED_SHARED: "It may be for {items}, which its text names, one in part: another receipt names it too",
    Sort.NAMED_PART: "It may be for {items}, which its text names, one of them in part",
    Sort.NAMED_OVER: "It may be for {items}, which its text names, and more than was open",
    Sort.PERIOD: "It may be for {items}: of the days that its text says",
    Sort.SLIP: "It may be for {items}: the number in its text is nearly that, and the amount agrees",
    Sort.SLIP_PART: "It may be for {items}: the number in its text is nearly that",
    Sort.AMOUNT: "It may be for {items}, which is of the same amount",
    Sort.TERMS: "It may be for {items}",
    Sort.FEE: "It may be for {items}",
    Sort.LATE: "It may be a part of {items}: what a discount would leave that came too late",
    Sort.EVERYTHING: "It may be for everything that its payer has open: {items}",
    Sort.DUE_RUN: "It may be for {items}, due one after the other until then, which together are the amount",
    Sort.DUE_GAP: "It may be for {items}: all but one that fell due until then",
    Sort.DUE_GAPS: "It may be for {items}: all but two or three that fell due until then",
    Sort.SET: "It may be for {items}, which together are the amount",
    Sort.ALMOST_RUN: "It may be for {items}, due one after the other, which together are the amount",
    Sort.RUN_FEE: "It may be for {items}, due one after the other",
    Sort.RUN_OVER: "It may be for {items}, due one after the other, and more than was open",
    Sort.HALF: "It may be a payment in part of {items}: another receipt of this payer's is the rest of it",
    Sort.PART: "It may be a part of {items}",
    Sort.OVER: "It may be for {items}, and more than was open",
    Sort.STRANGER: "It may be for {items} of {whose}, which is of the same amount",
    Sort.STRANGER_TERMS: "It may be for {items} of {whose}",
    Sort.STRANGER_FEE: "It may be for {items} of {whose}",
    Sort.STRANGER_HALF: "It may be a part of {items} of {whose}: another receipt is the rest of it",
    Sort.CHANGED_NAMED: "It may be for {items} in another currency: about their worth on that day",
    Sort.CHANGED_DUE: "It may be for {items} in another currency: all due until then, about their worth on that day",
    Sort.CHANGED: "It may be for {items} in another currency: about the worth on that day",
    Sort.STRANGER_SET: "It may be for {items} of {whose}, which together are the amount",
    Sort.ON_ACCOUNT: "It may be for nothing that is open: keep it on account",
    Sort.TAKEN_BACK: "It may take back what {items} got",
}


_PART_OF_ONE = "It may be a part of {items}, which its text names"


def _sentence(at: Standing, place: int, idea: Idea) -> str:
    """What is proposed, in one sentence."""
    items = [share.item for share in idea.shares]
    party = at.party_of(items[0]) if items else None
    said = (_PART_OF_ONE if idea.sort is Sort.NAMED_PART and len(items) == 1 else _SAID[idea.sort]).format(
        items=listed(at, items), whose=party.name if party is not None else "nobody known"
    )
    cut = sum(share.applied - share.pay for share in idea.shares)
    code = currency(at.case.receipts[place].currency)
    if idea.adjustment and idea.adjustment != EXCHANGE:
        said += f", less {grouped(Money(cut, code))} of {idea.adjustment}"
    if idea.unapplied > 0 and idea.shares:
        said += f"; {grouped(Money(idea.unapplied, code))} stays on account"
    return f"{said}."
