"""prove, why: do the books, the processors and the open items say the same, and where not, which row and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.output import (
    NEEDS_A_PERSON,
    CompanyOption,
    JsonOption,
    desk,
    say,
    say_json,
    table,
    tell_age,
    writable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.app.agreeing import Report
    from connector.app.apart import Why
    from connector.app.conflicting import Shown
    from connector.app.proof import Proof
    from connector.reconcile.agreement import Difference
    from connector.reconcile.rowed import Linked
    from connector.reconcile.sides import Sheet

SHOWN_MAX = 40
FOLLOWED_MAX = 2
"""The chain of what only has the amount is shown where it is one row or two."""


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command()(prove)
    app.command()(why)


def prove(
    as_of: Annotated[str | None, typer.Option("--as-of", help="Up to that day (YYYY-MM-DD); else today.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the proof as one HTML page, too.")] = None,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove to the cent that books, open items, processors and payouts agree; reads only what was synced.

    Every difference has one of six names: missing here (the books), missing there, amount, date, currency, duplicated.
    Ends with 0 only if nothing differs, no payment is unexplained and the journal is whole.
    """
    from connector.app.freshness import freshness
    from connector.app.proof import prove as look
    from connector.dates import business_date

    day = business_date(as_of) if as_of is not None else None
    if out is not None:
        writable(out)
    with desk(company) as at:
        proof = look(at, day)
        fresh = freshness(at)
    if out is not None:
        from connector.web.page import render

        out.write_text(render([proof], steps=()), encoding="utf-8")
    say_json(_plain(proof)) if as_json else _show(proof)
    tell_age(fresh, as_json=as_json)
    if not proof.proven:
        raise typer.Exit(NEEDS_A_PERSON)


def _plain(proof: Proof) -> dict[str, object]:
    report, (seq, chain) = proof.report, proof.head
    return {
        "company": proof.company,
        "as_of": report.as_of,
        "proven": proof.proven,
        "agrees": report.agrees,
        "waiting": report.waiting,
        "unset": report.unset,
        "unknown": report.unknown,
        "problems": proof.problems,
        "payments": proof.fates,
        "journal": {"whole": not proof.chain, "entries": seq, "head": f"{seq}:{chain}"},
        "conflicts": [
            {"id": each.conflict.about.vendor_id, "values": [value._asdict() for value in each.conflict.values]}
            for each in proof.conflicts
        ],
        "sheets": [{**_sheet(sheet), "unknown": report.is_unknown(sheet)} for sheet in report.sheets],
    }


def _sheet(sheet: Sheet) -> dict[str, object]:
    found = sheet.agreement
    return {
        "name": sheet.name,
        "here": sheet.here,
        "there": sheet.there,
        "agreeing": found.agreeing,
        "totals": [{"total": each, "difference": each.difference} for each in found.totals],
        "days": [{"day": each, "difference": each.difference} for each in found.days],
        "differences": [_difference(sheet, each) for each in found.differences],
    }


def _difference(sheet: Sheet, each: Difference) -> dict[str, object]:
    from connector.app.agreeing import sentence
    from connector.reconcile.agreement import next_step

    return {
        "kind": each.kind,
        "here": each.here._asdict() if each.here is not None else None,
        "there": each.there._asdict() if each.there is not None else None,
        "twin": each.twin._asdict() if each.twin is not None else None,
        "also": each.also,
        "was": each.was,
        "waits": sheet.waits(each),
        "sentence": sentence(sheet, each),
        "next_step": next_step(each),
    }


def _show(proof: Proof) -> None:
    report = proof.report
    say(f"{proof.company}, up to {report.as_of}.")
    for sentence in (*report.unset, *report.unknown):
        say(sentence)
    _show_sheets(report)
    _show_days(report.sheets)
    _show_differences(report)
    for problem in proof.others:
        say(problem)
    _show_conflicts(proof.conflicts)
    fates = ", ".join(f"{count:,} {fate}" for fate, count in proof.fates.items())
    say(f"Payments: {fates or 'none yet'}.")
    seq, chain = proof.head
    state = "unbroken" if not proof.chain else "BROKEN"
    say(f"Journal: {seq:,} entries, {state}. Head: {seq}:{chain}")
    say("Keep the head elsewhere: receivables verify --head tells later whether anything before it was changed.")
    same = f"{report.agreeing:,} entries agree"
    if proof.proven:
        say(f"Proven: {same}, and nothing differs.")
    else:
        wrong = len(report.differences) - report.waiting
        say(f"Not proven: {same}; {wrong:,} contradict, {report.waiting:,} are not in the books (yet).")


def _show_conflicts(found: Sequence[Shown]) -> None:
    rows = [
        (each.conflict.about.vendor_id, value.field, value.agreed, value.here, value.there)
        for each in found[:SHOWN_MAX]
        for value in each.conflict.values
    ]
    if rows:
        columns = ("what", "field", "agreed on", "the books now", "the other side now")
        table(f"{len(found)} conflicts wait for a person: receivables conflicts", columns, rows)


def _show_sheets(report: Report) -> None:
    """One row for each sheet and currency: both sides' totals, and how many entries differ. What cannot be read any
    more is called unknown, and not equal."""
    from connector.money import grouped

    rows = []
    for sheet in report.sheets:
        same = "unknown" if report.is_unknown(sheet) else "agree"
        counts = dict.fromkeys((each.currency for each in sheet.agreement.totals), 0)
        for each in sheet.agreement.differences:
            code = each.entry.amount.currency
            counts[code] = counts.get(code, 0) + 1
        for total in sheet.agreement.totals:
            state = f"{counts[total.currency]:,} DIFFER" if counts[total.currency] else same
            sides = (sheet.here, grouped(total.here), sheet.there, grouped(total.there))
            rows.append((sheet.name, *sides, grouped(total.difference), state))
    if rows:
        table("What has to agree", ("", "", "amount", "", "amount", "apart", ""), rows, right=(2, 4, 5))
    else:
        say("Nothing was read yet that could agree or differ.")


def _show_days(sheets: Sequence[Sheet]) -> None:
    from connector.money import grouped

    days = [(sheet, each) for sheet in sheets if not sheet.is_balance for each in sheet.agreement.days]
    rows = [
        (sheet.name, f"{each.on}", grouped(each.here), grouped(each.there), grouped(each.difference))
        for sheet, each in days[-SHOWN_MAX:]
    ]
    if rows:
        table("Days that differ" + _more(len(days), "latest"), ("", "day", "here", "there", "apart"), rows, (2, 3, 4))


def _show_differences(report: Report) -> None:
    from connector.app.agreeing import sentence
    from connector.reconcile.agreement import next_step

    found = report.differences
    rows = [(sheet.name, each.kind, sentence(sheet, each), next_step(each)) for sheet, each in found[:SHOWN_MAX]]
    if rows:
        table("Differences" + _more(len(found), "first"), ("", "kind", "what", "next step"), rows)


def _more(count: int, which: str) -> str:
    return f" (the {which} {SHOWN_MAX} of {count:,}; all with --json)" if count > SHOWN_MAX else ""


def why(
    amount: Annotated[str, typer.Argument(help="By how much two figures are apart, for example 22.17.")],
    currency: Annotated[str | None, typer.Option("--currency", help="For example EUR; else the home currency.")] = None,
    day: Annotated[str | None, typer.Option("--day", help="Only what is of that day (YYYY-MM-DD).")] = None,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why something is off by exactly so much: the differences, sums and rows that are it, each with its chain.

    Only a difference that `prove` lists explains an amount, and only if it is the only one. What merely has the amount
    is shown as that. Ends with 0 when there is one explanation, with 1 when there are several or none.
    """
    from connector.app.apart import why as look
    from connector.app.freshness import freshness
    from connector.dates import business_date

    on = business_date(day) if day is not None else None
    with desk(company) as at:
        found = look(at, amount, currency, on)
        fresh = freshness(at)
    if as_json:
        answers = [
            {
                "strength": each.strength.name.lower(),
                "sentence": each.sentence,
                "refs": each.refs,
                "more": each.more,
                "chain": [link._asdict() for link in chain],
            }
            for each, chain in zip(found.search.answers, found.chains, strict=True)
        ]
        told = {"amount": found.search.amount, "day": found.search.on, "answers": answers, "cut": found.search.cut}
        counts = {strength.name.lower(): count for strength, count in found.search.counts.items()}
        explained = found.search.explained is not None
        say_json({**told, "explained": explained, "counts": counts, "looked_at": found.search.looked_at})
    else:
        _show_why(found)
    tell_age(fresh, as_json=as_json)
    if found.search.explained is None:
        raise typer.Exit(NEEDS_A_PERSON)


def _show_why(found: Why) -> None:
    from connector.money import grouped
    from connector.reconcile.apart import IN_WORDS, Strength

    asked, when = grouped(found.search.amount), f" on {found.search.on}" if found.search.on is not None else ""
    for strength, words in IN_WORDS.items():
        count = found.search.counts.get(strength, 0)
        if not count:
            continue
        say(f"{words[:1].upper()}{words[1:]}: {count:,}")
        for each, chain in zip(found.search.answers, found.chains, strict=True):
            if each.strength is strength:
                more = f" and {each.more:,} more" if each.more else ""
                say(f"- {each.sentence} ({', '.join(each.refs)}{more})")
                if strength <= Strength.TOTAL or len(each.refs) <= FOLLOWED_MAX:
                    _show_chain(chain)
        shown = sum(each.strength is strength for each in found.search.answers)
        if count > shown:
            say(f"  and {count - shown:,} more.")
    say(_verdict(found, f"{asked}{when}"))
    looked = f"{found.search.looked_at:,} rows, differences and sums were looked at"
    say(f"{looked}; there are too many differences to look for pairs." if found.search.cut else f"{looked}.")


def _show_chain(chain: Sequence[Linked]) -> None:
    from connector.money import grouped

    rows = [(f"{link.on}", link.what, link.ref, grouped(link.amount)) for link in chain]
    if rows:
        table("", ("day", "what", "row", "amount"), rows, right=(3,))


def _verdict(found: Why, asked: str) -> str:
    from connector.reconcile.apart import Strength

    counts = found.search.counts
    if found.search.explained is not None:
        return f"{asked}: explained by the one listed first."
    differ = counts.get(Strength.DIFFERS, 0) or counts.get(Strength.SUM, 0)
    if differ:
        return f"{asked}: these {differ:,} equal it; none is proof. Look at each, beginning with the first."
    if counts:
        return f"{asked}: no difference explains it. These {sum(counts.values()):,} have the amount; none is proof."
    return (
        f"{asked}: nothing that was read explains it. It may lie outside what is synced, or be made of several causes."
    )
