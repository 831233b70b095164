"""What a decision stands on, as a line that can be read by people and computed again by whoever doubts it.

A line holds everything that its decision follows from: who paid and what says so, where which number stands in the
text, what was open of every item that came into question, the equation in minor units, each adjustment with the rule
that permits it, the rivals and why they were none. `recheck` recomputes it from the lines alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property

from connector.reconcile.cash import measured, record
from connector.reconcile.cash.case import Receipt
from connector.reconcile.cash.payers import NOBODY, Basis, Payer
from connector.reconcile.cash.proposals import Proposal, Proposals
from connector.reconcile.cash.questions import Question
from connector.reconcile.cash.record import (
    Adjustment,
    Company,
    Customer,
    Debt,
    Known,
    Line,
    Offer,
    Other,
    Paid,
    Quoted,
    Rate,
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
    rates = _rates(at)
    yield Company(
        company=company,
        policy=case.policy,
        customers=len(case.parties),
        items=len(case.items),
        decided=len(at.verdicts),
        undecided=len(asked),
        rates=len(rates),
        receipts=_digest(at),
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
    yield from (Quoted(company=company, rate=rate) for rate in rates)
    yield from payment_lines(company, at, asked)


def payment_lines(
    company: str,
    at: Standing,
    asked: Mapping[int, Question],
    *,
    with_decided: bool = True,
    proposals: Proposals | None = None,
) -> Iterator[Line]:
    """Each decision in the order in which they were taken, then what was not decided, with what may be proposed."""
    yield from _Witness(company, at, proposals or Proposals(at)).lines(asked, with_decided=with_decided)


def _digest(at: Standing) -> str:
    """What came, in one number: whoever changes anything of a payment in its line is found out by it."""
    places = [*at.verdicts, *(place for place in range(len(at.case.receipts)) if place not in at.verdicts)]
    return record.digest(_paid(at.case.receipts[place]) for place in places)


def _rates(at: Standing) -> list[Rate]:
    """Every rate that a decision stands on, once."""
    found = {rate: None for verdict in at.verdicts.values() if (rate := _rate(at, verdict)) is not None}
    return sorted(found, key=lambda rate: (rate.currency, rate.home, rate.day))


def _rate(at: Standing, verdict: Verdict) -> Rate | None:
    """The rate of a decision whose items are in another currency than its receipt."""
    if verdict.rate is None or not verdict.shares:
        return None
    numerator, denominator, day = verdict.rate
    return Rate(
        currency=at.case.items[verdict.shares[0].item].currency,
        home=at.case.receipts[verdict.receipt].currency,
        day=date.fromordinal(day),
        numerator=numerator,
        denominator=denominator,
    )


def _group_of(at: Standing, item: int) -> str:
    """The customer at the top of an item's group; the item itself where its customer is unknown."""
    group = at.group[item]
    return at.case.parties[group].id if group >= 0 else f"item {at.case.items[item].id}"


class _Witness:
    """Goes through the decisions once more, in the order in which they were taken, and says what was open then."""

    def __init__(self, company: str, at: Standing, proposals: Proposals) -> None:
        self._company = company
        self._at = at
        self._case = at.case
        self._left = [item.amount for item in at.case.items]
        self._since = [item.issued for item in at.case.items]
        self._proposals = proposals

    def lines(self, asked: Mapping[int, Question], *, with_decided: bool) -> Iterator[Line]:
        for step, verdict in enumerate(self._at.verdicts.values()):
            if with_decided:
                yield told(self._decided(step, verdict))
            for share in verdict.shares:
                self._left[share.item] -= share.applied
                if verdict.kind is Class.REVERSAL:
                    came = self._case.receipts[verdict.receipt].on
                    self._since[share.item] = max(self._since[share.item], came)
        for place in sorted(asked, key=lambda one: self._case.receipts[one].id):
            yield self._undecided(place, asked[place])

    def _decided(self, step: int, verdict: Verdict) -> Line:
        place = verdict.receipt
        opens = dict(zip(verdict.considered, verdict.opens, strict=True))
        opens |= {share.item: share.open for share in verdict.shares if share.open}
        spans, meant = self._spans(place)
        key = self._at.item_of.get(self._case.receipts[place].key, -1)
        shares = [share.item for share in verdict.shares]
        rest = self._rest(verdict)
        payer = self._payer(place, verdict.payer if verdict.payer != NOBODY else self._at.payer[place])
        return Line(
            company=self._company,
            payment=_paid(self._case.receipts[place]),
            kind=verdict.kind.value,
            step=step,
            payer=payer,
            spans=spans,
            items=self._known({*shares, *meant, *verdict.considered} | ({key} if key >= 0 else set()), opens),
            settled=tuple(
                Settled(
                    item=self._case.items[share.item].id,
                    pay=share.pay,
                    applied=share.applied,
                    why="key"
                    if share.item == key and verdict.kind in (Class.KEY, Class.CONVERTED)
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
            considered_all=len(verdict.considered) + sum(count for _, count in rest),
            rivals=tuple(self._rejected(verdict, meant, opens)),
            together=self._together(verdict),
            rest=rest,
            rate=_rate(self._at, verdict),
            confidence_ppm=measured.decision_ppm(verdict.kind.value, verdict.adjustment, known=bool(payer.group)),
        )

    def _rest(self, verdict: Verdict) -> tuple[tuple[int, int], ...]:
        """What was open of the items that are not listed, where there were too many to list."""
        if verdict.counted <= len(verdict.considered) or not verdict.shares:
            return ()
        receipt, listed = self._case.receipts[verdict.receipt], set(verdict.considered)
        theirs = self._theirs[self._at.group[verdict.shares[0].item], receipt.currency]
        there = (item for item in theirs if item not in listed and self._since[item] <= receipt.on)
        return tuple(sorted(Counter(self._left[item] for item in there if self._left[item]).items()))

    @cached_property
    def _theirs(self) -> Mapping[tuple[int, str], Sequence[int]]:
        """The items of every group in every currency."""
        found: dict[tuple[int, str], list[int]] = defaultdict(list)
        for item, group in enumerate(self._at.group):
            found[group, self._case.items[item].currency].append(item)
        return found

    def _undecided(self, place: int, asked: Question) -> Line:
        spans, meant = self._spans(place)
        rivals = asked.rivals[:RIVALS_MAX]
        proposals = self._proposals.of(place, asked)
        proposed = {share.item for one in proposals for share in one.shares}
        return Line(
            company=self._company,
            payment=_paid(self._case.receipts[place]),
            kind=asked.code.value,
            step=-1,
            payer=self._payer(place, self._at.payer[place]),
            spans=spans,
            items=self._known({*meant, *rivals, *proposed}, {}),
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
            together=self._others([asked.of] if asked.of >= 0 else []),
            proposals=tuple(self._offer(one) for one in proposals),
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
            elif not opens.get(item, self._left[item]):
                why = "Nothing was open of it."
            else:
                why = "Its amount does not fit."
            yield Rival(items=(items[item].id,), why=why)
        equal = [one for one, left in opens.items() if left == receipt.amount and one not in shares | meant]
        for item in equal[:RIVALS_MAX]:
            why = "It has the same amount, and the text names another."
            if verdict.kind is Class.IDENTICAL:
                why = "It is the same, and the oldest is taken for the one that was paid first."
            yield Rival(items=(items[item].id,), why=why)

    def _adjustments(self, verdict: Verdict) -> Iterator[Adjustment]:
        policy = self._case.policy
        for share in verdict.shares:
            if share.applied == share.pay or verdict.rate is not None or verdict.kind is Class.REVERSAL:
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

    def _offer(self, one: Proposal) -> Offer:
        items = self._case.items
        return Offer(
            kind=one.kind,
            settled=tuple(
                Settled(item=items[share.item].id, pay=share.pay, applied=share.applied, why="proposed")
                for share in one.shares
            ),
            unapplied=one.unapplied,
            adjustment=one.adjustment,
            confidence_ppm=one.confidence_ppm,
            sentence=one.sentence,
            of=self._case.receipts[one.of].id if one.of >= 0 else "",
        )

    def _together(self, verdict: Verdict) -> tuple[Other, ...]:
        return self._others([verdict.of] if verdict.of >= 0 else [])

    def _others(self, places: Sequence[int]) -> tuple[Other, ...]:
        receipts = self._case.receipts
        return tuple(
            Other(id=receipts[one].id, on=date.fromordinal(receipts[one].on), amount=receipts[one].amount)
            for one in places
        )

    def _ids(self, places: Sequence[int]) -> tuple[str, ...]:
        return tuple(self._case.items[place].id for place in places)


def _paid(receipt: Receipt) -> Paid:
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
