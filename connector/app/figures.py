"""What was worked out of a company's mirror and takes long to work out, kept as plain values for pages that must not
wait: the proof as it is shown, and the figures of a first page.

Each is good for one end of the journal and one of the company's days. Whoever shows an older one says of when it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import TypeVar

from connector import canonical
from connector.app.agreeing import sentence
from connector.app.approving import Consent, consent, consent_for
from connector.app.books import read_plan
from connector.app.collecting import today
from connector.app.house import Desk
from connector.app.proof import MoneyRow, Proof, prove
from connector.dates import BusinessDate, Instant, later, midnight, zone
from connector.errors import StoreLocked
from connector.model.finding import FindingCode
from connector.model.source import PlanId
from connector.money import Money, by_currency
from connector.plan.groups import sums_of
from connector.reconcile.agreement import next_step
from connector.reconcile.sides import Sheet
from connector.store.figures import Figure

DIFFERENCES_SHOWN = 60
ROWS_SHOWN = 200
"""So many payments of each kind are kept of a proof; all of them are in the file that `prove --html` makes."""

RECORDS_AT_ONCE = 1_000
"""Of a company with no more records than that, a page works everything out by itself: that takes no longer than drawing
it."""

PROOF, FIRST_PAGE, PLAN = "proof", "first page", "plan "

ASKED = frozenset(
    {
        FindingCode.ALREADY_SETTLED,
        FindingCode.AMBIGUOUS,
        FindingCode.CUT_TEXT,
        FindingCode.DECISION_OVERTAKEN,
        FindingCode.EQUAL_ITEMS,
        FindingCode.FITS_NOTHING,
        FindingCode.NOTHING_OPEN,
        FindingCode.NOT_IDENTIFIED,
        FindingCode.NO_REFERENCE,
        FindingCode.OTHER_AMOUNT,
        FindingCode.PROPOSED,
        FindingCode.REUSED_KEY,
        FindingCode.SAME_AMOUNT_AGAIN,
        FindingCode.SEVERAL_PAYERS,
        FindingCode.STALE_KEY,
        FindingCode.UNKNOWN_PAYER,
        FindingCode.UNKNOWN_REFERENCE,
        FindingCode.WRONG_CURRENCY,
        FindingCode.WRONG_CUSTOMER,
    }
)
"""Why money waits for somebody to say what it pays."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What has to agree, in one currency: both sides, how many entries contradict, and how many only wait. `unknown`:
    one of them cannot be read any more."""

    name: str
    here: str
    there: str
    total_here: Money
    total_there: Money
    difference: Money
    differing: int
    waiting: int
    unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Different:
    """A difference in words."""

    kind: str
    where: str
    sentence: str
    next_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """A value about which both sides say something else than was agreed."""

    about: str
    field: str
    agreed: str
    here: str
    there: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A proof as it is shown.

    `agreeing`, `waiting` and `wrong` count entries; `applied`, `decided`, `listed` and `lost` count payments; `others`
    counts problems that are no difference. `applied_rows` and `unapplied_rows` may be the first of them only. `unknown`
    says which systems are disconnected.
    """

    as_of: BusinessDate
    data_as_of: Instant | None
    proven: bool
    holds: bool
    agreeing: int
    waiting: int
    wrong: int
    others: int
    chain_holds: bool
    applied: int
    decided: int
    listed: int
    lost: int
    unapplied: int
    unset: tuple[str, ...]
    warnings: tuple[str, ...]
    rows: tuple[Held, ...]
    differing: int
    differences: tuple[Different, ...]
    conflicts: tuple[Apart, ...]
    problems: tuple[str, ...]
    head: tuple[int, str]
    applied_rows: tuple[MoneyRow, ...]
    unapplied_rows: tuple[MoneyRow, ...]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstPage:
    """What a first page says of collecting: how many invoices somebody should be contacted about today, how many
    payments wait for a person, and what people did since yesterday began."""

    due: int
    due_sums: tuple[Money, ...]
    waits: int
    rulings: int
    ruling_sums: tuple[Money, ...]
    contacts: int
    promises: int
    promise_sums: tuple[Money, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFigures:
    """What a list needs of a plan, which never changes once it is stored."""

    made_by: str
    lines: int
    sums: tuple[Money, ...]
    undoes: bool = False
    plan_hash: str = ""


def shown_of(proof: Proof, *, rows_max: int | None = None) -> Proven:
    """A proof as it is shown: with all its payments, or with so many of each kind."""
    report = proof.report
    fates, unapplied = proof.fates, proof.unapplied
    applied = [row for row in proof.money if row.fate == "applied"]
    found = report.differences
    known = sum(fates.get(each, 0) for each in ("applied", "decided", "lost"))
    return Proven(
        as_of=proof.as_of,
        data_as_of=proof.data_as_of,
        proven=proof.proven,
        holds=proof.holds,
        agreeing=report.agreeing,
        waiting=report.waiting,
        wrong=sum(not sheet.waits(each) for sheet, each in found),
        others=len(proof.others),
        chain_holds=not proof.chain,
        applied=len(applied),
        decided=fates.get("decided", 0),
        listed=len(proof.money) - known,
        lost=fates.get("lost", 0),
        unapplied=len(unapplied),
        unset=tuple(report.unset),
        warnings=proof.warnings,
        rows=tuple(row for sheet in report.sheets for row in _held(sheet, unknown=report.is_unknown(sheet))),
        differing=len(found),
        differences=tuple(
            Different(kind=each.kind, where=sheet.name, sentence=sentence(sheet, each), next_step=next_step(each))
            for sheet, each in found[:DIFFERENCES_SHOWN]
        ),
        conflicts=tuple(_apart(proof)),
        problems=proof.problems,
        head=proof.head,
        applied_rows=tuple(applied[:rows_max]),
        unapplied_rows=unapplied[:rows_max],
        unknown=report.unknown,
    )


def _held(sheet: Sheet, *, unknown: bool) -> Iterator[Held]:
    for total in sheet.agreement.totals:
        own = [each for each in sheet.agreement.differences if each.entry.amount.currency == total.currency]
        waiting = sum(sheet.waits(each) for each in own)
        yield Held(
            name=sheet.name,
            here=sheet.here,
            there=sheet.there,
            total_here=total.here,
            total_there=total.there,
            difference=total.difference,
            differing=len(own) - waiting,
            waiting=waiting,
            unknown=unknown,
        )


def _apart(proof: Proof) -> Iterator[Apart]:
    for each in proof.conflicts:
        for value in each.conflict.values:
            yield Apart(
                about=each.conflict.about.vendor_id,
                field=value.field,
                agreed=value.agreed,
                here=value.here,
                there=value.there,
            )


def keep_proof(desk: Desk, proof: Proof) -> Proven:
    """Keep a proof of the whole mirror as it was proved just now."""
    shown = shown_of(proof, rows_max=ROWS_SHOWN)
    keep_as(desk, PROOF, shown, head=proof.head[0], day=proof.as_of)
    return shown


def proven(desk: Desk) -> Proven:
    """Prove, and keep it."""
    return keep_proof(desk, prove(desk))


def first_page(desk: Desk) -> FirstPage:
    """Work out what a first page says, and keep it."""
    head, day = desk.store.head(desk.id)[0], desk.today
    begun = yesterday(desk)
    keeps_books = any(desk.spec(each).keeps_books for each in desk.connections())
    due = [each for each in today(desk) if each.due] if keeps_books else []
    rulings = [each for each in desk.store.rulings(desk.id) if each.at >= begun]
    contacts = [each for each in desk.store.contacts(desk.id) if each.at >= begun]
    promised = [each.promise.amount for each in contacts if each.promise is not None]
    made = FirstPage(
        due=len(due),
        due_sums=_sums(each.invoice.open for each in due),
        waits=asked_count(desk),
        rulings=len(rulings),
        ruling_sums=_sums(each.gross for each in rulings),
        contacts=len(contacts),
        promises=len(promised),
        promise_sums=_sums(promised),
    )
    keep_as(desk, FIRST_PAGE, made, head=head, day=day)
    return made


def asked_count(desk: Desk) -> int:
    """How many payments wait for a person, as deciding left them."""
    return len({each.refs[0] for each in desk.store.findings(desk.id) if each.refs and each.code in ASKED})


def yesterday(desk: Desk) -> Instant:
    """When yesterday began where the company is."""
    return midnight(later(desk.today, -1), zone(desk.company.zone))


def _sums(amounts: Iterable[Money]) -> tuple[Money, ...]:
    return tuple(by_currency(amounts).values())


def keep_as(desk: Desk, name: str, value: object, *, head: int, day: BusinessDate) -> None:
    """Keep it under that name, in the place of what was kept before, as of that end of the journal and that day."""
    # Not where something moved meanwhile: it would be told as of an end of the journal that it is not of. And where the
    # store is busy, whoever asks next works it out again.
    if desk.store.head(desk.id)[0] == head:
        body = f"{_release()}\n{canonical.encode(value).decode()}"
        with suppress(StoreLocked):
            desk.store.keep_figure(desk.id, name, head=head, day=day, body=body)


@cache
def _release() -> str:
    """What another release kept is worked out anew: it may have meant something else by it."""
    return version("receivables-connector")


def kept_as(desk: Desk, name: str, shape: type[T]) -> tuple[T, Figure] | None:
    """What was kept under that name, and when; None where nothing was, or another release kept it otherwise."""
    held = desk.store.figure(desk.id, name)
    release, _, body = held.body.partition("\n") if held is not None else ("", "", "")
    if held is None or release != _release():
        return None
    try:
        return canonical.decode(body.encode(), shape), held
    except canonical.DecodeError:
        return None


def is_current(desk: Desk, held: Figure) -> bool:
    """Whether nothing has happened since it was worked out."""
    return (held.head, held.day) == (desk.store.head(desk.id)[0], desk.today)


def takes_long(desk: Desk) -> bool:
    """Whether the company is so large that no page is to wait until its figures are worked out."""
    return sum(desk.store.sizes(desk.id).values()) > RECORDS_AT_ONCE


def keep_all(desk: Desk) -> None:
    """Work out everything that pages show, for whoever looks next, where that takes long; what is current already is
    left as it is."""
    if not takes_long(desk):
        return
    work: tuple[tuple[str, Callable[[Desk], object]], ...] = ((FIRST_PAGE, first_page), (PROOF, proven))
    for name, make in work:
        held = desk.store.figure(desk.id, name)
        if held is None or not is_current(desk, held):
            make(desk)


def plan_figures(desk: Desk, plan_id: PlanId) -> PlanFigures:
    """What a list needs of a plan: worked out of the plan once, because no plan changes."""
    found = kept_as(desk, f"{PLAN}{plan_id}", PlanFigures)
    if found is not None:
        return found[0]
    made = read_plan(plan_id, desk.store.plan(desk.id, plan_id))
    figures = PlanFigures(
        made_by=made.made_by,
        lines=len(made.lines),
        sums=sums_of(made.lines),
        undoes=bool(made.undoes),
        plan_hash=consent(desk, made).plan_hash,
    )
    keep_as(desk, f"{PLAN}{plan_id}", figures, head=desk.store.head(desk.id)[0], day=desk.today)
    return figures


def consent_of(desk: Desk, plan_id: PlanId, held: PlanFigures) -> Consent:
    """How it stands with the company's rule of today."""
    return consent_for(desk, plan_id, held.made_by, plan_hash=held.plan_hash, sums=held.sums)
