"""What may be planned, on which day, to which account. Every refusal is listed with its reason and a choice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.dates import BusinessDate, Instant
from connector.model.finding import Evidence, Finding, FindingCode
from connector.model.firm import Beginning, BookingPattern, Connection, PostingAccounts
from connector.model.intent import (
    ApplyCredit,
    GiveBack,
    IntentKind,
    Planned,
    PostDeposit,
    PostExpense,
    PostJournal,
    PostPayment,
    PostTransfer,
    ShowLink,
    VoidPosting,
    intent_kind,
)
from connector.model.party import AccountRole
from connector.model.settlement import EntryNature
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import Currency, Money, grouped, total
from connector.plan.lines import Effect, Frame, PlanLine
from connector.plan.patterns import IN_WORDS, patterns_in_use
from connector.reconcile.booked import Written, booked, numbered, subject_of, taking_back, undone
from connector.reconcile.rulings import kept_out
from connector.reconcile.snapshot import Snapshot

_WAITING_FOR: dict[str, tuple[str, str]] = {
    "clearing": (
        "No clearing account in {code} is chosen for {at}",
        "Choose one: receivables accounts {at} --clearing NAME.",
    ),
    "transit": (
        "No account in {code} is chosen for {at}'s payouts on their way, which stay on the clearing account meanwhile",
        "Choose one beside the bank's own: receivables accounts {at} --transit NAME.",
    ),
    "bank": ("No bank account in {code} is chosen for {at}", "Choose one: receivables accounts {at} --bank NAME."),
    "fees": ("No fees account in {code} is chosen for {at}", "Choose one: receivables accounts {at} --fees NAME."),
    "holding": (
        "The books have no single active account for undeposited funds in {code}, which {at} needs",
        "Look at the books' accounts and sync, or book {at} in the other pattern.",
    ),
    "receivable": (
        "The books have no single active receivable account in {code}, on which {at} puts what went back to customers",
        "Look at the books' accounts and sync; or record these by hand.",
    ),
    "suspense": (
        "No account in {code} is chosen for what moves the balance of {at} and is neither payment nor fee",
        "Choose one: receivables accounts {at} --suspense NAME.",
    ),
    "opening": (
        "No account is chosen for {at} against which its balance in {code} before the start is booked",
        "Choose one: receivables accounts {at} --opening NAME.",
    ),
}

_ANY_CURRENCY = frozenset({"fees", "opening", "suspense"})
"""Roles whose account is kept in the company's own currency and takes entries in every other."""

_ROLES = {"holding": AccountRole.UNDEPOSITED, "receivable": AccountRole.RECEIVABLE}
"""Roles whose account the books say themselves."""


class Gate:
    """One plan's memory of what it may do and what it left out."""

    def __init__(
        self, snapshot: Snapshot, processors: Sequence[Connection], frame: Frame, untied: Sequence[Finding]
    ) -> None:
        self.snapshot = snapshot
        self.left_out: list[Finding] = []
        self._frame = frame
        self._posting = {each.connection_id: each.posting for each in processors}
        self._patterns = {each.connection_id: each.pattern for each in processors}
        self._begins = {each.connection_id: each.posting.begins for each in processors if each.posting.begins}
        self._early: dict[tuple[ConnectionId, Kind, Currency], list[tuple[Ref, Money]]] = {}
        self._untied = {ref for finding in untied for ref in finding.refs}
        profile = snapshot.books_profile()
        self._closed_through = profile.closed_through if profile is not None else None
        self._booked = booked(snapshot)
        self._undone = undone(snapshot)
        self._told_held: set[tuple[Ref, ...]] = set()
        self._kept_out = kept_out(snapshot.rulings)
        self._only: dict[tuple[AccountRole, Currency], Ref | None] = {}
        self._unbooked: dict[tuple[ConnectionId, str, Currency], list[tuple[Ref, Money]]] = {}
        self._came = self._find_came()
        self._mixed = self._find_mixed()

    def _find_came(self) -> dict[Ref, Instant]:
        """When the money of each payment came into its processor's balance, where that matters: with a start."""
        if not self._begins:
            return {}
        return {
            entry.about: entry.created
            for entry in self.snapshot.balance_entries.values()
            if entry.nature is EntryNature.PAYMENT and entry.about is not None
        }

    def _find_mixed(self) -> frozenset[ConnectionId]:
        found = set()
        for connection, used in sorted(patterns_in_use(self.snapshot).items()):
            chosen = self.pattern(connection)
            # What rests in an account of its own says of a payment whether it arrived there or only passes through.
            if connection in self._patterns and chosen is not BookingPattern.BANK and used != {chosen}:
                found.add(connection)
                stands = " and ".join(f"{each} ({IN_WORDS[each]})" for each in sorted(used))
                self.leave(
                    FindingCode.PATTERN_MIXED,
                    f"The books hold {connection}'s money in the pattern {stands}, and {chosen} is chosen.",
                    f"Nothing of {connection} is posted until they agree: receivables accounts {connection} --pattern",
                )
        return frozenset(found)

    def pattern(self, connection: ConnectionId) -> BookingPattern:
        """How that processor's money is booked."""
        return self._patterns.get(connection, BookingPattern.CLEARING)

    def open_to(self, about: Ref, pattern: BookingPattern | None = None) -> bool:
        """Whether anything of that record's processor may be planned (in that pattern)."""
        return about.connection not in self._mixed and pattern in (None, self.pattern(about.connection))

    def processors(self) -> tuple[ConnectionId, ...]:
        """Whose money is planned here."""
        return tuple(self._patterns)

    def begins(self, connection: ConnectionId) -> Beginning | None:
        """From when on that processor's money is booked; None: always."""
        return self._begins.get(connection)

    def is_early(self, about: Ref) -> bool:
        """Whether a payment or payout moved its processor's balance before the start: the opening entry has it."""
        begins = self.begins(about.connection)
        if begins is None:
            return False
        payment, payout = self.snapshot.payments.get(about), self.snapshot.payouts.get(about)
        if payment is not None:
            came = self._came.get(about) or payment.created
            return came < begins.at if came is not None else payment.received_on < begins.on
        if payout is None:
            return False
        own = self.snapshot.balance_entries.get(payout.entry) if payout.entry is not None else None
        went = own.created if own is not None else payout.created
        return went < begins.at if went is not None else payout.arrives_on < begins.on

    def leave_early(self, about: Ref) -> bool:
        """The same; one that is early is listed, all of a kind together."""
        amount = self.amount(about) if self.is_early(about) else None
        if amount is not None:
            self._early.setdefault((about.connection, about.kind, amount.currency), []).append((about, amount))
        return amount is not None

    def early(self) -> Iterator[Finding]:
        """One finding per processor, kind and currency, with everything that lies before the start."""
        for (connection, kind, code), left in sorted(self._early.items()):
            amount, begins = total((each for _, each in left), code), self._begins[connection]
            yield Finding(
                code=FindingCode.BEFORE_START,
                sentence=f"{len(left)} {kind}s of {connection} ({grouped(amount)}) are from before {begins.on}, the "
                "start that was chosen, and are not posted.",
                next_step=self._before(connection),
                refs=tuple(ref for ref, _ in left),
                amount=amount,
            )

    def _before(self, connection: ConnectionId) -> str:
        if self.pattern(connection) is BookingPattern.DEPOSIT:
            return "They are yours to have booked; what of them is paid out later is left out as well, by name."
        if self.pattern(connection) is BookingPattern.BANK:
            return "They are yours to have booked by hand, as they were before."
        return "They stand in the opening entry, all together; what the bank shows of them is booked by hand."

    def is_done(self, kind: IntentKind, about: Ref) -> bool:
        """Whether it stands in the books, or a write of ours is under way; one that was taken back is told."""
        back = self._undone.get((kind, about))
        if back is not None and about not in self._kept_out:
            small = about.kind is Kind.INVOICE
            what = f"small difference of {self.number(about)}" if small else f"{kind} of {about.vendor_id}"
            self.leave(
                FindingCode.POSTING_UNDONE,
                f"The {what} was posted as {back.ref.vendor_id} and {back.how} in the books.",
                back.next_step(about),
                about,
            )
        return back is not None or (kind, about) in self._booked or subject_of(kind, about) in self.snapshot.in_flight

    def stands(self, kind: IntentKind, about: Ref) -> bool:
        """Whether a write of ours stands in the books, or is under way; nothing is told of it. What a person took out
        of them does not."""
        return self.was_written(kind, about) and (kind, about) not in self._undone

    def was_written(self, kind: IntentKind, about: Ref) -> bool:
        """Whether we ever wrote it, or are about to, whatever became of it."""
        return (kind, about) in self._booked or subject_of(kind, about) in self.snapshot.in_flight

    def day(self, kind: IntentKind, about: Ref, on: BusinessDate, touched: Sequence[Ref]) -> BusinessDate | None:
        """The day to post it on; None when it may not be posted, which is listed."""
        if self.is_held(touched, (kind, about)) or self.is_untied(kind, about, touched):
            return None
        if not self.is_closed(on):
            return on
        chosen = self._frame.instead_of_closed
        if chosen is not None and not self.is_closed(chosen):
            return chosen
        self.leave(
            FindingCode.CLOSED_PERIOD,
            f"The {kind} of {about.vendor_id} falls on {on}; the books are closed through {self._closed_through}.",
            "Post it with today's date (receivables plan --closed today), or leave it out; no date is moved by itself.",
            about,
        )
        return None

    def is_held(self, touched: Sequence[Ref], write: Written | None = None) -> bool:
        """Whether it, or what it touches, is held back, which is listed once."""
        keys = (each for each in (write, *touched) if each is not None)
        found = next((self._frame.held[key] for key in keys if key in self._frame.held), None)
        if found is not None and found.refs not in self._told_held:
            self._told_held.add(found.refs)
            self.left_out.append(found)
        return found is not None

    def is_untied(self, kind: IntentKind, about: Ref, touched: Sequence[Ref]) -> bool:
        """Whether it touches a row whose sums do not hold, which is listed."""
        if not self._untied & set(touched):
            return False
        self.leave(
            FindingCode.DOES_NOT_TIE,
            f"The {kind} of {about.vendor_id} touches a row whose sums do not hold.",
            "Put that row right first; it is named in `receivables status`.",
            about,
        )
        return True

    def is_closed(self, on: BusinessDate) -> bool:
        """Whether the books are closed on that day."""
        return self._closed_through is not None and on <= self._closed_through

    def account(self, about: Ref, amount: Money, role: str) -> Ref | None:
        """The account for that role and currency; a missing or unfit one is listed."""
        code = amount.currency
        ref = self._the_only(_ROLES[role], code) if role in _ROLES else self._chosen(about.connection, role, code)
        account = self.snapshot.accounts.get(ref) if ref is not None else None
        if account is not None and account.active and (role in _ANY_CURRENCY or account.currency == code):
            return ref
        self._unbooked.setdefault((about.connection, role, code), []).append((about, amount))
        return None

    def _chosen(self, connection: ConnectionId, role: str, code: Currency) -> Ref | None:
        chosen = self._posting.get(connection, PostingAccounts())
        match role:
            case "clearing":
                return chosen.clearing.get(code)
            case "transit":
                return chosen.transit.get(code)
            case "bank":
                return chosen.bank.get(code)
            case "opening":
                return chosen.begins.opening if chosen.begins is not None else None
            case "suspense":
                return chosen.suspense
            case _:
                return chosen.fees

    def is_receivable(self, account: Ref) -> bool:
        """Whether an account is one on which customers owe."""
        held = self.snapshot.accounts.get(account)
        return held is not None and held.role is AccountRole.RECEIVABLE

    def holding(self, code: Currency) -> Ref | None:
        """Where money on hand rests."""
        return self._the_only(AccountRole.UNDEPOSITED, code)

    def _the_only(self, role: AccountRole, code: Currency) -> Ref | None:
        """The books' one account of that role: known by it, and never by its name, because people rename accounts."""
        if (role, code) not in self._only:
            found = [
                ref
                for ref, account in self.snapshot.accounts.items()
                if self.snapshot.in_books(ref) and account.role is role and account.active and account.currency == code
            ]
            self._only[role, code] = found[0] if len(found) == 1 else None
        return self._only[role, code]

    def accounts_missing(self) -> Iterator[Finding]:
        """One finding per account that is missing, with everything that waits for it."""
        for (connection, role, code), waiting in sorted(self._unbooked.items()):
            amount = total((each for _, each in waiting), code)
            what, step = (text.format(code=code, at=connection) for text in _WAITING_FOR[role])
            yield Finding(
                code=FindingCode.NO_ACCOUNT,
                sentence=f"{what}; {len(waiting)} lines ({grouped(amount)}) wait for it.",
                next_step=step,
                refs=tuple(ref for ref, _ in waiting),
                amount=amount,
            )

    def leave(self, code: FindingCode, sentence: str, next_step: str, *refs: Ref) -> None:
        """List something that is not planned, with what is at stake."""
        amount = self.amount(refs[0]) if refs else None
        self.left_out.append(Finding(code=code, sentence=sentence, next_step=next_step, refs=refs, amount=amount))

    def line(
        self,
        intent: Planned,
        sentence: str,
        *,
        effects: tuple[Effect, ...],
        evidence: tuple[Evidence, ...],
        expects: Sequence[Ref],
    ) -> PlanLine:
        """A line of the plan."""
        kind = intent_kind(intent)
        own = taking_back(intent.stamp) if isinstance(intent, VoidPosting) else subject_of(kind, intent.about)
        return PlanLine(
            op_id=self._frame.new_op_id(),
            kind=kind,
            subject=numbered(own, self.snapshot),
            sentence=sentence,
            payment=intent if isinstance(intent, PostPayment) else None,
            expense=intent if isinstance(intent, PostExpense) else None,
            transfer=intent if isinstance(intent, PostTransfer) else None,
            credit=intent if isinstance(intent, ApplyCredit) else None,
            deposit=intent if isinstance(intent, PostDeposit) else None,
            journal=intent if isinstance(intent, PostJournal) else None,
            void=intent if isinstance(intent, VoidPosting) else None,
            link=intent if isinstance(intent, ShowLink) else None,
            refund=intent if isinstance(intent, GiveBack) else None,
            effects=effects,
            evidence=evidence,
            expects=tuple((ref, self.snapshot.versions.get(ref, "")) for ref in expects),
        )

    def amount(self, ref: Ref) -> Money | None:
        """What is at stake with a payment, a payout, a credit note or a line of the ledger, its fee first."""
        snapshot = self.snapshot
        entry = snapshot.balance_entries.get(ref)
        if entry is not None:
            return entry.fee or entry.gross
        payment, payout = snapshot.payments.get(ref), snapshot.payouts.get(ref)
        credit = snapshot.credit_notes.get(ref)
        if payment is not None:
            return payment.gross
        return payout.amount if payout is not None else credit.open if credit is not None else None

    def number(self, ref: Ref) -> str:
        """An invoice's or credit note's number, or its id."""
        held = self.snapshot.invoices.get(ref) or self.snapshot.credit_notes.get(ref)
        return (held.number if held is not None else None) or ref.vendor_id

    def name(self, account: Ref) -> str:
        """An account's name."""
        return self.snapshot.accounts[account].name


def redated(on: BusinessDate, own: BusinessDate) -> str:
    """What a line says of its day where a person chose another than its own; nothing where it is its own."""
    return f" Dated {on}, because the books are closed on {own}." if on != own else ""
