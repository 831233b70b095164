"""One bank account, read from the statements in its folder. Readable, Checkable and TakesFiles; it asks nobody.

All files are read together whenever any of them changed, because only together they say which lines there are; what
comes of it does not depend on the order in which they came.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from adapters.bankfile import translate
from adapters.bankfile.folder import Folder, Read
from adapters.bankfile.overlaps import together
from adapters.bankfile.settings import Settings, same_account
from adapters.bankfile.translate import Where
from connector.dates import zone
from connector.errors import ReceivablesError, SettingsError
from connector.model.mirror import Gone, Mirrored
from connector.model.money_in import Payment, PaymentState
from connector.model.source import Kind
from connector.money import Currency
from connector.ports import Check, Page, Surroundings, TakenFile


def _is_gone(each: Mirrored) -> bool:
    """Whether it says that there is nothing: of that nobody is told who never heard of it."""
    void = isinstance(each.record, Payment) and each.record.state is PaymentState.VOID
    return void or isinstance(each.record, Gone)


PROFILE, LINES = "profile", "lines"


def connect(surroundings: Surroundings) -> BankFile:
    """The adapter of one connection. Nothing is read yet."""
    settings = surroundings.settings
    if not isinstance(settings, Settings):
        raise SettingsError("The settings of a bank account were not parsed by the adapter of bank statements.")
    return BankFile(surroundings, settings)


class BankFile:
    """One account at a bank."""

    def __init__(self, surroundings: Surroundings, settings: Settings) -> None:
        self._settings = settings
        self._mirror = surroundings.mirror
        self._folder = Folder(settings, may_be_empty=lambda: not surroundings.mirror.number(Kind.PAYMENT))
        self._where = Where(
            connection=surroundings.connection,
            account=settings.account,
            currency=Currency(settings.currency),
            zone=zone(surroundings.zone),
            live=settings.live,
        )

    def streams(self) -> tuple[str, ...]:
        return PROFILE, LINES

    def pull(self, stream: str, cursor: str | None) -> Page:
        if stream == PROFILE:
            return Page(records=(translate.profile(self._where),), cursor="read", more=False)
        if cursor is not None and cursor == self._folder.digest():
            return Page(records=(), cursor=cursor, more=False)
        return self._page(self._folder.read())

    def _page(self, read: Read) -> Page:
        known = {*self._mirror.known(Kind.PAYMENT), *self._mirror.known(Kind.BALANCE_ENTRY)}
        found = together(read.statements, known)
        since = date.fromisoformat(self._settings.read_from) if self._settings.read_from else date.min
        own = translate.account(self._where, read.statements)
        kept = [
            each
            for each in translate.records(self._where, found)
            if date.fromisoformat(each.ref.vendor_id[:10]) >= since
            and (each.ref.vendor_id in known or not _is_gone(each))
        ]
        return Page(
            records=(own, *kept),
            cursor=read.digest,
            more=False,
            findings=translate.findings(self._where, found, read.refused),
            about=LINES,
        )

    def is_number(self, number: str) -> bool:
        return same_account(self._settings.account, number)

    def take(self, path: str, *, keep: bool) -> TakenFile:
        return self._folder.take(Path(path), keep=keep)

    def check(self) -> tuple[Check, ...]:
        try:
            read = self._folder.read()
        except ReceivablesError as fault:
            return (Check(name="folder", ok=False, sentence=fault.sentence, next_step=fault.next_step),)
        lines = sum(len(each.lines) for each in read.statements)
        last = max((each.last for each in read.statements), default=None)
        sentence = (
            f"{len(read.statements)} statements with {lines} lines, up to {last}."
            if last is not None
            else "There are no statements yet."
        )
        step = "" if last is not None else "Import one: receivables bank import FILE"
        well = Check(name="statements", ok=last is not None, sentence=sentence, next_step=step)
        return (
            well,
            *(Check(name="statement", ok=False, sentence=said, next_step=step) for said, step in read.refused),
        )
