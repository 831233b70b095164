"""connector.errors: the drawn tree is the real one, and says whose fault it is."""

from __future__ import annotations

import re

import pytest

from connector import errors
from connector.errors import (
    OutcomeUnknown,
    RateLimited,
    ReceivablesError,
    Refused,
    Retry,
    UnknownCurrency,
    Unreachable,
    VendorError,
)

_DRAWN = re.compile(r"^    (?P<branch>[│├└─ ]*)(?P<name>[A-Z]\w+)(?P<told>.*)$")


def drawn() -> dict[str, tuple[str | None, int | None, str]]:
    """Each name in the docstring's tree with the name above it, its exit code and its words about trying again."""
    above: list[tuple[int, str]] = []
    found: dict[str, tuple[str | None, int | None, str]] = {}
    for line in (errors.__doc__ or "").splitlines():
        match = _DRAWN.match(line)
        if match is None:
            continue
        depth = len(match["branch"])
        above = [(level, name) for level, name in above if level < depth]
        exit_code = re.search(r"exit (\d)", match["told"])
        found[match["name"]] = (
            above[-1][1] if above else None,
            int(exit_code[1]) if exit_code else None,
            match["told"],
        )
        above.append((depth, match["name"]))
    return found


def real() -> dict[str, type[ReceivablesError]]:
    return {
        name: thing
        for name, thing in vars(errors).items()
        if isinstance(thing, type) and issubclass(thing, ReceivablesError)
    }


def test_the_drawn_tree_names_every_error_under_its_parent() -> None:
    assert {name: parent for name, (parent, _, _) in drawn().items() if parent} == {
        name: kind.__bases__[0].__name__ for name, kind in real().items() if kind is not ReceivablesError
    }


def test_the_drawn_exit_codes_are_the_real_ones() -> None:
    codes = {name: code for name, (_, code, _) in drawn().items() if code is not None}
    assert len(codes) >= 9
    assert codes == {name: real()[name].exit_code for name in codes}


def test_an_error_without_a_drawn_exit_code_has_its_parents() -> None:
    for name, (parent, code, _) in drawn().items():
        if code is None and parent is not None:
            assert real()[name].exit_code == real()[parent].exit_code


@pytest.mark.parametrize(
    ("name", "retry"),
    [
        ("Unreachable", Retry.SAFE),
        ("RateLimited", Retry.SAFE),
        ("MalformedAnswer", Retry.SAFE),
        ("StoreLocked", Retry.SAFE),
        ("OutcomeUnknown", Retry.LOOK_FIRST),
        ("NeedsReconnect", Retry.NEVER),
        ("Conflict", Retry.NEVER),
        ("NotFound", Retry.NEVER),
        ("Rejected", Retry.NEVER),
        ("StoreCorrupt", Retry.NEVER),
        ("LeaseLost", Retry.NEVER),
        ("Disagreement", Retry.NEVER),
        ("Refused", Retry.NEVER),
    ],
)
def test_only_what_is_harmless_to_repeat_may_be_tried_again(name: str, retry: Retry) -> None:
    assert real()[name].retry is retry


def test_an_error_reads_as_its_sentence_and_next_step() -> None:
    fault = Refused("The books are closed through 2026-02-28.", next_step="Post on a later day.")
    assert str(fault) == "The books are closed through 2026-02-28. Post on a later day."
    assert (fault.sentence, fault.next_step) == (fault.args[0], "Post on a later day.")


def test_a_sentence_without_a_next_step_ends_without_a_blank() -> None:
    assert str(Refused("No.")) == "No."


def test_a_vendors_error_carries_its_code_and_trace_beside_the_sentence() -> None:
    fault = Unreachable("It is away.", system="books", code="503", trace="req_1")
    assert (fault.system, fault.code, fault.trace) == ("books", "503", "req_1")
    assert str(fault) == "It is away."


def test_a_rate_limit_says_how_long_to_wait() -> None:
    fault = RateLimited("Slow down.", retry_after_seconds=2.5, system="books", code="429", trace="t")
    assert fault.retry_after_seconds == 2.5
    assert (fault.system, fault.code, fault.trace) == ("books", "429", "t")
    assert str(fault) == "Slow down. Run it again in a few minutes."


def test_an_unknown_currency_shows_no_more_than_eight_characters() -> None:
    assert UnknownCurrency("0123456789").code == "01234567"


def test_a_lost_write_is_a_vendors_fault_and_never_safe_to_repeat() -> None:
    assert issubclass(OutcomeUnknown, VendorError)
    assert OutcomeUnknown("?").retry is not Retry.SAFE
