"""Which money settles which debt, and every difference by its proper name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connector.model.source import Ref
from connector.money import Money


class AdjustmentKind(StrEnum):
    """Why an amount applied differs from the cash received. There is no "tolerance": each has a name and a posting."""

    DISCOUNT = "discount"
    WITHHOLDING_TAX = "withholding_tax"
    BANK_CHARGE = "bank_charge"
    ROUNDING = "rounding"
    EXCHANGE_DIFFERENCE = "exchange_difference"
    WRITE_OFF = "write_off"


class Shortfall(StrEnum):
    """Why a payer brought less than was open. What is short stays open, whatever the reason is."""

    ROUNDING = "rounding"
    BANK_CHARGE = "bank-charge"
    DISCOUNT = "discount"
    WITHHOLDING = "withholding"
    PRICE = "price"
    SHORT_SHIPMENT = "short-shipment"
    DAMAGED = "damaged"
    RETURNED = "returned"
    CREDIT = "credit-expected"
    DISPUTED = "disputed"
    REST_FOLLOWS = "rest-follows"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """Part of a debt that is settled without cash, in the debt's currency."""

    kind: AdjustmentKind
    amount: Money


class AllocationState(StrEnum):
    """OPEN: meant to settle it, once it is money. DETACHED: it no longer does, and what it settled is open again."""

    OPEN = "open"
    APPLIED = "applied"
    DETACHED = "detached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """`amount` of `payment` settles `target` (an invoice, or a credit note being used up), in the target's currency.

    The amount is nothing unless it is APPLIED.
    """

    payment: Ref
    target: Ref
    amount: Money
    adjustments: tuple[Adjustment, ...] = ()
    state: AllocationState = AllocationState.APPLIED
