"""Which payment methods apply to a debt, in which order, and why the others do not. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connector.model.paylink import MethodTerms
from connector.model.source import ConnectionId
from connector.money import Currency, Money, grouped

NO_TERMS = MethodTerms()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """What one processor could take: the methods with the currencies of each (an empty set: all), what each is bound
    to and is called, the seller's country there, and what is wrong with it now ("" for nothing)."""

    connection: ConnectionId
    title: str
    codes: Mapping[str, frozenset[str]]
    terms: Mapping[str, MethodTerms] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    country: str | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One method that a payer may use. `days` is how long its outcome takes, "" where it is known at once."""

    code: str
    title: str
    connection: ConnectionId
    days: str = ""

    @property
    def delayed(self) -> bool:
        """Whether the outcome comes days later."""
        return bool(self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A method that is not offered, and why, in words for the seller."""

    code: str
    title: str
    connection: ConnectionId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What is offered, the preferred first, and what is not."""

    ways: tuple[Way, ...]
    left_out: tuple[LeftOut, ...]


def offered(counters: Sequence[Counter], amount: Money, choices: Sequence[Sequence[str]] = ()) -> Offered:
    """The methods that apply to that amount. `choices` are the company's, the customer's and the link's own lists: a
    method must be on each that is not empty, and the last such list gives the order."""
    wanted = [list(choice) for choice in choices if choice]
    ways: list[Way] = []
    left: list[LeftOut] = []
    for counter in counters:
        for code, currencies in counter.codes.items():
            title = counter.titles.get(code, code)
            terms = counter.terms.get(code, NO_TERMS)
            why = _against(counter, code, currencies, amount) or _unwanted(code, wanted, terms)
            if why:
                left.append(LeftOut(code=code, title=title, connection=counter.connection, why=why))
            else:
                ways.append(Way(code=code, title=title, connection=counter.connection, days=terms.days))
    if wanted:
        place = {code: number for number, code in enumerate(wanted[-1])}
        ways.sort(key=lambda way: place[way.code])
    return Offered(ways=tuple(_once(ways)), left_out=tuple(left))


def _once(ways: Sequence[Way]) -> list[Way]:
    """Two processors may take the same method: the first of them does."""
    found: dict[str, Way] = {}
    for way in ways:
        found.setdefault(way.code, way)
    return list(found.values())


def _against(counter: Counter, code: str, currencies: frozenset[str], amount: Money) -> str:
    if counter.trouble:
        return counter.trouble
    if currencies and amount.currency not in currencies:
        return f"it does not take {amount.currency}"
    terms = counter.terms.get(code, NO_TERMS)
    refused = for_sellers_of(terms, counter.country)
    if refused:
        return refused
    least, most = terms.least.get(amount.currency), terms.most.get(amount.currency)
    if least is not None and amount.minor < least:
        return f"the least it takes is {grouped(Money(least, amount.currency))}"
    if most is not None and amount.minor > most:
        return f"the most it takes is {grouped(Money(most, amount.currency))}"
    return ""


def for_sellers_of(terms: MethodTerms, country: str | None) -> str:
    """Why a seller of that country cannot use a method; "" where nothing speaks against it."""
    if not terms.countries or country is None or country in terms.countries:
        return ""
    instead = f"; {terms.instead}" if terms.instead else ""
    return f"it is not for sellers in {country}{instead}"


def _unwanted(code: str, wanted: Sequence[Sequence[str]], terms: MethodTerms) -> str:
    if any(code not in choice for choice in wanted):
        return "it was not chosen"
    return "it is offered only where it is chosen" if terms.by_choice and not wanted else ""


def methods_for(code: Currency, codes: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """The payment methods that take this currency. An empty set of currencies means all of them."""
    return tuple(method for method, currencies in codes.items() if not currencies or code in currencies)


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A method that was asked for and that the processor's page does not show, with the likely cause."""

    code: str
    why: str


def missing(asked: Sequence[str], shown: Sequence[str], counter: Counter, amount: Money) -> tuple[Missing, ...]:
    """What a processor left out without a word. Where nothing of ours speaks against a method, it is most likely not
    switched on in the account."""
    found = []
    for code in asked:
        if code not in shown:
            why = _against(counter, code, counter.codes.get(code, frozenset()), amount)
            step = f"most likely it is not switched on in the account at {counter.title}"
            found.append(Missing(code=code, why=why or step))
    return tuple(found)
