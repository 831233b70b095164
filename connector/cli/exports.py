"""What `match` says of exports: what each file was taken for, and how a bank's file might be read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from connector.cli.output import say, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.app.exports.gathered import Gathered
    from connector.app.folder import Purse
    from connector.reconcile.cash.case import Case, Policy

_OURS = ("tenant_id,", "payment_id,")
"""How our own files begin. Where there are no others, nothing of what reads exports is needed."""
_PLAIN = ("invoices.csv", "payments.csv")


class Downloads(NamedTuple):
    """Where to read, a bank's file with its mapping, and what exports do not say of themselves."""

    folder: Path
    bank: Path | None
    mapping: Path | None
    currency: str
    dates: str


def read(
    downloads: Downloads, policy: Policy, written: Sequence[Path], *, with_payouts: bool
) -> tuple[Sequence[tuple[str, Case]], Sequence[Purse]]:
    """The cases, and the payouts where they are wanted. UserError where a file that is read would be overwritten."""
    from connector.app.filing import refuse_unfit
    from connector.app.folder import read_cases, read_purses

    found = None if _is_plain(downloads) else gather(downloads, policy)
    if found is not None:
        refuse_unfit(written, found.read)
        return found.cases, found.purses
    return read_cases(downloads.folder, policy), read_purses(downloads.folder) if with_payouts else []


def _is_plain(downloads: Downloads) -> bool:
    """Whether our own files are all that is there."""
    folder = downloads.folder
    if (downloads.bank, downloads.mapping, downloads.dates) != (None, None, ""):
        return False
    return all((folder / name).is_file() for name in _PLAIN) and all(map(_is_ours, folder.iterdir()))


def _is_ours(path: Path) -> bool:
    if not path.is_file() or path.name.startswith("."):
        return True
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            return path.suffix == ".csv" and file.readline(1_000).startswith(_OURS)
    except OSError:
        return False


def gather(downloads: Downloads, policy: Policy) -> Gathered | None:
    """The exports of a folder and a bank's file, told in one table; None where there are none."""
    from connector import registry
    from connector.app.exports.gathered import Asked, gathered
    from connector.errors import UserError
    from connector.exports.days import ORDERS
    from connector.exports.mapping import read_mapping

    folder, bank, mapping, currency, dates = downloads
    if (bank is None) != (mapping is None):
        raise UserError(
            "A bank's file and its mapping go together.",
            next_step="See a proposal: receivables match --bank FILE --suggest-map; save it, and name it with --map.",
        )
    if dates not in {"", *ORDERS}:
        raise UserError(f"{dates[:20]!r} is no order of dates.", next_step=f"Give one of {', '.join(ORDERS)}.")
    exports = [registry.by_path(spec.exports) for spec in registry.specs().values() if spec.exports is not None]
    asked = Asked(
        folder=folder,
        policy=policy,
        bank=bank,
        mapping=read_mapping(mapping) if mapping is not None else None,
        currency=currency.upper(),
        dates=dates,
    )
    found = gathered(asked, exports)
    if found is not None:
        table(
            "What was read",
            ("File", "Taken for", "In it"),
            [(each.file, each.taken_for, each.told) for each in found.seen],
        )
        for remark in found.remarks:
            say(remark)
    return found


def suggest(bank: Path | None, currency: str) -> None:
    """A mapping to be checked, with the first lines as it reads them. Nothing is read by it."""
    from connector.errors import UserError
    from connector.exports.suggest import suggestion

    if bank is None:
        raise UserError("No bank's file is named.", next_step="Add --bank FILE.")
    found = suggestion(bank, currency.upper())
    say(found.toml)
    table(f"{bank.name}: its first bookings by this mapping", found.columns, found.samples)
    for question in found.open_questions:
        say(f"Not known: {question}.")
    say("Check it, save it as a file, and name that with --map. Nothing was read by it.")
