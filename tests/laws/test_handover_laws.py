"""Nobody is contacted for ever: whatever a payer does and whoever calls every day, trying ends and a person decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.collect.contacts import Said, write_down
from connector.collect.handover import Manners
from connector.collect.worklist import Why, WorkItem, worklist
from connector.dates import BusinessDate, business_date, instant, later
from connector.model.contact import NOT_REACHED, Channel, Contact, ContactId, Direction, Outcome, PayerFile, Promise
from connector.model.firm import CollectingRules
from connector.model.source import ActorId, CompanyId, Kind, Ref
from connector.money import Money, currency
from tests.builders import Mirror, ref

FIRST = business_date("2026-06-01")
NUMBERS = ("A", "B")
LIVES_DAYS = 60
FEW = settings(max_examples=15)
PAYER = ref(Kind.CUSTOMER, "Acme")
SILENT = st.sampled_from(sorted(NOT_REACHED))
ANY = st.sampled_from(sorted(Outcome))
CAPS = st.builds(
    CollectingRules,
    tries_max=st.integers(1, 12),
    contacts_max=st.integers(1, 20),
    broken_max=st.integers(1, 4),
)


class Desk:
    """A firm that contacts whoever stands on the list, every day, and writes down what came of it."""

    def __init__(self, manners: Manners) -> None:
        self.mirror = Mirror()
        self.mirror.customer("Acme")
        for number in NUMBERS:
            self.mirror.invoice(number, "Acme", "100.00", due="2026-05-29")
        self.seen = self.mirror.seen()
        self.manners = manners
        self.contacts: list[Contact] = []

    def listed(self, day: BusinessDate) -> tuple[WorkItem, ...]:
        by_invoice: dict[Ref, list[Contact]] = {}
        for each in self.contacts:
            by_invoice.setdefault(each.invoice, []).append(each)
        return worklist(self.seen, by_invoice, day, self.manners)

    def call(self, invoice: Ref, day: BusinessDate, outcome: Outcome) -> None:
        """What came of it; who was reached says `ask again tomorrow`, or promises the whole for tomorrow."""
        free = outcome in NOT_REACHED | {Outcome.PROMISE, Outcome.DISPUTE, Outcome.STOP}
        said = Said(
            by=ActorId("dana"),
            at=instant(datetime.combine(day, time(15), tzinfo=UTC)),
            zone="UTC",
            direction=Direction.OUT,
            channel=Channel.PHONE,
            outcome=outcome,
            promise=Promise(amount=Money(10_000, currency("USD")), by=later(day, 1)) if outcome == "promise" else None,
            dispute_reason="price" if outcome is Outcome.DISPUTE else None,
            next_on=None if free else later(day, 1),
        )
        name = ContactId(f"c-{len(self.contacts):05}")
        self.contacts.append(
            write_down(said, contact_id=name, company=CompanyId("h"), invoice=invoice, snapshot=self.seen)
        )

    def live(self, outcomes: Sequence[Outcome], start: BusinessDate = FIRST) -> list[BusinessDate]:
        """Day after day; the days on which somebody was contacted."""
        made = []
        for number in range(LIVES_DAYS):
            day = later(start, number)
            due = [each for each in self.listed(day) if each.due]
            for each in due:
                self.call(each.ref, day, outcomes[len(self.contacts) % len(outcomes)])
            if due:
                made.append(day)
        return made

    def ended(self, day: BusinessDate) -> None:
        """Nothing is left to be done on that day but what a person has to decide, with why, or what is disputed."""
        items = self.listed(day)
        assert len(items) == len(NUMBERS)
        for item in items:
            assert item.why in (Why.HANDED_OVER, Why.STOPPED, Why.DISPUTED)
            assert item.why is Why.DISPUTED or item.decide


@pytest.mark.req("F39")
@FEW
@given(outcomes=st.lists(ANY, min_size=1, max_size=12), rules=CAPS)
def test_whatever_comes_of_calling_every_day_it_ends_within_the_caps_and_begins_anew_only_when_a_person_says_so(
    outcomes: list[Outcome], rules: CollectingRules
) -> None:
    desk = Desk(Manners(rules=rules))
    desk.live(outcomes)
    assert max(Counter(each.invoice for each in desk.contacts).values()) <= rules.contacts_max
    ends = later(FIRST, LIVES_DAYS)
    desk.ended(ends)
    said = PayerFile(customer=PAYER, counts_from=instant(datetime.combine(ends, time(9), tzinfo=UTC)))
    desk.manners = Manners(rules=rules, files={PAYER: said})
    assert all(each.due or each.why is Why.DISPUTED for each in desk.listed(ends))
    desk.live(outcomes, ends)
    desk.ended(later(ends, LIVES_DAYS))


@FEW
@given(outcomes=st.lists(SILENT, min_size=1, max_size=12), rules=CAPS)
def test_where_nobody_is_ever_reached_the_whole_account_is_handed_over_after_so_many_days_of_trying(
    outcomes: list[Outcome], rules: CollectingRules
) -> None:
    desk = Desk(Manners(rules=rules))
    assert 1 <= len(desk.live(outcomes)) <= rules.tries_max
    assert [each.why for each in desk.listed(later(FIRST, LIVES_DAYS))] == [Why.HANDED_OVER] * len(NUMBERS)


@FEW
@given(outcomes=st.lists(ANY, min_size=1, max_size=12), day=st.integers(0, 90))
def test_a_payer_that_must_not_be_contacted_is_on_no_list_of_any_day(outcomes: list[Outcome], day: int) -> None:
    desk = Desk(Manners())
    for number, outcome in enumerate(outcomes):
        desk.call(ref(Kind.INVOICE, "i-A"), later(FIRST, number), outcome)
    desk.manners = Manners(files={PAYER: PayerFile(customer=PAYER, stopped="with the lawyers")})
    stands = [(each.why, each.decide) for each in desk.listed(later(FIRST, day))]
    assert stands == [(Why.STOPPED, "with the lawyers")] * len(NUMBERS)
