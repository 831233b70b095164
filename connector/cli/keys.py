"""keys, keys rotate, keys forget, keys lost: the key under which secrets are stored."""

from __future__ import annotations

import typer

from connector.cli.output import JsonOption, YesOption, confirm, house, say, say_json, table


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    group = typer.Typer(
        help="The key under which your secrets are stored: which one, where, and how to change it.",
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    group.callback()(keys)
    group.command()(rotate)
    group.command()(forget)
    group.command()(lost)
    app.add_typer(group, name="keys")


def keys(context: typer.Context, as_json: JsonOption = False) -> None:
    """Show which key is in force, where it is kept, and how many stored values it seals. Never the key itself."""
    if context.invoked_subcommand is not None:
        return
    with house() as opened:
        standing, signing = opened.store.keys(), opened.store.signing_key()
    if as_json:
        say_json({**{name: getattr(standing, name) for name in standing.__slots__}, "signing_key": signing})
        return
    if standing.in_force is None:
        say(f"Nothing is stored yet that needs a key. It will be kept in {standing.where}.")
        return
    rows = [
        (key_id, "in force" if key_id == standing.in_force else "older", str(standing.rows.get(key_id, 0)))
        for key_id in reversed(standing.held)
    ]
    table("Keys", ("id", "", "values sealed"), rows, right=(2,))
    say(f"They are kept in {standing.where}. Keep a copy of it in a safe place, apart from copies of the database.")
    say(f"Audit packs are signed by {signing}: tell it to whoever checks them. A new key signs under another one.")


def rotate(as_json: JsonOption = False) -> None:
    """Seal every stored secret with a new key. May be interrupted and run again; others can work meanwhile."""
    with house() as opened:
        rotated = opened.store.rotate_keys(opened.boundary, opened.actor)
        where = opened.store.keys().where
    if as_json:
        say_json(rotated)
        return
    if rotated.resumed:
        say("A change of keys that had been interrupted was finished.")
    say(f"{rotated.resealed} stored values are sealed with the key {rotated.key_id}, which is kept in {where}.")
    say("Copy it to your safe place anew. Older keys are still there: older copies of the database need them.")
    say("When you need none of those copies any more: receivables keys forget")


def forget(yes: YesOption = False) -> None:
    """Take older keys away that no stored value needs. Copies of the database from their time become unreadable."""
    with house() as opened:
        unused = opened.store.keys().unused
        if not unused:
            say("There is no older key that nothing needs.")
            return
        confirm(f"Take {len(unused)} older keys away, and with them the secrets in older copies?", yes=yes)
        gone = opened.store.drop_unused_keys()
    say(f"Taken away: {', '.join(gone) or 'none'}.")


def lost(yes: YesOption = False) -> None:
    """When the key is lost for good: throw the stored secrets away, so that you can connect again."""
    from connector.app.keys import give_up_secrets
    from connector.clock import SystemClock
    from connector.config import load

    confirm("Throw away every stored secret? Everything else in the database stays.", yes=yes)
    gone = give_up_secrets(load(), SystemClock())
    for company, connection in gone:
        say(f"To be connected again: {connection} of {company}. Run: receivables connect {connection}")
    if not gone:
        say("There was none.")
