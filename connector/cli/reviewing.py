"""review with its words, and rules: what waits for a person, and what posts by itself."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.output import CompanyOption, JsonOption, YesOption, desk, say, say_json, table, tell_age

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.app.reviewing import Said
    from connector.app.undoing import SaidOf
    from connector.model.firm import MatchingRules, WriteOffs
    from connector.model.ruling import Ruling, Waiting
    from connector.money import Money
    from connector.reconcile.snapshot import Snapshot

SHOWN_MAX = 40
PaymentArgument = Annotated[str, typer.Argument(help="The payment's id, for example ch_1.")]
NumberArgument = Annotated[int, typer.Argument(help="Which of the options that `review` shows.", min=1)]


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    group = typer.Typer(
        help="Money that waits for a person: what it may be for, and what you say about it.\n\n"
        "Without a word after it: the list. Then confirm an option, reject it, or allocate the money yourself. What a "
        "person decided is never altered by the program; `undo` takes it back while nothing is posted.",
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    group.callback()(review)
    group.command()(confirm)
    group.command()(reject)
    group.command()(allocate)
    group.command()(undo)
    group.command()(short)
    group.command()(again)
    group.command()(leave)
    group.command()(facts)
    group.command()(forget)
    app.add_typer(group, name="review")
    app.command()(rules)


def review(
    context: typer.Context,
    by: Annotated[str, typer.Option(help="amount: the largest first. age: the oldest first.")] = "amount",
    reason: Annotated[str | None, typer.Option(help="Only this reason, for example equal-items.")] = None,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what waits: proposals that need a yes, and money with several explanations or none."""
    if context.invoked_subcommand is not None:
        return
    from connector.app.freshness import freshness
    from connector.app.reviewing import waiting
    from connector.errors import UserError

    if by not in ("amount", "age"):
        raise UserError(
            f"The list goes by amount or age, not by {by[:20]!r}.", next_step="Use --by amount or --by age."
        )
    with desk(company) as at:
        rows, seen, fresh = waiting(at), at.snapshot(), freshness(at)
    if by == "age":
        rows = tuple(sorted(rows, key=lambda row: (seen.payments[row.payment].received_on, row.payment)))
    chosen = [row for row in rows if reason in (None, row.reason, row.code)]
    if as_json:
        age = {"data_as_of": fresh.data_as_of, "stale": fresh.stale}
        say_json({"waiting": chosen, "reasons": _counts(chosen), "sums": _sums(chosen), **age})
    else:
        _show(chosen, seen)
    tell_age(fresh, as_json=as_json)


def _counts(rows: Sequence[Waiting]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        found[row.reason] = found.get(row.reason, 0) + 1
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


def _sums(rows: Sequence[Waiting]) -> dict[str, object]:
    from connector.money import by_currency

    return {str(code): amount for code, amount in by_currency(row.gross for row in rows).items()}


def _show(rows: Sequence[Waiting], seen: Snapshot) -> None:
    from connector.money import by_currency, grouped

    lines = []
    for row in rows[:SHOWN_MAX]:
        payment = seen.payments[row.payment]
        known = payment.customer if payment.customer in seen.customers else None
        payer = seen.name_of(known) if known is not None else payment.payer or "unknown"
        day = payment.received_on.isoformat()
        # A proposal's sentence stands beside its number; only a question has one of its own.
        why = "It waits for a yes." if row.code == "proposed" else row.sentence.partition(": ")[2] or row.sentence
        lines.append((row.payment.vendor_id, day, payer, grouped(row.gross), row.reason, "", why))
        lines += [
            ("", "", "", "", "", str(number), option.sentence + _sure(option.confidence_ppm))
            for number, option in enumerate(row.options, start=1)
        ]
    more = f" (the first {SHOWN_MAX})" if len(rows) > SHOWN_MAX else ""
    columns = ("payment", "came on", "payer", "amount", "reason", "#", "why it waits; what it may be for")
    table(f"{len(rows)} wait for a person{more}", columns, lines, right=(3, 5))
    if rows:
        sums = ", ".join(grouped(amount) for amount in by_currency(row.gross for row in rows).values())
        say(f"Together {sums}: " + ", ".join(f"{count} {why}" for why, count in _counts(rows).items()) + ".")
        say(
            "Say yes: receivables review confirm PAYMENT [#]; no: reject PAYMENT [#]; "
            "else: allocate PAYMENT INVOICE=AMOUNT."
        )


def _sure(ppm: int) -> str:
    """How often such a guess is right, in whole percent; nothing where nobody has counted."""
    return f" ({min(ppm // 10_000, 99)} %)" if ppm else ""


def confirm(
    payment: PaymentArgument, number: NumberArgument = 1, company: CompanyOption = None, as_json: JsonOption = False
) -> None:
    """Say yes to an option as `review` last showed it. `plan` then plans it; nothing is written by this."""
    from connector.app.reviewing import confirm as store

    with desk(company) as at:
        _tell(store(at, payment, number), at.snapshot(), as_json=as_json)


def reject(
    payment: PaymentArgument, number: NumberArgument = 1, company: CompanyOption = None, as_json: JsonOption = False
) -> None:
    """Say no to an option, or to what was decided by itself and is not posted: it is not proposed or decided again."""
    from connector.app.reviewing import reject as store

    with desk(company) as at:
        _tell(store(at, payment, number), at.snapshot(), as_json=as_json)


def allocate(
    payment: PaymentArgument,
    shares: Annotated[
        list[str] | None, typer.Argument(help="INVOICE=AMOUNT, one or several; a credit note as NUMBER=-AMOUNT.")
    ] = None,
    on_account: Annotated[
        bool, typer.Option("--on-account", help="Keep what is left as the customer's unapplied credit.")
    ] = False,
    write_off: Annotated[
        bool, typer.Option("--write-off", help="Write off what it leaves open of its invoices, as `rules` allows.")
    ] = False,
    look: Annotated[
        bool, typer.Option("--try", help="Only show what each share leaves open, and what remains to be given out.")
    ] = False,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say yourself what a payment pays, split as you like. All of it, or the rest with --on-account.

    Amounts are in the payment's currency, and never more than is open. It takes the place of what the program decided
    or proposed. Without a share it asks for one after the other, and says each time what remains; so does --try with
    those you name, and stores nothing.
    """
    from connector.app.reviewing import allocate as store
    from connector.app.reviewing import try_out
    from connector.app.small import write_off as say_off
    from connector.cli.sharing import ask_shares, pairs_of, tell_trial
    from connector.errors import UserError

    with desk(company) as at:
        if look:
            tell_trial(try_out(at, payment, pairs_of(shares or [])), as_json=as_json)
            return
        if not shares and not sys.stdin.isatty():
            raise UserError(
                "No share is named, and nobody could be asked.",
                next_step=f"See what is open, and name them: receivables review allocate {payment[:40]} --try",
            )
        pairs = pairs_of(shares) if shares else ask_shares(at, payment, sys.stdin)
        said = store(at, payment, pairs, on_account=on_account)
        if not write_off:
            _tell(said, at.snapshot(), as_json=as_json)
            return
        if not as_json:
            _tell(said, at.snapshot(), as_json=False)
        words = [said.ruling]
        try:
            words.append(say_off(at, payment))
        finally:
            _tell_noted(words if as_json else words[1:], several=True, as_json=as_json)


def undo(payment: PaymentArgument, company: CompanyOption = None, as_json: JsonOption = False) -> None:
    """Take back the last you, or anybody, said about a payment that is not posted yet. The log keeps both."""
    from connector.app.reviewing import undo as store

    with desk(company) as at:
        _tell(store(at, payment), at.snapshot(), as_json=as_json)


def short(
    payment: PaymentArgument,
    reason: Annotated[
        str | None,
        typer.Argument(
            help="rounding, bank-charge, discount, withholding, price, short-shipment, damaged, returned,"
            " credit-expected, disputed, rest-follows or unknown."
        ),
    ] = None,
    write_off: Annotated[
        bool | None,
        typer.Option(
            "--write-off/--keep-open",
            help="Write off what it left open, as `rules` allows; or keep it open, whatever `rules` says.",
        ),
    ] = None,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why a payment brought less than was open, before it is posted or after; it may be named by its invoice for
    --write-off. `aging`, `reconcile` and `plan` show it. What is short stays open, and nothing is written off by a
    reason: with --write-off it is a line of the next plan, once the payment stands in the books. The last word stands.
    """
    from connector.app.reviewing import say_short
    from connector.app.small import write_off as say_off
    from connector.errors import UserError

    if reason is None and write_off is None:
        raise UserError(
            "Neither a reason nor --write-off or --keep-open was said.",
            next_step=f"For example: receivables review short {payment[:40]} rounding --write-off",
        )
    words: list[Ruling] = []
    with desk(company) as at:
        try:
            if reason is not None:
                words.append(say_short(at, payment, reason))
            if write_off is not None:
                words.append(say_off(at, payment, off=write_off))
        finally:
            _tell_noted(words, several=reason is not None and write_off is not None, as_json=as_json)


def _tell_noted(words: Sequence[Ruling], *, several: bool, as_json: bool) -> None:
    """What was said of a payment, each in a line. It stands, and so it is told, whatever became of what was to be said
    after it."""
    from connector.reconcile.cash.lacking import WORDS

    if as_json and words:
        say_json(words if several else words[0])
    for each in () if as_json else words:
        why = f"{WORDS[each.short]}. " if each.kind == "short" else ""
        step = " A plan writes it, once the payment stands in the books." if each.kind == "write_off" else ""
        say(f"Noted by {each.by}: {each.payment.vendor_id}: {why}{each.sentence}{step}")


TakenOutArgument = Annotated[
    str, typer.Argument(help="A payment, payout or other record, as the plan names it; or a whole run, plan-... .")
]


def again(what: TakenOutArgument, company: CompanyOption = None, as_json: JsonOption = False) -> None:
    """What was posted and then undone, voided or deleted may be posted again, as it was decided. `plan` plans it."""
    from connector.app.undoing import say_again

    with desk(company) as at:
        _tell_taken_out(say_again(at, what), "may be posted again. To see it: receivables plan", as_json=as_json)


def leave(what: TakenOutArgument, company: CompanyOption = None, as_json: JsonOption = False) -> None:
    """What was posted and then undone, voided or deleted stays out of the books, and no plan tells it again."""
    from connector.app.undoing import say_leave

    with desk(company) as at:
        said = "stays out of the books. To post it after all: receivables review again"
        _tell_taken_out(say_leave(at, what), said, as_json=as_json)


def _tell_taken_out(said: SaidOf, words: str, *, as_json: bool) -> None:
    if as_json:
        say_json(said.rulings)
        return
    for each in said.rulings[:SHOWN_MAX]:
        say(f"Noted by {each.by}: {each.payment.vendor_id} ({each.sentence}) {words}")
    if len(said.rulings) > SHOWN_MAX:
        say(f"And {len(said.rulings) - SHOWN_MAX} more.")


def _tell(said: Said, seen: Snapshot, *, as_json: bool) -> None:
    from connector.money import grouped
    from connector.reconcile.rulings import number_of

    ruling = said.ruling
    if as_json:
        say_json(ruling)
        return
    parts = [
        f"{grouped(each.amount)} to {number_of(seen, each.target)}"
        if each.amount.minor > 0
        else f"{grouped(-each.amount)} less by credit note {number_of(seen, each.target)}"
        for each in ruling.allocations
    ]
    if ruling.unapplied:
        parts.append(f"{grouped(ruling.unapplied)} on account")
    given = ", ".join(parts)
    words = {
        "human": f"Decided by {ruling.by}: {ruling.payment.vendor_id} gives {given}. To write it: receivables plan",
        "rejected": f"Noted by {ruling.by}: {ruling.payment.vendor_id} does not give {given}.",
        "undone": f"Taken back by {ruling.by}: what was said about {ruling.payment.vendor_id} ({given}).",
    }
    say(words[ruling.kind])
    waits = next((each for each in said.decided.outcome.findings if ruling.payment in each.refs[:1]), None)
    if waits is not None:
        say(f"{waits.sentence} {waits.next_step}")


def facts(company: CompanyOption = None, as_json: JsonOption = False) -> None:
    """Who pays for whom, learned from what people confirmed and from payments that said what they pay."""
    from connector.app.reviewing import known_facts

    with desk(company) as at:
        found, seen = known_facts(at), at.snapshot()
    if as_json:
        say_json(found)
        return
    rows = [
        (
            each.fact_id,
            each.sign,
            seen.name_of(each.customer),
            "a person said so" if each.source == "person" else "payments said so",
            ", ".join(payment.vendor_id for payment in each.payments[:5]),
        )
        for each in found
    ]
    table(f"{len(rows)} learned", ("fact", "whoever pays as", "pays for", "because", "learned from"), rows)


def forget(
    fact: Annotated[str, typer.Argument(help="The fact's id, as `review facts` shows it.")],
    company: CompanyOption = None,
) -> None:
    """Revoke a learned fact: it says nothing any more, until somebody decides so again."""
    from connector.app.reviewing import forget as revoke

    with desk(company) as at:
        gone = revoke(at, fact)
        name = at.snapshot().name_of(gone.customer)
    say(f"Forgotten: whoever pays as {gone.sign} pays for {name}.")


AutomaticOption = Annotated[
    str | None, typer.Option(help="Classes that post by themselves, by commas; all others wait for a yes.")
]
OldestFirstOption = Annotated[
    bool | None,
    typer.Option(
        "--oldest-first/--no-oldest-first",
        help="Among identical invoices of one customer that all end paid, the oldest first; labelled as a policy.",
    ),
]
BankFeeOption = Annotated[
    int | None, typer.Option("--bank-fee", min=0, max=100_000, help="Minor units a bank may have kept; 0: nothing.")
]
RoundingOption = Annotated[
    int | None, typer.Option("--rounding", min=0, max=100, help="Minor units that may be missing; 0: nothing.")
]
OffAccountOption = Annotated[
    str | None, typer.Option("--write-off-account", help="The expense account that small differences are written to.")
]
OffMaxOption = Annotated[
    str | None,
    typer.Option(
        "--write-off-max",
        help="At most so much may stay unpaid of an invoice for good: '1.00 USD', several by commas; or: off.",
    ),
]
OffAutomaticOption = Annotated[
    bool | None,
    typer.Option(
        "--write-off-automatic/--no-write-off-automatic",
        help="Plans propose it for every such rest; else somebody says so: review short PAYMENT --write-off.",
    ),
]
ApproveAboveOption = Annotated[
    str | None,
    typer.Option(
        "--approve-above",
        help="Plans that write more than this need a second person: '1000.00 USD', several by commas; or: off.",
    ),
]


def rules(
    automatic: AutomaticOption = None,
    oldest_first: OldestFirstOption = None,
    bank_fee: BankFeeOption = None,
    rounding: RoundingOption = None,
    write_off_account: OffAccountOption = None,
    write_off_max: OffMaxOption = None,
    write_off_automatic: OffAutomaticOption = None,
    approve_above: ApproveAboveOption = None,
    company: CompanyOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show or choose which decisions post by themselves, once you `apply` a plan. Everything else is a proposal.

    At first: key (a stored key names the invoice), reference (the text names invoices that are exactly the amount) and
    partial (it names one invoice of a known payer, and is less). A careful next step after some weeks of proposals that
    were all right: add reference-credit, reference-subset and instalment. amount, all-due and subset stand on the
    amount and a known payer alone: add them last, if at all. over keeps the rest as credit. What needs a discount, a
    bank's fee or rounding is listed and not written by us yet.

    What is left of an invoice after a payment stays open, unless small differences may be written off: at most so much
    of one invoice, to the account you name. Each is a line of a plan, with its reason; nothing is written off silently.

    What a change makes different is shown before it is stored. With --approve-above, a plan whose lines add up to more
    is written only after `plan approve` by somebody who did not make it; a currency without an amount always needs it.
    """
    from connector.app.approving import set_approve_above
    from connector.app.reviewing import set_rules, with_rules
    from connector.app.small import rule_with
    from connector.cli.replanning import agreed_to

    chosen = [part.strip() for part in automatic.split(",") if part.strip()] if automatic is not None else None
    with desk(company) as at:
        off = rule_with(at, account=write_off_account, largest=write_off_max, automatic=write_off_automatic)
        now = with_rules(at, automatic=chosen, oldest_first=oldest_first, bank_fee=bank_fee, rounding=rounding)
        now = replace(now, write_offs=off)
        if now != at.company.matching:
            agreed_to(at, rules=now, yes=yes, quiet=as_json)
            set_rules(at, now)
        if approve_above is not None:
            set_approve_above(at, approve_above)
        limits = at.company.approve_above
        account = now.write_offs.account
        held = at.store.record(at.id, account) if account is not None else None
    if as_json:
        say_json({**asdict(now), "approve_above": limits})
    else:
        _tell_rules(now, limits)
        _tell_write_offs(now.write_offs, held.record if held is not None else None)


def _tell_write_offs(now: WriteOffs, account: object) -> None:
    from connector.model.party import Account
    from connector.money import grouped

    if now.account is None or not now.largest:
        say("Small differences: nothing is written off.")
        return
    name = account.name if isinstance(account, Account) else now.account.vendor_id
    most = " or ".join(grouped(each) for each in now.largest)
    how = "plans propose it for every such rest" if now.automatic else "where somebody says so for each"
    say(f"Small differences: at most {most} of an invoice is written off to {name}, {how}.")


def _tell_rules(now: MatchingRules, limits: Sequence[Money]) -> None:
    from connector.money import grouped

    say(f"Posts by itself: {', '.join(now.automatic) or 'nothing'}. All other classes wait for a yes.")
    say(f"Oldest first among identical invoices: {'yes' if now.oldest_first else 'no'}.")
    say(f"A bank may have kept {now.bank_fee} minor units; {now.rounding} may be missing by rounding.")
    above = " or ".join(grouped(each) for each in limits)
    said = f"that write more than {above}, or anything in another currency," if above else "of no size"
    say(f"Plans {said} need the approval of a second person.")
