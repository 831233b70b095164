"""A reference that contradicts a match forbids it, however well payer, amount and day agree."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from connector.app.folder import read_cases
from connector.reconcile.cash.case import Item, Receipt
from connector.reconcile.cash.rounds import Rounds
from connector.reconcile.cash.verdict import Class
from tests.bench.cash import files
from tests.bench.cash.calibrate import POLICY
from tests.bench.cash.settings import PROFILES
from tests.bench.cash.world import world
from tests.unit.cash_ground import invoice, paid, rounds, told

OWN = invoice("R100", 5_013)
FITS = paid("p", 5_013, account="DE1")
"""What is decided by its amount as long as nothing contradicts."""
CONTRADICTED: dict[str, tuple[list[Item], Receipt]] = {
    "the number of another of its items": ([invoice("R345", 9_000)], FITS._replace(text="R345")),
    "the number of another customer's item": ([invoice("R345", 9_000, "bolt")], FITS._replace(text="R345")),
    "a number that looks like ours and is nobody's": ([invoice("R345", 9_000)], FITS._replace(text="R987")),
    "the stored key of another item": ([invoice("R345", 9_000)], FITS._replace(key="R345")),
    "a key of one item and the number of another": (
        [invoice("R345", 5_013)], FITS._replace(key="R345", text="R100"),
    ),
    "a beginning that the bank cut off": ([], FITS._replace(text="Payment for your last invoices: R34")),
}  # fmt: skip
BY_AMOUNT = frozenset({Class.AMOUNT, Class.ALL_DUE, Class.SUBSET, Class.AMOUNT_TERMS, Class.IDENTICAL})


def test_without_a_reference_the_amount_of_the_payer_is_enough() -> None:
    assert told(rounds([OWN], [FITS])) == {"p": ("amount", {"R100": 5_013})}


@pytest.mark.req("F21")
def test_a_reference_that_says_otherwise_forbids_a_match_of_payer_and_amount() -> None:
    for name, (others, receipt) in CONTRADICTED.items():
        assert told(rounds([OWN, *others], [receipt])) == {}, name
    for profile in ("smb", "b2b", "subs"):
        with TemporaryDirectory() as folder:
            files.write(Path(folder), world(PROFILES[profile], 700, 61))
            for _, case in read_cases(Path(folder), POLICY):
                _contradicts_nothing(Rounds(case))


def _contradicts_nothing(done: Rounds) -> None:
    """What was decided by its amount names nothing; what names open items of its payer settles one of them."""
    verdicts = done.run()
    for place, verdict in verdicts.items():
        reading = done.at.reading[place]
        if verdict.kind in BY_AMOUNT:
            assert (reading.mentions, reading.strange, reading.cut) == ((), (), "")
        settled = {share.item for share in verdict.shares}
        key = done.at.item_of.get(done.at.case.receipts[place].key, -1)
        if verdict.kind is Class.KEY:
            assert settled == {key}
            assert all(
                settled.intersection(one.items)
                for one in reading.mentions
                if len(one.items) == 1
                and not done.at.is_vetoed(verdict.payer, done.at.group[one.items[0]])
                and done.at.case.items[one.items[0]].currency == done.at.case.receipts[place].currency
            )
