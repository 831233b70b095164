"""The command `receivables`: runs it, and turns every fault into one sentence, a next step and an exit code."""

from __future__ import annotations

import sys

INTERRUPTED = 130
UNEXPECTED = 70


def main() -> None:
    """Run the command line. Never shows a traceback; RECEIVABLES_DEBUG=1 asks for one."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code of a command line."""
    from connector.cli import application
    from connector.cli.output import complain, debugging
    from connector.errors import ReceivablesError

    try:
        application()(args=arguments, prog_name="receivables", standalone_mode=True)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except ReceivablesError as fault:
        complain(fault.sentence, fault.next_step)
        return fault.exit_code
    except KeyboardInterrupt:
        complain("Interrupted.", "Run the same command again; it goes on where it stopped.")
        return INTERRUPTED
    except Exception as fault:
        if debugging():
            raise
        complain(
            f"Something that should not happen did ({type(fault).__name__}); nothing that was stored is lost.",
            "Run it again with RECEIVABLES_DEBUG=1 and report what it prints.",
        )
        return UNEXPECTED
    return 0


if __name__ == "__main__":
    main()
