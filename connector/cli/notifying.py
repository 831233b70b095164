"""notify: who is told when something stops, and when it goes on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.output import NEEDS_A_PERSON, CompanyOption, JsonOption, desk, say, say_json, table

if TYPE_CHECKING:
    from connector.model.alarm import ChannelKind

ADDRESS_VARIABLE = "RECEIVABLES_NOTIFY_ADDRESS"
SECRET_VARIABLE = "RECEIVABLES_NOTIFY_SECRET"  # noqa: S105 - the name of a variable, not a secret


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    told = typer.Typer(
        help="Who is told, without asking, when something is wrong: once when it begins, once when it is over.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    told.command()(add)
    told.command()(remove)
    told.command(name="test")(try_one)
    told.command(name="list")(listed)
    app.add_typer(told, name="notify")


def add(
    name: Annotated[str, typer.Argument(help="What you call it, for example mail.")],
    kind: Annotated[str, typer.Option(help="address (mail, Slack, Teams and many more), webhook (signed), file.")] = "",
    company: CompanyOption = None,
) -> None:
    """Add a way to a person. A test message is sent first; only what arrives is kept.

    The address is asked for, or taken from RECEIVABLES_NOTIFY_ADDRESS, and kept sealed. For mail, for example,
    mailtos://user:password@example.com?to=me@example.com; for Slack slack://TokenA/TokenB/TokenC. A webhook's address
    is that of its receiver, and its signing secret (whsec_...) is asked for too (RECEIVABLES_NOTIFY_SECRET).
    """
    from connector.app.shouting import add_channel
    from connector.model.alarm import ChannelKind

    chosen = _kind(kind or ChannelKind.ADDRESS.value)
    address = _asked(ADDRESS_VARIABLE, "Address")
    secret = _asked(SECRET_VARIABLE, "Signing secret") if chosen is ChannelKind.WEBHOOK else ""
    with desk(company) as at:
        made = add_channel(at, name, chosen, address, secret)
        say(f"{made.name} works: a test message is on its way.")


def _kind(text: str) -> ChannelKind:
    from connector.errors import UserError
    from connector.model.alarm import ChannelKind

    try:
        return ChannelKind(text)
    except ValueError:
        raise UserError(f"{text[:20]!r} is no kind of channel.", next_step="Say address, webhook or file.") from None


def _asked(variable: str, question: str) -> str:
    """From the environment, or typed unseen: an address holds a password."""
    from connector.errors import UserError

    given = os.environ.get(variable) or typer.prompt(question, hide_input=True, default="", show_default=False)
    if not given.strip():
        raise UserError(f"No {question.lower()} was given.", next_step=f"Type it, or set {variable}.")
    return str(given).strip()


def remove(name: Annotated[str, typer.Argument(help="What you call it.")], company: CompanyOption = None) -> None:
    """Tell nobody that way any more."""
    from connector.app.shouting import remove_channel

    with desk(company) as at:
        remove_channel(at, name)
        say(f"{name} is removed.")


def try_one(name: Annotated[str, typer.Argument(help="What you call it.")], company: CompanyOption = None) -> None:
    """Send a test message."""
    from connector.app.shouting import channel_named, try_channel

    with desk(company) as at:
        taken = try_channel(at, channel_named(at, name))
        say(f"The message to {name} was {'taken' if taken else 'not taken'}.")
    if not taken:
        raise typer.Exit(NEEDS_A_PERSON)


def listed(company: CompanyOption = None, as_json: JsonOption = False) -> None:
    """The ways to people, and what is wrong now."""
    with desk(company) as at:
        channels, alarms = at.company.channels, at.store.alarms(at.id)
    if as_json:
        say_json({"channels": channels, "alarms": alarms})
        return
    table("Told by", ["name", "kind"], [[each.name, each.kind.value] for each in channels])
    rows = [
        [
            f"{each.since:%Y-%m-%d %H:%M}",
            each.alarm.sentence,
            "over" if each.over else "told" if each.told else "untold",
        ]
        for each in alarms
    ]
    table("Wrong now", ["since (UTC)", "what", ""], rows)
