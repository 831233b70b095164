"""A bank account beside books that are written to: from a statement, by its evidence, into the books, to the cent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest

from adapters.bankfile.standin.writer import Stretch, as_camt
from adapters.bankfile.statement import Line, Nature
from connector.app import paying, setup
from connector.app.books import apply_plan, make_plan, sync_all
from connector.app.house import Desk, House
from connector.app.linking import Wish, make_link
from connector.app.standing import doctor
from connector.app.starting import proposed_starts
from connector.app.statements import bank_lines, bring
from connector.dates import business_date
from connector.model.finding import FindingCode, Ground
from connector.model.intent import PostPayment
from connector.model.money_in import AttemptState
from connector.model.paylink import PaymentLink, ReceiptState
from connector.model.source import ConnectionId
from connector.money import currency
from connector.paylinks import Offer
from connector.plan import Plan
from connector.ports import Check
from connector.reconcile.match import reconcile
from connector.remit import creditor_reference
from tests.builders import money
from tests.journeys.firm import Firm, nothing, open_firm

pytestmark = pytest.mark.gate

STRIPE, BANK = ConnectionId("stripe"), ConnectionId("bankfile")
IBAN = "DE89370400440532013000"
WORLD = """
company  Harbor Supply  home EUR  zone Europe/Berlin  country DE  realm 9130007  stripe acct_harbor
account  Checking  bank EUR
account  Stripe Clearing  bank EUR
account  Stripe Fees  expense EUR
account  Undeposited Funds  undeposited EUR
account  Accounts Receivable  receivable EUR
customer  Acme GmbH  email ap@acme.example
customer  Birch KG  email ap@birch.example
2026-03-01  invoice  INV-1001  Acme GmbH  120.00 EUR  due 2026-03-31
2026-03-02  invoice  INV-1002  Acme GmbH  80.00 EUR  due 2026-04-01
2026-03-03  invoice  INV-1003  Birch KG  60.00 EUR  due 2026-04-02
2026-03-04  invoice  INV-1004  Birch KG  100.00 EUR  due 2026-04-03
2026-03-05  payment  ch_1  Acme GmbH  50.00 EUR  by card  fee 1.50 EUR
2026-03-09  payout  po_1  EUR  of ch_1
"""


class Till:
    """One firm, its bank, and the commands between them."""

    def __init__(self, firm: Firm, desk: Desk, folder: Path) -> None:
        self.firm = firm
        self.desk = desk
        self._folder = folder
        self._number = 0
        self._held = 500_00

    def statement(self, *lines: Line, days: tuple[date, date] | None = None) -> Path:
        """The bank's next statement, as a person downloads it."""
        self._number += 1
        first, last = days or (min(line.on for line in lines), max(line.on for line in lines))
        of = Stretch(
            account=IBAN,
            currency=currency("EUR"),
            first=first,
            last=last,
            opening=self._held,
            lines=lines,
            number=self._number,
        )
        self._held = of.closing
        path = self._folder / f"download-{self._number}.xml"
        path.write_bytes(as_camt(of))
        return path

    def bring(self, *paths: Path) -> Sequence[FindingCode]:
        """Import; what was seen on the way."""
        done = bring(self.desk, [str(path) for path in paths], None, nothing)
        return [each.code for each in done.synced.findings]

    def book(self) -> Plan:
        """Read, plan and write."""
        sync_all(self.desk, nothing)
        made = make_plan(self.desk)
        applied = apply_plan(self.desk, made, nothing, nothing)
        assert (applied.stale, applied.posted.dead, applied.not_landed) == ((), [], ())
        return made

    def open(self) -> dict[str, str]:
        return {number: str(each) for number, each in self.firm.open_balances().items()}

    def offer(self, link: PaymentLink) -> Offer:
        """What the link's page offers now."""
        return paying.visit(self.desk, self.desk.store.link(self.desk.id, link.link_id)).showing.offer


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Till]:
    with open_firm(tmp_path, WORLD) as firm, House(firm.config()) as house:
        for system, double in firm.doubles.items():
            values = double.stand_in.settings(firm.world, double.url)
            wish = setup.Wish(system=system, company=None, zone=firm.world.zone, values=values, allow_writes=True)
            setup.connect(house, wish)
        values = {"folder": str(tmp_path / "statements"), "account": IBAN, "currency": "EUR", "live": "no"}
        (tmp_path / "statements").mkdir()
        setup.connect(
            house,
            setup.Wish(system="bankfile", company=None, zone=firm.world.zone, values=values, allow_writes=False),
        )
        desk = house.company(None)
        sync_all(desk, nothing)
        setup.choose_accounts(desk, "bankfile", {"bank": "Checking"})
        setup.choose_accounts(
            desk, "stripe", {"clearing": "Stripe Clearing", "bank": "Checking", "fees": "Stripe Fees"}
        )
        yield Till(firm, desk, tmp_path)


def paid(on: date, minor: int, who: str, text: str = "", **more: str) -> Line:
    return Line(on=on, amount=minor, nature=Nature.TRANSFER, other=who, text=text, **more)  # type: ignore[arg-type]


def from_the_bank(made: Plan) -> list[PostPayment]:
    """What a plan would post of the bank's lines."""
    every = (each.payment for each in made.lines)
    return [each for each in every if each is not None and each.about.connection == "bankfile"]


def test_a_transfer_with_the_links_reference_settles_the_debt_and_the_page_says_paid(till: Till) -> None:
    link = make_link(till.desk, "INV-1001", wish=Wish()).link
    assert till.offer(link) is Offer.PAY
    reference = creditor_reference("INV-1001") or ""
    typed = " ".join((reference[:4], reference[4:8], reference[8:]))
    line = paid(date(2026, 3, 20), 120_00, "ACME GESELLSCHAFT", f"Rechnung {typed} danke", bank_ref="B1")
    paying.click(till.desk, link, "card")
    assert till.bring(till.statement(line)) == []
    tries = {each.connection: each for each in till.desk.store.attempts(till.desk.id)}
    assert (tries[STRIPE].state, tries[BANK].state) == (AttemptState.EXPIRED, AttemptState.SUCCEEDED)
    (receipt,) = till.desk.store.receipts(till.desk.id)
    assert (receipt.method, receipt.amount, receipt.booked) == ("transfer", money("120.00 EUR"), False)
    (decision,) = [each for each in reconcile(till.desk.snapshot()).decisions if each.payment.connection == "bankfile"]
    assert (decision.ground, decision.evidence[0].field) == (Ground.STORED_KEY, "metadata.creditor_reference")
    assert till.offer(link) is Offer.PROCESSING
    made = till.book()
    (posted,) = from_the_bank(made)
    assert posted.into in {ref for ref, each in till.desk.snapshot().accounts.items() if each.name == "Checking"}
    assert till.open()["INV-1001"] == "0"
    assert till.offer(link) is Offer.PAID
    (receipt,) = till.desk.store.receipts(till.desk.id)
    assert receipt.booked
    assert make_plan(till.desk).lines == ()


def test_what_a_processor_sent_is_its_payout_and_no_customers_payment(till: Till) -> None:
    payout = next(iter(till.desk.snapshot().payouts.values()))
    arrives = payout.arrives_on
    sent = paid(arrives, payout.amount.minor, "STRIPE PAYMENTS", "STRIPE TRANSFER", bank_ref="B1")
    strange = paid(arrives, 77_00, "STRIPE PAYMENTS", "STRIPE TRANSFER INV-1003", bank_ref="B2")
    cheque = Line(on=arrives, amount=60_00, nature=Nature.CHEQUE, other="Birch KG", text="INV-1003", bank_ref="B3")
    till.bring(till.statement(sent, strange, cheque))
    became = {each.amount: (each.fate, each.because) for each in bank_lines(till.desk)}
    assert became["48.50 EUR"][0] == "payout"
    assert "payout " in became["48.50 EUR"][1]
    assert became["77.00 EUR"][0] == "listed"
    assert "no payout of that sum" in became["77.00 EUR"][1]
    made = till.book()
    posted = {each.payment.total.minor: each.payment for each in made.lines if each.payment is not None}
    assert set(posted) & {48_50, 77_00} == set()
    assert posted[60_00].memo.startswith("bankfile cheque payment")


def test_a_payment_that_comes_back_opens_its_invoice_again(till: Till) -> None:
    link = make_link(till.desk, "INV-1004", wish=Wish()).link
    reference = creditor_reference("INV-1004") or ""
    came = paid(date(2026, 3, 20), 100_00, "Birch KG", bank_ref="B1", end_to_end="E-77", reference=reference)
    till.bring(till.statement(came))
    till.book()
    assert (till.open()["INV-1004"], till.offer(link)) == ("0", Offer.PAID)
    back = Line(
        on=date(2026, 3, 25), amount=-100_00, nature=Nature.RETURN, other="Birch KG", bank_ref="B2", end_to_end="E-77"
    )
    assert till.bring(till.statement(back)) == []
    made = till.book()
    assert [each.sentence for each in made.lines if each.void is not None] != []
    assert (till.open()["INV-1004"], till.offer(link)) == ("100", Offer.PAY)
    (receipt,) = till.desk.store.receipts(till.desk.id)
    assert receipt.state is ReceiptState.REVERSED
    assert make_plan(till.desk).lines == ()


def test_a_payment_that_stands_in_the_books_by_hand_is_not_posted_a_second_time(till: Till) -> None:
    checking = next(each["Id"] for each in till.firm.books("Account") if each["Name"] == "Checking")
    invoice = till.firm.invoice("INV-1003")
    entry = {
        "CustomerRef": invoice["CustomerRef"],
        "TotalAmt": 60,
        "TxnDate": "2026-03-19",
        "DepositToAccountRef": {"value": checking},
    }
    till.firm.in_books("Payment", entry)
    sync_all(till.desk, nothing)
    till.bring(till.statement(paid(date(2026, 3, 20), 60_00, "Birch KG", "INV-1003", bank_ref="B1")))
    made = make_plan(till.desk)
    assert from_the_bank(made) == []
    assert FindingCode.POSTED_ELSEWHERE in {each.code for each in made.left_out}


def test_files_in_any_order_doubled_and_overlapping_post_each_payment_once(till: Till) -> None:
    first = till.statement(paid(date(2026, 3, 20), 80_00, "Acme GmbH", "INV-1002", bank_ref="B1"))
    second = till.statement(paid(date(2026, 3, 24), 60_00, "Birch KG", "INV-1003", bank_ref="B2"))
    assert till.bring(second, first, second) == []
    assert till.bring(first) == []
    till.book()
    assert (till.open()["INV-1002"], till.open()["INV-1003"]) == ("0", "0")
    assert make_plan(till.desk).lines == ()


def test_a_statement_that_is_missing_between_two_is_told(till: Till) -> None:
    first = till.statement(paid(date(2026, 3, 20), 80_00, "Acme GmbH", "INV-1002", bank_ref="B1"))
    till.statement(paid(date(2026, 3, 22), 10_00, "Somebody", "", bank_ref="B2"))
    third = till.statement(paid(date(2026, 3, 24), 60_00, "Birch KG", "INV-1003", bank_ref="B3"))
    assert till.bring(first, third) == [FindingCode.STATEMENT_GAP]


def doctor_says(till: Till, iban: str) -> dict[str, Check]:
    """What doctor finds when the pay page sends payers there."""
    shown = {"transfer_eur": {"holder": "Harbor Supply", "iban": iban}}
    with House(till.firm.config().model_copy(update={"adapters": shown})) as house:
        return {each.name: each for each in doctor(house.company(None))}


def test_doctor_says_whether_payers_are_sent_to_the_account_whose_statements_are_read(till: Till) -> None:
    other = doctor_says(till, "DE02 1203 0000 0000 2020 51")["bankfile account"]
    assert (other.ok, "an account whose statements are not read" in other.sentence) == (False, True)
    assert doctor_says(till, "DE89 3704 0044 0532 0130 00")["bankfile account"].ok
    assert "is not an IBAN" in doctor_says(till, "DE02")["pay page"].sentence


def test_a_statement_that_is_dropped_into_the_folder_is_read_and_posted_by_the_next_turn(
    till: Till, tmp_path: Path
) -> None:
    till.bring(till.statement(paid(date(2026, 3, 20), 80_00, "Acme GmbH", "INV-1002", bank_ref="B1")))
    till.book()
    reference = creditor_reference("INV-1003") or ""
    dropped = till.statement(paid(date(2026, 3, 24), 60_00, "Birch KG", reference, bank_ref="B2"))
    dropped.rename(tmp_path / "statements" / dropped.name)
    till.firm.do("autosync", "on", "--yes")
    till.firm.do("run", "--once")
    assert (till.open()["INV-1002"], till.open()["INV-1003"]) == ("0", "0")
    assert till.firm.do("bank", "lines", "--all").code == 0


def test_older_lines_are_left_out_from_the_day_that_was_chosen_and_status_says_to_choose_one(till: Till) -> None:
    till.bring(till.statement(paid(date(2026, 3, 20), 80_00, "Acme GmbH", "INV-1002", bank_ref="B1")))
    (told,) = [each for each in proposed_starts(till.desk) if "bankfile" in each.sentence]
    assert told.sentence.startswith("The statements of bankfile begin on 2026-03-20")
    assert "receivables accounts bankfile --start" in told.next_step
    setup.choose_accounts(till.desk, "bankfile", {}, start=business_date("2026-04-01"))
    assert from_the_bank(make_plan(till.desk)) == []
    assert [each for each in proposed_starts(till.desk) if "bankfile" in each.sentence] == []


def test_less_more_and_a_second_transfer_are_each_recorded_once_and_never_applied_beyond_what_is_open(
    till: Till,
) -> None:
    links = {number: make_link(till.desk, number, wish=Wish()).link for number in ("INV-1001", "INV-1002", "INV-1003")}

    def sent(day: int, minor: int, who: str, number: str, ref: str) -> Line:
        return paid(date(2026, 3, day), minor, who, bank_ref=ref, reference=creditor_reference(number) or "")

    less = sent(20, 50_00, "Acme GmbH", "INV-1001", "B1")
    more = sent(20, 100_00, "Acme GmbH", "INV-1002", "B2")
    till.bring(till.statement(less, more, sent(20, 60_00, "Birch KG", "INV-1003", "B3")))
    till.book()
    assert (till.open()["INV-1001"], till.open()["INV-1002"], till.open()["INV-1003"]) == ("70", "0", "0")
    assert [till.offer(link) for link in links.values()] == [Offer.PAY, Offer.PAID, Offer.PAID]
    held = {str(each["TotalAmt"]): str(each["UnappliedAmt"]) for each in till.firm.marked("Payment", "PrivateNote")}
    assert (held["100"], held["50"], held["60"]) == ("20", "0", "0")
    till.bring(till.statement(sent(24, 60_00, "Birch KG", "INV-1003", "B4")))
    assert from_the_bank(till.book()) == []
    (again,) = [each for each in bank_lines(till.desk) if each.on == "2026-03-24"]
    assert again.fate == "listed"


def test_a_correction_of_what_is_posted_already_is_a_question_and_no_second_posting(till: Till) -> None:
    on, reference = date(2026, 3, 20), creditor_reference("INV-1001") or ""
    for number, (minor, made) in enumerate(((100_00, "2026-03-21T08:00:00"), (120_00, "2026-03-22T08:00:00"))):
        line = paid(on, minor, "Acme GmbH", bank_ref="B1", reference=reference)
        of = Stretch(
            account=IBAN, currency=currency("EUR"), first=on, last=on, opening=0, lines=[line], number=1, made=made
        )
        path = till.statement(line).with_name(f"version-{number}.xml")
        path.write_bytes(as_camt(of))
        till.bring(path)
        if not number:
            till.book()
    assert till.open()["INV-1001"] == "20"
    assert from_the_bank(make_plan(till.desk)) == []
    assert [str(each["TotalAmt"]) for each in till.firm.marked("Payment", "PrivateNote")] == ["100"]
    assert FindingCode.STATEMENTS_DIFFER in {each.finding.code for each in till.desk.store.notices(till.desk.id)}
    (posted, *_) = [each for each in till.desk.snapshot().payments.values() if each.gross == money("120.00 EUR")]
    assert posted.reference == reference
