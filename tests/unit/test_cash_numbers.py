"""What a text names is read in every way people write it, and in no way that they do not."""

from __future__ import annotations

import pytest

from connector.reconcile.cash.numbers import TEXT_MAX, Numbers

PLAIN = [f"INV-{at:05}" for at in range(980, 1_040)]
LONG = [f"90000{at:05}" for at in range(300, 420)]
YEARS = [f"2026-{at:04}" for at in range(100, 160)]


def named(numbers: list[str], text: str, texts: tuple[str, ...] = ()) -> list[str]:
    reading = Numbers(numbers, texts).read(text)
    return [numbers[mention.items[0]] for mention in reading.mentions]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Payment INV-00990", [990]),
        ("inv00990", [990]),
        ("INV 00990", [990]),
        ("INV-990", [990]),
        ("990", [990]),
        ("00990 thank you", [990]),
        ("INV-00990, INV-00995;INV-01001", [990, 995, 1_001]),
        ("990/991/1001", [990, 991, 1_001]),
        ("INV-00990 + INV-00991", [990, 991]),
        ("INV-01001/02/03", [1_001, 1_002, 1_003]),
        ("1001, 02, 03", [1_001, 1_002, 1_003]),
        ("INV-01001 - INV-01004", [1_001, 1_002, 1_003, 1_004]),
        ("1001 to 1004", [1_001, 1_002, 1_003, 1_004]),
        ("1001-04", [1_001, 1_002, 1_003, 1_004]),
        ("INV-O1OO1", [1_001]),
        ("INV-010 01", [1_001]),
        ("10 01", [1_001]),
    ],
)
def test_numbers_are_read_as_they_are_written(text: str, meant: list[int]) -> None:
    assert sorted(named(PLAIN, text)) == [f"INV-{at:05}" for at in meant]


@pytest.mark.parametrize(
    "text",
    [
        "PO 1001", "TRN 990", "customer 1001", "tel 555 1001", "phone +1 212 555 1001", "paid 03/10/2026", "2026-10-01",
        "USD 1001.00", "1,001.00", "acct no. 1001", "99", "thank you",
    ],
)  # fmt: skip
def test_what_is_no_document_number_is_not_read(text: str) -> None:
    assert named(PLAIN, text) == []


def test_a_range_backwards_names_its_ends_only() -> None:
    assert named(PLAIN, "1004-1001") == ["INV-01004", "INV-01001"]


def test_a_range_with_a_gap_in_it_names_its_ends_only() -> None:
    assert named(["R101", "R102", "R104"], "R101-R104") == ["R101", "R104"]


def test_what_all_numbers_begin_with_may_be_left_out() -> None:
    assert named(LONG, "invoice 00312, 345") == ["9000000312", "9000000345"]


def test_a_year_in_front_may_be_left_out() -> None:
    assert named(YEARS, "Re 0119 and 2026-0120") == ["2026-0119", "2026-0120"]


@pytest.mark.parametrize("width", [3, 7, 10, 13, 16])
def test_numbers_of_three_to_sixteen_digits_are_read(width: int) -> None:
    number = "4" * (width - 1) + "7"
    assert named([number], f"for {number} thanks") == [number]


def test_a_number_that_touches_the_cut_is_only_the_beginning_of_one() -> None:
    text = "Payment of INV-00990 and of INV-010"
    assert len(text) == 35
    reading = Numbers([*PLAIN, "INV-010"]).read(text)
    assert [mention.end for mention in reading.mentions] == [20]
    assert reading.cut == "010"


def test_where_another_bank_cuts_is_learned_from_its_texts() -> None:
    long = ("alpha ", "beta be ", "gamma gamma ", "delta ", "epsilon eps ", "zeta z ")
    texts = tuple((one * 9)[:27] for one in long)
    text = "INV-00990 INV-00991 INV-010"
    assert Numbers(PLAIN, texts).read(text).cut == "010"
    assert Numbers(PLAIN).read(text).cut == ""


def test_what_looks_like_a_number_and_is_none_is_strange() -> None:
    assert Numbers(PLAIN).read("INV-07777").strange == ("07777",)


def test_a_company_s_own_letters_are_no_noise() -> None:
    assert named(["PO-1001", "PO-1002"], "PO 1001") == ["PO-1001"]


@pytest.mark.parametrize(
    "piece", ["1", "1-", "A1 ", "1001 ", "1,", "0", "PO 1 ", "USD 1", "to ", "-", "1/", "é1", "\u0661", "\x00", "INV-"]
)
def test_a_megabyte_of_anything_is_read_up_to_a_limit(piece: str) -> None:
    numbers = Numbers(PLAIN)
    looked = 0
    at = numbers._at

    def counted(*given: object) -> object:
        nonlocal looked
        looked += 1
        return at(*given)  # type: ignore[arg-type]

    numbers._at = counted  # type: ignore[method-assign, assignment]
    reading = numbers.read(piece * (1_000_000 // len(piece)))
    assert looked <= TEXT_MAX
    assert reading.strange
    assert all(mention.end <= TEXT_MAX for mention in reading.mentions)


def test_a_number_that_very_many_items_have_names_none() -> None:
    assert Numbers(["R777"] * 5_000).read("R777").mentions == ()


@pytest.mark.parametrize(
    ("numbers", "text", "meant"),
    [
        (("A-0069", "A-0070", "A-0074", "A-0120"), "A-0069/070/074/120", [0, 1, 2, 3]),
        (("5406", "5407", "5502", "407"), "5406/407/502", [0, 1, 2]),
        (("5406", "5407", "407"), "5406, 407", [0, 2]),
        (("5506", "5407", "407"), "5506/407", [0, 2]),
    ],
)
def test_a_short_number_behind_a_slash_replaces_the_end_of_the_one_before(
    numbers: tuple[str, ...], text: str, meant: list[int]
) -> None:
    assert [mention.items for mention in Numbers(numbers).read(text).mentions] == [(place,) for place in meant]
