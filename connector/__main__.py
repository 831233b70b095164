"""The command `receivables`: runs it, and turns every fault into one sentence, a next step and an exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

INTERRUPTED = 130
UNEXPECTED = 70
NEXT_STEP = "See `receivables doctor`, or the README."
"""For a fault that brings no next step of its own."""

_GO_ON = "Run the same command again; it goes on where it stopped."


def main() -> None:
    """Run the command line. Never shows a traceback; RECEIVABLES_DEBUG=1 asks for one, and for a log of calls."""
    from connector import logs
    from connector.cli.output import debugging

    logs.install(debugging=debugging())
    try:
        code = run(sys.argv[1:])
    except Exception as fault:  # noqa: BLE001 - the library of commands would show it with the secrets in it
        logs.tell(fault)
        code = 1
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """The exit code of a command line."""
    import typer

    from connector.cli import application
    from connector.cli.output import complain, debugging
    from connector.errors import ReceivablesError

    try:
        _readable(arguments)
        code = application(next(iter(arguments), ""))(
            args=arguments or ["--help"], prog_name="receivables", standalone_mode=False
        )
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except ReceivablesError as fault:
        complain(fault.sentence, fault.next_step or NEXT_STEP)
        return fault.exit_code
    except (KeyboardInterrupt, typer.Abort):
        complain("Interrupted.", _GO_ON)
        return INTERRUPTED
    except typer.TyperException as fault:
        return _mistyped(fault)
    except Exception as fault:
        if debugging():
            raise
        complain(
            f"Something that should not happen did ({type(fault).__name__}); nothing that was stored is lost.",
            "Run it again with RECEIVABLES_DEBUG=1 and report what it prints.",
        )
        return UNEXPECTED
    if code == INTERRUPTED:
        complain("Interrupted.", _GO_ON)
    return code if isinstance(code, int) else 0


def _readable(arguments: list[str]) -> None:
    """Refuse what no store and no outside system could hold."""
    from connector.errors import UserError

    if any("\ud800" <= letter <= "\udfff" for word in arguments for letter in word):
        raise UserError("The command line holds bytes that are not UTF-8 text.", next_step="Type it again as text.")


def _mistyped(fault: typer.TyperException) -> int:
    """A command line that cannot be read. Words too many are not repeated: one of them may be a secret."""
    from connector.cli.output import complain

    if type(fault).__name__ == "NoArgsIsHelpError":  # a group without its command; typer gives the class no name
        sys.stdout.write(f"{fault.format_message()}\n")
        return fault.exit_code
    context = getattr(fault, "ctx", None)
    command = context.command_path if context is not None else "receivables"
    words = " ".join(fault.format_message().split())
    if words.startswith("Got unexpected extra"):
        words = "There are more words than the command takes."
    complain(f"{words.replace(': Input ', ': it ').rstrip('.')}.", f"See: {command} --help")
    return fault.exit_code


if __name__ == "__main__":
    main()
