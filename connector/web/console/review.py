"""Money that waits for a person: what it may be for, what speaks against it, and what the person says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi.responses import Response

from connector import canonical
from connector.app import reviewing
from connector.app.explaining import Explanation, from_store
from connector.app.keeping import kept
from connector.app.refunding import plan_refund
from connector.app.small import write_off
from connector.errors import ReceivablesError, Refused, UserError
from connector.model.person import Role
from connector.model.ruling import Option, Ruling, RulingKind, Waiting
from connector.model.source import Ref, ref_from_text
from connector.money import Money, by_currency, grouped, plain
from connector.reconcile import small
from connector.reconcile.booked import posted_payments
from connector.reconcile.cash.lacking import WORDS as SHORT
from connector.reconcile.cash.record import Line
from connector.reconcile.cash.telling import payer_of
from connector.reconcile.rulings import in_force, number_of
from connector.reconcile.short import HeldBack, last_words
from connector.reconcile.snapshot import Snapshot
from connector.web import words
from connector.web.console.drawing import page
from connector.web.console.ways import Visit, act, look

SHOWN_MAX = 40
OPEN_SHOWN_MAX = 12
FREE_ROWS = 3
RIVALS_SHOWN_MAX = 12
PPM = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An option as it is shown. `mark` names exactly what was seen, so that a yes is a yes to that."""

    number: int
    option: Option
    shares: tuple[tuple[str, Money], ...]
    percent: int
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Money that waits, with what came with it."""

    row: Waiting
    title: str
    payer: str
    on: str
    method: str
    text: str
    why: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of the payment's own text; `read`: a number was read there."""

    text: str
    read: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A row of the form by which somebody splits the money by hand."""

    number: str
    open: Money | None
    amount: str

    @property
    def most(self) -> str:
        """What is open of it, as one types an amount; "" where that is not known."""
        return plain(self.open) if self.open is not None else ""


def review(visit: Visit) -> Response:
    """The list, the largest sums first; by `?by=age` the oldest, by `?reason=` those of one reason."""
    rows = visit.guest.tools.glass.waiting(visit.desk)
    seen = visit.guest.tools.glass.snapshot(visit.desk)
    by, reason = visit.guest.asked("by"), visit.guest.asked("reason")
    if by == "age":
        rows = tuple(sorted(rows, key=lambda row: (seen.payments[row.payment].received_on, row.payment)))
    chosen = [row for row in rows if not reason or row.code == reason]
    return page(
        visit,
        "review.html",
        "Review",
        cases=[_case(seen, row) for row in chosen[:SHOWN_MAX]],
        count=len(chosen),
        more=max(0, len(chosen) - SHOWN_MAX),
        sums=tuple(by_currency(row.gross for row in chosen).values()),
        reasons=[(code, words.reason(code), count) for code, count in Counter(row.code for row in rows).most_common()],
        reason=reason,
        by=by,
        decided=_decided_by_people(seen),
    )


def _case(seen: Snapshot, row: Waiting) -> Case:
    payment = seen.payments[row.payment]
    known = payment.customer if payment.customer in seen.customers else None
    return Case(
        row=row,
        title=words.reason(row.code),
        payer=seen.name_of(known) if known is not None else payment.payer or "Payer not known",
        on=words.day(payment.received_on),
        method=payment.method.replace("_", " "),
        text=" ".join(part for part in (payment.reference, payment.memo) if part),
        why="" if row.code == "proposed" else row.sentence,
        choices=tuple(_choice(seen, number, option) for number, option in enumerate(row.options, start=1)),
    )


def _choice(seen: Snapshot, number: int, option: Option) -> Choice:
    return Choice(
        number=number,
        option=option,
        shares=tuple((number_of(seen, each.target), each.amount) for each in option.allocations),
        percent=min(option.confidence_ppm // PPM, 99),
        mark=_mark(option),
    )


def _mark(option: Option) -> str:
    return canonical.digest(canonical.encode((option.allocations, option.unapplied)))


def _decided_by_people(seen: Snapshot) -> list[tuple[Ruling, str]]:
    """What people said and is in no books yet, so that it can be taken back."""
    posted = posted_payments(seen)
    standing = in_force(seen.rulings)
    said = [each for each in standing.decided.values() if each.kind is RulingKind.HUMAN and each.payment not in posted]
    said += [each for several in standing.rejected.values() for each in several[-1:] if each.payment not in posted]
    said.sort(key=lambda each: each.at, reverse=True)
    return [(each, _in_words(seen, each)) for each in said[:SHOWN_MAX]]


def _in_words(seen: Snapshot, said: Ruling) -> str:
    parts = [f"{grouped(each.amount)} to {number_of(seen, each.target)}" for each in said.allocations]
    if said.unapplied:
        parts.append(f"{grouped(said.unapplied)} on account")
    return ("not " if said.kind is RulingKind.REJECTED else "") + ", ".join(parts)


def one(visit: Visit) -> Response:
    """One payment, with everything that is known of it and the form by which it is split by hand."""
    return _one(visit, visit.guest.asked("payment"))


def _one(visit: Visit, wanted: str, *, fault: ReceivablesError | None = None, given: Sequence[Share] = ()) -> Response:
    seen = visit.guest.tools.glass.snapshot(visit.desk)
    ref = reviewing.payment_of(seen, wanted)
    rows = visit.guest.tools.glass.waiting(visit.desk)
    row = next((each for each in rows if each.payment == ref), None)
    found = from_store(visit.desk, str(ref)) if kept(visit.desk, ref) is not None else None
    return page(
        visit,
        "review_one.html",
        ref.vendor_id,
        room="review",
        ref=ref,
        payment=seen.payments[ref],
        gross=plain(seen.payments[ref].gross),
        payer=seen.name_of(seen.payments[ref].customer),
        file_of=_file_of(seen, ref, found),
        case=_case(seen, row) if row is not None else None,
        found=found,
        pieces=_pieces(found.line) if found is not None else (),
        payer_known=_payer(seen, found.line) if found is not None else "",
        rivals=_rivals(found) if found is not None else (),
        shares=given or _shares(seen, ref, found),
        on_account=visit.guest.given("on_account") == "yes",
        word=in_force(seen.rulings).last(ref),
        rests=_rests(visit, seen, ref),
        reasons=SHORT,
        gives_back=_gives_back(visit, ref),
        in_words=_in_words,
        seen=seen,
        wrong=fault,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What a payment left open of an invoice. `why`: why it may not be written off; "" where it may. `word`: what a
    person said of that."""

    held: HeldBack
    why: str
    word: Ruling | None


def _rests(visit: Visit, seen: Snapshot, ref: Ref) -> list[Rest]:
    """Of a payment that is in the books, and of one that somebody has said what it pays."""
    said = last_words(seen.rulings)
    decided = in_force(seen.rulings).decided.get(ref)
    if decided is None and not seen.in_books(ref) and ref not in posted_payments(seen):
        return []
    rows = []
    for held in small.left_by(seen, ref, visit.guest.tools.glass.decisions(visit.desk)):
        why = small.against(seen, held.left, held.number)
        rows.append(Rest(held=held, why=f"{why.sentence}." if why is not None else "", word=said.get(held.invoice)))
    return rows


def rest(visit: Visit) -> Response:
    """What it left open is written off by the next plan, or stays open whatever the rule is."""
    wanted, off = visit.guest.given("payment"), visit.guest.given("do") == "off"
    try:
        stored = write_off(visit.desk, wanted, off=off)
    except UserError as fault:
        return _one(visit, wanted, fault=fault)
    more = " A plan writes it, once the payment stands in the books." if off else ""
    return visit.to("review/one", said=f"Noted: {stored.sentence}{more}", payment=wanted)


def refund(visit: Visit) -> Response:
    """Plan to give of it back, the way it came; the processor is asked about it first."""
    wanted = visit.guest.given("payment")
    try:
        made = plan_refund(visit.desk, wanted, visit.guest.given("amount", 30))
    except UserError as fault:
        return _one(visit, wanted, fault=fault)
    said = "Nothing was given back yet: this plan does it, once somebody who may approve writes it."
    return visit.to("plan", id=made.plan_id, said=said)


def _gives_back(visit: Visit, ref: Ref) -> bool:
    """Whether the money lies at a processor, which may be asked to give it back."""
    desk = visit.desk
    return any(each.connection_id == ref.connection and not desk.spec(each).is_bank for each in desk.processors())


def short(visit: Visit) -> Response:
    """Why it brought less than was open; what is short stays open, whatever the reason is."""
    wanted = visit.guest.given("payment")
    try:
        stored = reviewing.say_short(visit.desk, wanted, visit.guest.given("why", 30))
    except UserError as fault:
        return _one(visit, wanted, fault=fault)
    why = SHORT[stored.short] if stored.short is not None else "no reason"
    return visit.to("review/one", said=f"Noted: {why}. What is short stays open.", payment=wanted)


def _file_of(seen: Snapshot, ref: Ref, found: Explanation | None) -> Ref | None:
    """The customer of the books whose money it seems to be."""
    group = ref_from_text(found.line.payer.group) if found is not None else None
    return next((each for each in (group, seen.payments[ref].customer) if each in seen.customers), None)


def _payer(seen: Snapshot, line: Line) -> str:
    """Who paid and what says so, with the names that the books have for them."""
    said = payer_of(line)
    for group in (line.payer.group, *line.payer.among):
        ref = ref_from_text(group)
        if ref is not None:
            said = said.replace(group, seen.name_of(ref))
    return said


def _pieces(line: Line) -> list[Piece]:
    """The payment's text, cut where numbers were read in it."""
    text, end, found = line.payment.text, 0, []
    for span in sorted(line.spans, key=lambda each: (each.start, each.end)):
        if span.start >= end:
            found += [
                Piece(text=text[end : span.start], read=False),
                Piece(text=text[span.start : span.end], read=True),
            ]
            end = span.end
    return [*found, Piece(text=text[end:], read=False)]


def _rivals(found: Explanation) -> list[tuple[str, str]]:
    numbers = {item.id: item.number or item.id for item in found.line.items}
    return [
        (", ".join(numbers.get(item, item) for item in rival.items), rival.why)
        for rival in found.line.rivals[:RIVALS_SHOWN_MAX]
    ]


def _shares(seen: Snapshot, ref: Ref, found: Explanation | None) -> list[Share]:
    """What the payer has open, oldest first, each to be given a part; and rows for whatever else."""
    likely = {item.id for item in found.line.items} if found is not None else set()
    payers = {seen.payments[ref].customer, _file_of(seen, ref, found)}
    payers |= {invoice.customer for target, invoice in seen.invoices.items() if str(target) in likely}
    opened = reviewing.owed_by(seen, payers, seen.payments[ref].gross.currency)[:OPEN_SHOWN_MAX]
    rows = [
        Share(number=seen.invoices[target].number or str(target), open=seen.invoices[target].open, amount="")
        for target in opened
    ]
    return rows + [Share(number="", open=None, amount="")] * FREE_ROWS


def say(visit: Visit) -> Response:
    """A yes or a no to an option, exactly as it was shown."""
    guest, wanted = visit.guest, visit.guest.given("payment")
    number = guest.given("number")
    if not number.isdecimal():
        raise UserError("No option was chosen.", next_step="Look again: receivables review")
    seen = guest.tools.glass.snapshot(visit.desk)
    held = kept(visit.desk, reviewing.payment_of(seen, wanted))
    options = held.options if held is not None else ()
    if not 0 < int(number) <= len(options) or _mark(options[int(number) - 1]) != guest.given("mark"):
        raise Refused("What was shown is not what it may be now.", next_step="Look again: receivables review")
    if guest.given("do") == "reject":
        stored = reviewing.reject(visit.desk, wanted, int(number))
    else:
        stored = reviewing.confirm(visit.desk, wanted, int(number))
    return visit.to("review", said=_told(visit, stored.ruling))


def split(visit: Visit) -> Response:
    """What a person says it pays, split as they like; what they typed is kept where it cannot be."""
    guest, wanted = visit.guest, visit.guest.given("payment")
    numbers, amounts = guest.every("number"), guest.every("amount")
    given = list(zip(numbers, amounts, strict=False))
    shares = [(number, amount) for number, amount in given if number and amount]
    try:
        stored = reviewing.allocate(visit.desk, wanted, shares, on_account=guest.given("on_account") == "yes")
    except UserError as fault:
        return _one(visit, wanted, fault=fault, given=_again(visit, given))
    return visit.to("review", said=_told(visit, stored.ruling))


def _again(visit: Visit, given: Sequence[tuple[str, str]]) -> list[Share]:
    """The rows as they were sent, with what is open of each."""
    seen = visit.guest.tools.glass.snapshot(visit.desk)
    opened = {each.number: each.open for ref, each in seen.invoices.items() if seen.in_books(ref)}
    return [Share(number=number, open=opened.get(number), amount=amount) for number, amount in given]


def take_back(visit: Visit) -> Response:
    """Take back the last word about a payment that is in no books yet."""
    stored = reviewing.undo(visit.desk, visit.guest.given("payment"))
    return visit.to("review", said=_told(visit, stored.ruling))


def _told(visit: Visit, said: Ruling) -> str:
    seen = visit.guest.tools.glass.snapshot(visit.desk)
    what, name = _in_words(seen, said), said.payment.vendor_id
    if said.kind is RulingKind.UNDONE:
        return f"Taken back: what was said about {name} ({what})."
    if said.kind is RulingKind.REJECTED:
        return f"Noted: {name} does not give {what.removeprefix('not ')}. It is not proposed again."
    return f"Decided: {name} gives {what}. A plan writes it."


WAYS = (
    look("review", review),
    look("review/one", one),
    act("review/say", Role.PREPARE, say),
    act("review/split", Role.PREPARE, split),
    act("review/undo", Role.PREPARE, take_back),
    act("review/rest", Role.PREPARE, rest),
    act("review/short", Role.PREPARE, short),
    act("review/refund", Role.PREPARE, refund),
)
