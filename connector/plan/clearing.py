"""The clearing pattern: a fee is an expense out of the clearing account, a payout a transfer out of it to the bank.

A payout leaves the processor days before it is in the bank. The processor's ledger shows it at once, so at once it goes
out of the clearing account into one for what is on its way (`set_aside`). From there it goes to the bank when it has
arrived and is explained: a bank account holds nothing that the bank does not, and the bank's feed finds one transfer of
that day and sum. What arrived before anybody looked goes to the bank directly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC

from connector.dates import BusinessDate
from connector.model.finding import Evidence, FindingCode
from connector.model.firm import BookingPattern
from connector.model.intent import IntentKind, JournalPart, PostExpense, PostJournal, PostTransfer
from connector.model.settlement import BalanceEntry, Membership, Payout, PayoutMade, PayoutState
from connector.model.source import ConnectionId, Ref
from connector.money import grouped
from connector.plan.gate import Gate, redated
from connector.plan.lines import Effect, PlanLine


def fees(gate: Gate, books: ConnectionId, payments: Sequence[Ref]) -> Iterator[PlanLine]:
    """The fee of each payment that is in the books or in this plan."""
    for ref in payments:
        payment = gate.snapshot.payments.get(ref)
        if payment is None or not payment.fee or payment.fee.minor < 0:
            continue
        if not gate.open_to(ref, BookingPattern.CLEARING) or gate.is_early(ref):
            continue
        if gate.is_done(IntentKind.EXPENSE, ref):
            continue
        on = gate.day(IntentKind.EXPENSE, ref, payment.received_on, [ref])
        if on is None:
            continue
        paid_from = gate.account(ref, payment.fee, "clearing")
        account = gate.account(ref, payment.fee, "fees")
        if paid_from is None or account is None:
            continue
        intent = PostExpense(
            books=books,
            paid_from=paid_from,
            account=account,
            on=on,
            amount=payment.fee,
            about=ref,
            memo=f"{ref.connection} fee on {ref.vendor_id}",
        )
        yield gate.line(
            intent,
            f"Record the fee of {grouped(payment.fee)} on payment {ref.vendor_id}." + redated(on, payment.received_on),
            effects=(
                Effect(account=gate.name(account), amount=payment.fee),
                Effect(account=gate.name(paid_from), amount=-payment.fee),
            ),
            evidence=(Evidence(ref=ref, field="fee", says=grouped(payment.fee)),),
            expects=[ref],
        )


def set_aside(gate: Gate, books: ConnectionId) -> Iterator[PlanLine]:
    """Payouts that left the balance, by the processor's own line of it, and are not at the bank or not explained yet.

    One whose named parts do not add up is held back whole, as everything that contradicts itself.
    """
    for ref, payout in gate.snapshot.payouts.items():
        own = gate.snapshot.balance_entries.get(payout.entry) if payout.entry is not None else None
        if own is None or payout.entry is None or not own.gross or own.gross != -payout.amount:
            continue
        waits = payout.state is PayoutState.PENDING or (payout.state is PayoutState.PAID and not _told(gate, payout))
        if not waits or not gate.open_to(ref, BookingPattern.CLEARING) or gate.is_early(ref):
            continue
        if gate.was_written(IntentKind.TRANSFER, ref) or _is_aside(gate, payout.state, payout.entry):
            continue
        line = _aside(gate, books, (ref, payout), (payout.entry, own))
        if line is not None:
            yield line


def _is_aside(gate: Gate, state: PayoutState, own: Ref) -> bool:
    """Whether it is set aside already. That somebody took that out is told here until it arrives, and then by
    `transfers`."""
    if state is PayoutState.PAID:
        return gate.was_written(IntentKind.JOURNAL, own)
    return gate.is_done(IntentKind.JOURNAL, own)


def _aside(gate: Gate, books: ConnectionId, of: tuple[Ref, Payout], by: tuple[Ref, BalanceEntry]) -> PlanLine | None:
    (ref, payout), (line, own) = of, by
    left = BusinessDate(own.created.astimezone(UTC).date())
    on = gate.day(IntentKind.JOURNAL, line, left, [line, ref])
    clearing = gate.account(ref, payout.amount, "clearing") if on is not None else None
    transit = gate.account(ref, payout.amount, "transit") if on is not None else None
    if on is None or clearing is None or transit is None:
        return None
    amount, names = payout.amount, (gate.name(clearing), gate.name(transit))
    way = "from {1} to {0}, until the bank has given it" if amount.minor < 0 else "from {0} to {1}, until it arrives"
    return gate.line(
        PostJournal(
            books=books,
            on=on,
            parts=(JournalPart(account=transit, amount=amount), JournalPart(account=clearing, amount=-amount)),
            about=line,
            memo=f"{ref.connection} payout {ref.vendor_id} on its way",
        ),
        f"Set payout {ref.vendor_id} of {grouped(amount)} aside {way.format(*names)}." + redated(on, left),
        effects=(
            Effect(account=gate.name(transit), amount=amount),
            Effect(account=gate.name(clearing), amount=-amount),
        ),
        evidence=(Evidence(ref=line, field="gross", says=grouped(own.gross)),),
        expects=[line, ref],
    )


def _told(gate: Gate, payout: Payout) -> bool:
    """Whether it is known what a payout consists of, or that nobody will ever say it and the ledger shows it."""
    return payout.entries is not None or _left(gate, payout)


def transfers(gate: Gate, books: ConnectionId) -> Iterator[PlanLine]:
    """Payouts that arrived, whose entries the processor names and whose sum ties; a negative one goes the other way."""
    for ref, payout in gate.snapshot.payouts.items():
        if not gate.open_to(ref, BookingPattern.CLEARING) or payout.state is not PayoutState.PAID:
            continue
        if gate.leave_early(ref) or _was_put_back(gate, payout) or gate.is_done(IntentKind.TRANSFER, ref):
            continue
        on = gate.day(IntentKind.TRANSFER, ref, payout.arrives_on, [ref])
        if on is None:
            continue
        if not _told(gate, payout) or not payout.amount:
            leave_payout(gate, ref, payout)
            continue
        line = _transfer(gate, books, ref, payout, on)
        if line is not None:
            yield line


def _left(gate: Gate, payout: Payout) -> bool:
    """Whether the ledger itself shows what left the balance by a payout of which nobody will ever say what it consists:
    a transfer needs to know no more than that."""
    own = gate.snapshot.balance_entries.get(payout.entry) if payout.entry is not None else None
    return payout.membership is Membership.NEVER and own is not None and own.gross == -payout.amount


def _was_put_back(gate: Gate, payout: Payout) -> bool:
    """Whether somebody took the entry out that had set a payout aside, which is told: its transfer rests on that."""
    own = payout.entry
    if own is None or not gate.was_written(IntentKind.JOURNAL, own) or gate.stands(IntentKind.JOURNAL, own):
        return False
    return gate.is_done(IntentKind.JOURNAL, own)


def _transfer(gate: Gate, books: ConnectionId, ref: Ref, payout: Payout, on: BusinessDate) -> PlanLine | None:
    aside = payout.entry is not None and gate.stands(IntentKind.JOURNAL, payout.entry)
    clearing = gate.account(ref, payout.amount, "transit" if aside else "clearing")
    bank = gate.account(ref, payout.amount, "bank")
    if clearing is None or bank is None:
        return None
    taken = payout.amount.minor < 0
    amount = -payout.amount if taken else payout.amount
    paid_from, paid_to = (bank, clearing) if taken else (clearing, bank)
    intent = PostTransfer(
        books=books,
        paid_from=paid_from,
        paid_to=paid_to,
        on=on,
        amount=amount,
        about=ref,
        memo=f"{ref.connection} payout {ref.vendor_id}",
    )
    said = (
        f"Move {grouped(amount)}, which payout {ref.vendor_id} took from {gate.name(bank)}, to {gate.name(clearing)}."
        if taken
        else f"Move payout {ref.vendor_id} of {grouped(amount)} to {gate.name(bank)}."
    )
    return gate.line(
        intent,
        said
        + redated(on, payout.arrives_on)
        + ("" if payout.entries is not None else f" What it consists of is unknown{_MADE[payout.made]}."),
        effects=(
            Effect(account=gate.name(paid_to), amount=amount),
            Effect(account=gate.name(paid_from), amount=-amount),
        ),
        evidence=(_shown(ref, payout),),
        expects=[ref],
    )


def _shown(ref: Ref, payout: Payout) -> Evidence:
    if payout.entries is None and payout.entry is not None:
        said = f"{grouped(-payout.amount)}; what it consists of cannot be reconciled{_MADE[payout.made]}"
        return Evidence(ref=payout.entry, field="gross", says=said)
    return Evidence(ref=ref, field="entries", says=f"{len(payout.entries or ())} entries add up to it")


def leave_payout(gate: Gate, ref: Ref, payout: Payout) -> None:
    """A payout that nobody can book from what the processor says of it."""
    gate.leave(
        FindingCode.PAYOUT_INCOMPLETE,
        f"Payout {ref.vendor_id} of {grouped(payout.amount)} {_unfit(payout)}.",
        "Record it by hand from the processor's own statement."
        if payout.membership is not Membership.NOT_YET or payout.entries is not None
        else "Sync again later; the processor says it within days.",
        ref,
    )


def _unfit(payout: Payout) -> str:
    if payout.entries is not None:
        return "takes money from the bank" if payout.amount.minor < 0 else "moves nothing"
    if payout.membership is Membership.NOT_YET:
        return "does not say yet what it consists of"
    return f"does not say what it consists of{_MADE[payout.made]}"


_MADE = {
    PayoutMade.AUTOMATIC: "",
    PayoutMade.MANUAL: ", because it was asked for by hand",
    PayoutMade.INSTANT: ", because it was an instant one",
}
