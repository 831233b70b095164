"""The commands, one file per group. Importing this imports no vendor's library and no database."""

from __future__ import annotations

import typer

EPILOG = (
    "Exit codes: 0 done · 1 needs a person · 2 wrong input · 3 settings or connection · 4 the outside system · "
    "5 our own store · 130 interrupted"
)


def application() -> typer.Typer:
    """The command line."""
    from connector.cli import (
        auditing,
        books,
        collecting,
        conflicts,
        connecting,
        demo,
        explaining,
        findings,
        hooks,
        keys,
        links,
        matching,
        notifying,
        paying,
        payouts,
        planning,
        proving,
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
    money = (payouts, proving, auditing, collecting, links, paying, matching, explaining, shadow, conflicts)
    daily = (planning, books, undoing, findings, reviewing, unattended, notifying)
    for group in (demo, connecting, setup, *daily, *money, hooks, keys, store):
        group.add_to(app)
    return app
