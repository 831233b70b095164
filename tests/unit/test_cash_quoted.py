"""What payers quote is read: measured over many ways of numbering and of quoting, where what is quoted is known."""

from __future__ import annotations

import random
import re
from collections import Counter

import pytest

from connector.reconcile.cash.cuts import CUTS
from connector.reconcile.cash.numbers import TEXT_MAX, Numbers
from tests.unit.cash_ground import invoice, paid, rounds, told
from tests.unit.quoted_ground import CLOSED, NUMBERING, SHAPES, Quote, company, cut, quotes

TEXTS = 60
SLIPPED = 12
REQUIRED = ("clean", "list", "range", "shorthand", "zeros")
_RUN = re.compile(r"[0-9]+")


def meant_in(numbers: Numbers, text: str) -> set[int]:
    """The items that a text names, where a number is one item's."""
    return {mention.items[0] for mention in numbers.read(text).mentions if len(mention.items) == 1}


def whole(quote: Quote) -> str:
    """The text, longer where it would look as if a bank had cut it."""
    return f"{quote.text} ok" if len(quote.text) in CUTS else quote.text


def recall_per_shape() -> tuple[dict[str, float], int]:
    """The share of the quoted numbers that is read, by shape; and how many were read that nobody quoted."""
    quoted: Counter[str] = Counter()
    read: Counter[str] = Counter()
    invented = 0
    for numbering in NUMBERING:
        numbers = Numbers(company(numbering))
        for shape in SHAPES:
            for quote in quotes(numbering, shape, 3, TEXTS):
                found = meant_in(numbers, whole(quote))
                quoted[shape] += len(quote.meant)
                read[shape] += len(found & set(quote.meant))
                invented += len(found - set(quote.meant))
    return {shape: read[shape] / quoted[shape] for shape in SHAPES}, invented


def with_a_slip(rng: random.Random, number: str) -> str:
    """The number with one digit wrong, left out, written twice, or two neighbours swapped; never at the beginning."""
    run = list(_RUN.finditer(number))[-1]
    place = rng.randrange(run.start() + 1, run.end())
    before, digit, after = number[:place], number[place], number[place + 1 :]
    other = rng.choice([one for one in "0123456789" if one != digit])
    slips = [before + other + after, before + digit + digit + after]
    if len(run[0]) > 4:
        slips.append(before + after)
    if after[:1].isdigit() and after[0] != digit:
        slips.append(before + after[0] + digit + after[1:])
    return rng.choice(slips)


def near_misses(numbering: str) -> tuple[int, int, int]:
    """How many receipts with one slip, a known payer and the exact amount were decided right, wrong, and at all; every
    other number is another customer's."""
    rng = random.Random(numbering)  # noqa: S311
    numbers = company(numbering)
    items = [
        invoice(number, 10_000 + 137 * place + place * place, "acme" if place % 6 == 0 else "bolt")
        for place, number in enumerate(numbers)
    ]
    meant = dict(zip((f"p{n}" for n in range(SLIPPED)), rng.sample(range(0, len(numbers), 6), SLIPPED), strict=True))
    receipts = [
        paid(id_, items[place].amount, f"Invoice {with_a_slip(rng, numbers[place])}", account="DE1")
        for id_, place in meant.items()
    ]
    found = told(rounds(items, receipts))
    right = sum(found.get(id_, ("", {}))[1] == {numbers[place]: items[place].amount} for id_, place in meant.items())
    return right, len(found) - right, len(receipts)


def work(text: str) -> int:
    """How many words of a text are looked at, and how often."""
    numbers = Numbers(company("padded behind letters"))
    looked = 0
    at = numbers._at

    def counted(*given: object) -> object:
        nonlocal looked
        looked += 1
        return at(*given)  # type: ignore[arg-type]

    numbers._at = counted  # type: ignore[method-assign, assignment]
    numbers.read(text)
    return looked


@pytest.mark.req("R12")
def test_quoted_numbers_are_read_however_they_are_quoted_and_the_work_grows_with_the_text_alone() -> None:
    recall, invented = recall_per_shape()
    assert {shape: recall[shape] for shape in REQUIRED if recall[shape] < 0.995} == {}
    assert invented == 0
    slips = [near_misses(numbering) for numbering in NUMBERING if numbering not in CLOSED]
    assert sum(right for right, _, _ in slips) >= 0.90 * sum(count for _, _, count in slips)
    assert sum(wrong for _, wrong, _ in slips) == 0
    piece = "INV-00990, 1001/02 PO 7 12.03.2024 4 5 6 INV "
    once = TEXT_MAX // len(piece) // 2
    assert work(piece * 2 * once) == pytest.approx(2 * work(piece * once), rel=0.01)
    assert work(piece * (1_000_000 // len(piece))) <= TEXT_MAX


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape not in REQUIRED])
def test_numbers_without_their_beginning_with_blanks_or_letters_are_read_too(shape: str) -> None:
    assert recall_per_shape()[0][shape] >= 0.995


@pytest.mark.parametrize("width", [35, 70, 80])
def test_a_number_that_a_bank_cut_off_is_never_taken_for_another(width: int) -> None:
    named = left = 0
    for numbering in NUMBERING:
        known = company(numbering)
        numbers = Numbers(known)
        for quote in quotes(numbering, "list", 5, TEXTS):
            if len(quote.text) <= width:
                continue
            found = meant_in(numbers, cut(quote, width))
            assert found <= set(quote.meant)
            named += len(found)
            left += len(quote.meant)
    assert 0 < named < left


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1001", "RF18 5390 0754 7034 and 1001"),
        ("539007547034", "RF18539007547034"),
        ("539007547034", "/ROC/RF18 5390 0754 7034"),
    ],
)
def test_a_creditor_reference_is_the_number_behind_its_check_digits(number: str, text: str) -> None:
    assert meant_in(Numbers([number, "2002"]), text) == {0}


def test_a_creditor_reference_whose_check_digits_are_wrong_is_none() -> None:
    assert meant_in(Numbers(["185390"]), "RF19 5390 0754 7034") == set()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("FV 120/2024", [120]),
        ("120", [120]),
        ("FV/121/2024, FV/123/2024", [121, 123]),
        ("FV/121/2024 - FV/124/2024", [121, 122, 123, 124]),
        ("2024", []),
    ],
)
def test_a_year_behind_a_number_is_not_what_tells_it_from_the_others(text: str, meant: list[int]) -> None:
    found = meant_in(Numbers([f"FV/{number}/2024" for number in range(100, 1_000)]), text)
    assert sorted(100 + item for item in found) == meant


@pytest.mark.parametrize(
    "text",
    [
        "EREF+1001 SVWZ+Miete", "12 Mar 1001", "12. Mai 2024", "March 12, 2024", "Kd.-Nr. 1001", "Kundennummer: 1001",
        "IBAN DE1001", "1.001,00 EUR", "10,01 %", "Client no 1001", "VAT 1001", "A/C 1001",
    ],
)  # fmt: skip
def test_what_banks_add_is_read_as_a_number_only_where_it_is_one(text: str) -> None:
    named = meant_in(Numbers(["1001", "2024"]), text)
    assert named == ({0} if text.startswith(("EREF", "12 Mar 1001")) else set())
