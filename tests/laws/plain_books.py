"""Books by the book: a double-entry ledger of values, for laws that must hold over very many histories.

Every document makes an entry whose debits equal its credits, currency by currency; money that is changed goes through
an account of its own. What is open is reckoned from the documents and what they settle, the accounts from the entries
alone: so the one can be held against the other. It refuses whatever books refuse: to settle more than is open, to take
back what a deposit holds, a second entry for one mark. It knows nothing of planning.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from connector.dates import BusinessDate
from connector.model.allocation import Allocation
from connector.model.intent import (
    ApplyCredit,
    Exchange,
    JournalPart,
    PostDeposit,
    PostExpense,
    Posting,
    PostJournal,
    PostPayment,
    PostTransfer,
    VoidPosting,
    Written,
)
from connector.model.invoice import CreditNote, Invoice, InvoiceState
from connector.model.mirror import Gone, GoneState, Noun
from connector.model.money_in import Payment, PaymentState
from connector.model.party import Account, AccountRole, Customer, Profile
from connector.model.settlement import BookEntry, Deposit, DepositLine, OwedPart
from connector.model.source import ConnectionId, Kind, OpId, Ref
from connector.model.stamp import Stamp
from connector.money import Currency, Money, currency, total, zero

BOOKS = ConnectionId("quickbooks")
HOME = currency("USD")
EUR = currency("EUR")
_ROLES = {
    "Clearing": AccountRole.BANK,
    "Transit": AccountRole.BANK,
    "Bank": AccountRole.BANK,
    "Receivable": AccountRole.RECEIVABLE,
    "Undeposited": AccountRole.UNDEPOSITED,
    "Fees": AccountRole.EXPENSE,
    "Suspense": AccountRole.EXPENSE,
    "Income": AccountRole.OTHER,
}
_AT_HOME = frozenset({"Fees", "Suspense"})
"""Accounts that take every currency."""


class Refusal(AssertionError):
    """What no books let anybody write."""


@dataclass(slots=True)
class Document:
    """One document: what it is, what it settles, and the entry it made."""

    ref: Ref
    on: BusinessDate
    amount: Money
    customer: Ref | None = None
    settles: tuple[Allocation, ...] = ()
    lines: list[tuple[str, Money]] = field(default_factory=list)
    stamp: Stamp | None = None
    number: str = ""
    into: Ref | None = None
    paid_from: Ref | None = None
    exchanged: Money | None = None
    banked: tuple[tuple[Ref, Money], ...] = ()
    parts: tuple[JournalPart, ...] = ()
    version: int = 0
    void: bool = False


class PlainBooks:
    """The books of one company: its documents, and what its accounts hold by their entries."""

    def __init__(self) -> None:
        self.documents: dict[Ref, Document] = {}
        self.gone: dict[Ref, Gone] = {}
        self.customers: dict[Ref, Customer] = {}
        self.closed_through: BusinessDate | None = None
        self.changed = 0
        self._next: Counter[Kind] = Counter()
        self.accounts: dict[Ref, Account] = {}
        self._names: dict[Ref, str] = {}
        for name, role in _ROLES.items():
            for code in (HOME,) if name in _AT_HOME else (HOME, EUR):
                ref = Ref(BOOKS, Kind.ACCOUNT, f"{name} {code}")
                self.accounts[ref] = Account(name=ref.vendor_id, role=role, currency=code)
                self._names[ref] = name

    def account(self, name: str, code: Currency = HOME) -> Ref:
        return Ref(BOOKS, Kind.ACCOUNT, f"{name} {code}")

    # People

    def customer(self, name: str, code: Currency) -> Ref:
        ref = self._ref(Kind.CUSTOMER)
        email = f"ap@{name.lower().replace(' ', '-')}.example"
        self.customers[ref] = Customer(name=name, email=email, currency=code)
        return ref

    def invoice(self, customer: Ref, number: str, amount: Money, on: BusinessDate) -> Ref:
        return self._enter(
            Document(ref=self._ref(Kind.INVOICE), on=on, amount=amount, customer=customer, number=number),
            [("Receivable", amount), ("Income", -amount)],
        )

    def credit_note(self, customer: Ref, number: str, amount: Money, on: BusinessDate) -> Ref:
        return self._enter(
            Document(ref=self._ref(Kind.CREDIT_NOTE), on=on, amount=amount, customer=customer, number=number),
            [("Receivable", -amount), ("Income", amount)],
        )

    def received(self, customer: Ref, amount: Money, on: BusinessDate, shares: Iterable[tuple[Ref, Money]]) -> Ref:
        """A person records money that came past every processor."""
        ref = self._ref(Kind.PAYMENT)
        settles = tuple(Allocation(payment=ref, target=target, amount=share) for target, share in shares)
        made = Document(
            ref=ref,
            on=on,
            amount=amount,
            customer=customer,
            settles=settles,
            into=self.account("Bank", amount.currency),
        )
        return self._enter(made, [("Bank", amount), ("Receivable", -amount)])

    def delete(self, ref: Ref) -> None:
        """A person deletes a document; what it settled is open again."""
        if self.is_banked(ref) or self.is_settled(ref):
            raise Refusal(f"{ref} is used elsewhere")
        del self.documents[ref]
        self.gone[ref] = Gone(state=GoneState.DELETED)
        self.changed += 1

    def void(self, ref: Ref) -> None:
        """A document stays and is nothing any more."""
        if self.is_banked(ref) or self.is_settled(ref):
            raise Refusal(f"{ref} is used elsewhere")
        held = self.documents[ref]
        held.void, held.settles, held.lines = True, (), []
        self._touch(held)

    def close(self, through: BusinessDate) -> None:
        """The books are closed through a day."""
        self.closed_through = through
        self.changed += 1

    def unapply(self, ref: Ref) -> None:
        """A person takes a payment off what it settled; its money is unapplied then."""
        held = self.documents[ref]
        held.settles = ()
        self._touch(held)

    def edit(self, ref: Ref) -> None:
        """A person changes a word that matters to nobody."""
        self._touch(self.documents[ref])

    # What we write

    def post(self, intent: Posting, op_id: OpId) -> Written:
        """Write an entry as it was planned, to the letter."""
        if self.closed_through is not None and intent.on <= self.closed_through:
            raise Refusal(f"{intent.on} is closed")
        if isinstance(intent, VoidPosting):
            return self._taken_back(intent)
        stamp = Stamp(op_id, intent.about)
        match intent:
            case PostPayment():
                made = self._payment(intent, stamp)
            case ApplyCredit():
                made = self._credit(intent, stamp)
            case PostExpense():
                ref = self._ref(Kind.BOOK_ENTRY)
                made = Document(ref=ref, on=intent.on, amount=intent.amount, stamp=stamp)
                made.paid_from, made.into = intent.paid_from, intent.account
                self._enter(made, [(self._at(made.paid_from), -made.amount), (self._at(made.into), made.amount)])
            case PostTransfer():
                ref = self._ref(Kind.BOOK_ENTRY)
                made = Document(ref=ref, on=intent.on, amount=intent.amount, stamp=stamp)
                made.paid_from, made.into = intent.paid_from, intent.paid_to
                self._enter(made, [(self._at(made.paid_from), -made.amount), (self._at(made.into), made.amount)])
            case PostDeposit():
                made = self._deposit(intent, stamp)
            case PostJournal():
                made = self._journal(intent, stamp)
        return self._answer(made)

    def _payment(self, intent: PostPayment, stamp: Stamp) -> Document:
        ref = self._ref(Kind.PAYMENT)
        made = Document(
            ref=ref,
            on=intent.on,
            amount=intent.total,
            customer=intent.customer,
            settles=tuple(replace(each, payment=ref) for each in intent.allocations),
            into=intent.into,
            stamp=stamp,
        )
        self._enter(made, [*self._changed(made, intent.exchange), ("Receivable", -intent.total)])
        return made

    def _changed(self, made: Document, exchange: Exchange | None) -> list[tuple[str, Money]]:
        """The account that the money of an entry reaches, in its own currency."""
        name = self._at(made.into)
        if exchange is None:
            return [(name, made.amount)]
        made.exchanged = exchange.amount
        return [("Exchange", made.amount), ("Exchange", -exchange.amount), (name, exchange.amount)]

    def _credit(self, intent: ApplyCredit, stamp: Stamp) -> Document:
        ref = self._ref(Kind.PAYMENT)
        made = Document(
            ref=ref,
            on=intent.on,
            amount=zero(intent.allocations[0].amount.currency),
            customer=intent.customer,
            settles=tuple(replace(each, payment=ref) for each in intent.allocations),
            stamp=stamp,
        )
        self._enter(made, [])
        return made

    def _deposit(self, intent: PostDeposit, stamp: Stamp) -> Document:
        for ref, amount in intent.payments:
            held = self.documents.get(ref)
            if held is None or held.void or held.amount != amount or self.is_banked(ref):
                raise Refusal(f"{ref} cannot be banked")
        made = Document(
            ref=self._ref(Kind.DEPOSIT),
            on=intent.on,
            amount=intent.total,
            stamp=stamp,
            into=intent.into,
            banked=intent.payments,
            parts=tuple(
                JournalPart(account=one.account, amount=one.amount, customer=one.customer) for one in intent.parts
            ),
        )
        if intent.total.minor <= 0:
            raise Refusal("a deposit of nothing or less")
        lines = [(self._at(intent.into), intent.total)]
        lines += [(self._at(self.documents[ref].into), -amount) for ref, amount in intent.payments]
        lines += [(self._at(one.account), -one.amount) for one in intent.parts]
        self._enter(made, lines)
        return made

    def _journal(self, intent: PostJournal, stamp: Stamp) -> Document:
        code = intent.parts[0].amount.currency
        debits = total((one.amount for one in intent.parts if one.amount.minor > 0), code)
        made = Document(ref=self._ref(Kind.BOOK_ENTRY), on=intent.on, amount=debits, stamp=stamp, parts=intent.parts)
        lines: list[tuple[str, Money]] = []
        for one in intent.parts:
            account = self.accounts[one.account]
            if intent.exchange is None or account.currency == code:
                lines.append((self._at(one.account), one.amount))
                continue
            made.exchanged = intent.exchange.amount
            into = made.exchanged if one.amount.minor > 0 else -made.exchanged
            lines += [("Exchange", one.amount), ("Exchange", -into), (self._at(one.account), into)]
        self._enter(made, lines)
        return made

    def _taken_back(self, intent: VoidPosting) -> Written:
        held = self.documents[intent.target]
        if held.stamp is None or held.stamp.op_id != intent.stamp:
            raise Refusal(f"{intent.target} is not what was meant to be taken back")
        if intent.undoes is None and str(held.version) != intent.version:
            raise Refusal(f"{intent.target} was changed by a person")
        if held.ref.kind is Kind.PAYMENT:
            self.void(held.ref)
            return self._answer(held)
        self.delete(held.ref)
        return Written(ref=held.ref, version="")

    # What there is

    def is_banked(self, ref: Ref) -> bool:
        return any(ref == payment for each in self.documents.values() for payment, _ in each.banked)

    def is_settled(self, ref: Ref) -> bool:
        return ref.kind is not Kind.PAYMENT and bool(self.applied().get(ref))

    def applied(self) -> dict[Ref, int]:
        """What is settled of each document, in minor units."""
        found: dict[Ref, int] = defaultdict(int)
        for each in self.documents.values():
            for share in each.settles:
                found[share.target] += share.amount.minor
        return found

    def left_of(self, ref: Ref) -> int:
        """What is open of an invoice or credit note."""
        held = self.documents[ref]
        return 0 if held.void else held.amount.minor - self.applied().get(ref, 0)

    def unapplied(self, held: Document) -> Money:
        """What of a payment settles nothing. A credit that is applied gives what the invoices take."""
        taken = sum(
            -share.amount.minor if share.target.kind is Kind.CREDIT_NOTE else share.amount.minor
            for share in held.settles
        )
        return Money((0 if held.void else held.amount.minor) - taken, held.amount.currency)

    def balances(self) -> dict[tuple[str, Currency], int]:
        """Every account's balance, from the entries alone."""
        found: dict[tuple[str, Currency], int] = defaultdict(int)
        for each in self.documents.values():
            for name, amount in each.lines:
                found[name, amount.currency] += amount.minor
        return found

    def records(self) -> Iterator[tuple[Ref, str, Noun | Gone]]:
        """Everything as an adapter would mirror it."""
        yield (
            Ref(BOOKS, Kind.PROFILE, "1"),
            "",
            Profile(name="Plain", home_currency=HOME, closed_through=self.closed_through, multi_currency=True),
        )
        balances, applied = self.balances(), self.applied()
        for ref, account in self.accounts.items():
            balance = Money(balances.get((self._names[ref], account.currency), 0), account.currency)
            yield ref, "", replace(account, balance=balance)
        yield from ((ref, "", one) for ref, one in self.customers.items())
        yield from ((ref, "", one) for ref, one in self.gone.items())
        for ref, held in self.documents.items():
            yield ref, str(held.version), self._noun(held, applied.get(ref, 0))

    def _noun(self, held: Document, applied: int) -> Noun:
        stamps = (held.stamp,) if held.stamp is not None else ()
        match held.ref.kind:
            case Kind.INVOICE | Kind.CREDIT_NOTE:
                return self._issued(held, applied)
            case Kind.PAYMENT:
                return Payment(
                    customer=held.customer,
                    received_on=held.on,
                    gross=zero(held.amount.currency) if held.void else held.amount,
                    state=PaymentState.VOID if held.void else PaymentState.SUCCEEDED,
                    method="other",
                    unapplied=self.unapplied(held),
                    allocations=held.settles,
                    into=held.into,
                    stamps=stamps,
                    changed_into=held.exchanged,
                )
            case Kind.DEPOSIT:
                return Deposit(
                    into=held.into,
                    on=held.on,
                    total=held.amount,
                    lines=(
                        *(DepositLine(amount=amount, payment=ref) for ref, amount in held.banked),
                        *(DepositLine(amount=one.amount) for one in held.parts),
                    ),
                    stamps=stamps,
                    owed=self._owed(held, -1),
                )
        return BookEntry(
            paid_from=held.paid_from,
            paid_to=held.into,
            on=held.on,
            amount=held.amount,
            stamps=stamps,
            owed=self._owed(held, 1),
            moves=tuple((one.account, self._in_own(one, held)) for one in held.parts),
        )

    def _issued(self, held: Document, applied: int) -> Invoice | CreditNote:
        code = held.amount.currency
        whole, left = (
            zero(code) if held.void else held.amount,
            Money(0 if held.void else held.amount.minor - applied, code),
        )
        state = InvoiceState.VOID if held.void else InvoiceState.OPEN if left else InvoiceState.PAID
        if held.ref.kind is Kind.CREDIT_NOTE:
            return CreditNote(
                number=held.number, customer=held.customer, issued_on=held.on, total=whole, open=left, state=state
            )
        return Invoice(
            number=held.number,
            customer=held.customer,
            issued_on=held.on,
            due_on=held.on,
            total=whole,
            open=left,
            state=state,
        )

    def _owed(self, held: Document, sign: int) -> tuple[OwedPart, ...]:
        return tuple(
            OwedPart(customer=one.customer, amount=one.amount if sign > 0 else -one.amount)
            for one in held.parts
            if self._names[one.account] == "Receivable"
        )

    def _in_own(self, one: JournalPart, held: Document) -> Money:
        if held.exchanged is None or self.accounts[one.account].currency == one.amount.currency:
            return one.amount
        return held.exchanged if one.amount.minor > 0 else -held.exchanged

    def _answer(self, made: Document) -> Written:
        return Written(
            ref=made.ref,
            version=str(made.version),
            amount=zero(made.amount.currency) if made.void else made.amount,
            allocated=made.settles,
            members=made.banked,
            moves=made.parts,
            exchanged=made.exchanged,
        )

    def _enter(self, made: Document, lines: list[tuple[str, Money]]) -> Ref:
        """Debits equal credits, nothing is settled beyond what is open, one mark stands once; or it is refused."""
        made.lines = [line for line in lines if line[1]]
        sums: dict[Currency, int] = defaultdict(int)
        for _, amount in made.lines:
            sums[amount.currency] += amount.minor
        if any(sums.values()):
            raise Refusal(f"{made.ref}: debits are not credits, {dict(sums)}")
        self._may_settle(made)
        for each in self.documents.values():
            if made.stamp is not None and each.stamp is not None and each.stamp.op_id == made.stamp.op_id:
                raise Refusal(f"{made.ref}: {made.stamp.op_id} stands already")
        self.documents[made.ref] = made
        self.changed += 1
        return made.ref

    def _may_settle(self, made: Document) -> None:
        for share in made.settles:
            other = self.documents.get(share.target)
            if other is None or other.void or other.customer != made.customer or share.amount.minor <= 0:
                raise Refusal(f"{made.ref} cannot settle {share.target}")
            if sum(one.amount.minor for one in made.settles if one.target == share.target) > self.left_of(share.target):
                raise Refusal(f"{made.ref} settles more of {share.target} than is open")
        if self.unapplied(made).minor < 0:
            raise Refusal(f"{made.ref} settles more than it brings")

    def _touch(self, held: Document) -> None:
        held.version += 1
        self.changed += 1

    def _at(self, account: Ref | None) -> str:
        if account is None:
            raise Refusal("an entry without an account")
        return self._names[account]

    def _ref(self, kind: Kind) -> Ref:
        self._next[kind] += 1
        return Ref(BOOKS, kind, f"{self._next[kind]:05d}")
