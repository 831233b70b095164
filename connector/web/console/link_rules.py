"""What holds for every payment link: what may be missing, which methods and what they cost, how long a link lives, and
whether invoices show it. What a change does to invoices and to links that are out is shown before it is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fastapi.responses import Response

from connector.app.counters import counters
from connector.app.link_rules import (
    NONE,
    OFF,
    PAID,
    Change,
    keep_rules,
    percent_of,
    price_in_words,
    set_rules,
    with_change,
)
from connector.app.on_invoices import lines_standing, lines_to_change, places
from connector.errors import ReceivablesError, UserError
from connector.model.paylink import LinkRules
from connector.model.person import Role
from connector.model.source import ref_from_text
from connector.money import Currency, Money, plain
from connector.paylinks import NO_TERMS, Counter, for_sellers_of
from connector.paylinks.on_invoice import WORDS
from connector.web.console import replanned
from connector.web.console.drawing import page
from connector.web.console.foreseen import Choice
from connector.web.console.ways import Guest, Visit, act, look, shown_again
from connector.web.words import counted, opening

ROOM, TITLE = "links/rules", "Rules of payment links"
PLACE, ALONE, PRICE = "place-", "alone-", "price-"
"""Fields of a method: its place for everybody, its place for one customer, and what it costs the firm."""

TYPED = ("tolerance", "percent", "expire_days", "invoice_words")
CURRENCIES_NAMED_MAX = 4
CHOSEN = ("on_invoice", "when_paid")
MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One way to pay. `place`: its place in the firm's own list, "" where it is not on it; `alone`: the one typed for a
    single customer; `own` the firm's price, `listed` that of the price list; `against` why it cannot be offered now,
    and `only` when it is; `never`: no seller of this country has it, and the firm's rules do not name it."""

    code: str
    title: str
    who: str
    place: str
    alone: str
    own: str
    listed: str
    against: str
    only: str
    by_choice: bool
    never: bool


def show(visit: Visit, fault: ReceivablesError | None = None) -> Response:
    """The rules as they are, and the forms that change them."""
    desk, guest = visit.desk, visit.guest
    held, home = desk.company.links, desk.company.home_currency
    known, why_nowhere = _places(visit)
    methods, seen = _methods(visit), guest.tools.glass.snapshot(desk)
    titles = {each.code: each.title for each in methods}
    return page(
        visit,
        "link_rules.html",
        TITLE,
        room="links",
        wrong=fault,
        home=home,
        held=held,
        typed={**_as_typed(held, home), **_sent(guest, *TYPED, *CHOSEN)},
        methods=[each for each in methods if not each.never],
        never=_never(methods),
        places=known,
        why_nowhere=why_nowhere,
        our_words=WORDS["en"],
        of_customers=[
            (ref, seen.name_of(ref_from_text(ref)), [titles.get(code, code) for code in codes])
            for ref, codes in held.methods_of.items()
        ],
        customer=guest.given("customer", MOST),
    )


def _sent(guest: Guest, *names: str) -> dict[str, str]:
    """What somebody typed stays in the form while something of it cannot be."""
    return {name: guest.given(name, MOST) for name in names if guest.form is not None and name in guest.form}


def _as_typed(rules: LinkRules, home: Currency) -> dict[str, str]:
    """The rules as they stand in the fields of the form."""
    return {
        "tolerance": plain(Money(rules.tolerance, home)) if rules.tolerance else "",
        "percent": percent_of(rules.tolerance_basis_points) if rules.tolerance_basis_points else "",
        "expire_days": str(rules.expire_days or ""),
        "invoice_words": rules.invoice_words,
        "on_invoice": rules.on_invoice or OFF,
        "when_paid": PAID[rules.off_when_paid],
    }


def _places(visit: Visit) -> tuple[Mapping[str, str], ReceivablesError | None]:
    """Where on an invoice a link can stand, and why nowhere."""
    try:
        return places(visit.desk), None
    except ReceivablesError as fault:
        return {}, fault


def _methods(visit: Visit) -> list[Method]:
    """Every method that could be offered, and those on the firm's list that nobody offers any more."""
    held, home, guest = visit.desk.company.links, visit.desk.company.home_currency, visit.guest
    known = counters(visit.desk)
    codes = dict.fromkeys([*held.methods, *(code for each in known for code in each.codes), *held.costs])
    rows = []
    for code in codes:
        those = [each for each in known if code in each.codes]
        terms = [each.terms.get(code, NO_TERMS) for each in those]
        prices = [price_in_words(each.price, home) for each in terms if each.price is not None]
        typed = _sent(guest, PLACE + code, ALONE + code, PRICE + code)
        rows.append(
            Method(
                code=code,
                title=next((each.titles[code] for each in those if code in each.titles), code),
                who=", ".join(each.title for each in those),
                place=typed.get(PLACE + code, str(held.methods.index(code) + 1) if code in held.methods else ""),
                alone=typed.get(ALONE + code, ""),
                own=typed.get(PRICE + code, price_in_words(held.costs[code], home) if code in held.costs else ""),
                listed=prices[0] if prices else "",
                against=_against(code, those),
                never=bool(those) and code not in {*held.methods, *held.costs} and all(_refused(code, those)),
                only=_only(code, those),
                by_choice=any(each.by_choice for each in terms),
            )
        )
    return sorted(rows, key=lambda each: bool(each.against))


def _against(code: str, those: list[Counter]) -> str:
    """Why no processor could offer it now; "" where one could."""
    why = [each.trouble or refused for each, refused in zip(those, _refused(code, those), strict=True)]
    return "" if "" in why else why[0] if why else "no connected processor offers it"


def _refused(code: str, those: list[Counter]) -> list[str]:
    """Why sellers of its country cannot have it, of each processor; "" where they can."""
    return [for_sellers_of(each.terms.get(code, NO_TERMS), each.country) for each in those]


def _never(methods: Sequence[Method]) -> dict[str, list[str]]:
    """What nobody here can be offered, by the reason."""
    found: dict[str, list[str]] = {}
    for each in methods:
        if each.never:
            found.setdefault(each.against, []).append(each.title)
    return found


def _only(code: str, those: list[Counter]) -> str:
    """For which amounts it is offered; "" for any."""
    currencies = frozenset[str]().union(*(each.codes[code] for each in those))
    everything = any(not each.codes[code] for each in those)
    return "" if everything or len(currencies) > CURRENCIES_NAMED_MAX else f"for {', '.join(sorted(currencies))}"


def change(visit: Visit) -> Response:
    """Show what other rules do; store them once that was shown, or where they do nothing to what is out."""
    guest, desk = visit.guest, visit.desk
    held = desk.company.links
    wanted = with_change(desk, _asked(visit))
    if wanted == held:
        return visit.to(ROOM, said="Nothing is different, and nothing was changed.")
    what = list(_in_words(visit, held, wanted))
    mark = replanned.mark(held, wanted)
    effects = tuple(_effects(visit, held, wanted))
    if effects and guest.given("mark", 40) != mark:
        fields = {name: guest.given(name, MOST) for name in guest.form or {} if name not in ("form", "mark")}
        choice = Choice(
            to=ROOM,
            back=TITLE,
            title="What holds for every link",
            what=what,
            fields=fields,
            mark=mark,
            room="links",
            effects=effects,
        )
        return replanned.shown(visit, choice)
    keep_rules(desk, wanted)
    return visit.to(ROOM, said="; ".join(f"{of}: {then}" for of, _, then in what) + ". That is so from now on.")


def _asked(visit: Visit) -> Change:
    """The form as a change of what stands there; what is as it was stays untouched, whatever it is."""
    guest, held = visit.guest, visit.desk.company.links
    was = _as_typed(held, visit.desk.company.home_currency)
    sent = {**was, **_sent(guest, *TYPED, *CHOSEN)}
    new = {name: value for name, value in sent.items() if value != was[name]}
    days = new.get("expire_days")
    if days is not None and not (days or "0").isdecimal():
        raise UserError(f"{days[:20]!r} is no number of days.", next_step="For example 90, or nothing at all.")
    rows = _methods(visit)
    methods, costs = _listed({each.code: each.place for each in rows}), ",".join(_priced(visit, rows))
    return Change(
        tolerance=_or(new, "tolerance", "0"),
        tolerance_percent=_or(new, "percent", "0"),
        methods=",".join(methods) or NONE if methods != held.methods else None,
        cost=costs or None,
        expire_days=int(days or 0) if days is not None else None,
        on_invoice=new.get("on_invoice"),
        invoice_words=_or(new, "invoice_words", NONE),
        when_paid=new.get("when_paid"),
    )


def _or(new: Mapping[str, str], name: str, empty: str) -> str | None:
    """What was typed in place of what stood there, and `empty` for an emptied field; None where nothing was."""
    value = new.get(name)
    return None if value is None else value or empty


def _listed(places_of: Mapping[str, str]) -> tuple[str, ...]:
    """The methods that were given a place, the first first; of equal places as they stand on the page."""
    for code, place in places_of.items():
        if place and not place.isdecimal():
            raise UserError(f"{place[:20]!r} is no place for {code}.", next_step="Write 1 for the first.")
    given = [code for code, place in places_of.items() if place]
    return tuple(sorted(given, key=lambda code: int(places_of[code])))


def _priced(visit: Visit, rows: Sequence[Method]) -> Iterator[str]:
    """The prices that are to be others, as the rules take them."""
    held, home = visit.desk.company.links.costs, visit.desk.company.home_currency
    for each in rows:
        was = price_in_words(held[each.code], home) if each.code in held else ""
        typed = "".join(each.own.split())
        if typed != was:
            yield f"{each.code}={typed or NONE}"


def _in_words(visit: Visit, held: LinkRules, wanted: LinkRules) -> Iterator[tuple[str, str, str]]:
    """Of what, what it was, what it is to be."""
    home = visit.desk.company.home_currency
    titles = {each.code: each.title for each in _methods(visit)}
    pairs = zip(_told(held, titles, home).items(), _told(wanted, titles, home).values(), strict=True)
    yield from ((of, was, then) for (of, was), then in pairs if was != then)


def _told(rules: LinkRules, titles: Mapping[str, str], home: Currency) -> dict[str, str]:
    missing = [plain(Money(rules.tolerance, home)) + f" {home}"] if rules.tolerance else []
    missing += [f"{percent_of(rules.tolerance_basis_points)} %"] if rules.tolerance_basis_points else []
    prices = {
        f"Your price of {title}": price_in_words(rules.costs[code], home) if code in rules.costs else "the price list's"
        for code, title in titles.items()
    }
    return {
        "May be missing": ", and at most ".join(missing) or "nothing",
        "Methods": ", ".join(titles.get(code, code) for code in rules.methods) or "all that apply",
        **prices,
        "Links end": f"after {rules.expire_days} days" if rules.expire_days else "with their debt",
        "Links on invoices": rules.on_invoice or "nowhere",
        "In the words": rules.invoice_words or "ours",
        "A paid invoice": "loses its link" if rules.off_when_paid else "keeps its link",
    }


def _effects(visit: Visit, held: LinkRules, wanted: LinkRules) -> Iterator[str]:
    """What it does to invoices and to links that are out."""
    shown = [(each.on_invoice, each.invoice_words, each.off_when_paid) for each in (held, wanted)]
    if shown[0] != shown[1] and wanted.on_invoice:
        count = lines_to_change(visit.desk, wanted)
        if count:
            yield (
                f"The next plan has a line for up to {counted(count, 'invoice')} that would show a link otherwise than "
                "now. It is written when somebody applies the plan, or by auto-sync within its bounds."
            )
    elif shown[0] != shown[1]:
        count = lines_standing(visit.desk)
        if count:
            yield f"{counted(count, 'invoice keeps', 'invoices keep')} the link that stands there: no plan changes it."
    methods = [each for each in _methods(visit) if each.code in wanted.methods]
    if wanted.methods != held.methods and methods and all(each.against for each in methods):
        why = opening("; ".join(f"{each.title}: {each.against}" for each in methods))
        yield f"None of these methods can be offered now, so links would show no way to pay. {why}."


def for_customer(visit: Visit) -> Response:
    """Other methods for one customer, or the same as for all again."""
    guest = visit.guest
    methods = _listed({each.code: each.alone for each in _methods(visit)})
    set_rules(visit.desk, Change(methods=",".join(methods) or NONE, customer=guest.given("customer", MOST)))
    return visit.to(ROOM, said="Their links offer that from now on." if methods else "They are offered what all are.")


WAYS = (
    look(ROOM, show),
    act(ROOM, Role.ADMIN, shown_again(change, show)),
    act(f"{ROOM}/customer", Role.ADMIN, shown_again(for_customer, show)),
)
