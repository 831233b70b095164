"""The commands, one file per group. Importing this imports no vendor's library and no database."""

from __future__ import annotations

import importlib

import typer

EPILOG = (
    "Exit codes: 0 done · 1 needs a person · 2 wrong input · 3 settings or connection · 4 the outside system · "
    "5 our own store · 130 interrupted"
)

GROUPS: dict[str, tuple[str, ...]] = {
    "demo": ("demo",),
    "opening": ("open", "users"),
    "connecting": ("connect", "disconnect"),
    "setup": ("accounts", "notes", "status", "doctor"),
    "bank": ("bank",),
    "planning": ("plan", "plans", "people"),
    "books": ("sync", "reconcile", "apply"),
    "undoing": ("undo",),
    "findings": ("findings",),
    "reviewing": ("review", "rules"),
    "unattended": ("autosync", "run", "pause", "resume", "companies"),
    "notifying": ("notify",),
    "letters": ("letters",),
    "links": ("link",),
    "paying": ("serve",),
    "refunding": ("refund",),
    "payouts": ("payouts",),
    "matching": ("match",),
    "explaining": ("explain",),
    "proving": ("prove", "why"),
    "auditing": ("audit-pack",),
    "collecting": ("aging", "today", "log", "contacts"),
    "payers": ("payer", "caps"),
    "shadow": ("shadow",),
    "conflicts": ("conflicts",),
    "hooks": ("hooks",),
    "keys": ("keys",),
    "store": ("verify", "backup", "restore", "export", "boundaries", "standin"),
}
"""By the file of each group, in the order of `--help`: the words that its commands begin with."""


def application(first: str = "") -> typer.Typer:
    """The command line. Where its first word is a command's, only that group is imported: to build all takes longer,
    and more memory, than many need to run."""
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
    named = [group for group, words in GROUPS.items() if first in words]
    for group in named or GROUPS:
        importlib.import_module(f"connector.cli.{group}").add_to(app)
    if named:
        app.callback()(_anything)
    return app


def _anything() -> None:
    """Without it a single command would be the whole command line, and take no name."""
