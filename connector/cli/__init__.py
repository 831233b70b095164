"""The commands, one file per group. Importing this imports no vendor's library and no database."""

from __future__ import annotations

import typer

EPILOG = (
    "Exit codes: 0 done · 1 needs a person · 2 wrong input · 3 settings or connection · 4 the outside system · "
    "5 our own store · 130 interrupted"
)


def application(first: str = "") -> typer.Typer:
    """The command line. Where its first word names a command or a group of them, only that one: to build all takes
    longer than many take to run."""
    from connector.cli import (
        auditing,
        bank,
        books,
        collecting,
        conflicts,
        connecting,
        demo,
        explaining,
        findings,
        hooks,
        keys,
        letters,
        links,
        matching,
        notifying,
        opening,
        payers,
        paying,
        payouts,
        planning,
        proving,
        refunding,
        reviewing,
        setup,
        shadow,
        store,
        unattended,
        undoing,
    )

    app = typer.Typer(
        help="Receivables beside QuickBooks Online and Stripe: sync, reconcile, plan, post once, link, note.\n\n"
        "Begin with `receivables demo`: it needs no account, no key and no network. Then `receivables connect "
        "quickbooks`, `receivables connect stripe`, `receivables sync`, `receivables plan`. Nothing is written to an "
        "outside system except by `apply`, `link` and a note, and each shows first what it will do.",
        epilog=EPILOG,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    paid = (links, paying, refunding, payouts, matching, explaining)
    money = (*paid, proving, auditing, collecting, payers, shadow, conflicts)
    daily = (bank, planning, books, undoing, findings, reviewing, unattended, notifying, letters)
    for group in (demo, opening, connecting, setup, *daily, *money, hooks, keys, store):
        group.add_to(app)
    _keep(app, first)
    return app


def _keep(app: typer.Typer, first: str) -> None:
    """Leave nothing but what a word names; everything where it names nothing, so that the fault is told as ever."""
    named = [one for one in app.registered_commands if (one.name or _called(one.callback)) == first]
    groups = [one for one in app.registered_groups if one.name == first]
    if named or groups:
        app.registered_commands, app.registered_groups = named, groups
        app.callback()(_anything)


def _called(command: object) -> str:
    return str(getattr(command, "__name__", "")).replace("_", "-")


def _anything() -> None:
    """Without it a single command would be the whole command line, and take no name."""
