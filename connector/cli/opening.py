"""open, users: the console in a browser, and who may use it."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Annotated

import typer

from connector.cli.output import CompanyOption, JsonOption, YesOption, confirm, desk, house, say, say_json, table

PORT = 8766
NameArgument = Annotated[str, typer.Argument(help="The person's short name, one word.")]
RoleOption = Annotated[
    str, typer.Option("--role", help="view: look. prepare: decide and plan. approve: and write. admin: and all else.")
]
AddressOption = Annotated[
    str | None, typer.Option("--address", help="Where a web server with TLS lets people reach it: https://...")
]
HERE = f"http://127.0.0.1:{PORT}"


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command(name="open")(open_console)
    group = typer.Typer(
        help="Who may sign in to the console, and what they may do in a company. Each chooses a password by a link "
        "that works once; nobody sets another's.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command()(add)
    group.command(name="list")(list_users)
    group.command()(role)
    group.command()(remove)
    group.command()(link)
    app.add_typer(group, name="users")


def open_console(
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port on this computer; 0: any.")] = PORT,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it in the browser.")] = True,
    address: AddressOption = None,
) -> None:
    """Start the console: everything a finance person does, in a browser of this computer. Stop it with Ctrl-C.

    The first time it prints a link by which you choose a password and become its admin; it works once. It answers on
    this computer alone; --address tells it the name under which a web server with TLS in front lets others reach it.
    """
    from connector.app.house import House
    from connector.app.staff import adopt, first_link, is_new
    from connector.config import load
    from connector.web.console.door import Address
    from connector.web.console.rooms import console_app, listen, serve

    config = load()
    reached = Address.of(address) if address is not None else None
    listener = listen(port)
    base = (address or f"http://127.0.0.1:{listener.getsockname()[1]}").rstrip("/")
    with House(config) as opened:
        path = "/"
        if is_new(opened):
            path = f"/welcome/{first_link(opened)}"
            say(f"Choose a password here; the link works once, for a day: {base}{path}")
        for company in adopt(opened):
            say(f"{company.name} is new here; you look after it.")
    say(f"The console is at {base}. Stop with Ctrl-C.")
    sys.stdout.flush()
    if browser:
        _show(f"{base}{path}")
    with suppress(KeyboardInterrupt):
        serve(console_app(lambda: House(config), reached, proxies=config.proxies if reached else ()), listener)


def _show(url: str) -> None:
    """Open it; whoever comes early waits at the port. Apart, because a browser in the terminal would keep us."""
    import threading
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(url,), name="browser", daemon=True).start()


def add(
    name: NameArgument,
    role: RoleOption = "view",
    full: Annotated[str | None, typer.Option("--name", help="The name in full.")] = None,
    address: AddressOption = None,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let somebody use a company's console, and print the link by which they choose a password."""
    from connector.app.staff import add_colleague, role_named

    with desk(company) as at:
        person, secret = add_colleague(at, name, full, role_named(role))
        where = at.company.name
    url = _url(address, secret)
    if as_json:
        say_json({"person": person.person_id, "role": role, "url": url})
        return
    say(f"{person.person_id} may {role} in {where}.")
    say(_told(url) if url else "They have a password already.")


def list_users(company: CompanyOption = None, as_json: JsonOption = False) -> None:
    """Who may use the console: of one company, or of all."""
    from connector.app.staff import colleagues

    with house() as opened:
        companies = (
            [opened.company(company)]
            if company
            else [opened.company(each.company_id) for each in opened.store.companies()]
        )
        rows = [(each.id, found) for each in companies for found in colleagues(each)]
    if as_json:
        say_json([{"company": c, "person": f.person.person_id, "role": f.role, "pending": f.pending} for c, f in rows])
        return
    shown = [
        (c, f.person.person_id, f.person.name, str(f.role), "no password yet" if f.pending else "") for c, f in rows
    ]
    table("Console", ("company", "person", "name", "may", ""), shown)


def role(
    name: NameArgument,
    may: Annotated[str, typer.Argument(help="view, prepare, approve or admin.")],
    company: CompanyOption = None,
) -> None:
    """Give somebody another role in a company."""
    from connector.app.staff import role_named, set_role

    with desk(company) as at:
        held = set_role(at, name, role_named(may))
        say(f"{held.person.person_id} may {held.role} in {at.company.name}.")


def remove(name: NameArgument, company: CompanyOption = None, yes: YesOption = False) -> None:
    """Somebody may not use a company's console any more. What they did stays written down as theirs."""
    from connector.app.staff import colleague
    from connector.app.staff import remove as take_away

    with desk(company) as at:
        held = colleague(at, name)
        confirm(f"Remove {held.person.person_id} from {at.company.name}?", yes=yes, otherwise="Nothing was changed")
        take_away(at, name)
        say(f"{held.person.person_id} does not use the console of {at.company.name} any more.")


def link(name: NameArgument, address: AddressOption = None, company: CompanyOption = None) -> None:
    """Print another link by which somebody chooses a new password, for whoever has forgotten theirs."""
    from connector.app.staff import new_link

    with desk(company) as at:
        say(_told(_url(address, new_link(at, name))))


def _url(address: str | None, secret: str) -> str:
    from connector.web.console.door import Address

    if address is not None:
        Address.of(address)
    return f"{(address or HERE).rstrip('/')}/welcome/{secret}" if secret else ""


def _told(url: str) -> str:
    return f"Give them this link; it works once, for a day, while `receivables open` runs: {url}"
