"""How a company's payment links behave: set once, and shown with what they were."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from connector.app.counters import counters
from connector.app.house import Desk
from connector.app.linking import Wish, known_methods
from connector.app.on_invoices import places, refuse_where_nobody_can_open
from connector.errors import UserError
from connector.model.paylink import AmountMode, LinkRules, Price
from connector.model.source import Kind, Ref
from connector.money import Currency, Money, MoneyError, from_text, plain
from connector.paylinks import checked

_PRICE = re.compile(r"(?:(\d{1,2}(?:\.\d{1,2})?)%)?\+?(\d{1,6}(?:\.\d{1,4})?)?(?:<=(\d{1,6}(?:\.\d{1,4})?))?", re.ASCII)
NONE, OFF = "none", "off"
PAID = ("keep", "remove")
EXPIRE_DAYS_MAX = 3_650


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to be different; None leaves it as it is. `cost`: one method's price, or several by commas."""

    tolerance: str | None = None
    tolerance_percent: str | None = None
    methods: str | None = None
    customer: str | None = None
    cost: str | None = None
    expire_days: int | None = None
    on_invoice: str | None = None
    invoice_words: str | None = None
    when_paid: str | None = None


def set_rules(desk: Desk, change: Change) -> LinkRules:
    """Change the rules and return them as they are now. Errors: as `with_change`'s."""
    return keep_rules(desk, with_change(desk, change))


def keep_rules(desk: Desk, rules: LinkRules) -> LinkRules:
    """Store them, where they are others than those that are stored."""
    if rules != desk.company.links:
        desk.store.set_company(replace(desk.company, links=rules), desk.actor)
        desk.company = replace(desk.company, links=rules)
    return rules


def with_change(desk: Desk, change: Change) -> LinkRules:
    """The rules as they would be; nothing is stored. Errors: UserError, Refused for a method nobody can offer."""
    rules, code = desk.company.links, desk.company.home_currency
    if change.tolerance is not None:
        rules = replace(rules, tolerance=_missing(change.tolerance, code))
    if change.tolerance_percent is not None:
        rules = replace(rules, tolerance_basis_points=_points(change.tolerance_percent))
    if change.methods is not None:
        rules = _with_methods(desk, rules, change.methods, change.customer)
    if change.cost is not None:
        known = {method for each in counters(desk) for method in each.codes}
        for each in change.cost.split(","):
            rules = _with_cost(rules, each.strip(), known, code)
    if change.expire_days is not None:
        if not 0 <= change.expire_days <= EXPIRE_DAYS_MAX:
            raise UserError(
                f"Links end after 1 to {EXPIRE_DAYS_MAX:,} days, or never.", next_step="Write a number of days."
            )
        rules = replace(rules, expire_days=change.expire_days or None)
    return _on_invoices(desk, rules, change)


def _missing(text: str, code: Currency) -> int:
    minor = _minor(text, code)
    if minor < 0:
        raise UserError("Less than nothing cannot be missing.", next_step="For example 0.50, or 0 for nothing.")
    return minor


def _minor(text: str, code: Currency) -> int:
    try:
        return from_text(text, code).minor
    except MoneyError as fault:
        raise UserError(fault.sentence, next_step="For example 0.50, or 0 for nothing.") from None


def _on_invoices(desk: Desk, rules: LinkRules, change: Change) -> LinkRules:
    """Where on an invoice links stand, in which words, and whether they stay once it is paid."""
    if change.on_invoice is not None:
        place = "" if change.on_invoice in (OFF, NONE) else change.on_invoice
        known = places(desk) if place else {}
        if place and place not in known:
            told = ", ".join(f"{name} ({what})" for name, what in known.items())
            raise UserError(f"There is no place {place[:30]!r} on an invoice.", next_step=f"Those there are: {told}.")
        if place:
            refuse_where_nobody_can_open(desk)
        rules = replace(rules, on_invoice=place)
    if change.invoice_words is not None:
        rules = replace(rules, invoice_words=checked(change.invoice_words) if change.invoice_words != NONE else "")
    if change.when_paid is not None:
        if change.when_paid not in PAID:
            raise UserError(
                f"A paid invoice keeps its link or loses it, not {change.when_paid[:20]!r}.",
                next_step="Use --when-paid keep or --when-paid remove.",
            )
        rules = replace(rules, off_when_paid=change.when_paid == PAID[1])
    return rules


def _with_methods(desk: Desk, rules: LinkRules, text: str, customer: str | None) -> LinkRules:
    methods = methods_in(text)
    known_methods(desk, Wish(methods=methods))
    if customer is None:
        return replace(rules, methods=methods)
    ref = _customer(desk, customer)
    others = {name: codes for name, codes in rules.methods_of.items() if name != str(ref)}
    return replace(rules, methods_of={**others, str(ref): methods} if methods else others)


def methods_in(text: str) -> tuple[str, ...]:
    """Codes by commas, the preferred first; `none` for no list at all."""
    codes = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    return () if codes == (NONE,) else codes


def mode_in(text: str | None, code: Currency) -> tuple[AmountMode, Money | None]:
    """`free`, `minimum:50.00`, or nothing for the whole amount."""
    if text is None or text == "off":
        return AmountMode.WHOLE, None
    if text == AmountMode.FREE:
        return AmountMode.FREE, None
    word, colon, amount = text.partition(":")
    if word == AmountMode.MINIMUM and colon:
        return AmountMode.MINIMUM, from_text(amount, code)
    raise UserError(
        f"Part payments are off, free, or minimum:AMOUNT, not {text[:30]!r}.", next_step="For example minimum:50.00"
    )


def _with_cost(rules: LinkRules, text: str, known: set[str], code: Currency) -> LinkRules:
    method, _, price = text.partition("=")
    if not price or method not in known | rules.costs.keys():
        raise UserError(f"{text[:40]!r} is not METHOD=PRICE.", next_step="For example card=2.9%+0.30")
    others = {name: held for name, held in rules.costs.items() if name != method}
    if price == NONE:
        return replace(rules, costs=others)
    found = _PRICE.fullmatch(price)
    if found is None or not (found[1] or found[2]):
        raise UserError(f"{price[:30]!r} is not a price.", next_step="For example 2.9%+0.30, 0.8%<=5.00 or 1.00")
    most = {str(code): _minor(found[3], code)} if found[3] else {}
    fixed = {str(code): _minor(found[2] or "0", code)}
    paid = Price(basis_points=_points(found[1] or "0"), fixed=fixed, most=most)
    return replace(rules, costs={**others, method: paid})


def price_in_words(price: Price, code: Currency) -> str:
    """A price as it is typed: 2.9%+0.30, 0.8%<=5.00, 1.00."""
    fixed, most = price.fixed.get(code, 0), price.most.get(code)
    parts = [f"{percent_of(price.basis_points)}%"] if price.basis_points or not fixed else []
    parts += [plain(Money(fixed, code))] if fixed else []
    return "+".join(parts) + (f"<={plain(Money(most, code))}" if most is not None else "")


def percent_of(points: int) -> str:
    """Hundredths of a percent as a percentage is typed: 2.9."""
    whole, part = divmod(points, 100)
    return f"{whole}.{part:02d}".rstrip("0").rstrip(".")


def _points(percent: str) -> int:
    """Hundredths of a percent."""
    if not re.fullmatch(r"\d{1,2}(?:\.\d{1,2})?", percent, re.ASCII):
        raise UserError(f"{percent[:20]!r} is not a percentage.", next_step="For example 0.5")
    return int(Decimal(percent) * 100)


def _customer(desk: Desk, wanted: str) -> Ref:
    key = wanted.strip().casefold()
    found = [
        stored.ref
        for stored in desk.store.records(desk.id, Kind.CUSTOMER, connection=desk.books().connection_id)
        if key in (str(stored.ref).casefold(), getattr(stored.record, "name", "").casefold())
    ]
    if len(found) != 1:
        raise UserError(
            f"There {'are several customers' if found else 'is no customer'} {wanted[:40]!r} in the books.",
            next_step="Write the name as it stands there.",
        )
    return found[0]
