"""Small differences as decisions and plan lines: off by default, capped, by a word or a rule, half done, and closed."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connector.dates import Instant, business_date
from connector.model.allocation import Allocation, Shortfall
from connector.model.firm import MatchingRules, WriteOffs
from connector.model.party import AccountRole
from connector.model.ruling import Ruling, RulingKind
from connector.model.settlement import BookEntry, OwedPart
from connector.model.source import ActorId, CompanyId, Kind, OpId, PlanId, Ref
from connector.model.stamp import read_stamps
from connector.plan import Frame, Plan, plan
from connector.reconcile.match import reconcile
from connector.reconcile.small import against, rests
from connector.reconcile.snapshot import Snapshot
from tests.builders import Mirror, money, ref

NOON = Instant(datetime(2026, 4, 1, 12, tzinfo=UTC))
INVOICE = ref(Kind.INVOICE, "i-INV-1")
PAYMENT = ref(Kind.PAYMENT, "p-1")
ACCOUNT = ref(Kind.ACCOUNT, "Small Differences")
MARK = "ABCDEFGHIJKLMNOPQRST"


@pytest.fixture
def mirror() -> Mirror:
    """119.50 of 120.00 came and is in the books."""
    world = Mirror()
    world.customer("Acme")
    world.account("Small Differences", AccountRole.EXPENSE)
    world.account("Checking", AccountRole.BANK)
    world.account("Accounts Receivable", AccountRole.RECEIVABLE, "0.50")
    world.invoice("INV-1", "Acme", "120.00", still_open="0.50")
    world.received("p-1", "Acme", "119.50", {INVOICE: "119.50"})
    return world


def seen(world: Mirror, *log: Ruling, rule: WriteOffs | None = None) -> Snapshot:
    chosen = rule if rule is not None else WriteOffs(largest=(money("1.00"),), account=ACCOUNT)
    numbered = tuple(replace(each, number=place) for place, each in enumerate(log, start=1))
    return replace(world.seen(), rulings=numbered, rules=MatchingRules(write_offs=chosen))


def word(kind: RulingKind = RulingKind.WRITE_OFF, amount: str = "0.50", short: Shortfall = Shortfall.UNKNOWN) -> Ruling:
    shares = (Allocation(payment=PAYMENT, target=INVOICE, amount=money(amount)),)
    return Ruling(
        payment=PAYMENT, kind=kind, by=ActorId("dana"), at=NOON, gross=money("119.50"), unapplied=money("0.00"),
        allocations=shares if kind is not RulingKind.SHORT else (), short=short,
    )  # fmt: skip


def made(snapshot: Snapshot) -> Plan:
    numbers = itertools.count(1)
    frame = Frame(
        plan_id=PlanId("plan-1"),
        company_id=CompanyId("main"),
        made_at=NOON,
        made_by=ActorId("dana"),
        new_op_id=lambda: OpId(f"OP{next(numbers):018}"),
        today=business_date("2026-04-01"),
    )
    return plan(snapshot, reconcile(snapshot), (), frame)


def entry(world: Mirror, amount: str = "0.50", mark: str = MARK) -> Ref:
    """Ours, as it is mirrored."""
    memo = f"small difference\nreceivables op={mark} src={INVOICE}"
    customer = ref(Kind.CUSTOMER, "Acme")
    return world.put(
        ref(Kind.BOOK_ENTRY, "JournalEntry:7"),
        BookEntry(
            paid_from=None, paid_to=None, on=business_date("2026-04-01"), amount=money(amount), memo=memo,
            stamps=read_stamps(memo), owed=(OwedPart(customer=customer, amount=-money(amount)),),
            moves=((ACCOUNT, money(amount)), (ref(Kind.ACCOUNT, "Accounts Receivable"), -money(amount))),
        ),
    )  # fmt: skip


def left(plan_: Plan) -> list[str]:
    return [each.sentence for each in plan_.left_out]


def test_nothing_is_written_off_while_nobody_chose_it(mirror: Mirror) -> None:
    assert made(seen(mirror, rule=WriteOffs())).lines == ()
    assert list(rests(seen(mirror))) == [], "a rule alone proposes nothing"
    assert left(made(seen(mirror, word(), rule=WriteOffs()))) == ["Nothing in USD is written off in this company."]


def test_a_word_makes_two_lines_the_second_resting_on_the_first_dated_today(mirror: Mirror) -> None:
    first, second = made(seen(mirror, word())).lines
    assert first.journal is not None
    assert second.credit is not None
    assert [(part.account, str(part.amount), part.customer) for part in first.journal.parts] == [
        (ACCOUNT, "0.50 USD", None),
        (ref(Kind.ACCOUNT, "Accounts Receivable"), "-0.50 USD", ref(Kind.CUSTOMER, "Acme")),
    ]
    assert (second.credit.entry, second.credit.allocations[0].target) == (first.op_id, INVOICE)
    assert {first.journal.on, second.credit.on} == {business_date("2026-04-01")}
    assert (first.subject, second.subject) == (f"journal:{INVOICE}", f"credit:{INVOICE}")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (word(amount="0.40"), "dana wrote off 0.40 USD of INV-1, and 0.50 USD of it is open now."),
        (word(amount="0.60"), "dana wrote off 0.60 USD of INV-1, and 0.50 USD of it is open now."),
    ],
    ids=["less", "more"],
)
def test_what_a_person_said_is_that_amount_and_no_other(mirror: Mirror, said: Ruling, reason: str) -> None:
    assert (made(seen(mirror, said)).lines, left(made(seen(mirror, said)))) == ((), [reason])


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (WriteOffs(largest=(money("0.49"),), account=ACCOUNT), "0.50 USD of INV-1 is more than the 0.49 USD"),
        (WriteOffs(largest=(money("1.00 CAD"),), account=ACCOUNT), "Nothing in USD is written off"),
        (WriteOffs(largest=(money("1.00"),)), "The account for small differences is not chosen yet"),
        (WriteOffs(largest=(money("1.00"),), account=ref(Kind.ACCOUNT, "Gone")), "is not in the books any more"),
        (WriteOffs(largest=(money("1.00"),), account=ref(Kind.ACCOUNT, "Checking")), "Checking is no expense account"),
    ],
    ids=["above", "other currency", "none", "gone", "no expense"],
)
def test_why_a_rest_may_not_be_written_off_is_one_sentence_with_a_next_step(
    mirror: Mirror, rule: WriteOffs, why: str
) -> None:
    found = against(seen(mirror, rule=rule), money("0.50"), "INV-1")
    assert found is not None
    assert why in found.sentence
    assert "receivables rules --write-off" in found.next_step
    plan_ = made(seen(mirror, word(), rule=rule))
    assert (plan_.lines, left(plan_)) == ((), [f"{found.sentence}."])


@pytest.mark.parametrize(
    ("log", "lines"),
    [
        ((), 2),
        ((word(RulingKind.SHORT, short=Shortfall.ROUNDING),), 2),
        ((word(RulingKind.SHORT, short=Shortfall.DISPUTED),), 0),
        ((word(RulingKind.SHORT, short=Shortfall.REST_FOLLOWS),), 0),
        ((word(RulingKind.KEEP_OPEN),), 0),
        ((word(RulingKind.KEEP_OPEN), word()), 2),
        ((word(), word(RulingKind.KEEP_OPEN)), 0),
    ],
    ids=["silent", "rounding", "disputed", "rest follows", "kept open", "then written off", "then kept open"],
)
def test_the_rule_proposes_what_nobody_spoke_against(mirror: Mirror, log: tuple[Ruling, ...], lines: int) -> None:
    rule = WriteOffs(largest=(money("0.50"),), account=ACCOUNT, automatic=True)
    assert len(made(seen(mirror, *log, rule=rule)).lines) == lines


def test_the_rule_lets_what_is_larger_be(mirror: Mirror) -> None:
    rule = WriteOffs(largest=(money("0.49"),), account=ACCOUNT, automatic=True)
    plan_ = made(seen(mirror, rule=rule))
    assert (plan_.lines, left(plan_)) == ((), [])


def test_of_an_entry_that_stands_without_its_credit_only_the_credit_is_planned(mirror: Mirror) -> None:
    standing = entry(mirror)
    (line,) = made(seen(mirror, word())).lines
    assert line.credit is not None
    assert (line.credit.entry, line.credit.allocations[0].amount) == (MARK, money("0.50"))
    memo = f"settled\nreceivables op=TSRQPONMLKJIHGFEDCBA src={INVOICE}"
    mirror.invoice("INV-1", "Acme", "120.00", still_open="0.00")
    mirror.received("p-2", "Acme", "0.00", {INVOICE: "0.50", standing: "0.50"}, memo=memo)
    assert (made(seen(mirror, word())).lines, left(made(seen(mirror, word())))) == ((), [])


def test_where_less_is_open_than_was_written_off_the_credit_is_told(mirror: Mirror) -> None:
    entry(mirror)
    mirror.invoice("INV-1", "Acme", "120.00", still_open="0.20")
    mirror.received("p-2", "Acme", "0.30", {INVOICE: "0.30"})
    plan_ = made(seen(mirror, word()))
    assert plan_.lines == ()
    (said,) = left(plan_)
    assert said.startswith(
        "0.50 USD of INV-1 was written off by entry JournalEntry:7, and less than that is open of it"
    )


def test_a_word_about_money_that_is_not_in_the_books_yet_waits_for_it(mirror: Mirror) -> None:
    del mirror.records[PAYMENT]
    mirror.invoice("INV-1", "Acme", "120.00")
    plan_ = made(seen(mirror, word()))
    assert plan_.lines == ()
    assert "written off by a later plan, as dana said: payment p-1 has to stand in the books first." in left(plan_)[0]


def test_an_invoice_of_a_customer_who_takes_no_entries_is_left(mirror: Mirror) -> None:
    mirror.customer("Acme", active=False)
    plan_ = made(seen(mirror, word()))
    assert (plan_.lines, "its customer is gone or inactive" in left(plan_)[0]) == ((), True)
