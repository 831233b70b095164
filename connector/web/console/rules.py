"""Which decisions post by themselves, what may be missing of an amount, whether notes are pushed, and who was learned
to pay for whom. A change of what posts by itself is stored after somebody has seen what it makes different."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from fastapi.responses import Response

from connector.app.reviewing import forget, known_facts, set_rules, with_rules
from connector.app.setup import set_notes
from connector.app.small import rule_with
from connector.errors import ReceivablesError, UserError
from connector.model.firm import MatchingRules, NotesMode, WriteOffs
from connector.model.party import Account, AccountRole
from connector.model.person import Role
from connector.model.ruling import FactSource
from connector.model.source import Ref
from connector.money import Currency, Money, MoneyError, from_text, plain
from connector.web.console import replanned
from connector.web.console.drawing import page
from connector.web.console.foreseen import Choice
from connector.web.console.ways import Visit, act, look, shown_again

FIELDS = ("oldest_first", "bank_fee", "rounding", "off_account", "off_largest", "off_automatic")
FACTS_SHOWN_MAX = 200
MISSING_MAX = 100_000

SURE = "Sure"
CAREFUL = "After some weeks of proposals that were all right"
BOLD = "Stands on the amount and a known payer alone: last, if at all"
WAITS = "Needs a difference that is not written by itself"

CLASSES: tuple[tuple[str, str, str, str], ...] = (
    (SURE, "key", "The key of the invoice", "The payment carries the stored key of its invoice, as links give it."),
    (SURE, "reference", "Named, and the exact amount", "Its text names invoices, and it is exactly what they are."),
    (SURE, "partial", "Named, and less", "Its text names one invoice of a known payer, and it is a part of it."),
    (CAREFUL, "reference-credit", "Named, less a credit", "What is missing is exactly an open credit of the payer."),
    (CAREFUL, "reference-subset", "Several named, some of them", "Only some of those it names come to its amount."),
    (CAREFUL, "instalment", "Named, with others", "With other payments that name the invoice, it is exactly paid."),
    (CAREFUL, "completion", "Named, and one more", "What is over is exactly one other invoice of the payer."),
    (CAREFUL, "over", "Named, and more", "The rest stays as the customer's credit."),
    (CAREFUL, "near-miss", "One slip in the number", "A number is one slip away from an invoice of that amount."),
    (BOLD, "amount", "The only one of that amount", "Of everything its payer has open, one invoice is its amount."),
    (BOLD, "all-due", "All that is due", "It is exactly everything that its payer owes by now."),
    (BOLD, "subset", "The only sum", "Of everything its payer has open, only these come to its amount."),
    (WAITS, "reference-adjusted", "Named, less a discount or fee", "What is missing is permitted by a term or below."),
    (WAITS, "amount-terms", "The only one, less a discount", "Of what is open, one less its discount is its amount."),
    (WAITS, "converted", "In another currency", "At the rate of its day it is exactly what was open."),
)
"""What a decision stands on: how sure that is, its name, what it is called, and when it is that."""

MODES: tuple[tuple[NotesMode, str], ...] = (
    (NotesMode.OFF, "Never: notes stay here"),
    (NotesMode.ASK, "When somebody says so on the page “Today”"),
    (NotesMode.AUTO, "At once, whenever a contact is logged"),
)


def show(visit: Visit, fault: ReceivablesError | None = None) -> Response:
    """The rules as they are, and the forms that change them."""
    desk, guest = visit.desk, visit.guest
    held, sent = desk.company.matching, guest.form is not None
    home = desk.company.home_currency
    facts = known_facts(desk)
    seen = guest.tools.glass.snapshot(desk)
    known = {name for _, name, _, _ in CLASSES}
    return page(
        visit,
        "rules.html",
        "Rules",
        room="setup",
        tab="rules",
        wrong=fault,
        groups=[(sure, [each for each in CLASSES if each[0] == sure]) for sure in (SURE, CAREFUL, BOLD, WAITS)],
        on=set(guest.every("automatic")) if sent else set(held.automatic),
        unnamed=[each for each in held.automatic if each not in known],
        oldest_first=guest.given("oldest_first") == "yes" if sent else held.oldest_first,
        bank_fee=guest.given("bank_fee", 20) if sent else _amount(held.bank_fee, home),
        rounding=guest.given("rounding", 20) if sent else _amount(held.rounding, home),
        home=home,
        expenses=_expenses(visit),
        off_account=guest.given("off_account", 200) if sent else str(held.write_offs.account or ""),
        off_largest=guest.given("off_largest", 200) if sent else _limits(held.write_offs.largest),
        off_automatic=guest.given("off_automatic") == "yes" if sent else held.write_offs.automatic,
        modes=MODES,
        company=desk.company,
        facts=[(each, seen.name_of(each.customer), _because(each.source)) for each in facts[:FACTS_SHOWN_MAX]],
        facts_count=len(facts),
    )


def _expenses(visit: Visit) -> list[tuple[str, str]]:
    """The expense accounts of the books, by name."""
    own = {each.connection_id for each in visit.desk.connections() if visit.desk.spec(each).keeps_books}
    known = visit.guest.tools.glass.snapshot(visit.desk).accounts if own else {}
    found = [
        (each.name, str(ref))
        for ref, each in known.items()
        if ref.connection in own and each.active and each.role is AccountRole.EXPENSE
    ]
    return sorted(found, key=lambda each: each[0].casefold())


def _because(source: FactSource) -> str:
    return "somebody said so" if source is FactSource.PERSON else "payments said so"


def _amount(minor: int, home: Currency) -> str:
    return plain(Money(minor, home)) if minor else ""


def change(visit: Visit) -> Response:
    """Show what other rules make different; store them once that was shown, or where nothing is different."""
    guest, desk = visit.guest, visit.desk
    held, home = desk.store.company(desk.id).matching, desk.company.home_currency
    named = {name for _, name, _, _ in CLASSES}
    wanted = with_rules(
        desk,
        automatic=[*guest.every("automatic"), *(each for each in held.automatic if each not in named)],
        oldest_first=guest.given("oldest_first") == "yes",
        bank_fee=_minor(guest.given("bank_fee", 20), home),
        rounding=_minor(guest.given("rounding", 20), home),
    )
    wanted = replace(wanted, write_offs=_write_offs(visit))
    if wanted == held:
        return visit.to("rules", said="Nothing is different, and nothing was changed.")
    mark = replanned.mark(held, wanted)
    shown = Choice(
        to="rules",
        back="Rules",
        title="What posts by itself",
        what=_in_words(visit, held, wanted),
        fields={"automatic": guest.every("automatic"), **{name: guest.given(name, 200) for name in FIELDS}},
        mark=mark,
    )
    if guest.given("mark", 40) != mark:
        answer = replanned.ask(visit, shown, rules=wanted)
        if answer is not None:
            return answer
    set_rules(desk, wanted)
    return visit.to("rules", said="The rules are as you chose. The next plan follows them.")


def _minor(text: str, home: Currency) -> int:
    if not text:
        return 0
    try:
        minor = from_text(text, home).minor
    except MoneyError as fault:
        raise UserError(fault.sentence, next_step="Write it as 0.50.") from None
    if not 0 <= minor <= MISSING_MAX:
        raise UserError(f"{text[:20]!r} is too much to be missing.", next_step="Write a small amount, or nothing.")
    return minor


def _write_offs(visit: Visit) -> WriteOffs:
    """What may stay unpaid for good, as the form says it."""
    guest, held = visit.guest, visit.desk.company.matching.write_offs
    account = guest.given("off_account", 200)
    largest = guest.given("off_largest", 200)
    automatic = guest.given("off_automatic") == "yes"
    if (account, largest, automatic) == (str(held.account or ""), _limits(held.largest), held.automatic):
        return held
    return rule_with(visit.desk, account=account or None, largest=largest or "off", automatic=automatic)


def _limits(amounts: Iterable[Money]) -> str:
    return ", ".join(f"{plain(each)} {each.currency}" for each in amounts)


def _in_words(visit: Visit, held: MatchingRules, wanted: MatchingRules) -> list[tuple[str, str, str]]:
    """Of what, what it was, what it is to be."""
    home = visit.desk.company.home_currency
    known = visit.guest.tools.glass.snapshot(visit.desk).accounts
    rows = [
        (title, "by itself" if name in held.automatic else "asks", "by itself" if name in wanted.automatic else "asks")
        for _, name, title, _ in CLASSES
    ]
    rows.append(("Oldest first among identical invoices", _yes(held.oldest_first), _yes(wanted.oldest_first)))
    rows.append(("A bank may have kept", _most(held.bank_fee, home), _most(wanted.bank_fee, home)))
    rows.append(("Missing by rounding", _most(held.rounding, home), _most(wanted.rounding, home)))
    was, then = held.write_offs, wanted.write_offs
    rows.append(("Small differences, at most", _limits(was.largest) or "off", _limits(then.largest) or "off"))
    rows.append(("They are written off to", _account_name(known, was.account), _account_name(known, then.account)))
    rows.append(("They are planned without a word", _yes(was.automatic), _yes(then.automatic)))
    return [each for each in rows if each[1] != each[2]]


def _account_name(known: Mapping[Ref, Account], ref: Ref | None) -> str:
    return known[ref].name if ref is not None and ref in known else "not chosen"


def _yes(value: bool) -> str:  # noqa: FBT001 - a word for a yes or no
    return "yes" if value else "no"


def _most(minor: int, home: Currency) -> str:
    return f"at most {plain(Money(minor, home))}" if minor else "nothing"


def notes(visit: Visit) -> Response:
    """Whether notes of contacts are pushed, and whether the latest status stands on the customer, too."""
    wanted = visit.guest.given("mode", 10)
    if wanted not in tuple(NotesMode):
        raise UserError("How notes are pushed is not chosen.", next_step="Choose one of the three.")
    set_notes(visit.desk, NotesMode(wanted), on_customer=visit.guest.given("on_customer") == "yes")
    said = dict(MODES)[NotesMode(wanted)]
    return visit.to("rules", said=f"Notes are pushed so from now on: {said[:1].lower()}{said[1:]}.")


def unlearn(visit: Visit) -> Response:
    """What was learned of a payer says nothing any more, until somebody decides so again."""
    gone = forget(visit.desk, visit.guest.given("fact", 80))
    return visit.to("rules", said=f"Forgotten: whom {gone.sign} pays for.")


WAYS = (
    look("rules", show),
    act("rules", Role.ADMIN, shown_again(change, show)),
    act("rules/notes", Role.ADMIN, notes),
    act("rules/forget", Role.PREPARE, unlearn),
)
