"""What an outside system may be asked, and what an adapter may ask of us.

Small Protocols: an adapter has a capability by having its methods; there are no stubs and no capability lists. A page
is a value and its cursor belongs to the adapter: the engine stores it and hands it back, and never looks inside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from connector.clock import Clock
from connector.dates import Instant
from connector.model.finding import Finding
from connector.model.intent import CapturePage, GiveBack, OpenHook, OpenPayPage, Posting, PushNote, WriteKey, Written
from connector.model.mirror import Mirrored
from connector.model.money_in import AttemptState
from connector.model.paylink import MethodTerms
from connector.model.source import ConnectionId, Kind, OpId, Ref
from connector.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some records of one stream, and where to go on. `cursor` is good even when `more` is False: the next sync begins
    there. `findings` are things seen on the way that a person should know (an unknown status, a gap). `about` names
    what the page holds where a stream holds several things ("invoice"), `expected` how many of that there are in all:
    both for the person who waits. `store_first`: the next pull looks into the mirror, so all must be stored by then."""

    records: tuple[Mirrored, ...]
    cursor: str
    more: bool
    findings: tuple[Finding, ...] = ()
    about: str = ""
    expected: int | None = None
    store_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of `doctor`: what was looked at, whether it is well, and what to do if not."""

    name: str
    ok: bool
    sentence: str
    next_step: str = ""


@runtime_checkable
class Readable(Protocol):
    """A system that can be mirrored."""

    def streams(self) -> tuple[str, ...]:
        """Names of what can be read, in the order in which they should be."""

    def pull(self, stream: str, cursor: str | None) -> Page:
        """The next page after `cursor` (None: from the beginning). Errors: VendorError."""


@runtime_checkable
class Lookable(Protocol):
    """A system that can be asked about single records: the live balance of a debt, or what a hint points at."""

    def look(self, refs: Sequence[Ref]) -> Page:
        """Those records as they stand now, a tombstone for one that is gone, and what they drag along. No cursor."""


@runtime_checkable
class Checkable(Protocol):
    """A system that can say whether its connection is well."""

    def check(self) -> tuple[Check, ...]:
        """Never raises for what it found; a fault is a failed check."""


@runtime_checkable
class Permitted(Protocol):
    """A system whose keys may be allowed some things and not others. Nothing is changed there by asking, and nothing is
    raised for what is found."""

    def may_read(self) -> tuple[Check, ...]:
        """A line for everything that reading needs. Only reads."""

    def may_write(self) -> tuple[Check, ...]:
        """A line for everything that writing needs: asked for only where writing is wanted."""


@runtime_checkable
class Books(Protocol):
    """Accounting software that takes postings."""

    def post(self, intent: Posting, key: WriteKey) -> Written:
        """Write it once. OutcomeUnknown when no answer came; Rejected when the books refuse."""

    def find_posted(self, intent: Posting, key: WriteKey) -> tuple[Written, ...]:
        """Every object there that carries this stamp. Only reads."""

    def read_posted(self, ref: Ref) -> Written:
        """The object as it stands now; NotFound when it does not."""


@runtime_checkable
class ShowsLinks(Protocol):
    """Books whose invoices can show their payment link to their customer: they take the posting ShowLink."""

    def link_places(self) -> Mapping[str, str]:
        """Where on an invoice: a short word, and what a person calls that place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteLimits:
    """How much one note may hold, and whether a long one may be split (else it is cut and says so, and only the latest
    stands on a record).
    `status_max`: how much may stand on a customer where a note there is a short status in a field that people use too;
    such a place is used only where the company wants it. None: a customer takes notes like an invoice.
    """

    characters_max: int
    parts: bool
    status_max: int | None = None


@runtime_checkable
class NoteBoard(Protocol):
    """A system that takes collection notes on its records."""

    def note_limits(self) -> NoteLimits:
        """The limits that `connector.notes` renders within."""

    def note_targets(self, invoice: Ref, customer: Ref | None) -> tuple[Ref, ...]:
        """The records of this system on which a note about that invoice belongs."""

    def push_note(self, intent: PushNote, key: WriteKey) -> Written:
        """Write it once, changing nothing else."""

    def find_notes(self, intent: PushNote, key: WriteKey) -> tuple[Written, ...]:
        """Every note on the target that carries this stamp. Only reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageState:
    """Where a pay page stands at its processor. `url` is None when it can no longer be used.
    `taken` is the money that came, or is on its way, by the payment itself; `payee` who gets it, as the processor names
    accounts, "" where it does not say; `waits_for` why money that was taken has not come yet, in plain words. `further`
    are other payments by the same page, where its address may be followed more than once.
    """

    state: AttemptState
    url: str | None
    payment: Ref | None
    taken: Money | None = None
    payee: str = ""
    waits_for: str = ""
    method: str = ""
    further: tuple[PageState, ...] = ()


@runtime_checkable
class PayPages(Protocol):
    """A processor that can show a page on which a payer pays."""

    def open_page(self, intent: OpenPayPage, key: WriteKey) -> Written:
        """Open one page for exactly that amount."""

    def find_pages(self, intent: OpenPayPage, key: WriteKey) -> tuple[Written, ...]:
        """Every page that carries this stamp. Only reads."""

    def page_state(self, page_id: str) -> PageState:
        """Where that page stands now."""

    def expire_page(self, page_id: str) -> PageState:
        """Close it if it is still open; says where it stands after."""


@runtime_checkable
class Captures(PayPages, Protocol):
    """A processor whose pages take no money by themselves: the payer approves, and we take it, or we do not.
    Such a page cannot be closed (`expire_page` only says where it stands); one that is not wanted any more may be left
    alone, even while its payer looks at it: never captured, it lapses and takes nothing.
    """

    def capture_page(self, intent: CapturePage, key: WriteKey) -> Written:
        """Take what was approved, once. What the processor surely did or surely refused is in `Written.taking`;
        OutcomeUnknown when no answer came, or one that says neither."""

    def find_captures(self, intent: CapturePage, key: WriteKey) -> tuple[Written, ...]:
        """What can be said of it for good; empty while it may still be captured. Only reads."""


@runtime_checkable
class GivesBack(Protocol):
    """A processor that gives money back to whoever paid it. It cannot be undone."""

    def give_back(self, intent: GiveBack, key: WriteKey) -> Written:
        """Give so much of that payment back, once, stamped. Refused where the payment, asked right before, is disputed,
        on its way or gone, or where another amount of it went back by now than the intent knows of."""

    def find_given_back(self, intent: GiveBack, key: WriteKey) -> tuple[Written, ...]:
        """Every refund that carries this stamp, failed ones too. Only reads."""


@runtime_checkable
class Documents(Protocol):
    """A system that has an invoice as the document its customer knows."""

    def invoice_pdf(self, ref: Ref) -> bytes:
        """That document. NotFound when there is none. Only reads. Errors: VendorError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenFile:
    """A file that was taken in: its days, its lines, how many brought money. `is_new`: its content was not there."""

    file: str
    first: str
    last: str
    lines: int
    came: int
    is_new: bool


@runtime_checkable
class TakesFiles(Protocol):
    """A system that is read from files which a person brings."""

    def take(self, path: str, *, keep: bool) -> TakenFile:
        """Check a file whole, and keep it where wanted. UserError says what is wrong and what to do; none is kept."""


@runtime_checkable
class AtABank(Protocol):
    """An account at a bank."""

    def is_number(self, number: str) -> bool:
        """Whether that is this account's number, as a payer would write it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """One address that webhooks are sent to. `stamp` is the op id it was opened under, None where it is not ours;
    `current`: it is on, and sends what this release would ask for."""

    hook_id: str
    url: str
    stamp: OpId | None
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedHook:
    """A hook just opened, and what of the connection's settings changes by it: the secret of its signatures stands in
    no other answer, so it is kept before anything else is done."""

    written: Written
    settings: Mapping[str, str] = field(repr=False)


@runtime_checkable
class HookDesk(Protocol):
    """A system that can be asked by its API to send us webhooks."""

    def hooks(self) -> tuple[Hook, ...]:
        """Every one there, whoever made it. Only reads."""

    def open_hook(self, intent: OpenHook, key: WriteKey) -> OpenedHook:
        """Ask for webhooks to that address, stamped."""

    def close_hook(self, hook_id: str) -> Mapping[str, str]:
        """Ask for no more; one that is gone is closed. Returns what of the connection's settings changes by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretPair:
    """What lets us in. `version` rises with every change, so that two processes do not overwrite each other."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    access_expires_at: str
    refresh_expires_at: str
    version: int = 0
    hard_expires_at: str = ""
    """When a person has to let us in again, however often it is renewed; "" where the vendor does not say.
    `refresh_expires_at` is never later; it is "" where a new pair is given out without anything of the old one."""
    previous: str = field(default="", repr=False)
    """The refresh token before this one, kept until this one has proved good by being renewed."""
    renewed_at: str = ""
    """When this pair was handed out; "" where that was not kept."""


class TokenStore(Protocol):
    """Where an adapter keeps a rotating grant. Bound to one connection; nothing else can be read through it."""

    def read(self) -> SecretPair | None:
        """The pair in force, None before the first."""

    def replace(self, pair: SecretPair) -> SecretPair:
        """Store durably before first use, if the stored version is still `pair.version`; else return the newer pair
        that somebody else stored. The result is the pair in force."""

    def locked(self, action: Callable[[], SecretPair]) -> SecretPair:
        """Run a refresh while no other process of ours refreshes this connection. No transaction is held meanwhile."""


class RateBudget(Protocol):
    """The share of a vendor's limit that this connection may use."""

    def take(self, tokens: int = 1, *, metered: bool = False) -> None:
        """Wait until that many calls may be made. `metered`: the vendor counts them against the month. Errors:
        BudgetSpent when the month's share is used up."""

    def pause(self, seconds: float) -> None:
        """Everybody of this connection waits that long (the vendor said so). Errors: BudgetSpent when the vendor has
        been saying so for more than an hour, in every process of ours: that is a block, no throttle."""

    def answered(self) -> None:
        """A call was answered and not throttled: whatever was counted towards a block is forgotten."""


@runtime_checkable
class Flights(Protocol):
    """A budget that also bounds how many calls are on their way at once, of all threads and processes together."""

    def flight(self, *, metered: bool = False) -> AbstractContextManager[None]:
        """One call, from before it is sent until its answer was read: waits until there is room for it, and takes it
        from the budget. Errors: BudgetSpent; nothing was sent then."""


@runtime_checkable
class Pace(Protocol):
    """How fast a vendor may be called, and how often in a month. An adapter's spec has one; its settings may have one
    too, where a person may choose within the adapter's ceiling, and it goes before the spec's."""

    @property
    def calls_per_minute(self) -> int: ...

    @property
    def calls_burst(self) -> int:
        """So many at once."""

    @property
    def metered_per_month(self) -> int | None:
        """So many metered ones, None where the vendor meters nothing."""


class Turns(Protocol):
    """How calls of this connection are kept apart, in all threads and processes of this installation."""

    def turn(self, name: str, *, seconds: float) -> AbstractContextManager[None]:
        """Nobody else of ours is in the turn of that name meanwhile; for at most `seconds`, should this process die.
        Errors: Unreachable when the turn did not come; nothing was sent then."""

    def lane(self, name: str, pace: Pace) -> RateBudget:
        """A budget beside the connection's, for one of the vendor's operations that has a limit of its own."""


class Mirror(Protocol):
    """What of this connection is mirrored: so that an adapter can tell what has vanished on the other side."""

    def known(self, kind: Kind) -> Mapping[str, str]:
        """Vendor id to version, of every record of that kind that is not gone."""

    def number(self, kind: Kind) -> int:
        """How many records of that kind are not gone."""

    def unfinished(self, kind: Kind) -> tuple[str, ...]:
        """Vendor ids of those that wait for something to happen (`connector.model.mirror.UNFINISHED`), in order."""

    def kept_for(self, kind: Kind) -> tuple[str, ...]:
        """Vendor ids of the customers for whom anything is kept, by the lines of that kind, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """A vendor told us to look at something. Never data: it may be late, repeated, out of order or forged.
    `account` is the vendor's name of whose it is (a connection's `account`), "" where the vendor does not say and the
    signature alone does; `key` is the same for every delivery of the same event; `kind` and `vendor_id` are None for
    "look at everything". `at` is when it happened, by the vendor's clock, "" where that is not known. `merged_into`:
    the record is said to have been merged into that other one of its kind.
    """

    account: str
    key: str
    kind: Kind | None
    vendor_id: str | None
    at: str
    merged_into: str | None = None


class Hooks(Protocol):
    """A module of an adapter that reads what its vendor sends us (`AdapterSpec.hooks`)."""

    def listens(self, settings: object) -> bool:
        """Whether a connection's settings hold what deliveries are verified with. Without it none is taken."""

    def read(
        self, body: bytes, headers: Mapping[str, str], settings: Sequence[object], now: Instant
    ) -> tuple[Hint, ...] | None:
        """The hints in a delivery, None when no signature of these connections' settings fits its raw bytes, or when it
        was made for another time than `now`. Header names are lower case. Never raises: what is signed and cannot be
        read is an empty tuple."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Where a person lets us in: the address to open in a browser, and what has to come back with it."""

    url: str = field(repr=False)
    state: str = field(repr=False)
    redirect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What it led to when a person let us in: the account, its settings, and the first pair of a rotating grant."""

    account: str
    settings: Mapping[str, str] = field(repr=False)
    pair: SecretPair | None = None


class Authorising(Protocol):
    """How a person lets us in by a browser (`AdapterSpec.authorise` names a class; it is made with the texts of the
    settings that are known so far, and the clock). `brings`: the settings that nobody has to type for it."""

    brings: frozenset[str]

    def steps(self) -> tuple[str, ...]:
        """What a person has to have done before, one sentence each, in order. Errors: SettingsError."""

    def knock(self) -> None:
        """Whether we are known there at all, before a person is sent. Errors: SettingsError, VendorError."""

    def invite(self, redirect: str = "") -> Invitation:
        """The address to open; "" leaves it to the settings where the browser is sent back to. Nothing is sent yet."""

    def admit(self, invitation: Invitation, answer: Mapping[str, str]) -> Admission:
        """What the browser's answer (its query values) leads to. Errors: Refused when the answer is not to this
        invitation, is for another account than the settings name, or the person said no; VendorError."""

    def leave(self, pair: SecretPair) -> None:
        """Give our access back. Errors: VendorError."""


class Adapter(Readable, Checkable, Protocol):
    """The least an adapter can do. Books, NoteBoard, PayPages and HookDesk are found by having their methods."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an adapter is given to live in.
    `settings` are the connection's own values, already parsed into the adapter's settings type. `zone` is the
    company's IANA zone: instants become business dates in it.
    """

    connection: ConnectionId
    settings: object = field(repr=False)
    zone: str
    clock: Clock
    tokens: TokenStore
    budget: RateBudget
    turns: Turns
    mirror: Mirror


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterSpec:
    """How the house learns of an adapter. Found by entry point in the group `connector.adapters`.
    `settings` is a class with `parse(values: Mapping[str, str]) -> settings` (SettingsError says which is missing);
    its field table documents the names. `connect` and `standin` are import paths ("package.module:function"), so that
    looking at a spec imports no vendor library. `method_codes` are the payment methods its pay pages can offer, with
    the currencies each takes, and `method_titles` their names for payers (`method_titles_in` by language, where it is
    not English) and `method_terms` what each is bound to. `pay_hosts` are the computers a payer may be sent to,
    "*.example.com" for all below one. `keeps_books`: its open balances are the truth about what is owed. `is_bank`: it
    is a bank's own statement, so that its money has arrived, and what a processor sends stands on it too.
    `calls_per_minute` and `calls_burst` (at once) are our own limits, below the vendor's; `metered_per_month` is our
    share of the reads the vendor meters, None where it meters none. `hooks` is the import path of a module that is
    `Hooks`, `authorise` of a class that is `Authorising`, `exports` of the files that people download there
    (`connector.model.export.Exports`).
    """

    name: str
    title: str
    settings: str
    connect: str
    standin: str
    method_codes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    method_titles: Mapping[str, str] = field(default_factory=dict)
    method_titles_in: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    method_terms: Mapping[str, MethodTerms] = field(default_factory=dict)
    pay_hosts: tuple[str, ...] = ()
    calls_per_minute: int = 240
    calls_burst: int = 4
    metered_per_month: int | None = None
    keeps_books: bool = False
    is_bank: bool = False
    hooks: str | None = None
    authorise: str | None = None
    exports: str | None = None
