"""What may be planned, on which day, to which account. Every refusal is listed with its reason and a choice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.dates import BusinessDate
from connector.model.finding import Evidence, Finding, FindingCode
from connector.model.firm import BookingPattern, Connection, PostingAccounts
from connector.model.intent import (
    ApplyCredit,
    IntentKind,
    PostDeposit,
    PostExpense,
    Posting,
    PostPayment,
    PostTransfer,
    VoidPosting,
    intent_kind,
)
from connector.model.party import AccountRole
from connector.model.source import ConnectionId, Ref
from connector.money import Currency, Money, grouped, total
from connector.plan.lines import Effect, Frame, PlanLine
from connector.plan.patterns import IN_WORDS, patterns_in_use
from connector.reconcile.booked import booked, subject_of, undone
from connector.reconcile.snapshot import Snapshot

_WAITING_FOR: dict[str, tuple[str, str]] = {
    "clearing": (
        "No clearing account in {code} is chosen for {at}",
        "Choose one: receivables accounts {at} --clearing NAME.",
    ),
    "bank": ("No bank account in {code} is chosen for {at}", "Choose one: receivables accounts {at} --bank NAME."),
    "fees": ("No fees account in {code} is chosen for {at}", "Choose one: receivables accounts {at} --fees NAME."),
    "holding": (
        "The books have no single active account for undeposited funds in {code}, which {at} needs",
        "Look at the books' accounts and sync, or book {at} in the other pattern.",
    ),
}


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
        self._untied = {ref for finding in untied for ref in finding.refs}
        profile = snapshot.books_profile()
        self._closed_through = profile.closed_through if profile is not None else None
        self._booked = booked(snapshot)
        self._undone = undone(snapshot)
        self._unbooked: dict[tuple[ConnectionId, str, Currency], list[tuple[Ref, Money]]] = {}
        self._mixed = self._find_mixed()

    def _find_mixed(self) -> frozenset[ConnectionId]:
        found = set()
        for connection, used in sorted(patterns_in_use(self.snapshot).items()):
            chosen = self.pattern(connection)
            if connection in self._patterns and used != {chosen}:
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

    def is_done(self, kind: IntentKind, about: Ref) -> bool:
        """Whether it stands in the books, or a write of ours is under way; one that was taken back is told."""
        back = self._undone.get((kind, about))
        if back is not None:
            self.leave(
                FindingCode.POSTING_UNDONE,
                f"The {kind} of {about.vendor_id} was posted as {back.ref.vendor_id} and {back.how} in the books.",
                "It is not posted a second time by itself; if it belongs in the books, record it there by hand.",
                about,
            )
        return back is not None or (kind, about) in self._booked or subject_of(kind, about) in self.snapshot.in_flight

    def day(self, kind: IntentKind, about: Ref, on: BusinessDate, touched: Sequence[Ref]) -> BusinessDate | None:
        """The day to post it on; None when it may not be posted, which is listed."""
        if self._untied & set(touched):
            self.leave(
                FindingCode.DOES_NOT_TIE,
                f"The {kind} of {about.vendor_id} touches a row whose sums do not hold.",
                "Put that row right first; it is named in `receivables status`.",
                about,
            )
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

    def is_closed(self, on: BusinessDate) -> bool:
        """Whether the books are closed on that day."""
        return self._closed_through is not None and on <= self._closed_through

    def account(self, about: Ref, amount: Money, role: str) -> Ref | None:
        """The account for that role and currency; a missing or unfit one is listed."""
        code = amount.currency
        ref = self.holding(code) if role == "holding" else self._chosen(about.connection, role, code)
        account = self.snapshot.accounts.get(ref) if ref is not None else None
        if account is not None and account.active and (role == "fees" or account.currency == code):
            return ref
        self._unbooked.setdefault((about.connection, role, code), []).append((about, amount))
        return None

    def _chosen(self, connection: ConnectionId, role: str, code: Currency) -> Ref | None:
        chosen = self._posting.get(connection, PostingAccounts())
        match role:
            case "clearing":
                return chosen.clearing.get(code)
            case "bank":
                return chosen.bank.get(code)
            case _:
                return chosen.fees

    def holding(self, code: Currency) -> Ref | None:
        """Where money on hand rests: known by its role, never by its name, because people rename it."""
        found = [
            ref
            for ref, account in self.snapshot.accounts.items()
            if self.snapshot.in_books(ref)
            and account.role is AccountRole.UNDEPOSITED
            and account.active
            and account.currency == code
        ]
        return found[0] if len(found) == 1 else None

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
        intent: Posting,
        sentence: str,
        *,
        effects: tuple[Effect, ...],
        evidence: tuple[Evidence, ...],
        expects: Sequence[Ref],
    ) -> PlanLine:
        """A line of the plan."""
        kind = intent_kind(intent)
        return PlanLine(
            op_id=self._frame.new_op_id(),
            kind=kind,
            subject=subject_of(kind, intent.about),
            sentence=sentence,
            payment=intent if isinstance(intent, PostPayment) else None,
            expense=intent if isinstance(intent, PostExpense) else None,
            transfer=intent if isinstance(intent, PostTransfer) else None,
            credit=intent if isinstance(intent, ApplyCredit) else None,
            deposit=intent if isinstance(intent, PostDeposit) else None,
            void=intent if isinstance(intent, VoidPosting) else None,
            effects=effects,
            evidence=evidence,
            expects=tuple((ref, self.snapshot.versions.get(ref, "")) for ref in expects),
        )

    def amount(self, ref: Ref) -> Money | None:
        """What is at stake with a payment, a payout or a credit note."""
        snapshot = self.snapshot
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
