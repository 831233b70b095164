"""hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.output import CompanyOption, JsonOption, YesOption, confirm, desk, say, say_json, table

if TYPE_CHECKING:
    from connector.app.house import Desk


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command()(hooks)


def hooks(
    system: Annotated[str, typer.Argument(help="For example stripe.")],
    url: Annotated[
        str | None, typer.Option(help="The public address of `receivables serve`, ending in /hooks/SYSTEM.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Show every address it sends webhooks to.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Ask for no more, at any address asked for here.")] = False,
    company: CompanyOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Ask a system to send webhooks, so that changes are seen sooner. Nothing depends on them.

    What they are signed with is stored sealed and never shown. Run again, it finds what it asked for and changes
    nothing; with another address it moves there. What others asked for is never touched.
    """
    from connector.errors import UserError

    if (url is not None) + listed + remove != 1:
        raise UserError("Say one of --url, --list and --remove.", next_step="See: receivables hooks --help")
    with desk(company) as at:
        if url is not None:
            _open(at, system, url, yes=yes, as_json=as_json)
        elif remove:
            _remove(at, system, yes=yes, as_json=as_json)
        else:
            _list(at, system, as_json=as_json)


def _open(at: Desk, system: str, url: str, *, yes: bool, as_json: bool) -> None:
    from connector.app.hooks import check_address, open_hook, title

    check_address(at, system, url)
    confirm(f"Ask {title(at, system)} to send webhooks to {url}? No record changes and no money moves.", yes=yes)
    opened = open_hook(at, system, url)
    if as_json:
        say_json(opened)
        return
    say(f"{title(at, system)} {'now sends' if opened.new else 'already sends'} its webhooks to {opened.url}.")
    for address in opened.closed:
        say(f"What was asked for here before is closed: {address}.")
    if opened.new:
        say("Start `receivables serve` anew if it is running and did not take webhooks of this system yet.")


def _remove(at: Desk, system: str, *, yes: bool, as_json: bool) -> None:
    from connector.app.hooks import close_hooks, title

    confirm(f"Ask {title(at, system)} for no more webhooks?", yes=yes)
    closed = close_hooks(at, system)
    if as_json:
        say_json({"closed": closed})
        return
    for address in closed:
        say(f"{title(at, system)} sends nothing to {address} any more.")
    if not closed:
        say(f"{title(at, system)} was not asked for webhooks from here.")


def _list(at: Desk, system: str, *, as_json: bool) -> None:
    from connector.app.hooks import list_hooks, title

    found = list_hooks(at, system)
    if as_json:
        say_json(found)
        return
    if not found:
        say(f"{title(at, system)} sends webhooks nowhere.")
        return
    rows = [(each.url, "yes" if each.ours else "no", "yes" if each.current else "no", each.hook_id) for each in found]
    table(
        f"Where {title(at, system)} sends webhooks", ("Address", "Asked for here", "As this release reads", "Id"), rows
    )
