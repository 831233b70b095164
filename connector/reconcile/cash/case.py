"""What the engine is given: one company's customers, open items and receipts as plain values.

Amounts are integers of minor units, days are proleptic ordinals (`date.toordinal`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class ReceiptKind(StrEnum):
    """Money that came, or went back."""

    PAYMENT = "payment"
    REFUND = "refund"
    CHARGEBACK = "chargeback"


class Party(NamedTuple):
    """A customer. `parent` is the customer who may pay for it. Rates are in hundredths of a percent."""

    id: str
    name: str
    parent: str = ""
    discount_bp: int = 0
    discount_days: int = 0
    withholding_bp: int = 0
    email: str = ""
    processor_id: str = ""
    account: str = ""


class Item(NamedTuple):
    """An invoice, or a credit memo with a negative amount. `amount` is what is open at the beginning."""

    id: str
    number: str
    party: str
    currency: str
    amount: int
    issued: int
    due: int


class Receipt(NamedTuple):
    """Money on its way to items; `amount` is negative for money that went back. `key` names an item by its id, stored
    when it was asked for; `related` is the receipt whose money went back."""

    id: str
    kind: ReceiptKind
    on: int
    currency: str
    amount: int
    payer_name: str = ""
    payer_account: str = ""
    processor_id: str = ""
    email: str = ""
    text: str = ""
    key: str = ""
    related: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a company permits. Minor units; 0 permits nothing.

    `rounding`: so much may be missing without a reason. `bank_fee`: so much may a bank have kept. `terms`: discounts
    and withholding as agreed with the customer, up to these hundredths of a percent, discounts so many days late.
    `oldest_first`: among identical items. `fx_margin_bp`: so many hundredths of a percent may a bank have kept when it
    changed one currency into another; with 0 only what `rounding` permits may be missing from the middle rate.
    `partial`: one clean number with less money than is open is a part of that item, by itself. It is right in 99 of
    100 cases and no more, as who names the wrong item also brings another sum; so files get it as a proposal, and over
    the mirror each company says whether it permits the class. The same goes for some of several numbers, which is too
    seldom for anybody to have shown how often it is right.
    """

    rounding: int = 5
    bank_fee: int = 0
    terms: bool = False
    discount_bp_max: int = 1_000
    withholding_bp_max: int = 3_000
    discount_grace_days: int = 0
    oldest_first: bool = False
    fx_margin_bp: int = 0
    partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything about one company. `learned` maps accounts to customers, by a person or by earlier decisions.

    `rates`: of a currency in another on a day, as so many minor units of the other (numerator) for so many of the one
    (denominator).
    """

    parties: Sequence[Party]
    items: Sequence[Item]
    receipts: Sequence[Receipt]
    policy: Policy = Policy()
    learned: Mapping[str, str] = field(default_factory=dict)
    rates: Mapping[tuple[str, str, int], tuple[int, int]] = field(default_factory=dict)
