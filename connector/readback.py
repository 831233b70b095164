"""What the other side says it holds, compared with what was asked of it: a write is done when they agree, not before.

Nothing is sent and nothing is stored here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from connector.errors import Disagreement, ReceivablesError
from connector.model.allocation import Allocation
from connector.model.intent import (
    ApplyCredit,
    CapturePage,
    GiveBack,
    Intent,
    JournalPart,
    OpenHook,
    OpenPayPage,
    PostDeposit,
    PostExpense,
    PostJournal,
    PostPayment,
    PostTransfer,
    PushNote,
    ShowLink,
    VoidPosting,
    Written,
)
from connector.model.link_line import LinkLine
from connector.model.source import Kind, Ref
from connector.money import Money, total, zero


def disagreement(intent: Intent, held: Written) -> ReceivablesError | None:
    """What is wrong with what the other side holds, compared with what was asked; None when it agrees.

    A payment may settle less than was asked, never more and nothing else, where it says itself that less was open.
    """
    what = _other_than_asked(intent, held)
    if what is not None:
        return Disagreement(
            f"{held.ref} {what}.", next_step="Look at it there; somebody else may have changed something meanwhile."
        )
    asked = _asked(intent)
    if asked is not None and held.amount != asked:
        return Disagreement(
            f"{held.ref} was acknowledged with {held.amount}, and {asked} was asked for.",
            next_step="Look at it there before anything else is posted.",
        )
    return None


def _asked(intent: Intent) -> Money | None:
    """The total that the object itself has to show; None where it has none, or is to be gone."""
    match intent:
        case PostPayment() | PostDeposit():
            return intent.total
        case PostExpense() | PostTransfer() | OpenPayPage() | GiveBack():
            return intent.amount
        case ApplyCredit():
            return zero(intent.allocations[0].amount.currency)
        case PostJournal():
            debits = [part.amount for part in intent.parts if part.amount.minor > 0]
            return total(debits, intent.parts[0].amount.currency)
        case VoidPosting() | ShowLink() | PushNote() | OpenHook() | CapturePage():
            # Money that was taken is money, also where it is another amount than asked; whoever settles it flags that.
            return None


def _other_than_asked(intent: Intent, held: Written) -> str | None:
    """What else than its total is not as asked: what it settles, banks or says, or that it still stands."""
    wrong = None
    match intent:
        case PostPayment() if not _settles(intent.allocations, held, less=held.notice != ""):
            wrong = "settles other invoices or amounts than asked"
        case ApplyCredit() if not _settles(intent.allocations, _without_entry(intent, held), less=False):
            wrong = "applies other credits, or to other invoices, than asked"
        case PostDeposit() if dict(held.members) != dict(intent.payments):
            wrong = "banks other payments or amounts than asked"
        case PostDeposit() if Counter(held.moves) != Counter(_parts(intent)):
            wrong = "keeps back other amounts than asked, or on other accounts"
        case PostJournal() if Counter(held.moves) != Counter(intent.parts):
            wrong = "moves other accounts, amounts or customers than asked"
        case PostPayment() | PostJournal() if intent.exchange is not None and held.exchanged != intent.exchange.amount:
            wrong = f"became {held.exchanged}, and not {intent.exchange.amount}"
        case VoidPosting() | ShowLink():
            wrong = _still_there(intent, held)
        case PushNote() if held.text is None or intent.text not in held.text:
            wrong = "does not say what was sent"
        case OpenHook() | GiveBack():
            wrong = _in_vain(intent, held)
        case _:
            pass
    return wrong


def _in_vain(intent: OpenHook | GiveBack, held: Written) -> str | None:
    """What is there and is of no use to whoever asked for it."""
    if isinstance(intent, OpenHook):
        return "sends to another address than asked" if held.url != intent.url else None
    return f"came to nothing: {held.notice.rstrip('.')}" if held.notice and not held.amount else None


def _still_there(intent: VoidPosting | ShowLink, held: Written) -> str | None:
    """What was to be gone and is not, or the other way about."""
    if isinstance(intent, VoidPosting) and (held.amount or held.allocated or held.members):
        return "was to be taken back, and still stands"
    puts, takes_out = (None, intent.link) if isinstance(intent, VoidPosting) else (intent.puts, intent.takes_out)
    if puts is not None and not _says(held, puts):
        return "does not show the payment link"
    return "still shows the payment link that was to go" if _says(held, takes_out) else None


def _says(held: Written, line: LinkLine | None) -> bool:
    return line is not None and line.seen.line in (held.text or "").split()


def _parts(intent: PostDeposit) -> list[JournalPart]:
    return [JournalPart(account=one.account, amount=one.amount, customer=one.customer) for one in intent.parts]


def _settles(asked: Sequence[Allocation], held: Written, *, less: bool) -> bool:
    """Whether what is held settles what was asked, target by target."""
    wanted, got = _by_target(asked), _by_target(held.allocated)
    return got == wanted or (less and all(target in wanted and got[target] <= wanted[target] for target in got))


def _without_entry(intent: ApplyCredit, held: Written) -> Written:
    """What is held without the one entry of ours that gives it, where it gives exactly what was asked."""
    given = [share for share in held.allocated if share.target.kind is Kind.BOOK_ENTRY]
    if intent.entry is None or len(given) != 1:
        return held
    asked = total((share.amount for share in intent.allocations), given[0].amount.currency)
    return replace(held, allocated=tuple(each for each in held.allocated if each not in given or each.amount != asked))


def _by_target(shares: Sequence[Allocation]) -> dict[Ref, Money]:
    sums: dict[Ref, Money] = {}
    for share in shares:
        sums[share.target] = sums.get(share.target, zero(share.amount.currency)) + share.amount
    return sums
