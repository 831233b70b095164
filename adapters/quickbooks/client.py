"""The connection to one QuickBooks company. The only file that knows the SDK.

Pages are read as bytes through our own session: the SDK would turn them into floats and objects. Writes go through the
SDK's client with bodies of our own; its models send fields that nobody meant and are never used. A read may be
repeated; a write never is here, because only whoever stored its key may decide that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from quickbooks.client import QuickBooks
from quickbooks.exceptions import QuickbooksException

from adapters.quickbooks import checks, faults, keyset, translate, wire
from adapters.quickbooks.auth import Grant, IntuitSession
from adapters.quickbooks.settings import Settings
from connector import canonical
from connector.errors import MalformedAnswer, NotFound, SettingsError, UnknownRecord
from connector.model.intent import PostExpense, Posting, PostPayment, PostTransfer, PushNote, WriteKey, Written
from connector.model.mirror import Mirrored, Noun
from connector.model.source import Kind, Ref
from connector.ports import Check, NoteLimits, Page, SecretPair, Surroundings
from connector.transport import retrying

MINOR_VERSION = 75
FOUND_MAX = 1000
"""Rows asked for at once when a single entry is looked for."""

Row = TypeVar("Row", bound=wire.Entity)
T = TypeVar("T")

_POSTED: dict[str, type[wire.Payment | wire.Purchase | wire.Transfer]] = {
    "Payment": wire.Payment,
    "Purchase": wire.Purchase,
    "Transfer": wire.Transfer,
}


@dataclass(frozen=True, slots=True)
class _Stream:
    """One entity that is walked, and what its rows become."""

    shape: type[wire.Entity]
    translate: Callable[[Any, translate.Frame], Noun]
    name_list: bool = False


PROFILE = "profile"
STREAMS = {
    "account": _Stream(wire.Account, translate.account, name_list=True),
    "customer": _Stream(wire.Customer, translate.customer, name_list=True),
    "invoice": _Stream(wire.Invoice, translate.invoice),
    "credit_note": _Stream(wire.CreditMemo, translate.credit_note),
    "payment": _Stream(wire.Payment, translate.payment),
    "refund": _Stream(wire.RefundReceipt, translate.refund),
    "deposit": _Stream(wire.Deposit, translate.deposit),
    "expense": _Stream(wire.Purchase, translate.expense),
    "transfer": _Stream(wire.Transfer, translate.transfer),
}
"""Accounts and customers first, then what names them."""


def connect(surroundings: Surroundings) -> QuickBooksOnline:
    """The connection of one company. Nothing is sent yet."""
    if not isinstance(surroundings.settings, Settings):
        raise SettingsError("These are not settings of QuickBooks.", next_step="Connect the company again.")
    return QuickBooksOnline(surroundings, surroundings.settings)


class QuickBooksOnline:
    """Readable, Checkable, Books and NoteBoard for one company. One per worker thread."""

    def __init__(self, surroundings: Surroundings, settings: Settings) -> None:
        self._connection = surroundings.connection
        self._settings = settings
        self._clock = surroundings.clock
        self._grant = Grant(settings, surroundings.tokens, surroundings.clock)
        self._session = IntuitSession(settings, self._grant, surroundings.budget)
        self._sdk = QuickBooks(company_id=settings.realm_id, minorversion=MINOR_VERSION, use_decimal=True)
        self._sdk.api_url_v3 = f"{settings.base_url}/v3"
        self._sdk.session = self._session
        self._frame: translate.Frame | None = None

    # Reading

    def streams(self) -> tuple[str, ...]:
        return (PROFILE, *STREAMS)

    def pull(self, stream: str, cursor: str | None) -> Page:
        if stream == PROFILE:
            return self._profile()
        if stream not in STREAMS:
            raise UnknownRecord(f"QuickBooks has no stream {stream[:40]!r}.")
        return self._walk(STREAMS[stream], cursor)

    def _profile(self) -> Page:
        company, preferences = self.company(), self.preferences()
        raw = b'{"CompanyInfo":' + company.raw + b',"Preferences":' + preferences.raw + b"}"
        version = f"{company.row.sync_token}.{preferences.row.sync_token}"
        record = Mirrored(
            ref=Ref(self._connection, Kind.PROFILE, self._settings.realm_id),
            version=version,
            raw=raw,
            record=translate.profile(company.row, preferences.row, live=self._settings.live),
        )
        return Page(records=(record,), cursor=canonical.encode({"version": version}).decode(), more=False)

    def _walk(self, stream: _Stream, cursor: str | None) -> Page:
        bookmark = keyset.read(cursor)
        size = self._settings.page_size_max
        question = keyset.query(stream.shape.__name__, bookmark, page_size=size, name_list=stream.name_list)
        page = self._rows(question, stream.shape)
        rows = ((translate.last_updated(one.row), one.row.id, one.row.sync_token) for one in page)
        seen = keyset.seen(bookmark, rows)
        fresh, after, more = keyset.turn(bookmark, seen, size)
        frame = self._known() if fresh else None
        records = tuple(self._mirrored(page[position], stream, frame) for position in fresh if frame is not None)
        return Page(records=records, cursor=keyset.write(after), more=more)

    def _mirrored(self, one: wire.Received[wire.Entity], stream: _Stream, frame: translate.Frame) -> Mirrored:
        return Mirrored(
            ref=translate.ref_of(one.row, self._connection),
            version=one.row.sync_token,
            raw=one.raw,
            record=stream.translate(one.row, frame),
        )

    # Checking

    def check(self) -> tuple[Check, ...]:
        return checks.run(self, self._clock.now())

    def company(self) -> wire.Received[wire.CompanyInfo]:
        """The company's description."""
        return self._one(wire.CompanyInfo, self._settings.realm_id)

    def preferences(self) -> wire.Received[wire.Preferences]:
        """The company's preferences."""
        return self._one(wire.Preferences, "")

    def receivables(self) -> Sequence[wire.Received[wire.Account]]:
        """Its accounts receivable."""
        return self._rows(checks.RECEIVABLES, wire.Account)

    def payments(self) -> Sequence[wire.Received[wire.Payment]]:
        """One payment, if there is one."""
        return self._rows(checks.A_PAYMENT, wire.Payment)

    def pair(self) -> SecretPair | None:
        """The grant in force."""
        return self._grant.pair()

    # Posting

    def post(self, intent: Posting, key: WriteKey) -> Written:
        entity, body = translate.posting(intent, key)
        frame = self._known()
        shape = _POSTED[entity]
        return self._create(entity, body, key, lambda answer: translate.written(wire.single(answer, shape).row, frame))

    def find_posted(self, intent: Posting, key: WriteKey) -> tuple[Written, ...]:
        frame = self._known()
        match intent:
            case PostPayment():
                ours = self._our_payments(intent, key)
                return tuple(translate.written(row, frame) for row in ours)
            case PostExpense():
                where = f"DocNumber = {translate.quoted(key.op_id)}"
                found = self._every(wire.Purchase, where)
                return tuple(translate.written(row, frame) for row in found if row.doc_number == key.op_id)
            case PostTransfer():
                moved = self._every(wire.Transfer, f"TxnDate = '{intent.on.isoformat()}'")
                return tuple(translate.written(row, frame) for row in moved if translate.carries(row.private_note, key))

    def read_posted(self, ref: Ref) -> Written:
        frame = self._known()
        if ref.kind is Kind.PAYMENT:
            return translate.written(self._one(wire.Payment, ref.vendor_id).row, frame)
        entity, _, vendor_id = ref.vendor_id.partition(":")
        if ref.kind is not Kind.BOOK_ENTRY or entity not in _POSTED:
            raise NotFound(f"QuickBooks keeps no entry under {ref}.", system=wire.SYSTEM)
        return translate.written(self._one(_POSTED[entity], vendor_id).row, frame)

    def _our_payments(self, intent: PostPayment, key: WriteKey) -> list[wire.Payment]:
        """By reference number; else by customer and day, because a person may have overwritten the number."""
        found = self._every(wire.Payment, f"PaymentRefNum = {translate.quoted(key.op_id)}")
        ours = [row for row in found if row.payment_ref_num == key.op_id]
        if ours:
            return ours
        customer = translate.quoted(intent.customer.vendor_id)
        found = self._every(wire.Payment, f"CustomerRef = {customer} AND TxnDate = '{intent.on.isoformat()}'")
        return [row for row in found if translate.carries(row.private_note, key)]

    # Notes

    def note_limits(self) -> NoteLimits:
        return NoteLimits(characters_max=translate.NOTE_CHARACTERS_MAX - translate.NOTE_ROOM_FOR_STAMP, parts=True)

    def note_targets(self, invoice: Ref, customer: Ref | None) -> tuple[Ref, ...]:  # noqa: ARG002 - the port's shape
        return (invoice,)

    def push_note(self, intent: PushNote, key: WriteKey) -> Written:
        def read(answer: bytes) -> Written:
            return translate.written_note(wire.single(answer, wire.Attachable).row, intent.target)

        return self._create("Attachable", translate.note(intent, key), key, read)

    def find_notes(self, intent: PushNote, key: WriteKey) -> tuple[Written, ...]:
        target = translate.quoted(intent.target.vendor_id)
        where = f"AttachableRef.EntityRef.Type = 'Invoice' AND AttachableRef.EntityRef.Value = {target}"
        found = self._every(wire.Attachable, where)
        return tuple(translate.written_note(row, intent.target) for row in found if translate.carries(row.note, key))

    # Calls

    def _known(self) -> translate.Frame:
        """Home currency, and the accounts' currencies where there are several; asked once per connection."""
        if self._frame is None:
            preferences = self.preferences().row
            home = translate.home_currency(preferences)
            several = preferences.currency_prefs.multi_currency_enabled
            bare = translate.Frame(connection=self._connection, home=home)
            accounts = self._every(wire.Account, "Active IN (true, false)") if several else ()
            self._frame = translate.Frame(
                connection=self._connection,
                home=home,
                accounts={row.id: translate.account(row, bare).currency for row in accounts},
            )
        return self._frame

    def _one(self, shape: type[Row], vendor_id: str) -> wire.Received[Row]:
        path = "/".join(part for part in (shape.__name__.lower(), vendor_id) if part)
        return self._read(path, {}, lambda body: wire.single(body, shape))

    def _rows(self, question: str, shape: type[Row]) -> tuple[wire.Received[Row], ...]:
        return self._read("query", {"query": question}, lambda body: wire.rows(body, shape))

    def _every(self, shape: type[Row], where: str) -> list[Row]:
        """All rows of a narrow question, page after page, whatever their number."""
        found: dict[str, Row] = {}
        start = 1
        while True:
            window = f"STARTPOSITION {start} MAXRESULTS {FOUND_MAX}"
            question = f"SELECT * FROM {shape.__name__} WHERE {where} {window}"  # noqa: S608 - literals are quoted()
            page = self._rows(question, shape)
            found.update((one.row.id, one.row) for one in page)
            if len(page) < FOUND_MAX:
                return list(found.values())
            start += FOUND_MAX

    def _read(self, path: str, params: dict[str, str], decode: Callable[[bytes], T]) -> T:
        url = f"{self._settings.base_url}/v3/company/{self._settings.realm_id}/{path}"
        wanted = {**params, "minorversion": str(MINOR_VERSION)}
        headers = {"Accept": "application/json"}
        return retrying(
            lambda: decode(self._session.request("GET", url, params=wanted, headers=headers).content),
            clock=self._clock,
            budget_seconds=self._settings.retry_seconds,
        )

    def _create(self, entity: str, body: wire.Json, key: WriteKey, read: Callable[[bytes], Written]) -> Written:
        """One write through the SDK, never repeated here. An answer that does not say what was written says nothing."""
        try:
            answer = self._sdk.create_object(entity, wire.encode(body), request_id=key.text)
            return read(wire.encode(answer))
        except (QuickbooksException, MalformedAnswer):
            raise faults.lost(write=True) from None
