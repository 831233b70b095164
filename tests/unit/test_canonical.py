"""connector.canonical: one text per value, so that hashes can be compared."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import canonical
from connector.dates import business_date, instant_from_iso
from connector.model.finding import Finding, FindingCode
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import Money, currency

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Fields in an order that is not the alphabet's."""

    zeta: int
    alpha: str


def test_keys_are_sorted_and_nothing_is_padded() -> None:
    assert canonical.encode({"b": 1, "a": {"d": None, "c": [1, 2]}}) == b'{"a":{"c":[1,2],"d":null},"b":1}'
    assert canonical.encode(Line(zeta=1, alpha="x")) == b'{"alpha":"x","zeta":1}'


def test_exact_numbers_stay_exact() -> None:
    assert canonical.encode(Decimal("0.10")) == b'"0.10"'
    assert canonical.encode(2**70) == str(2**70).encode()


def test_a_value_of_the_model_goes_out_and_comes_back() -> None:
    finding = Finding(
        code=FindingCode.SHORT_PAYMENT,
        sentence="20.00 USD are missing.",
        next_step="Ask Acme.",
        refs=(Ref(ConnectionId("books"), Kind.INVOICE, "7"),),
        amount=Money(2000, currency("USD")),
    )
    assert canonical.decode(canonical.encode(finding), Finding) == finding


def test_days_and_moments_are_written_in_iso() -> None:
    assert canonical.encode(business_date("2026-03-01")) == b'"2026-03-01"'
    assert canonical.encode(instant_from_iso("2026-03-01T12:00:00Z")) == b'"2026-03-01T12:00:00Z"'


def test_bytes_of_another_shape_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        canonical.decode(b'{"zeta":"one","alpha":"x"}', Line)


def test_an_amount_with_a_fraction_is_not_read_into_integer_minor_units() -> None:
    with pytest.raises(msgspec.ValidationError):
        canonical.decode(b'{"minor":12.5,"currency":"USD"}', Money)


@given(JSON)
def test_equal_values_give_equal_bytes_whatever_their_order(value: object) -> None:
    def turned(part: object) -> object:
        if isinstance(part, dict):
            return {name: turned(part[name]) for name in reversed(list(part))}
        if isinstance(part, list):
            return [turned(each) for each in part]
        return part

    assert canonical.encode(turned(value)) == canonical.encode(value)


@given(JSON)
def test_reading_and_writing_again_changes_nothing(value: object) -> None:
    written = canonical.encode(value)
    assert canonical.encode(canonical.decode(written, object)) == written


def test_the_indented_form_says_the_same() -> None:
    assert canonical.pretty({"b": 1, "a": []}) == '{\n  "a": [],\n  "b": 1\n}'


def test_a_digest_is_the_first_half_of_sha_256() -> None:
    assert canonical.digest(b"abc") == "ba7816bf8f01cfea414140de5dae2223"


def test_a_link_of_the_chain_covers_the_link_before_and_the_body() -> None:
    first = canonical.chain("", b"one")
    assert first == hashlib.sha256(b"\none").hexdigest()
    assert canonical.chain(first, b"two") == hashlib.sha256(first.encode() + b"\ntwo").hexdigest()
    assert canonical.chain(first, b"two") != canonical.chain("", b"two")


FIRST_READERS = """
import sys, threading
sys.setswitchinterval(1e-6)
from connector import canonical
from connector.model.invoice import Invoice
from connector.model.money_in import Dispute, Payment, Refund
from connector.model.party import Customer
from connector.model.settlement import Payout

shapes = [Invoice, Payment, Payout, Customer, Refund, Dispute]
begin = threading.Barrier(24)

def reads(first):
    begin.wait()
    for shape in shapes[first:] + shapes[:first]:
        try:
            canonical.decode(b"{}", shape)
        except canonical.DecodeError:
            pass

readers = [threading.Thread(target=reads, args=(number % len(shapes),)) for number in range(24)]
for each in readers:
    each.start()
for each in readers:
    each.join()
print("alive")
"""


def test_threads_that_are_the_first_to_read_a_shape_do_not_end_the_process() -> None:
    """Without its lock about two of five such processes ended by a segmentation fault."""
    processes = [
        subprocess.Popen([sys.executable, "-c", FIRST_READERS], stdout=subprocess.PIPE, text=True) for _ in range(8)
    ]
    assert [(each.communicate(timeout=60)[0], each.returncode) for each in processes] == [("alive\n", 0)] * 8
