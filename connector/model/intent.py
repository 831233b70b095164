"""What we want an outside system to hold: stored before it is sent, and sent with its stamp inside it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connector.dates import BusinessDate, Instant
from connector.model.allocation import Allocation
from connector.model.link_line import LinkLine
from connector.model.money_in import Taking
from connector.model.paylink import Share
from connector.model.source import ConnectionId, OpId, PlanId, Ref
from connector.money import Money


class IntentKind(StrEnum):
    """The kinds of write. Each has its own type below and its own settle time."""

    PAYMENT = "payment"
    EXPENSE = "expense"
    TRANSFER = "transfer"
    CREDIT = "credit"
    DEPOSIT = "deposit"
    JOURNAL = "journal"
    VOID = "void"
    NOTE = "note"
    PAY_PAGE = "pay_page"
    CAPTURE = "capture"
    HOOK = "hook"
    LINK = "link"
    REFUND = "refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What an entry in a foreign currency is in the company's own: `rate` is what one unit of it becomes, in digits
    that bring exactly `amount` when the entry is changed and rounded once."""

    rate: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPayment:
    """A customer's payment into the books at gross, with explicit allocations; the rest stays unapplied.

    `exchange` is there where the money was changed before it reached the balance that `into` stands for: at which rate,
    and into what. What the rate differs from the invoice's own is the books' own exchange gain or loss.
    """

    books: ConnectionId
    customer: Ref
    on: BusinessDate
    total: Money
    allocations: tuple[Allocation, ...]
    into: Ref
    about: Ref
    memo: str
    exchange: Exchange | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostExpense:
    """A processor's fee, paid out of its clearing account."""

    books: ConnectionId
    paid_from: Ref
    account: Ref
    on: BusinessDate
    amount: Money
    about: Ref
    memo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostTransfer:
    """A payout: from the clearing account to the bank."""

    books: ConnectionId
    paid_from: Ref
    paid_to: Ref
    on: BusinessDate
    amount: Money
    about: Ref
    memo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyCredit:
    """Open credit notes of a customer against its open invoices: no money moves.

    `allocations` name invoices and credit notes alike; the sums of both are equal. Where the credit is a journal entry
    of ours, `entry` is its mark, and `allocations` name invoices alone: what it became there is known once that write
    is done, and this one is not sent before.
    """

    books: ConnectionId
    customer: Ref
    on: BusinessDate
    allocations: tuple[Allocation, ...]
    about: Ref
    memo: str
    entry: OpId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositPart:
    """An amount of a deposit that is no payment: a fee (negative), a refund (negative), an adjustment.

    `customer` is there where the account is the receivable one: who owes more (negative) or less by it.
    """

    account: Ref
    amount: Money
    memo: str
    customer: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostDeposit:
    """A payout as the bank shows it: the payments it carried, already in the books at gross, and what was kept back.

    `total` = sum of the payments + sum of the parts, to the minor unit, and is what arrived at the bank.
    """

    books: ConnectionId
    into: Ref
    on: BusinessDate
    payments: tuple[tuple[Ref, Money], ...]
    parts: tuple[DepositPart, ...]
    total: Money
    about: Ref
    memo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPart:
    """What a journal entry debits (positive) or credits (negative) on one account.

    `customer` is there where the account is the receivable one: who owes more (positive) or less by it.
    """

    account: Ref
    amount: Money
    customer: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostJournal:
    """A line of a processor's ledger that is neither payment nor fee: a refund, money that came back or is fought over,
    a payout that left or failed, a correction. Debits equal credits, to the minor unit, in one currency.

    `exchange` is there where that currency is not the one of the processor's balance: its amount is what all debits
    together become.
    """

    books: ConnectionId
    on: BusinessDate
    parts: tuple[JournalPart, ...]
    about: Ref
    memo: str
    exchange: Exchange | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidPosting:
    """Take back an entry that we wrote, as long as no deposit holds it and nobody has changed it.

    `stamp` is the op id it carries; `version` the one it had when this was decided. One that is void or gone already
    counts as taken back. The books void it where they can, and delete it where they only can do that. `on` is the day
    the entry lies on, for that is the day whose figures change; `reopens` is what it settled. `undoes` is the run that
    a person takes back, who has seen that the entry is what we wrote, whatever its version is; None: its money went
    back, and only an entry that nobody ever touched is taken back for that. `link` is there where what we wrote is a
    line on somebody's invoice: that line goes, as long as nobody changed it, and nothing else. `says` is there where
    our own taking back of what settles a journal entry moves its version: it goes while its lines still say that.
    """

    books: ConnectionId
    target: Ref
    stamp: OpId
    version: str
    on: BusinessDate
    about: Ref
    memo: str
    reopens: tuple[Allocation, ...] = ()
    undoes: PlanId | None = None
    link: LinkLine | None = None
    says: tuple[JournalPart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowLink:
    """That the invoice `about` shows its payment link to its customer, at a place of the books' own (`place`).

    `puts` is the line that is to stand there, `takes_out` the one that is not to stand there any more: in place of it,
    where both are there. All other words there are left as they are. `on` is the invoice's own day.
    """

    books: ConnectionId
    about: Ref
    on: BusinessDate
    place: str
    memo: str
    puts: LinkLine | None = None
    takes_out: LinkLine | None = None


Posting = PostPayment | PostExpense | PostTransfer | ApplyCredit | PostDeposit | PostJournal | VoidPosting | ShowLink


@dataclass(frozen=True, slots=True, kw_only=True)
class PushNote:
    """One part of a collection note to the record it is about, in the words a person in that system will read.

    `count` is how many contacts this record has had, this one included; `reference` is our id of the contact.
    """

    target: Ref
    text: str
    part: int
    parts: int
    reference: str
    written_at: Instant
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPayPage:
    """A processor's own page for paying exactly this amount of this debt, by these methods, until then.

    `return_url` is where the payer comes back to. `email` is prefilled where known. `shares` says what of the amount is
    for which debt where there are several. `standing`: an address that stays until it is paid once or closed, for a
    seller who has no address of his own that payers can reach.
    """

    connection: ConnectionId
    debt: Ref
    number: str | None
    amount: Money
    methods: tuple[str, ...]
    expires_at: Instant
    return_url: str
    attempt: str
    email: str | None = None
    shares: tuple[Share, ...] = ()
    standing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturePage:
    """That the money is taken which a payer has approved on a page of ours: exactly what that page asks for.

    Sent only by whoever has read the debt's balance right before, for it is the one thing that stops a second payment:
    posting leaves it alone unless it is asked for by its op id. `page_id` is the page as its processor names it.
    """

    connection: ConnectionId
    debt: Ref
    number: str | None
    amount: Money
    attempt: str
    page_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveBack:
    """That a processor gives so much of the payment `about` back to its payer, the way it came. It cannot be undone.

    Only ever planned by a person for this one payment. `given_before` is what of it had gone back when that was
    planned: whoever sends it compares that with what the processor says at that moment, so that money somebody gave
    back meanwhile, there or here, is not given back once more. `twice`: the same debt was paid a second time by it.
    `on` is the day of the plan; what the books say comes from the processor's own record, read like every refund.
    """

    connection: ConnectionId
    about: Ref
    amount: Money
    given_before: Money
    on: BusinessDate
    memo: str
    twice: bool = False


Planned = Posting | GiveBack
"""What a line of a plan writes: into the books, or a refund at a processor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHook:
    """That a system tells us of what happens there, by webhooks to this address."""

    connection: ConnectionId
    url: str


Intent = Planned | PushNote | OpenPayPage | CapturePage | OpenHook

SHAPES: dict[IntentKind, type[Intent]] = {
    IntentKind.PAYMENT: PostPayment,
    IntentKind.EXPENSE: PostExpense,
    IntentKind.TRANSFER: PostTransfer,
    IntentKind.CREDIT: ApplyCredit,
    IntentKind.DEPOSIT: PostDeposit,
    IntentKind.JOURNAL: PostJournal,
    IntentKind.VOID: VoidPosting,
    IntentKind.LINK: ShowLink,
    IntentKind.NOTE: PushNote,
    IntentKind.PAY_PAGE: OpenPayPage,
    IntentKind.CAPTURE: CapturePage,
    IntentKind.HOOK: OpenHook,
    IntentKind.REFUND: GiveBack,
}


def intent_kind(intent: Intent) -> IntentKind:
    """The kind under which an intent is stored."""
    for kind, shape in SHAPES.items():
        if isinstance(intent, shape):
            return kind
    raise TypeError(type(intent).__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteKey:
    """The stored key of one write. `text` goes into the vendor's idempotency field, `op_id` into the object itself.

    `repeat` rises only when the vendor's key is spent (a replayed fault, or past its life); the op id never changes.
    """

    op_id: OpId
    repeat: int = 1

    @property
    def text(self) -> str:
        return self.op_id if self.repeat == 1 else f"{self.op_id}.{self.repeat}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What the other side holds after a write, as it says so itself.

    `amount` is the object's own total (None for a note, and for an entry that is gone), `members` are the payments that
    a deposit banks, `moves` what a journal entry debits and credits, or what a deposit holds besides payments,
    `exchanged` what a payment or journal entry in a foreign currency became in the company's own, `text` a note's own
    words (of an invoice: the digests of the lines on it that hold a payment link's address), `url` a pay page's address
    or the one a hook sends to, `methods` what a pay page really offers. `notice` is what the object itself says about
    settling less than was planned, because less was open when it was written, or what makes it useless although it is
    there; "" when nothing needs saying. `taking` is there where approved money was to be taken: what became of it.
    `ref` is then the payment, or the page where there is no payment, `amount` what was really taken, and `payee` who
    gets it, as the processor names accounts. Of a refund, `amount` is what goes back: nothing, with the reason in
    `notice`, where it came to nothing.
    """

    ref: Ref
    version: str
    amount: Money | None = None
    allocated: tuple[Allocation, ...] = ()
    text: str | None = None
    url: str | None = None
    methods: tuple[str, ...] = ()
    members: tuple[tuple[Ref, Money], ...] = ()
    moves: tuple[JournalPart, ...] = ()
    exchanged: Money | None = None
    notice: str = ""
    taking: Taking | None = None
    payee: str = ""
