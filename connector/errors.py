"""What can go wrong, whose fault it is, and whether trying again can help.

    ReceivablesError
    ├── UserError                 something the caller can put right              exit 2
    │   ├── SettingsError         a setting is missing or wrong                   exit 3
    │   ├── UnknownRecord         no such invoice, company, link, plan            exit 2
    │   ├── UnknownCurrency       a code outside ISO 4217                         exit 2
    │   └── Refused               we could, but will not                          exit 2
    │       └── TooManyTries      somebody opens one page after the other         later
    ├── VendorError               the outside system                              exit 4
    │   ├── Unreachable           nothing was sent, or it was only a read         retry
    │   ├── RateLimited           told to slow down                               retry after a pause
    │   ├── BudgetSpent           our share of the vendor's limit is used up       later
    │   ├── OutcomeUnknown        a write was sent and no answer came             look first, never blindly
    │   ├── MalformedAnswer       truncated page, wrong shape                     retry (reads only)
    │   ├── NeedsReconnect        the grant is dead or lacks rights               exit 3
    │   ├── Conflict              somebody changed the object meanwhile           re-read, then decide
    │   ├── NotFound              the object is gone or inactive                  never
    │   └── Rejected              the vendor said no, with a reason               never
    ├── StoreError                our own memory                                  exit 5
    │   ├── StoreLocked           another process is writing                      retry
    │   ├── StoreCorrupt          the file is damaged or was altered              never
    │   └── LeaseLost             another process took over                       never here
    ├── TurnOver                  an unattended turn has used up its time          at once
    └── Disagreement              what came back is not what was asked for        exit 1

Every error carries one sentence and one next step, both fit to be shown to a finance person. Neither may hold a
secret, a body, or personal data.
"""

from __future__ import annotations

from enum import StrEnum


class Retry(StrEnum):
    """Whether the same call may be made again."""

    NEVER = "never"
    SAFE = "safe"
    LOOK_FIRST = "look-first"


class ReceivablesError(Exception):
    """The root. `sentence` says what happened; `next_step` says what the reader can do about it."""

    exit_code = 1
    retry = Retry.NEVER

    def __init__(self, sentence: str, *, next_step: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.sentence} {self.next_step}".strip()


class UserError(ReceivablesError):
    """The caller can put this right."""

    exit_code = 2


class SettingsError(UserError):
    """A setting is missing or wrong."""

    exit_code = 3


class UnknownRecord(UserError):
    """Nothing is stored under the name that was given."""


class UnknownCurrency(UserError):
    """A currency code that ISO 4217 does not list; `of` names the record that has it."""

    def __init__(self, code: str, *, of: str = "") -> None:
        shown = code[:8]
        super().__init__(
            f"The currency {shown!r}{f' of {of}' if of else ''} is not in ISO 4217.",
            next_step="Correct the code in the source; nothing with it was stored or posted.",
        )
        self.code = shown


class Refused(UserError):
    """The request was understood and is not allowed; the reason is in the sentence."""


class TooManyTries(Refused):
    """So many pay pages were opened already that another one has to wait for `retry_after_seconds`."""

    def __init__(self, sentence: str, *, retry_after_seconds: int) -> None:
        super().__init__(sentence, next_step="Wait, and try again.")
        self.retry_after_seconds = retry_after_seconds


class VendorError(ReceivablesError):
    """The outside system failed or refused. `code` is the vendor's own code, `trace` its request id, where given."""

    exit_code = 4

    def __init__(
        self, sentence: str, *, next_step: str = "", system: str = "", code: str = "", trace: str = ""
    ) -> None:
        super().__init__(sentence, next_step=next_step)
        self.system = system
        self.code = code
        self.trace = trace


class Unreachable(VendorError):
    """Nothing was sent, or what was sent was only a read."""

    retry = Retry.SAFE


class RateLimited(VendorError):
    """The vendor asked us to slow down; `retry_after_seconds` is its wish, or our default."""

    retry = Retry.SAFE

    def __init__(
        self, sentence: str, *, retry_after_seconds: float, system: str = "", code: str = "", trace: str = ""
    ) -> None:
        super().__init__(sentence, next_step="Run it again in a few minutes.", system=system, code=code, trace=trace)
        self.retry_after_seconds = retry_after_seconds


class BudgetSpent(VendorError):
    """Nothing was sent: the month's share of metered calls is used up, or the vendor has been blocking us for long."""


class OutcomeUnknown(VendorError):
    """A write was sent and its answer was lost: it may have happened. Look before trying again.

    `key_spent`: the vendor only repeated what it had said to the same key before, and would for ever; whoever looks and
    finds nothing must write under another key.
    """

    retry = Retry.LOOK_FIRST
    key_spent = False


class MalformedAnswer(VendorError):
    """The answer was cut short or has the wrong shape; nothing of it was kept."""

    retry = Retry.SAFE


class NeedsReconnect(VendorError):
    """The grant is dead, or lacks a permission that the sentence names."""

    exit_code = 3


class Conflict(VendorError):
    """The object changed since we read it."""


class NotFound(VendorError):
    """The object does not exist there, or is inactive."""


class Rejected(VendorError):
    """The vendor refused for a reason that trying again will not change."""


class StoreError(ReceivablesError):
    """Our own memory."""

    exit_code = 5


class StoreLocked(StoreError):
    """Another process is writing and did not finish in time."""

    retry = Retry.SAFE


class StoreCorrupt(StoreError):
    """The database is damaged, was altered by hand, or comes from a newer release."""


class TurnOver(ReceivablesError):
    """An unattended turn has used up its time, or the program is to stop: what was done is kept."""


class LeaseLost(StoreError):
    """Another process holds the lease now; this one must stop writing."""


class Disagreement(ReceivablesError):
    """What was read back differs from what was asked for."""
