"""What goes over Intuit's wire: answers into the `shapes` of their entities, and the exact JSON of what is written.

Numbers become Decimal straight from their digits; nothing passes through a float. A row keeps its bytes as received, so
fields that no struct names, and values of lists that nobody has seen yet, travel along and are never fatal. This room
must never send, wait, or decide what a record means.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Generic, TypeVar

import msgspec

from adapters.quickbooks.shapes import (
    Account,
    AccountingPrefs,
    Attachable,
    AttachedTo,
    CashBack,
    CompanyInfo,
    CreditMemo,
    CurrencyPrefs,
    Customer,
    Delivery,
    Deposit,
    DepositDetail,
    Email,
    Entity,
    ExpenseDetail,
    Invoice,
    JournalDetail,
    JournalEntry,
    Line,
    Lined,
    Link,
    Party,
    Payment,
    Phone,
    Preferences,
    Purchase,
    Reference,
    RefundReceipt,
    SalesPrefs,
    SalesReceipt,
    Times,
    Transaction,
    Transfer,
    TypedReference,
)
from connector.errors import MalformedAnswer

__all__ = [
    "Account",
    "AccountingPrefs",
    "Attachable",
    "AttachedTo",
    "CashBack",
    "CompanyInfo",
    "CreditMemo",
    "CurrencyPrefs",
    "Customer",
    "Delivery",
    "Deposit",
    "DepositDetail",
    "Email",
    "Entity",
    "ExpenseDetail",
    "Invoice",
    "JournalDetail",
    "JournalEntry",
    "Line",
    "Lined",
    "Link",
    "Party",
    "Payment",
    "Phone",
    "Preferences",
    "Purchase",
    "Reference",
    "RefundReceipt",
    "SalesPrefs",
    "SalesReceipt",
    "Times",
    "Transaction",
    "Transfer",
    "TypedReference",
]
"""The shapes, so that whoever reads the wire finds them here."""

SYSTEM = "QuickBooks"


Row = TypeVar("Row", bound=Entity)


class Received(msgspec.Struct, Generic[Row], frozen=True):
    """A typed row with its bytes exactly as they came."""

    row: Row
    raw: bytes


class _Count(msgspec.Struct):
    number: int = msgspec.field(name="totalCount")


class _Counted(msgspec.Struct):
    found: _Count = msgspec.field(name="QueryResponse")


class _Bare(msgspec.Struct):
    id: str = msgspec.field(name="Id")


class _Sign(msgspec.Struct):
    """The one word by which a deleted row differs from a row."""

    status: object = None


class _Groups(msgspec.Struct):
    groups: list[dict[str, msgspec.Raw]] = msgspec.field(name="QueryResponse", default_factory=list)


class _Changed(msgspec.Struct):
    blocks: list[_Groups] = msgspec.field(name="CDCResponse")
    time: str | None = None


_COUNTED = msgspec.json.Decoder(_Counted)
_BARE = msgspec.json.Decoder(_Bare)
_CHANGED = msgspec.json.Decoder(_Changed)
_SIGN = msgspec.json.Decoder(_Sign)
_ENTITY = msgspec.json.Decoder(Entity)
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
        JournalEntry,
        Payment,
        Preferences,
        Purchase,
        RefundReceipt,
        SalesReceipt,
        Transfer,
    )
}


def _listing(shape: type[Entity]) -> msgspec.json.Decoder[Any]:
    """The envelope of a query for one shape: the rows' bytes stand under its name. Told that name beforehand, a page of
    two megabytes is gone through once and not twice."""
    rows: Any = ("rows", list[msgspec.Raw], msgspec.field(name=shape.__name__, default_factory=list))
    said: Any = ("said", int | None, msgspec.field(name="maxResults", default=None))
    answer = msgspec.defstruct("_Answer", [rows, said])
    fields: list[Any] = [
        ("found", answer, msgspec.field(name="QueryResponse")),
        ("time", str | None, None),
    ]
    return msgspec.json.Decoder(msgspec.defstruct("_Listing", fields))


_LISTINGS = {shape: _listing(shape) for shape in _DECODERS}


class Listed(msgspec.Struct, Generic[Row], frozen=True):
    """A page of a query's answer, and Intuit's own time when it answered."""

    rows: tuple[Received[Row], ...]
    time: str | None


def rows(body: bytes, shape: type[Row]) -> tuple[Received[Row], ...]:
    """The rows of a query's answer; MalformedAnswer when it is cut short or of another shape."""
    return page(body, shape).rows


def page(body: bytes, shape: type[Row]) -> Listed[Row]:
    """The same, with the time of the answer."""
    try:
        listing = _LISTINGS[shape].decode(body)
        decode = _DECODERS[shape].decode
        listed = tuple([Received(row=decode(raw), raw=bytes(raw)) for raw in _rows(listing)])
    except msgspec.DecodeError:
        raise _malformed(f"a page of {shape.__name__}") from None
    return Listed(rows=listed, time=listing.time)  # type: ignore[arg-type]


def _rows(listing: Any) -> list[msgspec.Raw]:
    """The rows of a page; DecodeError where it says that it has another number of them."""
    found = listing.found
    if found.said is not None and found.said != len(found.rows):
        raise msgspec.DecodeError
    return found.rows  # type: ignore[no-any-return]


def count(body: bytes) -> int:
    """The number in the answer to a count."""
    try:
        return _COUNTED.decode(body).found.number
    except msgspec.DecodeError:
        raise _malformed("a count") from None


def ids(body: bytes, shape: type[Entity]) -> tuple[str, ...]:
    """The ids alone of a query's answer."""
    try:
        return tuple([_BARE.decode(raw).id for raw in _rows(_LISTINGS[shape].decode(body))])
    except msgspec.DecodeError:
        raise _malformed(f"the ids of {shape.__name__}") from None


class Deleted(msgspec.Struct, frozen=True):
    """What is said to be gone, and when. To be confirmed: it has been said of records that were there."""

    shape: type[Entity]
    row: Entity


class Changes(msgspec.Struct, frozen=True):
    """What changed in several entities since a moment. `largest` is the number of rows in the largest group, deleted
    ones included, `total` in all: an answer is cut at a thousand and does not say so."""

    rows: tuple[Received[Entity], ...]
    deleted: tuple[Deleted, ...]
    largest: int
    total: int
    time: str | None


def changes(body: bytes, shapes: Sequence[type[Entity]]) -> Changes:
    """The answer to a question for changes, in the order of the shapes, whatever order and blocks it comes in."""
    by_name: dict[str, list[msgspec.Raw]] = {}
    try:
        answer = _CHANGED.decode(body)
        for group in (group for block in answer.blocks for group in block.groups):
            for shape in shapes:
                if shape.__name__ in group:
                    by_name.setdefault(shape.__name__, []).extend(_RAW_LIST.decode(group[shape.__name__]))
        found: list[Received[Entity]] = []
        deleted: list[Deleted] = []
        for shape in shapes:
            decode = _DECODERS[shape].decode
            for raw in by_name.get(shape.__name__, ()):
                if _SIGN.decode(raw).status == "Deleted":
                    deleted.append(Deleted(shape=shape, row=_ENTITY.decode(raw)))
                else:
                    found.append(Received(row=decode(raw), raw=bytes(raw)))
    except msgspec.DecodeError:
        raise _malformed("what has changed") from None
    sizes = [len(raws) for raws in by_name.values()]
    return Changes(
        rows=tuple(found), deleted=tuple(deleted), largest=max(sizes, default=0), total=sum(sizes), time=answer.time
    )


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
