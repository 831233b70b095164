"""What a decision stands on, as a line that can be read by people and computed again by whoever doubts it.

A line holds everything that its decision follows from: who paid and what says so, where which number stands in the
text, what was open of every item that came into question, the equation in minor units, each adjustment with the rule
that permits it, the rivals and why they were none. `recheck` recomputes it from the lines alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from connector.reconcile.cash import record
from connector.reconcile.cash.payers import NOBODY, Basis, Payer
from connector.reconcile.cash.questions import Question
from connector.reconcile.cash.record import (
    Adjustment,
    Company,
    Customer,
    Debt,
    Known,
    Line,
    Other,
    Paid,
    Record,
    Rival,
    Settled,
    Span,
)
from connector.reconcile.cash.standing import Standing
from connector.reconcile.cash.telling import told
from connector.reconcile.cash.verdict import Class, Verdict

SPANS_MAX = 400
RIVALS_MAX = 20


def lines_of(company: str, at: Standing, asked: Mapping[int, Question]) -> Iterator[Record]:
    """Everything about one company: its customers, its items, each decision in the order in which they were taken, and
    what was not decided and why."""
    case = at.case
    yield Company(
        company=company,
        policy=case.policy,
        customers=len(case.parties),
        items=len(case.items),
        decided=len(at.verdicts),
        undecided=len(asked),
    )
    for place, party in enumerate(case.parties):
        yield Customer(
            company=company,
            id=party.id,
            name=party.name,
            group=case.parties[at.payers.root[place]].id,
            email=party.email,
            processor=party.processor_id,
            account=party.account,
            discount_bp=party.discount_bp,
            discount_days=party.discount_days,
            withholding_bp=party.withholding_bp,
        )
    for place, item in enumerate(case.items):
        yield Debt(
            company=company,
            id=item.id,
            number=item.number,
            customer=item.party,
            group=_group_of(at, place),
            currency=item.currency,
            amount=item.amount,
            issued=date.fromordinal(item.issued),
            due=date.fromordinal(item.due),
        )
    yield from _Witness(company, at).lines(asked)


def _group_of(at: Standing, item: int) -> str:
    """The customer at the top of an item's group; the item itself where its customer is unknown."""
    group = at.group[item]
    return at.case.parties[group].id if group >= 0 else f"item {at.case.items[item].id}"


class _Witness:
    """Goes through the decisions once more, in the order in which they were taken, and says what was open then."""

    def __init__(self, company: str, at: Standing) -> None:
        self._company = company
        self._at = at
        self._case = at.case
        self._left = [item.amount for item in at.case.items]

    def lines(self, asked: Mapping[int, Question]) -> Iterator[Line]:
        for step, verdict in enumerate(self._at.verdicts.values()):
            yield told(self._decided(step, verdict))
            for share in verdict.shares:
                self._left[share.item] -= share.applied
        for place in sorted(asked, key=lambda one: self._case.receipts[one].id):
            yield self._undecided(place, asked[place])

    def _decided(self, step: int, verdict: Verdict) -> Line:
        place = verdict.receipt
        opens = dict(zip(verdict.considered, verdict.opens, strict=True))
        opens |= {share.item: share.open for share in verdict.shares if share.open}
        spans, meant = self._spans(place)
        key = self._at.item_of.get(self._case.receipts[place].key, -1)
        shares = [share.item for share in verdict.shares]
        return Line(
            company=self._company,
            payment=self._paid(place),
            kind=verdict.kind.value,
            step=step,
            payer=self._payer(place, verdict.payer if verdict.payer != NOBODY else self._at.payer[place]),
            spans=spans,
            items=self._known({*shares, *meant, *verdict.considered} | ({key} if key >= 0 else set()), opens),
            settled=tuple(
                Settled(
                    item=self._case.items[share.item].id,
                    pay=share.pay,
                    applied=share.applied,
                    why="key"
                    if share.item == key and verdict.kind is Class.KEY
                    else "named"
                    if share.item in meant
                    else "amount",
                )
                for share in verdict.shares
            ),
            unapplied=verdict.unapplied,
            adjustments=tuple(self._adjustments(verdict)),
            accidents_ppm=verdict.accidents_ppm,
            considered=self._ids(verdict.considered),
            considered_all=verdict.counted,
            rivals=tuple(self._rejected(verdict, meant, opens)),
            together=self._together(verdict),
        )

    def _undecided(self, place: int, asked: Question) -> Line:
        spans, meant = self._spans(place)
        rivals = asked.rivals[:RIVALS_MAX]
        return Line(
            company=self._company,
            payment=self._paid(place),
            kind=asked.reason.value,
            step=-1,
            payer=self._payer(place, self._at.payer[place]),
            spans=spans,
            items=self._known({*meant, *rivals}, {}),
            settled=(),
            unapplied=self._case.receipts[place].amount,
            adjustments=(),
            accidents_ppm=0,
            considered=(),
            considered_all=0,
            rivals=tuple(
                Rival(items=self._ids(one), why="It could be this." if len(one) == 1 else "It could be these.")
                for one in asked.sets or [(item,) for item in rivals]
            ),
            together=(),
            next_step=asked.next_step,
            sentence=asked.sentence,
        )

    def _spans(self, place: int) -> tuple[tuple[Span, ...], set[int]]:
        """The numbers of the text, and all items that have them."""
        text = self._case.receipts[place].text
        mentions = self._at.reading[place].mentions[:SPANS_MAX]
        spans = tuple(
            Span(
                start=one.start,
                end=one.end,
                text=text[one.start : one.end],
                how=one.how.name.lower(),
                items=self._ids(one.items),
            )
            for one in mentions
        )
        return spans, {item for one in mentions for item in one.items}

    def _rejected(self, verdict: Verdict, meant: set[int], opens: Mapping[int, int]) -> Iterator[Rival]:
        """Items that have one of the numbers or the amount, and are not meant."""
        items, receipt = self._case.items, self._case.receipts[verdict.receipt]
        shares = {share.item for share in verdict.shares}
        groups = {self._at.group[item] for item in shares}
        for item in sorted(meant - shares, key=lambda one: items[one].id)[:RIVALS_MAX]:
            if items[item].currency != receipt.currency:
                why = "It is in another currency."
            elif groups and self._at.group[item] not in groups:
                why = "It is another customer's."
            elif not self._left[item]:
                why = "Nothing was open of it."
            else:
                why = "Its amount does not fit."
            yield Rival(items=(items[item].id,), why=why)
        equal = [one for one, left in opens.items() if left == receipt.amount and one not in shares | meant]
        for item in equal[:RIVALS_MAX]:
            yield Rival(items=(items[item].id,), why="It has the same amount, and the text names another.")

    def _adjustments(self, verdict: Verdict) -> Iterator[Adjustment]:
        policy = self._case.policy
        for share in verdict.shares:
            if share.applied == share.pay:
                continue
            party = self._at.party_of(share.item)
            rule = {
                "discount": f"{party.discount_bp if party else 0} bp within {party.discount_days if party else 0} days",
                "withholding": f"{party.withholding_bp if party else 0} bp withheld",
                "bank fee": f"at most {policy.bank_fee}",
                "rounding": f"at most {policy.rounding}",
            }.get(verdict.adjustment, verdict.adjustment)
            yield Adjustment(
                item=self._case.items[share.item].id,
                type=verdict.adjustment,
                amount=share.applied - share.pay,
                rule=rule,
            )

    def _payer(self, place: int, payer: Payer) -> record.Payer:
        receipt, parties = self._case.receipts[place], self._case.parties
        says = {
            Basis.PROCESSOR: receipt.processor_id,
            Basis.EMAIL: receipt.email,
            Basis.ACCOUNT: receipt.payer_account,
            Basis.LEARNED: receipt.payer_account,
            Basis.NOBODY: "",
        }.get(payer.basis, receipt.payer_name)
        return record.Payer(
            group=parties[payer.group].id if payer.group >= 0 else "",
            basis=payer.basis.name.lower().replace("_", " "),
            says=says,
            among=tuple(sorted(parties[group].id for group in payer.among)),
        )

    def _paid(self, place: int) -> Paid:
        receipt = self._case.receipts[place]
        return Paid(
            id=receipt.id,
            kind=receipt.kind.value,
            on=date.fromordinal(receipt.on),
            currency=receipt.currency,
            amount=receipt.amount,
            payer_name=receipt.payer_name,
            account=receipt.payer_account,
            processor=receipt.processor_id,
            email=receipt.email,
            text=receipt.text,
            key=receipt.key,
            related=receipt.related,
        )

    def _known(self, places: set[int], opens: Mapping[int, int]) -> tuple[Known, ...]:
        items = self._case.items
        return tuple(
            self._fact(place, opens.get(place, self._left[place]))
            for place in sorted(places, key=lambda one: items[one].id)
        )

    def _fact(self, place: int, left: int) -> Known:
        item, party = self._case.items[place], self._at.party_of(place)
        return Known(
            id=item.id,
            number=item.number,
            customer=item.party,
            group=_group_of(self._at, place),
            currency=item.currency,
            open=left,
            issued=date.fromordinal(item.issued),
            due=date.fromordinal(item.due),
            discount_bp=party.discount_bp if party else 0,
            discount_days=party.discount_days if party else 0,
            withholding_bp=party.withholding_bp if party else 0,
        )

    def _together(self, verdict: Verdict) -> tuple[Other, ...]:
        receipts = self._case.receipts
        return tuple(
            Other(id=receipts[one].id, on=date.fromordinal(receipts[one].on), amount=receipts[one].amount)
            for one in ([verdict.of] if verdict.of >= 0 else [])
        )

    def _ids(self, places: Sequence[int]) -> tuple[str, ...]:
        return tuple(self._case.items[place].id for place in places)
