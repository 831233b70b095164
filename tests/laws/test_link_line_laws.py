"""What we do to the message on somebody's invoice: a line of ours comes and goes, and not a letter else changes."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from adapters.quickbooks.memo import CHARACTERS_MAX, changed
from connector.errors import Refused, UserError
from connector.model.link_line import LinkLine, links_in, veiled
from connector.paylinks import checked, line_of

SECRETS = ["a" * 52, "b2" * 26, "7" * 52]
SHORT, LONG = CHARACTERS_MAX // 2, CHARACTERS_MAX + 10
memos = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=SHORT)


def line(nth: int, words: str = "Pay online: {url}") -> LinkLine:
    """The line of one of three links."""
    text = line_of(words, "en", f"https://pay.example/pay/{SECRETS[nth]}")
    (seen,) = links_in(text)
    return LinkLine(text=text, seen=seen)


@given(memos)
def test_a_line_that_comes_and_goes_leaves_the_message_as_it_was(memo: str) -> None:
    there = changed(memo, None, line(0))
    assert there.split("\n")[-1] == line(0).text
    assert changed(there, line(0), None) == memo
    assert changed(there, None, line(0)) == there


@given(memos, memos)
def test_what_people_write_above_and_below_stays_whatever_the_line_becomes(above: str, below: str) -> None:
    there = f"{changed(above, None, line(0))}\n{below}"
    assume(len(there) < CHARACTERS_MAX)
    renewed = changed(there, line(0), line(1))
    assert renewed == there.replace(line(0).text, line(1).text)
    assert changed(renewed, line(1), None) == (f"{above}\n{below}" if above else below)


@given(memos, st.sampled_from(["Pay here: {}", "{} (thanks)", "  {} .", "See {} and {}"]))
def test_a_line_that_somebody_changed_is_neither_taken_out_nor_replaced(memo: str, edited: str) -> None:
    address = line(0).text.removeprefix("Pay online: ")
    theirs = f"{memo}\n{edited.format(address, address)}"
    for puts in (None, line(1)):
        with pytest.raises(Refused, match="Somebody changed"):
            changed(theirs, line(0), puts)


@given(memos)
def test_a_line_that_somebody_took_out_is_gone_and_no_other_takes_its_place(memo: str) -> None:
    assert changed(memo, line(0), None) == memo
    with pytest.raises(Refused, match="took the payment link off"):
        changed(memo, line(0), line(1))


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=SHORT, max_size=LONG))
def test_nothing_is_ever_cut_to_make_room(memo: str) -> None:
    units = len(f"{memo}\n{line(0).text}".encode("utf-16-le")) // 2
    if units > CHARACTERS_MAX:
        with pytest.raises(Refused, match="too full"):
            changed(memo, None, line(0))
    else:
        assert changed(memo, None, line(0)).startswith(memo)


def test_a_message_with_the_line_twice_is_left_for_a_person() -> None:
    with pytest.raises(Refused, match="more than once"):
        changed(f"{line(0).text}\n{line(0).text}", line(0), None)


def test_lines_that_end_as_windows_ends_them_are_known_and_keep_their_ends() -> None:
    memo = f"Thanks\r\n{line(0).text}\r\nBye"
    assert changed(memo, line(0), line(1)) == f"Thanks\r\n{line(1).text}\r\nBye"
    assert changed(memo, line(0), None) == "Thanks\r\nBye"


def test_an_address_is_seen_by_hashes_alone_and_kept_in_no_document() -> None:
    text = f"Thanks\n{line(2).text}"
    (seen,) = links_in(text)
    assert seen.secret_hash == hashlib.sha256(SECRETS[2].encode()).hexdigest()
    assert links_in(f"{text}!") != links_in(text)
    assert [links_in(other) for other in (None, "", "see /pay/me", f"/pay/{'a' * 53}")] == [()] * 4
    document = f'{{"CustomerMemo":{{"value":"{line(2).text}"}}}}'.encode()
    kept = veiled(document)
    assert (SECRETS[2].encode() in kept, b"CustomerMemo" in kept) == (False, True)
    assert veiled(document.replace(SECRETS[2].encode(), SECRETS[1].encode())) != kept
    assert veiled(b"nothing here") == b"nothing here"


@pytest.mark.parametrize(
    "words", ["", "Pay us", "{url} {url}", "{url} {name}", "two\nlines {url}", "{", "x" * 200 + "{url}"]
)
def test_words_of_the_firm_are_one_line_with_the_address_once(words: str) -> None:
    with pytest.raises(UserError, match="one line"):
        checked(words)
    assert checked("  Settle at {url}. ") == "Settle at {url}."


@pytest.mark.parametrize(
    ("language", "begins"), [("en", "Pay online"), ("fr", "Payer"), ("de", "Online"), ("es", "Pagar"), ("", "Pay")]
)
def test_our_own_words_are_in_the_payers_language(language: str, begins: str) -> None:
    assert line_of("", language, "https://pay.example").startswith(begins)
