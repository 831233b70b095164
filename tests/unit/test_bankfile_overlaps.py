"""adapters.bankfile.overlaps: one line is one line, in however many files and in whatever order they came."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bankfile import camt, ofx, table
from adapters.bankfile.standin.writer import MAPPING, Stretch, as_camt, as_csv, as_ofx
from adapters.bankfile.statement import Line, Nature, Statement
from connector.money import currency
from tests.unit.bankfile_ground import EUR, IBAN, Account, came, stretch

LETTERS = st.sampled_from("abcdefgh ÄéßABC&<>'\"1234567890-/.,;")
TEXTS = st.text(LETTERS, max_size=20).map(lambda text: " ".join(text.split()))
AMOUNTS = st.integers(-999_999_999, 999_999_999).filter(bool)
NATURES = st.sampled_from([Nature.TRANSFER, Nature.CHEQUE, Nature.COLLECTED])
DAYS = st.integers(1, 28)


@st.composite
def lines(draw: st.DrawFn) -> list[Line]:
    """What moved an account in March, each under the bank's own reference."""
    found = draw(st.lists(st.tuples(DAYS, AMOUNTS, TEXTS, TEXTS, NATURES), min_size=1, max_size=8))
    return sorted(
        (
            Line(on=date(2026, 3, day), amount=amount, nature=nature, other=who, text=text, bank_ref=f"B{place}")
            for place, (day, amount, who, text, nature) in enumerate(found)
        ),
        key=lambda line: line.on,
    )


Writer = Callable[[Stretch], bytes]
Reader = Callable[[bytes], list[Statement]]


def from_csv(held: bytes) -> list[Statement]:
    with TemporaryDirectory() as folder:
        mapping, path = Path(folder) / "map.toml", Path(folder) / "a.csv"
        mapping.write_text(MAPPING.format(code="EUR"), encoding="utf-8")
        path.write_bytes(held)
        return [table.statement(path, str(mapping), EUR)]


KINDS: dict[str, tuple[Writer, Reader]] = {
    "csv": (as_csv, from_csv),
    "csv, the newest first": (lambda of: as_csv(of, newest_first=True), from_csv),
    "camt 2": (lambda of: as_camt(of, version=2), lambda held: camt.statements("a.xml", held)),
    "camt 8": (lambda of: as_camt(of, version=8), lambda held: camt.statements("a.xml", held)),
    "ofx 1": (lambda of: as_ofx(of, sgml=True), lambda held: ofx.statements("a.ofx", held)),
    "ofx 2": (lambda of: as_ofx(of, sgml=False), lambda held: ofx.statements("a.ofx", held)),
}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12)
@given(moved=lines(), opening=st.integers(-999_999, 999_999))
def test_a_statement_of_any_kind_reads_back_to_its_own_lines(kind: str, moved: list[Line], opening: int) -> None:
    write, read = KINDS[kind]
    (found,) = read(write(stretch(moved, 1, 28, opening=opening)))
    assert [(each.on, each.amount, each.other, each.text, each.bank_ref) for each in found.lines] == [
        (each.on, each.amount, each.other, each.text, each.bank_ref) for each in moved
    ]
    assert found.closing == opening + sum(each.amount for each in moved)


def mirrored(files: Sequence[tuple[str, bytes]], *, one_by_one: bool) -> dict[str, tuple[date, int, str | None, str]]:
    """What is mirrored when these files come, all at once or one after another."""
    with TemporaryDirectory() as folder:
        account = Account(Path(folder) / "statements")
        for name, held in files:
            account.put(name, held)
            if one_by_one:
                account.pull()
        account.pull()
        return {
            ref: (each.received_on, each.gross.minor, each.payer, each.state.value)
            for ref, each in account.payments().items()
        }


@st.composite
def overlapping(draw: st.DrawFn) -> tuple[list[Line], list[tuple[int, int]]]:
    """What came in, and stretches of days that together cover all of March, and overlap."""
    amounts = st.sampled_from([100, 200])
    found = draw(st.lists(st.tuples(DAYS, amounts, st.sampled_from(["Ann", "Bob"])), min_size=1, max_size=10))
    moved = sorted((came(day, amount, who) for day, amount, who in found), key=lambda line: line.on)
    cuts = draw(st.lists(st.tuples(DAYS, DAYS).map(lambda pair: (min(pair), max(pair))), max_size=3))
    return moved, [(1, 15), (10, 28), *cuts]


@settings(max_examples=25)
@given(made=overlapping(), chosen=st.randoms(use_true_random=False), one_by_one=st.booleans())
def test_overlapping_doubled_and_shuffled_statements_mirror_each_line_once(
    made: tuple[list[Line], list[tuple[int, int]]],
    chosen: object,
    one_by_one: bool,  # noqa: FBT001 - drawn
) -> None:
    moved, stretches = made
    files = []
    for number, (first, last) in enumerate(stretches, start=1):
        inside = [line for line in moved if first <= line.on.day <= last]
        opening = sum(line.amount for line in moved if line.on.day < first)
        of = stretch(inside, first, last, opening=opening, number=number)
        files.append((f"{number}.xml", as_camt(of)))
    files += [(f"again-{name}", held) for name, held in files[:2]]
    chosen.shuffle(files)  # type: ignore[attr-defined]
    found = mirrored(files, one_by_one=one_by_one)
    expected = sorted((line.on, line.amount, line.other, "succeeded") for line in moved)
    assert sorted(found.values()) == expected
    assert found == mirrored(sorted(files), one_by_one=False)


def test_two_equal_payments_of_one_day_stay_two() -> None:
    held = as_camt(stretch([came(3, 100, "Ann"), came(3, 100, "Ann")], 3, 3))
    assert [minor for _, minor, _, _ in mirrored([("a.xml", held)], one_by_one=False).values()] == [100, 100]


@pytest.fixture
def account(tmp_path: Path) -> Account:
    mapping = tmp_path / "map.toml"
    mapping.write_text(MAPPING.format(code="EUR"), encoding="utf-8")
    return Account(tmp_path / "statements", mapping=str(mapping))


def states(account: Account) -> list[tuple[int, str | None, str]]:
    return [(each.gross.minor, each.payer, each.state.value) for each in account.payments().values()]


def test_a_corrected_statement_takes_the_place_of_the_first_and_says_what_changed(account: Account) -> None:
    wrong = [came(3, 100_00, "Ann", bank_ref="B1"), came(3, 50_00, "Bob", bank_ref="B2")]
    right = [came(3, 120_00, "Ann", bank_ref="B1"), came(3, 50_00, "Bob", bank_ref="B2")]
    account.put("first.xml", as_camt(stretch(wrong, 3, 3, number=1)))
    account.pull()
    known = list(account.payments())
    account.put("second.xml", as_camt(stretch(right, 3, 3, number=1, made="2026-04-09T08:00:00")))
    assert account.told() == [
        "A line of 2026-03-03 is 120.00 EUR in second.xml, and was 100.00 EUR in first.xml: the later counts."
    ]
    assert sorted(states(account)) == [(50_00, "Bob", "succeeded"), (120_00, "Ann", "succeeded")]
    assert list(account.payments()) == known


def test_a_line_that_the_bank_gave_another_day_stays_the_same_payment(account: Account) -> None:
    account.put("first.xml", as_camt(stretch([came(3, 100, "Ann", bank_ref="B1")], 3, 5)))
    account.pull()
    known = list(account.payments())
    moved = stretch([came(5, 100, "Ann", bank_ref="B1")], 3, 5, made="2026-04-09T08:00:00")
    account.put("second.xml", as_camt(moved))
    (said,) = account.told()
    assert said.startswith("A line of 2026-03-05 is 1.00 EUR in second.xml, and was 1.00 EUR of 2026-03-03 in first")
    assert [(ref, str(each.received_on)) for ref, each in account.payments().items()] == [(known[0], "2026-03-05")]


def test_one_reference_with_two_sums_at_the_seam_of_two_files_is_no_money_until_it_is_clear(account: Account) -> None:
    account.put("a.csv", as_csv(stretch([came(3, 100, "Ann", bank_ref="A"), came(5, 300, "Cid", bank_ref="C")], 3, 5)))
    account.put("b.csv", as_csv(stretch([came(5, 330, "Cid", bank_ref="C"), came(9, 900, "Eve", bank_ref="E")], 5, 9)))
    account.pull()
    assert sorted(states(account)) == [
        (100, "Ann", "succeeded"),
        (300, "Cid", "pending"),
        (330, "Cid", "pending"),
        (900, "Eve", "succeeded"),
    ]


def test_a_line_that_a_later_statement_has_no_more_is_gone_and_told(account: Account) -> None:
    account.put("first.xml", as_camt(stretch([came(3, 100, "Ann"), came(3, 200, "Bob")], 3, 3)))
    account.pull()
    account.put("second.xml", as_camt(stretch([came(3, 200, "Bob")], 3, 3, made="2026-04-09T08:00:00")))
    assert account.told() == [
        "A line of 2026-03-03 of 1.00 EUR stood in first.xml; second.xml, which is later, has it no more."
    ]
    assert sorted(states(account)) == [(100, "Ann", "void"), (200, "Bob", "succeeded")]


def test_where_nobody_says_which_of_two_files_is_right_no_money_is_made_of_it(account: Account) -> None:
    one = [came(3, 100, "Ann"), came(5, 300, "Cid"), came(9, 400, "Dan")]
    other = [came(3, 100, "Ann"), came(5, 200, "Bob"), came(5, 300, "Cid"), came(9, 400, "Dan")]
    account.put("a.csv", as_csv(stretch(one, 3, 9)))
    account.put("b.csv", as_csv(stretch(other, 3, 9)))
    told = account.told()
    (said,) = told
    assert said.startswith("A line of 2026-03-05 of 2.00 EUR stands in b.csv and not in a.csv, and nobody says which")
    assert sorted(states(account)) == [
        (100, "Ann", "succeeded"),
        (200, "Bob", "pending"),
        (300, "Cid", "succeeded"),
        (400, "Dan", "succeeded"),
    ]


def test_a_text_that_the_bank_changed_later_makes_no_second_payment(account: Account) -> None:
    account.put("a.csv", as_csv(stretch([came(3, 100, "Ann"), came(5, 300, "PENDING CID")], 3, 5)))
    account.pull()
    (before,) = [ref for ref, each in account.payments().items() if each.gross.minor == 300]
    account.put("b.csv", as_csv(stretch([came(3, 100, "Ann"), came(5, 300, "Cid"), came(9, 400, "Dan")], 3, 9)))
    assert account.told() == []
    assert account.payments()[before].payer == "Cid"
    assert sorted(minor for minor, _, _ in states(account)) == [100, 300, 400]


def test_the_same_days_in_another_kind_of_file_make_no_second_payments(account: Account) -> None:
    moved = [came(3, 100, "Ann"), came(3, 100, "Bob"), came(5, 300, "Cid")]
    account.put("a.csv", as_csv(stretch(moved, 3, 5)))
    account.pull()
    known = set(account.payments())
    account.put("b.ofx", as_ofx(stretch([*moved, came(8, 900, "Eve")], 1, 8)))
    account.put("c.xml", as_camt(stretch(moved, 3, 5)))
    account.pull()
    assert set(account.payments()) > known
    assert sorted(minor for minor, _, _ in states(account)) == [100, 100, 300, 900]


def test_statements_of_one_day_that_follow_upon_each_other_are_added(account: Account) -> None:
    morning = stretch([came(3, 100, "Ann")], 3, 3, number=1)
    account.put("1.xml", as_camt(morning))
    account.put("2.xml", as_camt(stretch([came(3, 100, "Ann")], 3, 3, opening=morning.closing, number=2)))
    assert account.told() == []
    assert [minor for minor, _, _ in states(account)] == [100, 100]


def test_the_pages_of_one_statement_are_added_whatever_their_order(account: Account) -> None:
    first = as_camt(stretch([came(3, 100, "Ann")], 3, 3, made="2026-03-04T08:00:00")).replace(b"CLBD", b"ITBD")
    second = as_camt(stretch([came(3, 100, "Ann")], 3, 3, opening=100, made="2026-03-04T08:00:00"))
    second = second.replace(b"OPBD", b"ITBD").replace(
        b"</Id><ElctrncSeqNb>", b"</Id><StmtPgntn><PgNb>2</PgNb></StmtPgntn><ElctrncSeqNb>"
    )
    account.put("b.xml", first)
    account.put("a.xml", second)
    assert account.told() == []
    assert [minor for minor, _, _ in states(account)] == [100, 100]


def test_days_that_no_file_covers_are_told_with_both_balances(account: Account) -> None:
    account.put("1.xml", as_camt(stretch([came(3, 100, "Ann")], 3, 3)))
    account.put("3.xml", as_camt(stretch([came(9, 100, "Ann")], 9, 9, opening=500, number=3)))
    (said,) = account.told()
    assert said.startswith("1.xml ends on 2026-03-03 with 1.00 EUR, and 3.xml begins on 2026-03-09 with 5.00 EUR: a")
    account.put("2.xml", as_camt(stretch([came(5, 400, "Ann")], 5, 5, opening=100, number=2)))
    assert account.told() == []


def test_a_payment_keeps_its_id_whatever_currency_or_folder_it_is_read_in(tmp_path: Path) -> None:
    held = as_camt(
        Stretch(
            account=IBAN,
            currency=currency("JPY"),
            first=date(2026, 3, 3),
            last=date(2026, 3, 3),
            opening=0,
            lines=[came(3, 1200, "Ann", bank_ref="B1")],
        )
    )
    yen = Account(tmp_path / "yen", currency="JPY")
    yen.put("a.xml", held)
    yen.pull()
    assert [str(each.gross) for each in yen.payments().values()] == ["1200 JPY"]
    assert list(yen.payments()) == ["2026-03-03-623d8ec7e556"]
