"""Intuit's shapes: one struct per entity, with the fields this product reads, and the exact JSON of what it writes.

Numbers become Decimal straight from their digits; nothing passes through a float. A row keeps its bytes as received, so
fields that no struct names, and values of lists that nobody has seen yet, travel along and are never fatal. This room
must never send, wait, or decide what a record means.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Generic, TypeVar

import msgspec

from connector.errors import MalformedAnswer

SYSTEM = "QuickBooks"


class Reference(msgspec.Struct, frozen=True):
    """A reference to another record; `value` is its id, or the code for a currency."""

    value: str
    name: str | None = None


class Times(msgspec.Struct, frozen=True, rename="pascal"):
    """When the record came to be and when it last changed, with the company's offset."""

    create_time: str | None = None
    last_updated_time: str | None = None


class Email(msgspec.Struct, frozen=True, rename="pascal"):
    """One or more addresses, separated by commas."""

    address: str | None = None


class Phone(msgspec.Struct, frozen=True, rename="pascal"):
    """A telephone number as somebody typed it."""

    free_form_number: str | None = None


class Link(msgspec.Struct, frozen=True, rename="pascal"):
    """A link to another transaction."""

    txn_id: str
    txn_type: str


class ExpenseDetail(msgspec.Struct, frozen=True, rename="pascal"):
    """Which account an expense line goes to."""

    account_ref: Reference | None = None


class Line(msgspec.Struct, frozen=True, rename="pascal"):
    """A line of a transaction."""

    amount: Decimal | None = None
    linked_txn: tuple[Link, ...] = ()
    account_based_expense_line_detail: ExpenseDetail | None = None


class Entity(msgspec.Struct, frozen=True, rename="pascal"):
    """What every entity has. `id` is unique only within its type."""

    id: str
    sync_token: str = ""
    meta_data: Times = msgspec.field(name="MetaData", default=Times())


class Transaction(Entity, frozen=True, rename="pascal"):
    """What every transaction has."""

    txn_date: str | None = None
    currency_ref: Reference | None = None
    private_note: str | None = None
    doc_number: str | None = None
    line: tuple[Line, ...] = ()


class Delivery(msgspec.Struct, frozen=True, rename="pascal"):
    """How and when a form last went out."""

    delivery_type: str | None = None
    delivery_time: str | None = None


class Invoice(Transaction, frozen=True, rename="pascal"):
    """A debt. `balance` is what is open."""

    customer_ref: Reference | None = None
    due_date: str | None = None
    total_amt: Decimal | None = None
    balance: Decimal | None = None
    email_status: str | None = None
    bill_email: Email | None = None
    delivery_info: Delivery | None = None
    invoice_link: str | None = None


class CreditMemo(Transaction, frozen=True, rename="pascal"):
    """A credit. `remaining_credit` is what is unused."""

    customer_ref: Reference | None = None
    total_amt: Decimal | None = None
    remaining_credit: Decimal | None = None
    balance: Decimal | None = None


class Payment(Transaction, frozen=True, rename="pascal"):
    """Money from a customer; its lines say what it settles."""

    customer_ref: Reference | None = None
    deposit_to_account_ref: Reference | None = None
    payment_method_ref: Reference | None = None
    payment_ref_num: str | None = None
    total_amt: Decimal | None = None
    unapplied_amt: Decimal | None = None


class RefundReceipt(Transaction, frozen=True, rename="pascal"):
    """Money given back."""

    customer_ref: Reference | None = None
    total_amt: Decimal | None = None


class CashBack(msgspec.Struct, frozen=True, rename="pascal"):
    """Cash kept back from a deposit; it lowers the total."""

    amount: Decimal | None = None


class Deposit(Transaction, frozen=True, rename="pascal"):
    """Money banked."""

    deposit_to_account_ref: Reference | None = None
    total_amt: Decimal | None = None
    cash_back: CashBack | None = None


class Purchase(Transaction, frozen=True, rename="pascal"):
    """Money spent from an account; `credit` turns its direction."""

    account_ref: Reference | None = None
    total_amt: Decimal | None = None
    credit: bool | None = None


class Transfer(Transaction, frozen=True, rename="pascal"):
    """Money moved between two accounts."""

    from_account_ref: Reference | None = None
    to_account_ref: Reference | None = None
    amount: Decimal | None = None


class Customer(Entity, frozen=True, rename="pascal"):
    """A payer."""

    display_name: str | None = None
    active: bool | None = None
    parent_ref: Reference | None = None
    currency_ref: Reference | None = None
    primary_email_addr: Email | None = None
    primary_phone: Phone | None = None


class Account(Entity, frozen=True, rename="pascal"):
    """An account of the books."""

    name: str | None = None
    active: bool | None = None
    account_type: str | None = None
    account_sub_type: str | None = None
    currency_ref: Reference | None = None
    current_balance: Decimal | None = None


class CompanyInfo(Entity, frozen=True, rename="pascal"):
    """The company's own description."""

    company_name: str | None = None
    country: str | None = None


class AccountingPrefs(msgspec.Struct, frozen=True, rename="pascal"):
    """`book_close_date`: the books are closed through that day."""

    book_close_date: str | None = None


class CurrencyPrefs(msgspec.Struct, frozen=True, rename="pascal"):
    """The company's own currency, and whether it uses others."""

    multi_currency_enabled: bool | None = None
    home_currency: Reference | None = None


class SalesPrefs(msgspec.Struct, frozen=True, rename="pascal"):
    """Whether QuickBooks applies credits by itself."""

    auto_apply_credit: bool | None = None


class Preferences(Entity, frozen=True, rename="pascal"):
    """How the company keeps its books."""

    accounting_info_prefs: AccountingPrefs = AccountingPrefs()
    currency_prefs: CurrencyPrefs = CurrencyPrefs()
    sales_forms_prefs: SalesPrefs = SalesPrefs()


class TypedReference(msgspec.Struct, frozen=True):
    """A reference that says what kind of entity it names."""

    value: str
    type: str | None = None


class AttachedTo(msgspec.Struct, frozen=True, rename="pascal"):
    """The record an attachment hangs on; `entity_ref` carries the entity's name in `type`."""

    entity_ref: TypedReference | None = None


class Attachable(Entity, frozen=True, rename="pascal"):
    """A note (or file) attached to records."""

    note: str | None = None
    attachable_ref: tuple[AttachedTo, ...] = ()


Row = TypeVar("Row", bound=Entity)


class Received(msgspec.Struct, Generic[Row], frozen=True):
    """A typed row with its bytes exactly as they came."""

    row: Row
    raw: bytes


class _Listing(msgspec.Struct):
    """The envelope of a query; what it holds depends on the query."""

    rows: dict[str, msgspec.Raw] = msgspec.field(name="QueryResponse")


_LISTING = msgspec.json.Decoder(_Listing)
_RAW_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_RAW_BY_NAME = msgspec.json.Decoder(dict[str, msgspec.Raw])
_DECODERS: dict[type[Entity], msgspec.json.Decoder[Entity]] = {
    shape: msgspec.json.Decoder(shape)
    for shape in (
        Account,
        Attachable,
        CompanyInfo,
        CreditMemo,
        Customer,
        Deposit,
        Invoice,
        Payment,
        Preferences,
        Purchase,
        RefundReceipt,
        Transfer,
    )
}


def rows(body: bytes, shape: type[Row]) -> tuple[Received[Row], ...]:
    """The rows of a query's answer; MalformedAnswer when it is cut short or of another shape."""
    try:
        found = _LISTING.decode(body).rows.get(shape.__name__)
        raws = _RAW_LIST.decode(found) if found is not None else []
    except msgspec.DecodeError:
        raise _malformed(f"a page of {shape.__name__}") from None
    return tuple(_received(raw, shape) for raw in raws)


def single(body: bytes, shape: type[Row]) -> Received[Row]:
    """The one entity of an answer to a read or a write."""
    try:
        found = _RAW_BY_NAME.decode(body).get(shape.__name__)
    except msgspec.DecodeError:
        found = None
    if found is None:
        raise _malformed(f"one {shape.__name__}")
    return _received(found, shape)


def _received(raw: msgspec.Raw, shape: type[Row]) -> Received[Row]:
    try:
        row = _DECODERS[shape].decode(raw)
    except msgspec.DecodeError:
        raise _malformed(f"one {shape.__name__}") from None
    return Received(row=row, raw=bytes(raw))  # type: ignore[arg-type]


def _malformed(what: str) -> MalformedAnswer:
    return MalformedAnswer(
        f"QuickBooks was asked for {what} and answered with something else, or with half of it.",
        next_step="Nothing of it was kept; run it again in a few minutes.",
        system=SYSTEM,
    )


class FaultLine(msgspec.Struct, frozen=True):
    """One error of a fault, under Intuit's own spelling and the gateway's. Its texts are only compared, never shown."""

    code: str | int | None = None
    element: str | None = None
    detail: str | None = msgspec.field(name="Detail", default=None)
    gateway_detail: str | None = msgspec.field(name="detail", default=None)
    message: str | None = msgspec.field(name="Message", default=None)
    gateway_message: str | None = msgspec.field(name="message", default=None)


class Fault(msgspec.Struct, frozen=True):
    """A fault of any spelling. `type` is Intuit's own class of it, such as ValidationFault."""

    lines: tuple[FaultLine, ...] = msgspec.field(name="Error", default=())
    type: str | None = None


class _GatewayFault(msgspec.Struct, frozen=True):
    lines: tuple[FaultLine, ...] = msgspec.field(name="error", default=())
    type: str | None = None


class _BatchPart(msgspec.Struct, frozen=True):
    fault: Fault | None = msgspec.field(name="Fault", default=None)


class _FaultAnswer(msgspec.Struct, frozen=True):
    fault: Fault | None = msgspec.field(name="Fault", default=None)
    gateway: _GatewayFault | None = msgspec.field(name="fault", default=None)
    batch: tuple[_BatchPart, ...] = msgspec.field(name="BatchItemResponse", default=())
    refusal: str | None = msgspec.field(name="error", default=None)


_FAULTS = msgspec.json.Decoder(_FaultAnswer)
_XML_FAULT = re.compile(r"<Fault\b([^>]*)>(.*?)</Fault>", re.DOTALL)
_XML_ERROR = re.compile(r"<Error\b([^>]*?)(?:/>|>(.*?)</Error>)", re.DOTALL)
_XML_CODE = re.compile(r'\bcode="([^"]*)"')
_XML_TYPE = re.compile(r'\btype="([^"]*)"')
_XML_MESSAGE = re.compile(r"<Message>(.*?)</Message>", re.DOTALL)


def faults(body: bytes) -> tuple[Fault, ...]:
    """Every fault in an answer, none when it holds none.

    Reads Intuit's JSON (alone, inside HTTP 200, or inside items of a batch), the gateway's lower-case JSON, XML, and
    the token endpoint's `{"error": ...}`. HTML and emptiness hold no fault: there only the HTTP status speaks.
    """
    if body.lstrip()[:1] == b"<":
        return _xml_faults(body)
    try:
        answer = _FAULTS.decode(body)
    except msgspec.DecodeError:
        return _nameless(body)
    found = [answer.fault] if answer.fault is not None else []
    if answer.gateway is not None:
        found.append(Fault(lines=answer.gateway.lines, type=answer.gateway.type))
    if answer.refusal is not None:
        found.append(Fault(lines=(FaultLine(code=answer.refusal),)))
    return (*found, *(part.fault for part in answer.batch if part.fault is not None))


def _nameless(body: bytes) -> tuple[Fault, ...]:
    """A fault of a spelling nobody has seen yet is still a fault."""
    try:
        keys = _RAW_BY_NAME.decode(body).keys()
    except msgspec.DecodeError:
        return ()
    return (Fault(),) if keys & {"Fault", "fault", "error"} else ()


def _xml_faults(body: bytes) -> tuple[Fault, ...]:
    """By pattern and not by a parser: the body is a stranger's, and entities in it must not be expanded."""
    text = body[:100_000].decode("utf-8", "replace")
    return tuple(
        Fault(
            lines=tuple(
                FaultLine(code=_first(_XML_CODE, head), message=_first(_XML_MESSAGE, inner))
                for head, inner in _XML_ERROR.findall(content)
            ),
            type=_first(_XML_TYPE, attributes),
        )
        for attributes, content in _XML_FAULT.findall(text)
    )


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return found[1] if found else None


class Tokens(msgspec.Struct, frozen=True):
    """The token endpoint's answer. Its repr would show secrets, so nobody prints it."""

    access_token: str
    refresh_token: str
    expires_in: int
    refresh_seconds: int = msgspec.field(name="x_refresh_token_expires_in", default=100 * 86400)
    hard_seconds: int | None = msgspec.field(name="x_refresh_token_hard_expires_in", default=None)

    def __repr__(self) -> str:
        return "Tokens(...)"


_TOKENS = msgspec.json.Decoder(Tokens)


def tokens(body: bytes) -> Tokens:
    """The new pair of tokens; MalformedAnswer when the answer is none."""
    try:
        return _TOKENS.decode(body)
    except msgspec.DecodeError:
        raise _malformed("a new token") from None


Json = Mapping[str, "Json"] | Sequence["Json"] | str | bool | int | Decimal | None


def encode(value: Json) -> bytes:
    """UTF-8 JSON for a request body. A Decimal becomes a plain JSON number with all its digits.

    TypeError on a float, however deep: a float has already lost what it stood for.
    """
    return _text(value).encode()


def _text(value: Json) -> str:
    match value:
        case None | bool() | str() | int():
            text = json.dumps(value, ensure_ascii=False)
        case Decimal() if value.is_finite():
            text = format(value, "f")
        case Mapping():
            text = "{" + ",".join(f"{json.dumps(key)}:{_text(part)}" for key, part in value.items()) + "}"
        case Sequence():
            text = "[" + ",".join(_text(part) for part in value) + "]"
        case _:
            raise TypeError(f"{type(value).__name__} is not sent to QuickBooks")
    return text
