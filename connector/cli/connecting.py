"""connect, disconnect."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.output import CompanyOption, JsonOption, YesOption, complain, confirm, desk, house, say, say_json

if TYPE_CHECKING:
    from connector.app.house import House
    from connector.app.setup import Wish
    from connector.model.firm import Connection
    from connector.ports import Invitation

WAIT_SECONDS = 300
WAIT_SECONDS_MAX = 3_600


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command()(connect)
    app.command()(disconnect)


def connect(
    system: Annotated[str, typer.Argument(help="quickbooks, stripe, paypal or bankfile")],
    allow_writes: Annotated[
        bool, typer.Option("--allow-writes", help="Let apply, link and notes write to it. Without this: read-only.")
    ] = False,
    zone: Annotated[str | None, typer.Option(help="The company's time zone, for example America/New_York.")] = None,
    values: Annotated[
        list[str] | None, typer.Option("--set", help="A setting as NAME=VALUE (no secrets); repeat for more.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Go through the browser although the connection works.")
    ] = False,
    paste: Annotated[
        bool, typer.Option("--paste", help="No browser here: open the address elsewhere and paste where it led.")
    ] = False,
    redirect: Annotated[
        str | None, typer.Option(help="Where the browser is sent back to, exactly as listed with your app.")
    ] = None,
    wait: Annotated[
        int, typer.Option(min=1, max=WAIT_SECONDS_MAX, help="Seconds to wait for the browser.")
    ] = WAIT_SECONDS,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Connect a system, read-only, or connect it again: in the browser, or with keys that are asked for.

    What has to be done before at the system's own site is told step by step. Settings are the adapter's own, as
    RECEIVABLES_SYSTEM_NAME in the environment, in settings.toml, or with --set; the README has the table. What is
    connected once is remembered; a connection that has ended is connected again in place, and keeps everything.
    """
    from connector.app.setup import Wish, cautions

    with house() as opened:
        given = _given(system, values or [])
        if redirect is not None:
            given["redirect"] = redirect
        wish = Wish(system=system, company=company, zone=zone, values=given, allow_writes=allow_writes)
        guided = Guided(opened, wait=wait, paste=paste, tell=_on_standard_error if as_json else _aloud)
        by_browser = again or paste or redirect is not None
        connection = guided.connect(wish) if by_browser else guided.connect_if_needed(wish)
        named, warned = _named(opened, connection), cautions(opened, connection)
    for sentence in warned:
        _on_standard_error(f"Warning: {sentence}")
    if as_json:
        say_json(connection)
        return
    may = "may be written to" if connection.writes_allowed else "is read-only until --allow-writes"
    where = "live" if connection.live else "a test account"
    say(f"Connected {system}: {named} ({where}), which {may}.")
    say("Next:  receivables sync")


def _aloud(text: str) -> None:
    say(text)
    sys.stdout.flush()


def _on_standard_error(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201  the command line's own voice


def _named(opened: House, connection: Connection) -> str:
    """The account, with the company's name where it is the company's own books."""
    from connector import registry

    account = f"account {connection.account}"
    if not registry.spec_of(connection.system).keeps_books:
        return account
    name = next(each.name for each in opened.store.companies() if each.company_id == connection.company_id)
    return f"{name}, {account}"


def _given(system: str, values: list[str]) -> dict[str, str]:
    """The settings named on the command line, none of them a secret."""
    from connector import registry
    from connector.errors import UserError

    secret = {name for name, _, is_secret, _, _ in registry.setting_names(registry.spec_of(system)) if is_secret}
    given: dict[str, str] = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals:
            raise UserError("A --set is not NAME=VALUE.", next_step="For example --set realm_id=9130001.")
        if name in secret:
            raise UserError(
                f"{name} is a secret, and a command line is kept in your shell's history.",
                next_step=f"Put it into RECEIVABLES_{system.upper()}_{name.upper()}, or leave it out to be asked.",
            )
        given[name] = text
    return given


def _asked(opened: House, wish: Wish, without: frozenset[str] = frozenset()) -> Wish:
    """The wish, with the settings that stand nowhere asked for; a secret is not shown while it is typed."""
    from dataclasses import replace

    from connector import registry
    from connector.app.setup import values_known

    known = values_known(opened, wish)
    given = dict(wish.values)
    for name, required, is_secret, _, what in registry.setting_names(registry.spec_of(wish.system)):
        if required and name not in known and name not in without and sys.stdin.isatty():
            given[name] = typer.prompt(f"{name} ({what})", hide_input=is_secret, err=True)
    return replace(wish, values=given)


def _somebody_is_here(opened: House, wish: Wish) -> None:
    """Refuse to wait for a browser that nobody has been asked to look at."""
    from connector import registry
    from connector.app.access import brought
    from connector.app.setup import values_known
    from connector.errors import SettingsError

    if sys.stdin.isatty():
        return
    spec, known = registry.spec_of(wish.system), values_known(opened, wish)
    names = registry.setting_names(spec)
    missing = [name for name, required, *_ in names if required and name not in known and name not in brought(spec)]
    missing += [name for name, _, is_secret, _, _ in names if is_secret and name in brought(spec)]
    raise SettingsError(
        f"The {spec.title} setting {missing[0]} is missing.",
        next_step="Run it in a terminal to connect in the browser (or with --paste), or put the setting into the "
        "environment.",
    )


class Guided:
    """Leads a person through the browser and back."""

    def __init__(self, opened: House, *, wait: int, paste: bool, tell: Callable[[str], None]) -> None:
        self._house = opened
        self._wait = wait
        self._paste = paste
        self._tell = tell

    def connect_if_needed(self, wish: Wish) -> Connection:
        """The connection, without a browser where what is known is enough."""
        from connector.app import setup
        from connector.app.authorise import needs_browser
        from connector.errors import NeedsReconnect

        if needs_browser(self._house, wish):
            _somebody_is_here(self._house, wish)
            return self.connect(wish)
        try:
            return setup.connect(self._house, _asked(self._house, wish))
        except NeedsReconnect as fault:
            if not self._may_help(wish):
                raise
            self._tell(fault.sentence)
        return self.connect(wish)

    def _may_help(self, wish: Wish) -> bool:
        """Whether somebody is there to be led, and there is a way in by a browser that these keys can open."""
        from connector import registry
        from connector.app.authorise import door

        if registry.spec_of(wish.system).authorise is None or not sys.stdin.isatty():
            return False
        door(self._house, wish).knock()
        return True

    def connect(self, wish: Wish) -> Connection:
        """The connection, made or mended. Errors: UserError, VendorError; nothing is changed by them."""
        from connector import registry
        from connector.app import setup
        from connector.app.access import brought
        from connector.app.authorise import door, let_in
        from connector.web.landing import LET_IN, Landing, is_local

        self._prepare(wish)
        wish = _asked(self._house, wish, brought(registry.spec_of(wish.system)))
        door(self._house, wish).knock()
        redirect = door(self._house, wish).invite().redirect
        if self._paste or not is_local(redirect):
            return setup.connect(self._house, let_in(self._house, wish, self._pasted))
        with Landing(redirect) as landing:

            def collect(invitation: Invitation) -> Mapping[str, str]:
                self._show(invitation)
                return self._waiting(landing.wait)

            connection = setup.connect(self._house, let_in(self._house, wish, collect, landing.redirect))
            landing.say(LET_IN)
        return connection

    def _prepare(self, wish: Wish) -> None:
        """What has to be done before, unless it was done once already."""
        from connector import registry
        from connector.app.authorise import door
        from connector.app.setup import company_wanted

        steps = door(self._house, wish).steps()
        company, _ = company_wanted(self._house, wish)
        if any(each.system == wish.system for each in self._house.store.connections(company.company_id)):
            return
        self._tell(f"Before {registry.spec_of(wish.system).title} can be connected, once:")
        for number, step in enumerate(steps, start=1):
            self._tell(f"{number:>3}. {step}")

    def _show(self, invitation: Invitation) -> None:
        here = "Your browser opens; if it does not, open this address in it:"
        self._tell("Open this address in a browser, on any computer:" if self._paste else here)
        self._tell(f"\n{invitation.url}\n")
        if not self._paste:
            _open(invitation.url)

    def _pasted(self, invitation: Invitation) -> Mapping[str, str]:
        from connector.app.authorise import pasted

        self._show(invitation)
        self._tell("Whatever page you end on, even one that cannot be shown: copy its whole address.")
        return pasted(typer.prompt("Paste the whole address that the browser was sent back to", err=True))

    def _waiting(self, wait: Callable[[int, Callable[[int], None]], Mapping[str, str]]) -> Mapping[str, str]:
        """The browser's answer; how long there is left stands on standard error while it is a terminal."""
        from rich.console import Console

        screen = Console(stderr=True)
        said = "Waiting for your browser ({}:{:02} left; Ctrl-C ends it)"
        with screen.status(said.format(*divmod(self._wait, 60))) as status:
            return wait(self._wait, lambda left: status.update(said.format(*divmod(left, 60))))


def _open(address: str) -> None:
    """Show it in the person's browser, if there is one in a window of its own."""
    import webbrowser

    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return
    # A browser made of text would take this terminal away from us; one that was chosen on purpose may.
    if type(browser) is not webbrowser.GenericBrowser or os.environ.get("BROWSER"):
        browser.open(address)


def disconnect(
    system: Annotated[str, typer.Argument(help="For example quickbooks.")],
    company: CompanyOption = None,
    yes: YesOption = False,
) -> None:
    """Give our access to a system back and forget it, or forget its key. What was read stays; nothing can be read or
    written any more."""
    from connector.app.authorise import part
    from connector.errors import VendorError

    with desk(company) as at:
        confirm(f"Give back our access to {system}, and forget it?", yes=yes)
        try:
            left = part(at, system)
        except VendorError as fault:
            complain(fault.sentence, fault.next_step)
    say(f"Disconnected {system}. What was read stays. To come back: receivables connect {system}")
    if left:
        say(left)
