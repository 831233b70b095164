"""Judges what goes to and comes from QuickBooks Online, by Intuit's XSD and the facts of its API reference.

Hooked around the transport, it sees every request of every test; hooked around a stand-in, every answer. It
judges shape only: whether a reference exists or a period is closed is the stand-in's business.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qsl, urlsplit

from tests.vendor.quickbooks_facts import Write, write_errors
from tests.vendor.quickbooks_xsd import entity_names, parse, type_errors

_PARAMETERS = frozenset(
    {"minorversion", "requestid", "include", "operation", "query", "entities", "changedSince", "sendTo"}
)
_ENVELOPES = frozenset({"QueryResponse", "CDCResponse", "BatchItemResponse", "AttachableResponse"})
_SELECT = re.compile(r"\s*select\s+.+?\s+from\s+(\w+)\b", re.IGNORECASE | re.DOTALL)
_VOIDED_BY_INCLUDE = frozenset({"Payment", "SalesReceipt", "RefundReceipt", "BillPayment"})

REQUEST_ID_CHARS_MAX = 50
BATCH_REQUEST_ID_CHARS_MAX = 36
BATCH_ITEM_ID_CHARS_MAX = 10
BATCH_ITEMS_MAX = 30
CAPTURED_MAX = 1000


def entity_errors(name: str, obj: Mapping[str, object]) -> list[str]:
    """What the XSD has against one entity (or other XSD type) as Intuit would answer it.

    Numbers must be `int` or `Decimal`; a float is an error, so parse JSON with `parse_float=Decimal`.
    """
    return type_errors(name, obj, name)


def answer_errors(path_and_query: str, body: bytes) -> list[str]:
    """What is wrong with a JSON answer to a request at this address: envelope, entities, things unasked.

    For JSON bodies of any status. XML throttle faults and a gateway's HTML are no documented shapes: do not
    pass them.
    """
    document = _parsed(body)
    if isinstance(document, str):
        return [document]
    if "fault" in document:
        return _gateway_fault_errors(document["fault"])
    errors = type_errors("IntuitResponse", document, "answer")
    if not errors and "Fault" not in document:
        errors = _unasked(_Address.of(path_and_query), document) + _captured_errors(document.get("CDCResponse"))
    return errors


def _captured_errors(responses: object) -> list[str]:
    """What the XSD cannot say of changes: how many there may be, and what is left of a deleted object."""
    rows = [
        row
        for response in (responses if isinstance(responses, list) else [])
        for group in response.get("QueryResponse", [])
        for held in group.values()
        if isinstance(held, list)
        for row in held
    ]
    errors = [f"cdc: {len(rows)} objects, at most {CAPTURED_MAX} fit"] if len(rows) > CAPTURED_MAX else []
    gone = [row for row in rows if row.get("status") == "Deleted"]
    odd = [sorted(row) for row in gone if row.keys() - {"domain"} != {"status", "Id", "MetaData"}]
    errors += [f"cdc: of a deleted object an id and a time are left, not {keys}" for keys in odd]
    return errors


def request_errors(method: str, path_and_query: str, body: bytes) -> list[str]:
    """What is wrong with a request: address, parameters, query text, shape and fields of a JSON body."""
    address = _Address.of(path_and_query)
    if address is None:
        return [f"{path_and_query}: not an address of the accounting API"]
    errors = [f"parameter {name!r} is unknown" for name in address.parameters if name not in _PARAMETERS]
    limit = BATCH_REQUEST_ID_CHARS_MAX if address.resource == "batch" else REQUEST_ID_CHARS_MAX
    if len(address.parameters.get("requestid", "")) > limit:
        errors.append(f"requestid is longer than {limit} characters")
    if method == "GET":
        return errors + (["a GET carries no body"] if body else []) + _read_errors(address)
    if method == "POST":
        return errors + _post_errors(address, body)
    return [*errors, f"the API knows no {method}"]


def _parsed(body: bytes) -> Mapping[str, object] | str:
    """The JSON object, or the sentence that says why it is none."""
    try:
        document = parse(body)
    except ValueError as error:
        return f"the body is not JSON: {error}"
    return document if isinstance(document, Mapping) else "the body is not a JSON object"


@dataclass(frozen=True, slots=True)
class _Address:
    """An address taken apart: `/v3/company/1/invoice/130/send` is resource invoice, rest (130, send)."""

    resource: str
    rest: tuple[str, ...]
    parameters: Mapping[str, str]

    @classmethod
    def of(cls, path_and_query: str) -> "_Address | None":
        parts = urlsplit(path_and_query)
        found = re.search(r"/v3/company/[^/]+/([^/]+)((?:/[^/]+)*)$", parts.path)
        if found is None:
            return None
        rest = tuple(found[2].split("/")[1:])
        return cls(found[1], rest, dict(parse_qsl(parts.query, keep_blank_values=True)))

    @property
    def entity(self) -> str | None:
        return entity_names().get(self.resource)


def _read_errors(address: _Address) -> list[str]:
    match address.resource:
        case "query":
            return _query_errors(address.parameters.get("query", ""))
        case "cdc":
            return _cdc_errors(address.parameters)
        case "reports" | "download":
            return []
    if address.entity is None:
        return [f"{address.resource!r} is no entity"]
    printed = address.resource == "invoice" and address.rest[1:] == ("pdf",)
    if (len(address.rest) > 1 and not printed) or (not address.rest and address.entity != "Preferences"):
        return [f"{address.entity}: a read names one id, not {address.rest}"]
    return []


def _query_errors(query: str) -> list[str]:
    found = _SELECT.match(query)
    if found is None:
        return [f"a query is a select from an entity, not {query!r}"]
    return [] if found[1].lower() in entity_names() else [f"query: {found[1]!r} is no entity"]


def _cdc_errors(parameters: Mapping[str, str]) -> list[str]:
    asked = parameters.get("entities", "").split(",")
    errors = [f"cdc: {name!r} is no entity" for name in asked if name.strip() not in entity_names().values()]
    since = {"ChangedSince": parameters.get("changedSince", "")}
    return errors + type_errors("CDCQuery", since, "cdc")


def _post_errors(address: _Address, body: bytes) -> list[str]:
    if address.resource == "query":
        return _query_errors(address.parameters.get("query") or body.decode())
    if address.resource == "upload":
        return []  # multipart, not JSON
    if address.rest[1:] == ("send",) and address.entity is not None:
        return ["send carries no body"] if body else []
    document = _parsed(body)
    return [document] if isinstance(document, str) else _document_errors(address, document)


def _document_errors(address: _Address, document: Mapping[str, object]) -> list[str]:
    if address.resource == "batch":
        return _batch_errors(document, identified="requestid" in address.parameters)
    if address.entity is None or address.rest:
        return [f"nothing can be posted to {'/'.join((address.resource, *address.rest))!r}"]
    include = address.parameters.get("include", "")
    return _write_errors(address.entity, document, address.parameters.get("operation", ""), include)


def _write_errors(entity: str, body: Mapping[str, object], operation: str, include: str) -> list[str]:
    errors = entity_errors(entity, body)
    if operation in ("delete", "void"):
        errors += [f"{entity}.{key}: missing" for key in ("Id", "SyncToken") if not body.get(key)]
        if operation == "void" and entity != "Invoice":
            errors.append(f"{entity}: operation=void is for invoices")
        return errors
    if operation not in ("", "create", "update"):
        return [*errors, f"operation {operation!r} is unknown"]
    sparse_update = operation == "update" and body.get("sparse") is True
    if include == "void" and not (sparse_update and entity in _VOIDED_BY_INCLUDE):
        errors.append(f"{entity}: a void by include=void is a sparse update of a payment or receipt")
    errors += write_errors(entity, body, _kind_of_write(body, operation))
    return errors + list(_contradictions(entity, body, operation))


def _kind_of_write(body: Mapping[str, object], operation: str) -> Write:
    if "Id" not in body and operation != "update":
        return Write.CREATE
    return Write.SPARSE_UPDATE if body.get("sparse") is True else Write.FULL_UPDATE


def _contradictions(entity: str, body: Mapping[str, object], operation: str) -> Iterator[str]:
    """Signs that a body means one kind of write and its address or other fields another."""
    if operation == "create" and "Id" in body:
        yield f"{entity}.Id: a create has none"
    if "Id" not in body and ("SyncToken" in body or body.get("sparse") is True):
        yield f"{entity}.Id: missing, though SyncToken or sparse announce an update"


def _batch_errors(document: Mapping[str, object], *, identified: bool) -> list[str]:
    errors = type_errors("IntuitBatchRequest", document, "batch")
    items = document.get("BatchItemRequest")
    if errors or not isinstance(items, list) or not items:
        return errors or ["batch: no items"]
    if len(items) > BATCH_ITEMS_MAX:
        errors.append(f"batch: {len(items)} items, at most {BATCH_ITEMS_MAX} are allowed")
    names = [item.get("bId", "") for item in items]
    if len(set(names)) < len(names) or "" in names:
        errors.append(f"batch: bIds must be there and differ: {names}")
    if identified and any(len(name) > BATCH_ITEM_ID_CHARS_MAX for name in names):
        errors.append(f"batch: with a requestid a bId has at most {BATCH_ITEM_ID_CHARS_MAX} characters")
    for item in items:
        errors += [f"{item.get('bId')}: {error}" for error in _batch_item_errors(item)]
    return errors


def _batch_item_errors(item: Mapping[str, object]) -> list[str]:
    content = {key: value for key, value in item.items() if key not in ("bId", "operation", "optionsData")}
    if len(content) != 1:
        return [f"a batch item holds one thing, not {sorted(content)}"]
    [(key, value)] = content.items()
    if key == "Query":
        return _query_errors(str(value))
    if not isinstance(value, Mapping):
        return []  # a report or CDC query, checked by the XSD
    operation = str(item.get("operation", ""))
    options = dict(parse_qsl(str(item.get("optionsData", ""))))
    missing = [] if operation else ["operation: a batch item with an entity needs one"]
    return missing + _write_errors(key, value, operation, options.get("include", ""))


def _gateway_fault_errors(fault: object) -> list[str]:
    """The lower-case fault of Intuit's gateway, which no XSD describes."""
    errors = fault.get("error") if isinstance(fault, Mapping) else None
    if not isinstance(errors, list) or not errors:
        return ["fault.error: not a list of errors"]
    whole = [one for one in errors if isinstance(one, Mapping) and {"message", "code"} <= one.keys()]
    if whole == errors and all(isinstance(one["code"], str) for one in whole):
        return []
    return ["fault.error: an error without message or code"]


def _unasked(address: _Address | None, document: Mapping[str, object]) -> list[str]:
    """Entities in the answer that the request did not ask for; the XSD allows any entity in any answer."""
    if address is None:
        return ["the answer belongs to no address of the accounting API"]
    find = _EXPECTED.get(address.resource)
    if find is None:
        wanted, seen = {address.entity}, _entities(document)
        return [] if seen == wanted else [f"{address.resource} was asked for, not {sorted(seen)}"]
    envelope, asked = find
    if envelope not in document:
        return [f"answer.{envelope}: missing"]
    strangers = _entities(document[envelope]) - asked(address)
    return [f"answer.{envelope}: {name} was not asked for" for name in sorted(strangers)]


def _asked_by_query(address: _Address) -> frozenset[str]:
    found = _SELECT.match(address.parameters.get("query", ""))
    return frozenset({entity_names().get(found[1].lower(), "")}) if found else _all_entities()


def _asked_by_cdc(address: _Address) -> frozenset[str]:
    return frozenset(name.strip() for name in address.parameters.get("entities", "").split(","))


@cache
def _all_entities() -> frozenset[str]:
    return frozenset(entity_names().values())


def _anything(_: _Address) -> frozenset[str]:
    return _all_entities()


_EXPECTED: Mapping[str, tuple[str, Callable[[_Address], frozenset[str]]]] = {
    "query": ("QueryResponse", _asked_by_query),
    "cdc": ("CDCResponse", _asked_by_cdc),
    "batch": ("BatchItemResponse", _anything),
    "upload": ("AttachableResponse", _anything),
}


def _entities(part: object) -> set[str]:
    """The names of the entities in an envelope, through nested envelopes but not into the entities."""
    if isinstance(part, list):
        return {name for one in part for name in _entities(one)}
    if not isinstance(part, Mapping):
        return set()
    nested = {name for key in part.keys() & _ENVELOPES for name in _entities(part[key])}
    return nested | (part.keys() & _all_entities())
