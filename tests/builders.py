"""Small worlds as values, for tests of the rooms that decide: one line a record, amounts as people write them."""

from __future__ import annotations

from dataclasses import replace

from connector.dates import BusinessDate, business_date, instant_from_iso
from connector.model.allocation import Allocation
from connector.model.invoice import CreditNote, Invoice, InvoiceState, Issued
from connector.model.mirror import Gone, GoneState, Noun
from connector.model.money_in import (
    Attempt,
    AttemptState,
    Dispute,
    DisputeState,
    Payment,
    PaymentState,
    Refund,
    RefundState,
)
from connector.model.party import Account, AccountRole, Customer, Profile
from connector.model.settlement import (
    BalanceEntry,
    BookEntry,
    Deposit,
    DepositLine,
    EntryNature,
    Membership,
    OwedPart,
    Payout,
    PayoutMade,
    PayoutState,
)
from connector.model.source import ConnectionId, Kind, OpId, Ref, Tag
from connector.model.stamp import read_stamps
from connector.money import Currency, Money, currency, from_text, total
from connector.reconcile.snapshot import Snapshot, snapshot

BOOKS = ConnectionId("quickbooks")
PROCESSOR = ConnectionId("stripe")
USD = currency("USD")


def money(text: str) -> Money:
    """`120.00 USD` (USD when nothing is said)."""
    number, _, code = text.partition(" ")
    return from_text(number, currency(code or "USD"))


def ref(kind: Kind, vendor_id: str, connection: ConnectionId = BOOKS) -> Ref:
    """A record of the books, or of the connection named."""
    return Ref(connection, kind, vendor_id)


class Mirror:
    """Collects records and gives the Snapshot of them."""

    def __init__(self) -> None:
        self.records: dict[Ref, Noun] = {}
        self.in_flight: set[str] = set()
        self.written: dict[str, Ref] = {}
        self.answered: dict[Ref, str] = {}
        self.gone: dict[Ref, Gone] = {}
        self.taken_back: dict[str, str] = {}
        self.forgiven: set[OpId] = set()
        self.generations: dict[str, int] = {}

    def put(self, at: Ref, record: Noun) -> Ref:
        self.records[at] = record
        return at

    def customer(
        self,
        name: str,
        *,
        email: str | None = None,
        at: ConnectionId = BOOKS,
        parent: str = "",
        code: str | None = None,
        active: bool = True,
    ) -> Ref:
        above = ref(Kind.CUSTOMER, parent, at) if parent else None
        return self.put(
            ref(Kind.CUSTOMER, name, at),
            Customer(
                name=name,
                email=email,
                parent=above,
                phone="+1 555 0100",
                currency=Currency(code) if code is not None else None,
                active=active,
            ),
        )

    def take(self, at: Ref, *, merged_into: Ref | None = None) -> None:
        """The record is no more: deleted, or merged into another."""
        self.records.pop(at, None)
        state = GoneState.DELETED if merged_into is None else GoneState.MERGED
        self.gone[at] = Gone(state=state, merged_into=merged_into)

    def invoice(
        self,
        number: str,
        customer: str,
        total: str,
        *,
        still_open: str | None = None,
        issued: str = "2026-03-01",
        due: str | None = "2026-03-31",
        at: ConnectionId = BOOKS,
        state: InvoiceState | None = None,
        tags: tuple[Tag, ...] = (),
        same_debt: Ref | None = None,
        sent: Issued | None = None,
    ) -> Ref:
        whole = money(total)
        rest = money(still_open) if still_open is not None else whole
        return self.put(
            ref(Kind.INVOICE, f"i-{number}", at),
            Invoice(
                number=number,
                customer=ref(Kind.CUSTOMER, customer, at),
                issued_on=business_date(issued),
                due_on=business_date(due) if due is not None else None,
                total=whole,
                open=rest,
                state=state or (InvoiceState.OPEN if rest else InvoiceState.PAID),
                issued=sent or Issued(),
                tags=tags,
                same_debt=same_debt,
            ),
        )

    def credit(self, number: str, customer: str, total: str, *, still_open: str | None = None) -> Ref:
        whole = money(total)
        return self.put(
            ref(Kind.CREDIT_NOTE, number),
            CreditNote(
                number=number,
                customer=ref(Kind.CUSTOMER, customer),
                issued_on=business_date("2026-03-05"),
                total=whole,
                open=money(still_open) if still_open is not None else whole,
                state=InvoiceState.OPEN,
            ),
        )

    def charge(
        self,
        vendor_id: str,
        amount: str,
        *,
        customer: str | None = None,
        memo: str | None = None,
        tags: tuple[Tag, ...] = (),
        state: PaymentState = PaymentState.SUCCEEDED,
        fee: str | None = None,
        net: str | None = None,
        refunded: str | None = None,
        on: str = "2026-03-29",
        attempt: str | None = None,
        payer: str | None = None,
    ) -> Ref:
        gross = money(amount)
        cost = money(fee) if fee is not None else None
        got = money(net) if net is not None else gross - cost if cost is not None else None
        return self.put(
            ref(Kind.PAYMENT, vendor_id, PROCESSOR),
            Payment(
                customer=ref(Kind.CUSTOMER, customer, PROCESSOR) if customer is not None else None,
                received_on=business_date(on),
                gross=gross,
                state=state,
                method="card",
                fee=cost,
                net=got,
                refunded=money(refunded) if refunded is not None else None,
                memo=memo,
                tags=tags,
                attempt=ref(Kind.ATTEMPT, attempt, PROCESSOR) if attempt is not None else None,
                payer=payer,
            ),
        )

    def received(
        self,
        vendor_id: str,
        customer: str,
        amount: str,
        settles: dict[Ref, str] | None = None,
        *,
        unapplied: str | None = None,
        memo: str | None = None,
        state: PaymentState = PaymentState.SUCCEEDED,
        on: str = "2026-03-20",
        into: Ref | None = None,
    ) -> Ref:
        at = ref(Kind.PAYMENT, vendor_id)
        allocations = tuple(
            Allocation(payment=at, target=target, amount=money(share)) for target, share in (settles or {}).items()
        )
        gross = money(amount)
        rest = money(unapplied) if unapplied is not None else Money(0, gross.currency)
        return self.put(
            at,
            Payment(
                customer=ref(Kind.CUSTOMER, customer),
                received_on=business_date(on),
                gross=gross,
                state=state,
                method="check",
                unapplied=rest,
                allocations=allocations,
                into=into,
                memo=memo,
                stamps=read_stamps(memo),
            ),
        )

    def attempt(self, vendor_id: str, amount: str, *tags: Tag, state: AttemptState = AttemptState.SUCCEEDED) -> Ref:
        return self.put(
            ref(Kind.ATTEMPT, vendor_id, PROCESSOR),
            Attempt(customer=None, amount=money(amount), state=state, tags=tags),
        )

    def refund(self, vendor_id: str, payment: Ref, amount: str, state: RefundState = RefundState.DONE) -> Ref:
        return self.put(
            ref(Kind.REFUND, vendor_id, PROCESSOR),
            Refund(payment=payment, amount=money(amount), on=business_date("2026-04-01"), state=state),
        )

    def dispute(self, vendor_id: str, payment: Ref, amount: str, state: DisputeState = DisputeState.OPEN) -> Ref:
        return self.put(
            ref(Kind.DISPUTE, vendor_id, PROCESSOR),
            Dispute(
                payment=payment, amount=money(amount), on=business_date("2026-04-01"), state=state, reason="general"
            ),
        )

    def link(self, payment: Ref, target: Ref, amount: str) -> Ref:
        return self.put(
            ref(Kind.ALLOCATION, f"inpay_{len(self.records)}", PROCESSOR),
            Allocation(payment=payment, target=target, amount=money(amount)),
        )

    def entry(
        self,
        vendor_id: str,
        about: Ref | None,
        gross: str,
        fee: str,
        nature: EntryNature = EntryNature.PAYMENT,
        *,
        category: str | None = None,
        created: str = "2026-03-29T12:00:00Z",
        available: str | None = None,
        rate: str | None = None,
    ) -> Ref:
        whole, cost = money(gross), money(fee)
        return self.put(
            ref(Kind.BALANCE_ENTRY, vendor_id, PROCESSOR),
            BalanceEntry(
                category=category if category is not None else nature.value,
                nature=nature,
                gross=whole,
                fee=cost,
                net=whole - cost,
                created=instant_from_iso(created),
                about=about,
                available_at=instant_from_iso(available) if available is not None else None,
                rate=rate,
            ),
        )

    def payout(
        self,
        vendor_id: str,
        amount: str,
        *entries: Ref,
        state: PayoutState = PayoutState.PAID,
        composed: bool = True,
        made: PayoutMade = PayoutMade.AUTOMATIC,
        membership: Membership | None = None,
        created: str = "2026-03-31T09:00:00Z",
        arrives: str = "2026-04-02",
        own: Ref | None = None,
        back: Ref | None = None,
        reverses: Ref | None = None,
        reversed_by: Ref | None = None,
        failure: str | None = None,
    ) -> Ref:
        return self.put(
            ref(Kind.PAYOUT, vendor_id, PROCESSOR),
            Payout(
                amount=money(amount),
                arrives_on=business_date(arrives),
                state=state,
                entries=entries if composed else None,
                membership=membership or (Membership.COMPLETE if composed else Membership.NEVER),
                made=made,
                created=instant_from_iso(created),
                entry=own,
                back=back,
                reverses=reverses,
                reversed_by=reversed_by,
                failure=failure,
            ),
        )

    def account(
        self, name: str, role: AccountRole, balance: str | None = None, *, at: ConnectionId = BOOKS, code: str = "USD"
    ) -> Ref:
        return self.put(
            ref(Kind.ACCOUNT, name, at),
            Account(
                name=name,
                role=role,
                currency=Currency(code),
                balance=money(balance) if balance is not None else None,
            ),
        )

    def deposit(self, vendor_id: str, into: Ref, payments: dict[Ref, str], *, memo: str = "") -> Ref:
        """A deposit of these payments of the books at these amounts; a memo may carry our mark."""
        lines = tuple(DepositLine(amount=money(amount), payment=payment) for payment, amount in payments.items())
        return self.put(
            ref(Kind.DEPOSIT, vendor_id),
            Deposit(
                into=into,
                on=business_date("2026-04-02"),
                total=total([line.amount for line in lines], lines[0].amount.currency),
                lines=lines,
                stamps=read_stamps(memo),
            ),
        )

    def opening(self, vendor_id: str, amount: str, *, memo: str) -> Ref:
        """A deposit of no payment, against an account."""
        whole = money(amount)
        return self.put(
            ref(Kind.DEPOSIT, vendor_id),
            Deposit(
                into=None,
                on=business_date("2026-03-31"),
                total=whole,
                lines=(DepositLine(amount=whole),),
                stamps=read_stamps(memo),
            ),
        )

    def by_hand(self, vendor_id: str, customer: str, owed: str) -> Ref:
        """An entry by hand that makes a customer owe that much, or less where it is negative."""
        amount = money(owed)
        return self.put(
            ref(Kind.BOOK_ENTRY, vendor_id),
            BookEntry(
                paid_from=None,
                paid_to=None,
                on=business_date("2026-03-29"),
                amount=Money(abs(amount.minor), amount.currency),
                owed=(OwedPart(customer=ref(Kind.CUSTOMER, customer), amount=amount),),
            ),
        )

    def book_entry(self, vendor_id: str, amount: str, memo: str) -> Ref:
        return self.put(
            ref(Kind.BOOK_ENTRY, vendor_id),
            BookEntry(
                paid_from=None,
                paid_to=None,
                on=business_date("2026-03-29"),
                amount=money(amount),
                memo=memo,
                stamps=read_stamps(memo),
            ),
        )

    def profile(self, *, closed_through: BusinessDate | None = None) -> Ref:
        return self.put(
            ref(Kind.PROFILE, "9130001"),
            Profile(name="Harbor Supply", home_currency=USD, closed_through=closed_through),
        )

    def seen(self, *, backwards: bool = False) -> Snapshot:
        triples: list[tuple[Ref, str, Noun | Gone]] = [(at, "0", record) for at, record in self.records.items()]
        triples += [(at, "", record) for at, record in self.gone.items()]
        seen = snapshot(
            reversed(triples) if backwards else triples,
            books=BOOKS,
            in_flight=frozenset(self.in_flight),
            written=self.written,
            answered=self.answered,
        )
        return replace(
            seen, taken_back=self.taken_back, forgiven=frozenset(self.forgiven), generations=self.generations
        )
