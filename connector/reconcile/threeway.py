"""Every write of ours in three values: what we wrote, what the books say of it now, what the other side says now.

Two sides that changed one thing are a conflict, and so is an entry that somebody gave another use; one side that
changed alone is none. Two that changed it to the same agree.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from connector.dates import BusinessDate
from connector.model.allocation import Allocation, AllocationState
from connector.model.finding import Finding, FindingCode
from connector.model.intent import IntentKind, PostDeposit, PostExpense, Posting, PostJournal, PostPayment, PostTransfer
from connector.model.money_in import Dispute, DisputeState, Payment, PaymentState, RefundState
from connector.model.party import AccountRole
from connector.model.settlement import BalanceEntry, EntryNature, PayoutState
from connector.model.source import Ref
from connector.money import Money, grouped
from connector.reconcile.amends import Amends, fee_of
from connector.reconcile.booked import Written as Subject
from connector.reconcile.conflict import CHOSEN, Conflict, Postings, Values, Wrote, chosen, how_to_choose
from connector.reconcile.fights import as_it_stands, disputes_of
from connector.reconcile.polluted import called
from connector.reconcile.references import NUMBER_TAGS
from connector.reconcile.returned import booked_back
from connector.reconcile.rulings import number_of
from connector.reconcile.snapshot import Snapshot


class _Field(NamedTuple):
    """Three values, and which of the two sides is not as agreed. `moved`: that alone is a conflict. `booked`: what the
    other side changed stands in the books by now, so that it is agreed on, and is shown all the same."""

    values: Values
    here: bool
    there: bool
    moved: bool = False
    booked: bool = False


def changed(seen: Snapshot, wrote: Iterable[Wrote]) -> Iterator[Conflict]:
    """What we wrote, and was changed there and here; and payments whose invoices somebody changed for others."""
    looked, ruled = _Looked(seen), {word.payment for word in seen.rulings if word.kind in CHOSEN}
    for each in wrote:
        if each.ref in seen.answered and seen.answered[each.ref] == seen.versions.get(each.ref):
            continue  # nobody touched it since we wrote it
        found = looked.fields(each)
        if not any(one.here for one in found):
            continue
        both = any(one.there or one.moved for one in found)
        if both or each.intent.about in ruled:
            shown = tuple(one.values for one in found if one.here or one.there or one.booked)
            conflict = looked.conflict(each, shown)
            # What a person chose stays in sight until it is carried out, whatever of it stands in the books by now.
            if both or chosen(seen.rulings, conflict) is not None:
                yield conflict


class _Looked:
    """One look at the whole mirror."""

    def __init__(self, seen: Snapshot) -> None:
        self._seen = seen
        self._told = booked_back(seen)
        self._disputes: dict[Ref, Dispute] = disputes_of(seen)
        profile = seen.books_profile()
        self._closed = profile.closed_through if profile is not None else None
        self._amends = Amends(seen)
        self._links: dict[Ref, list[Allocation]] = defaultdict(list)
        for link in seen.allocations.values():
            if link.state is AllocationState.APPLIED:
                self._links[link.payment].append(link)

    def fields(self, each: Wrote) -> list[_Field]:
        """Everything of a write that both sides can change; nothing where it is not there (any more)."""
        match each.intent:
            case PostPayment() as intent:
                return list(self._payment(each, intent))
            case PostExpense() as intent:
                return list(self._expense(each.ref, intent))
            case PostTransfer() | PostDeposit() as intent:
                return list(self._payout(each.ref, intent))
            case PostJournal() as intent:
                return list(self._journal(each.ref, intent))
            case _:
                return []

    # Payments

    def _payment(self, each: Wrote, intent: PostPayment) -> Iterator[_Field]:
        seen, about = self._seen, intent.about
        held, received = seen.payments.get(each.ref), seen.payments.get(about)
        if held is None or received is None or held.state is PaymentState.VOID or seen.in_books(about):
            return
        there = self._there(about, received)
        amount = Values("amount", grouped(intent.total), grouped(held.gross), there)
        if held.gross.currency != intent.total.currency:
            amount = amount._replace(field="currency")
        turned, booked = there != grouped(intent.total), about in self._told
        yield _Field(amount, held.gross != intent.total, turned and not booked, booked=turned and booked)
        yield self._day(intent.on, held.received_on, received.received_on)
        into = Values("account", self._name(intent.into), self._name(held.into), "")
        yield _Field(into, held.into != intent.into and not self._waits(intent.into, held.into), there=False)
        who = Values("customer", *(seen.name_of(one) for one in (intent.customer, held.customer, received.customer)))
        yield _Field(who, seen.survivor(held.customer) != seen.survivor(intent.customer), there=False)
        yield self._settles(each, intent, held, received)

    def _there(self, about: Ref, received: Payment) -> str:
        """What is left of the payment where it came from."""
        payment = as_it_stands(about, received, self._disputes)
        if payment.state not in (PaymentState.SUCCEEDED, PaymentState.PENDING) and not payment.refunded:
            return f"{grouped(payment.gross)}, {payment.state}"
        back = payment.refunded
        return f"{grouped(payment.gross - back)}, {grouped(back)} refunded" if back else grouped(payment.gross)

    def _settles(self, each: Wrote, intent: PostPayment, held: Payment, received: Payment) -> _Field:
        """What else of it somebody applied since takes nothing from what we wrote."""
        ours = each.allocated or intent.allocations
        now = {share.target: share.amount for share in held.allocations}
        moved = any(share.target not in now or now[share.target].minor < share.amount.minor for share in ours)
        values = Values(
            "settles", self._shares(ours), self._shares(held.allocations), self._meant(intent.about, received)
        )
        return _Field(values, moved, there=False, moved=moved and values.there != values.here)

    def _meant(self, about: Ref, received: Payment) -> str:
        """What the other side says that it pays: its own links, else the number that its shop stored."""
        links = self._links.get(about, ())
        if links:
            return self._shares(links)
        said = [tag.value for tag in received.tags if tag.name in NUMBER_TAGS]
        return f"{', '.join(said)} {grouped(received.gross)}" if said else grouped(received.gross)

    # Fees, payouts, and other lines of the ledger

    def _expense(self, ref: Ref, intent: PostExpense) -> Iterator[_Field]:
        held, fee = self._seen.book_entries.get(ref), fee_of(self._seen, intent.about)
        if held is None or not held.amount or fee is None:
            return
        yield self._amount("fee", intent.amount, held.amount, fee, grouped(fee))
        yield self._day(intent.on, held.on, None)
        for wanted, now in ((intent.paid_from, held.paid_from), (intent.account, held.paid_to)):
            yield _Field(Values("account", self._name(wanted), self._name(now), ""), now != wanted, there=False)

    def _payout(self, ref: Ref, intent: PostTransfer | PostDeposit) -> Iterator[_Field]:
        seen, payout = self._seen, self._seen.payouts.get(intent.about)
        entry, deposit = seen.book_entries.get(ref), seen.deposits.get(ref)
        if payout is None or (entry is None and deposit is None):
            return
        agreed = intent.amount if isinstance(intent, PostTransfer) else intent.total
        wanted = intent.paid_to if isinstance(intent, PostTransfer) else intent.into
        if deposit is not None:
            now, on, into = deposit.total, deposit.on, deposit.into
        elif entry is not None:
            now, on, into = entry.amount, entry.on, entry.paid_to
        failed = payout.state is PayoutState.FAILED
        there = f"{grouped(payout.amount)}, {payout.state}" if failed else grouped(payout.amount)
        sent = abs_of(payout.amount)
        amount = self._amount("amount", agreed, now, sent, there)
        yield amount._replace(there=amount.there or failed)
        yield self._day(intent.on, on, payout.arrives_on)
        yield _Field(Values("account", self._name(wanted), self._name(into), ""), into != wanted, there=False)

    def _journal(self, ref: Ref, intent: PostJournal) -> Iterator[_Field]:
        """A refund, money that came back, a correction: the line never changes, but what it is about can."""
        held, line = self._seen.book_entries.get(ref), self._seen.balance_entries.get(intent.about)
        if held is None or line is None:
            return
        foreign = any(amount.currency != part.amount.currency for part in intent.parts for _, amount in held.moves)
        lines = Counter((part.account, part.amount) for part in intent.parts)
        differs = not foreign and Counter(held.moves) != lines
        agreed = next(part.amount for part in intent.parts if part.amount.minor > 0)
        there, turned = self._turned(line)
        what = "refund" if line.nature in (EntryNature.REFUND, EntryNature.REFUND_BACK) else "amount"
        now = grouped(held.amount) if held.amount != agreed else f"{grouped(held.amount)} on other accounts"
        yield _Field(Values(what, grouped(agreed), now if differs else grouped(agreed), there), differs, turned)
        yield self._day(intent.on, held.on, None)

    def _turned(self, line: BalanceEntry) -> tuple[str, bool]:
        """What the refund or dispute behind a line says now, and whether that is not what the line said."""
        seen, about = self._seen, line.about
        gross = abs_of(line.gross)
        refund = seen.refunds.get(about) if about is not None else None
        dispute = seen.disputes.get(about) if about is not None else None
        if refund is not None and line.nature is EntryNature.REFUND:
            failed = refund.state is RefundState.FAILED
            other = refund.amount.currency == gross.currency and refund.amount != gross
            return f"{grouped(refund.amount)}, failed" if failed else grouped(refund.amount), failed or other
        if dispute is not None and line.nature is EntryNature.DISPUTE:
            won = dispute.state is DisputeState.WON
            return f"{grouped(gross)}, won" if won else grouped(gross), won
        return grouped(gross), False

    # What all of them have

    def _amount(self, name: str, agreed: Money, here: Money, there: Money, said: str) -> _Field:
        """Two sides that changed it to the same agree."""
        same = here == there
        return _Field(
            Values(name if here.currency == agreed.currency else "currency", grouped(agreed), grouped(here), said),
            here != agreed and not same,
            there != agreed and not same,
        )

    def _day(self, agreed: BusinessDate, here: BusinessDate, there: BusinessDate | None) -> _Field:
        """A day that lies where the books are closed was chosen otherwise by a person, and not changed since."""
        closed = self._closed is not None and there is not None and there <= self._closed
        same = there is None or there in (agreed, here) or closed
        values = Values("day", str(agreed), str(here), str(there) if there is not None else "")
        return _Field(values, here not in (agreed, there), not same)

    def _waits(self, wanted: Ref, now: Ref | None) -> bool:
        """Nothing named means the books' own account for money on hand."""
        held = self._seen.accounts.get(wanted)
        return now is None and held is not None and held.role is AccountRole.UNDEPOSITED

    def _name(self, ref: Ref | None) -> str:
        held = self._seen.accounts.get(ref) if ref is not None else None
        return held.name if held is not None else "no account"

    def _shares(self, shares: Iterable[Allocation]) -> str:
        told = [f"{number_of(self._seen, each.target)} {grouped(each.amount)}" for each in shares]
        return ", ".join(sorted(told)) or "nothing"

    # The conflict

    def conflict(self, each: Wrote, values: tuple[Values, ...]) -> Conflict:
        about, entry = each.intent.about, called(each.ref)
        what = "; ".join(f"{v.field}: we wrote {v.agreed}, the books say {v.here}{_side(v.there)}" for v in values)
        postings, names = self._amends.of(each), {each.field for each in values}
        by_hand = self._by_hand(each, names, postings)
        return Conflict(
            about=about,
            entry=each.ref,
            values=values,
            finding=Finding(
                code=FindingCode.CONFLICT,
                sentence=f"{about.vendor_id} was posted as {entry}, and both were changed since, or somebody gave it "
                f"another use. {what}.",
                next_step=how_to_choose(about, mine=postings is not None and postings.takes_any),
                refs=(about, each.ref),
                amount=postings.scale if postings is not None else self._at_stake(each),
            ),
            holds=isinstance(each.intent, PostPayment | PostTransfer | PostDeposit),
            beside=self._beside(each.intent),
            postings=postings,
            by_hand=by_hand,
        )

    def _at_stake(self, each: Wrote) -> Money | None:
        return each.intent.total if isinstance(each.intent, PostPayment | PostDeposit) else None

    def _beside(self, intent: Posting) -> tuple[Ref | Subject, ...]:
        """What else waits: another entry about the same fee, and the payment whose refund it is."""
        match intent:
            case PostExpense():
                return ((IntentKind.EXPENSE, intent.about),)
            case PostJournal():
                line = self._seen.balance_entries.get(intent.about)
                return (intent.about, *((line.about,) if line is not None and line.about is not None else ()))
            case _:
                return ()

    def _by_hand(self, each: Wrote, names: set[str], postings: Postings | None) -> str:
        """What of the other side's word no entry of ours can do."""
        steps = [f"date it {each.intent.on}"] if "day" in names else []
        held = self._seen.payments.get(each.ref)
        if "settles" in names and held is not None and isinstance(each.intent, PostPayment):
            ours = each.allocated or each.intent.allocations
            if {share.target for share in ours} - {share.target for share in held.allocations}:
                steps.append(f"apply it to {self._shares(ours)}")
        if postings is None and names - {"day", "settles"}:
            steps.append(f"make of it what {each.intent.about.connection} says")
        return f"Open {called(each.ref)} in the books, {', '.join(steps)}, save and sync." if steps else ""


def abs_of(amount: Money) -> Money:
    """The same without its sign."""
    return -amount if amount.minor < 0 else amount


def _side(there: str) -> str:
    return f", the other side {there}" if there else ""
