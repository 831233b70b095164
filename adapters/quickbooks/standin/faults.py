"""What Intuit refuses, in its own codes and shapes (Intuit's error codes; recorded and older faults)."""

from __future__ import annotations

from dataclasses import dataclass

VALIDATION = "ValidationFault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How a refusal reads: Intuit's code, its fixed message, and the detail of this case."""

    code: str
    message: str
    detail: str
    element: str = ""


class Refusal(Exception):
    """One fault. `status` is the HTTP status it travels with; `gateway` faults have the lower-case shape."""

    def __init__(self, words: Words, *, status: int = 400, kind: str = VALIDATION, gateway: bool = False) -> None:
        super().__init__(words.detail)
        self.words = words
        self.status = status
        self.kind = kind
        self.gateway = gateway

    def document(self, time: str) -> dict[str, object]:
        """The body of the answer; `time` is the company's own time as text."""
        words = self.words
        if self.gateway:
            error = {"message": words.message, "detail": words.detail, "code": words.code, "element": None}
            return {"warnings": None, "intuitObject": None, "fault": {"error": [error], "type": self.kind}}
        error = {"Message": words.message, "Detail": words.detail, "code": words.code, "element": words.element}
        return {"Fault": {"Error": [error], "type": self.kind}, "time": time}


def not_authenticated(detail: str) -> Refusal:
    """The bearer is missing, unknown or older than an hour."""
    words = Words(code="3200", message="message=AuthenticationFailed; errorCode=003200; statusCode=401", detail=detail)
    return Refusal(words, status=401, kind="AUTHENTICATION", gateway=True)


def not_authorised() -> Refusal:
    """The bearer is good, but for another company."""
    message = "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"
    words = Words(code="3100", message=message, detail="The token is not for this company.")
    return Refusal(words, status=403, kind="AUTHORIZATION", gateway=True)


def unsupported(what: str) -> Refusal:
    """A method, address or operation that this double does not offer."""
    return Refusal(Words(code="500", message="Unsupported Operation", detail=f"Operation {what} is not supported."))


def not_found(what: str) -> Refusal:
    """No such object, or an inactive one."""
    detail = (
        "Object Not Found : Something you're trying to use has been made inactive. "
        "Check the fields with accounts, customers, items, vendors or employees."
    )
    return Refusal(Words(code="610", message="Object Not Found", detail=detail, element=what))


def not_linkable(detail: str) -> Refusal:
    """A payment line that does not fit its invoice or credit memo."""
    return Refusal(Words(code="620", message="Transaction could not be linked", detail=detail, element="Line"))


def missing(name: str) -> Refusal:
    """A field that must be there."""
    message = "Required param missing, need to supply the required value for the API"
    detail = f"Required parameter {name} is missing in the request"
    return Refusal(Words(code="2020", message=message, detail=detail, element=name))


def invalid(name: str) -> Refusal:
    """A field of the wrong name or type."""
    message = "Request has invalid or unsupported property"
    detail = f"Property Name:{name} specified is unsupported or invalid"
    return Refusal(Words(code="2010", message=message, detail=detail, element=name))


def too_long(name: str, length: int, length_max: int) -> Refusal:
    """A text beyond its limit."""
    detail = f"String length specified does not match the supported length. Max:{length_max} Supplied length:{length}"
    return Refusal(Words(code="2050", message="String length is too long", detail=detail, element=name))


def bad_reference(name: str, value: str) -> Refusal:
    """A reference to nothing."""
    detail = f"Invalid Reference Id : {name} element id {value} not found"
    return Refusal(Words(code="2500", message="Invalid Reference Id", detail=detail, element=name))


def unparsable(detail: str) -> Refusal:
    """A query outside the grammar."""
    return Refusal(Words(code="4000", message="Error parsing query", detail=f"QueryParserError: {detail}"))


def bad_query(detail: str) -> Refusal:
    """A query inside the grammar that asks for something impossible."""
    return Refusal(Words(code="4001", message="Invalid query", detail=f"QueryValidationError: {detail}"))


def stale() -> Refusal:
    """A SyncToken that is not the current one."""
    detail = (
        "Stale Object Error : You and somebody else were working on this at the same time. "
        "They finished before you did, so your work was not saved."
    )
    return Refusal(Words(code="5010", message="Stale Object Error", detail=detail))


def business(detail: str) -> Refusal:
    """A rule of bookkeeping; the detail says which."""
    message = "A business validation error has occurred while processing your request"
    return Refusal(Words(code="6000", message=message, detail=f"Business Validation Error: {detail}"))


def wrong_currency(what: str) -> Refusal:
    """An account or customer in a currency that does not fit the transaction's."""
    return business(
        f"The currency of the {what} must be either in home currency or the transaction currency."
        if what == "account"
        else f"The currency of the transaction is invalid for the {what}."
    )


def duplicate_name(vendor_id: str) -> Refusal:
    """Two names of one list are the same."""
    detail = f"The name supplied already exists. : Id={vendor_id}"
    return Refusal(Words(code="6240", message="Duplicate Name Exists Error", detail=detail))


def closed_period() -> Refusal:
    """The day lies on or before the closing date of the books."""
    detail = (
        "The account period has closed and the account books cannot be updated through the QBO Services API. "
        "Please use the QBO website to make these changes."
    )
    message = "Account Period Closed, Cannot Update Through Services API"
    return Refusal(Words(code="6210", message=message, detail=detail))


def wrong_account_type(name: str) -> Refusal:
    """An account of a type that cannot stand there."""
    detail = f"Invalid account type: {name} cannot be an account of this type"
    return Refusal(Words(code="6430", message="Invalid account type used", detail=detail, element=name))


def deposited() -> Refusal:
    """A payment that a deposit holds."""
    detail = "This transaction has been deposited. To change it, first take it out of the deposit."
    return Refusal(Words(code="6540", message="Deposited Transaction cannot be changed", detail=detail))
