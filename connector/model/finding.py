"""What was decided about money, why, and what could not be decided."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connector.model.allocation import Allocation
from connector.model.source import Ref
from connector.money import Money


class FindingCode(StrEnum):
    """The closed list of reasons. A finding is a value for a person, not a fault of the program."""

    NO_REFERENCE = "no-reference"
    UNKNOWN_REFERENCE = "unknown-reference"
    AMBIGUOUS = "ambiguous"
    WRONG_CURRENCY = "wrong-currency"
    WRONG_CUSTOMER = "wrong-customer"
    ALREADY_SETTLED = "already-settled"
    SHORT_PAYMENT = "short-payment"
    OVER_PAYMENT = "over-payment"
    PENDING = "pending"
    FAILED = "failed"
    RETURNED = "returned"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    UNAPPLIED_IN_BOOKS = "unapplied-in-books"
    CLOSED_PERIOD = "closed-period"
    NO_ACCOUNT = "no-account"
    EXCHANGE = "exchange"
    PAYOUT_INCOMPLETE = "payout-incomplete"
    PAYOUT_GAP = "payout-gap"
    PAYOUT_FAILED = "payout-failed"
    BEFORE_START = "before-start"
    DOES_NOT_TIE = "does-not-tie"
    UNKNOWN_VALUE = "unknown-value"
    NOT_MIRRORED = "not-mirrored"
    WRITE_UNSURE = "write-unsure"
    WRITE_REFUSED = "write-refused"
    INVOICE_GONE = "invoice-gone"
    CUSTOMER_GONE = "customer-gone"
    POSTING_UNDONE = "posting-undone"
    KEPT_OUT = "kept-out"
    ABOVE_BOUND = "above-bound"
    NOT_UNDONE = "not-undone"
    PATTERN_MIXED = "pattern-mixed"
    NOT_LANDED = "not-landed"
    READ_FAILED = "read-failed"
    READ_AGAIN = "read-again"
    PROPOSED = "proposed"
    DECISION_OVERTAKEN = "decision-overtaken"
    NOT_POSTABLE = "not-postable"
    NO_ORIGINAL = "no-original"
    STALE_KEY = "stale-key"
    REUSED_KEY = "reused-key"
    OTHER_AMOUNT = "other-amount"
    CUT_TEXT = "cut-text"
    UNKNOWN_PAYER = "unknown-payer"
    SEVERAL_PAYERS = "several-payers"
    SAME_AMOUNT_AGAIN = "same-amount-again"
    NOTHING_OPEN = "nothing-open"
    EQUAL_ITEMS = "equal-items"
    FITS_NOTHING = "amount-fits-nothing"
    NOT_IDENTIFIED = "not-identified"
    PAYOUT_IN_BANK = "payout-in-bank"
    POSTED_ELSEWHERE = "posted-elsewhere"
    CONFLICT = "conflict"
    VARIANCE = "variance"
    NOT_APPLIED = "not-applied"
    NOT_WRITTEN_OFF = "not-written-off"
    POSTED_TWICE = "posted-twice"
    PERHAPS_TWICE = "perhaps-twice"
    PERHAPS_ONE_CUSTOMER = "perhaps-one-customer"
    BANK_FEED_TWIN = "bank-feed-twin"
    POSTED_NET = "posted-net"
    PAYOUT_TWICE = "payout-twice"
    FEE_TWICE = "fee-twice"
    MARKED_TWICE = "marked-twice"
    NOT_CLEARING = "not-clearing"
    UNDEPOSITED_GROWS = "undeposited-grows"
    NO_WAY_TO_PAY = "no-way-to-pay"
    BAD_STATEMENT = "bad-statement"
    STATEMENT_GAP = "statement-gap"
    STATEMENTS_DIFFER = "statements-differ"
    PAYOUT_NOT_SEEN = "payout-not-seen"
    LINK_CHANGED = "link-changed"
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing a person should know: a sentence, the next step, the records it is about, the money at stake."""

    code: FindingCode
    sentence: str
    next_step: str
    refs: tuple[Ref, ...]
    amount: Money | None = None


class Ground(StrEnum):
    """What kind of evidence a decision stands on: what is written, strongest first; the amount and a known payer; a
    rule of the company; a person."""

    STORED_KEY = "stored-key"
    EXACT_REFERENCE = "exact-reference"
    SOURCE_LINK = "source-link"
    AMOUNT = "amount"
    POLICY = "policy"
    HUMAN = "human"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A fact that can be looked up again: which record, which field of it, what it says."""

    ref: Ref
    field: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """This payment settles these debts. `gross` = sum of allocations + `unapplied`, exactly.

    `kind` is the engine's class, "" where it was not asked. A credit note that is used up is a decision of its own:
    `beside` the payment together with which it is. `customer` is whose money it is, where no invoice says so.
    """

    payment: Ref
    gross: Money
    ground: Ground
    allocations: tuple[Allocation, ...]
    unapplied: Money
    evidence: tuple[Evidence, ...]
    sentence: str
    kind: str = ""
    beside: Ref | None = None
    customer: Ref | None = None
