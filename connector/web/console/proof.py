"""Whether books, processors and the connector agree, entry by entry; and why something is off by so much."""

from __future__ import annotations

from fastapi.responses import Response

from connector.app.apart import Why, why
from connector.app.figures import Proven
from connector.dates import business_date
from connector.errors import ReceivablesError
from connector.reconcile.apart import IN_WORDS
from connector.web import words
from connector.web.console.drawing import page
from connector.web.console.lately import THE_PROOF
from connector.web.console.ways import Visit, look


def show(visit: Visit) -> Response:
    """The proof as it stands now."""
    told = visit.guest.tools.lately(visit.desk, THE_PROOF)
    return page(
        visit,
        "proof.html",
        "Proof",
        told=told,
        again=told.working,
        proven=told.value,
        anchor="company",
        headline=_headline(told.value) if told.value is not None else "The proof is being worked out",
    )


def _headline(proof: Proven) -> str:
    if proof.proven:
        return "Proven: nothing differs"
    if proof.holds and proof.unknown:
        return "Not proven: nothing contradicts, and not all is known"
    if proof.holds:
        waits = words.counted(proof.waiting, "entry is", "entries are")
        return f"Nothing contradicts; {waits} not in the books yet"
    return f"{words.counted(proof.wrong + proof.others, 'thing does', 'things do')} not agree"


def apart(visit: Visit) -> Response:
    """Why two figures are apart by exactly so much."""
    guest = visit.guest
    amount, code, day = guest.asked("amount", 30), guest.asked("currency", 3), guest.asked("day", 10)
    found: Why | None = None
    fault: ReceivablesError | None = None
    if amount:
        try:
            found = why(visit.desk, amount, code or None, business_date(day) if day else None)
        except ReceivablesError as why_not:
            fault = why_not
    answers = list(zip(found.search.answers, found.chains, strict=True)) if found is not None else []
    return page(
        visit,
        "why.html",
        "Why is it off?",
        room="proof",
        wrong=fault,
        amount=amount,
        currency=code or visit.desk.company.home_currency,
        day=day,
        found=found,
        answers=[(IN_WORDS[each.strength], each, chain) for each, chain in answers],
        verdict=_verdict(found) if found is not None else "",
    )


def _verdict(found: Why) -> str:
    if found.search.explained is not None:
        return "Explained by the one listed first."
    if found.search.answers:
        return "These have the amount; none is proof. Look at each, beginning with the first."
    return "Nothing that was read explains it. It may lie outside what is read, or have several causes."


WAYS = (look("proof", show), look("why", apart))
