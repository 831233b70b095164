"""How a number that was written down wrong is like the right one: one digit wrong, missing, doubled, two swapped, or
only its end."""

from __future__ import annotations

COMPARED_MIN = 3
"""Shorter numbers are alike by accident."""
END_MIN = 3
COMPARED_MAX = 40
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def trailing(word: str) -> str:
    """The digits at the end of a word."""
    return word[len(word.rstrip("0123456789")) :]


def is_like(token: str, digits: str) -> bool:
    """Whether a payer who wrote this may have meant that number: the same but for one slip, or its end."""
    one, other = token.lstrip("0"), digits.lstrip("0")
    if not one or max(len(token), len(digits)) > COMPARED_MAX:
        return False
    if one == other or (len(token) >= END_MIN and len(token) < len(digits) and digits.endswith(token)):
        return True
    return one_slip(one, other) or one_slip(token, digits)


def is_led(text: str, word: str, number: str) -> bool:
    """Whether the letters that a number begins with stand before a word of a text."""
    letters = number[: len(number) - len(number.lstrip(_LETTERS))]
    return bool(letters) and text.upper().partition(word)[0].rstrip("-/#. ").endswith(letters.upper())


def one_slip(one: str, other: str) -> bool:
    """Whether two numbers differ by one digit wrong, missing or too many, or by two neighbours swapped."""
    if abs(len(one) - len(other)) > 1 or min(len(one), len(other)) < COMPARED_MIN:
        return False
    if len(one) == len(other):
        off = [place for place in range(len(one)) if one[place] != other[place]]
        if not off:
            return False
        swapped = [off[0], off[0] + 1] == off and one[off[0]] == other[off[1]] and one[off[1]] == other[off[0]]
        return len(off) == 1 or swapped
    short, long = sorted((one, other), key=len)
    at = next((place for place in range(len(short)) if short[place] != long[place]), len(short))
    return short[at:] == long[at + 1 :]
