"""A payment that we posted and that came back, for tests of what a plan does about it."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import cast

from connector.dates import business_date, instant_from_iso
from connector.model.finding import Finding, FindingCode
from connector.model.firm import BookingPattern, Connection, PostingAccounts
from connector.model.intent import IntentKind
from connector.model.money_in import Dispute, DisputeState, Payment, PaymentState
from connector.model.party import AccountRole
from connector.model.settlement import BookEntry, EntryNature
from connector.model.source import ActorId, CompanyId, Kind, OpId, PlanId, Ref, Tag
from connector.model.stamp import read_stamps
from connector.money import grouped
from connector.plan import Frame, Plan, plan, subject_of
from connector.reconcile.booked import taking_back
from connector.reconcile.clearing import Standing, standings
from connector.reconcile.match import reconcile
from connector.reconcile.tieout import tie_out
from tests.builders import PROCESSOR, USD, Mirror, money, ref

OWN = OpId("A" * 20)
STAMP = f"receivables op={OWN} src="
POSTED = ref(Kind.PAYMENT, "p-1")
DEBIT = ref(Kind.PAYMENT, "py_1", PROCESSOR)
INVOICE = ref(Kind.INVOICE, "i-INV-1")
REFUND = ref(Kind.REFUND, "re_1", PROCESSOR)
FIGHT = ref(Kind.DISPUTE, "dp_1", PROCESSOR)
LINE = ref(Kind.BALANCE_ENTRY, "txn_dp_1", PROCESSOR)
OWN_FEE = f"expense:{DEBIT}"


class ReturnedBooks:
    """A debit of 120.00 that was posted on 2026-03-29 with its fee; `returned` lets it come back on 2026-05-27."""

    def __init__(self) -> None:
        self.mirror = Mirror()
        self.mirror.profile()
        self.mirror.customer("Acme")
        self.clearing = self.mirror.account("Stripe Clearing", AccountRole.BANK)
        self.posting = PostingAccounts(
            clearing={USD: self.clearing},
            bank={USD: self.mirror.account("Checking", AccountRole.BANK)},
            fees=self.mirror.account("Stripe Fees", AccountRole.EXPENSE),
        )
        self.receivable = self.mirror.account("Accounts Receivable", AccountRole.RECEIVABLE)
        self.pattern = BookingPattern.CLEARING
        self.mirror.invoice("INV-1", "Acme", "120.00", still_open="0.00")
        self.charge(PaymentState.SUCCEEDED)
        self.mirror.entry("txn_1", DEBIT, "120.00", "0.96")
        self.stand()
        self.mirror.book_entry("e-1", "0.96", f"receivables op={'B' * 20} src={DEBIT}")

    def charge(self, state: PaymentState, **more: object) -> None:
        self.mirror.charge("py_1", "120.00", fee="0.96", state=state, tags=(Tag("invoice_number", "INV-1"),))
        held = cast("Payment", self.mirror.records[DEBIT])
        self.mirror.put(DEBIT, replace(held, method="us_bank_account", **more))  # type: ignore[arg-type]

    def stand(self, vendor_id: str = "p-1", amount: str = "120.00") -> None:
        """The payment of the books that carries our stamp."""
        self.mirror.received(
            vendor_id, "Acme", amount, {INVOICE: amount}, memo=f"{STAMP}{DEBIT}", into=self.clearing, on="2026-03-29"
        )

    def returned(self, amount: str = "120.00", fee: str = "4.00", state: DisputeState = DisputeState.LOST) -> None:
        """It comes back as a dispute, as bank debits do."""
        self.charge(PaymentState.RETURNED if state is DisputeState.LOST else PaymentState.DISPUTED)
        self.mirror.dispute("dp_1", DEBIT, amount, state)
        held = cast("Dispute", self.mirror.records[FIGHT])
        on = business_date("2026-05-27")
        self.mirror.put(FIGHT, replace(held, on=on, said="insufficient funds (R01)"))
        self.mirror.entry("txn_dp_1", FIGHT, f"-{amount}", fee, EntryNature.DISPUTE, created="2026-05-27T14:00:00Z")

    def void(self) -> None:
        """The books after it was taken back."""
        self.mirror.received("p-1", "Acme", "0.00", memo=f"Voided {STAMP}{DEBIT}", state=PaymentState.VOID)
        self.mirror.invoice("INV-1", "Acme", "120.00")

    def ours(self) -> None:
        """We took it back, and remember it."""
        self.void()
        self.mirror.in_flight.add(taking_back(OWN))
        self.mirror.written[taking_back(OWN)] = POSTED
        self.mirror.taken_back[subject_of(IntentKind.PAYMENT, DEBIT)] = ""

    def journal(self, about: Ref, amount: str) -> None:
        """The books hold our journal entry about that, which moves so much on the clearing account."""
        moved, memo = money(amount), f"receivables op={'E' * 20} src={about}"
        self.mirror.put(
            ref(Kind.BOOK_ENTRY, f"j-{about.vendor_id}"),
            BookEntry(
                paid_from=None,
                paid_to=None,
                on=business_date("2026-04-01"),
                amount=money(amount.removeprefix("-")),
                memo=memo,
                stamps=read_stamps(memo),
                moves=((self.clearing, moved), (self.receivable, -moved)),
            ),
        )

    def plan(self, *, closed_today: str | None = None) -> Plan:
        seen = self.mirror.seen()
        numbers = count(1)
        connection = Connection(
            company_id=CompanyId("harbor"),
            connection_id=PROCESSOR,
            system="stripe",
            account="acct_1",
            live=False,
            posting=self.posting,
            pattern=self.pattern,
        )
        frame = Frame(
            plan_id=PlanId("plan-1"),
            company_id=CompanyId("harbor"),
            made_at=instant_from_iso("2026-06-10T14:00:00Z"),
            made_by=ActorId("dana"),
            new_op_id=lambda: OpId(f"{next(numbers):A>20}"),
            instead_of_closed=business_date(closed_today) if closed_today is not None else None,
        )
        return plan(seen, reconcile(seen), [connection], frame, untied=tie_out(seen).findings)

    def purse(self) -> Standing:
        (found,) = standings(self.mirror.seen())
        return found


def kinds(made: Plan) -> list[str]:
    return [str(line.kind) for line in made.lines]


def left(made: Plan) -> Finding:
    """The one thing that is told of the return; nothing takes the payment back."""
    assert IntentKind.VOID not in [line.kind for line in made.lines]
    (found,) = [each for each in made.left_out if each.code is FindingCode.RETURNED]
    assert found.amount == money("120.00")
    assert "on 2026-05-27: insufficient funds (R01)" in found.sentence
    return found


def left_out(made: Plan) -> Finding:
    assert made.lines == ()
    (found,) = made.left_out
    return found


def owing(made: Plan) -> dict[str, str]:
    """What the one journal entry of a plan debits and credits, by customer or account."""
    (entry,) = [line.journal for line in made.lines if line.journal is not None]
    return {(part.customer or part.account).vendor_id: grouped(part.amount) for part in entry.parts}


def rest(standing: Standing) -> dict[str, str]:
    """What is not booked of a purse, by reason."""
    return {str(each.reason): grouped(each.amount) for each in standing.rest}
