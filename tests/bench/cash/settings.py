"""How the firms of a world and their customers are: every rate a setting, one of one receipt or of one customer.

`PROFILES` may be looked at while anything is tuned. `HELD_BACK` has a twin of each whose settings never are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.bench.cash.shapes import DESK_SHAPES, LONG_SHAPES, SHAPES, Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A kind of firm. Amounts in minor units; rates of 1."""

    name: str
    # The ledger.
    invoices_per_tenant: int
    invoices_per_customer: float
    days: int
    median_minor: int = 0
    spread: float = 1.0
    payer_spread: float = 0.6
    """How far the customers' own medians lie from each other."""
    rounded: float = 0.2
    price_list: tuple[int, ...] = ()
    own_prices: int = 0
    """With so many prices of its own, each customer is invoiced every month."""
    price_step: int = 5
    largest: float = 0.0
    """One customer has so great a share of all invoices."""
    shapes: tuple[Shape, ...] = SHAPES
    bursts: float = 0.05
    """Days on which a customer is invoiced several times, by site or by order."""
    credit_memo: float = 0.02
    never_paid: float = 0.05
    foreign: float = 0.03
    """Customers with a ledger in another currency."""
    # Who pays.
    name_known: float = 0.92
    account_known: float = 0.5
    email_known: float = 0.8
    spellings: int = 2
    trade_name: float = 0.03
    children: float = 0.06
    look_alikes: float = 0.03
    same_names: float = 0.002
    endings: float = 0.0
    """Customers whose short name banks print with whatever ending: corp, llc, foundation."""
    same_words: float = 0.0
    """Customers who share the short name with another and are known by the ending only."""
    third_party: float = 0.01
    sister_pays: float = 0.002
    # How they pay.
    by_key: float
    key_kept: float = 0.85
    batch: float
    runs: float = 0.0
    """Of those who pay in batches: once in a quarter, dozens at a time."""
    run_max: int = 1_000
    """No more at a time."""
    spans: float = 0.0
    """Of payments of several: from the first number to the last, whatever of others' lies between."""
    periods: float = 0.0
    """Of payments of several: the text says of which days they are, and no number."""
    no_text: float
    slips: float = 0.05
    cut: float
    noise: float = 0.3
    stale_key: float = 0.002
    reused_key: float = 0.001
    # What differs.
    discount: float = 0.0
    late_discount: float = 0.03
    withholding: float = 0.0
    bank_fee: float = 0.0
    rounding: float = 0.004
    converts: float = 0.4
    """Of those with a ledger in another currency: they pay in the firm's own."""
    partial: float = 0.03
    remainder: float = 0.8
    over: float = 0.01
    # What else happens.
    prepaid: float = 0.004
    duplicate: float = 0.004
    duplicate_back: float = 0.5
    refund: float = 0.01
    chargeback: float = 0.004
    paid_again: float = 0.6
    not_ours: float = 0.02
    manual_payouts: float = 0.3


PROFILES = {
    "smb": Profile(
        name="smb", invoices_per_tenant=1_000, invoices_per_customer=12, days=420, median_minor=42_000, spread=1.1,
        batch=0.25, no_text=0.2, cut=0.2, by_key=0.3, discount=0.03, bank_fee=0.02,
    ),
    "b2b": Profile(
        name="b2b", invoices_per_tenant=10_000, invoices_per_customer=60, days=540, median_minor=1_250_000, spread=1.3,
        batch=0.5, runs=0.1, no_text=0.08, cut=0.3, by_key=0.05, discount=0.1, withholding=0.05, bank_fee=0.04,
        credit_memo=0.04, account_known=0.7, foreign=0.06, spellings=3,
    ),
    "subs": Profile(
        name="subs", invoices_per_tenant=5_000, invoices_per_customer=14, days=540,
        price_list=(990, 1_900, 2_900, 4_900, 9_900, 19_900, 29_900), batch=0.05, no_text=0.22, cut=0.15,
        by_key=0.55, never_paid=0.02, chargeback=0.008,
    ),
    "small": Profile(
        name="small", invoices_per_tenant=2_500, invoices_per_customer=25, days=720, median_minor=5_900, spread=0.35,
        payer_spread=0.25, rounded=0.0, shapes=DESK_SHAPES, batch=0.1, no_text=0.06, cut=0.08, by_key=0.1, slips=0.02,
        noise=0.15, spellings=1, trade_name=0.01, look_alikes=0.01, not_ours=0.01, credit_memo=0.01, foreign=0.0,
    ),
    "long": Profile(
        name="long", invoices_per_tenant=20_000, invoices_per_customer=60, days=400, median_minor=1_700_000,
        spread=1.2, rounded=0.02, largest=0.2, shapes=LONG_SHAPES, batch=0.8, runs=0.6, run_max=60, spans=0.08,
        periods=0.03, no_text=0.05, cut=0.6, by_key=0.0, spellings=6, trade_name=0.04, endings=0.7, same_words=0.04,
        account_known=0.6, credit_memo=0.03, discount=0.06, withholding=0.02, bank_fee=0.02, children=0.1,
        foreign=0.05,
    ),
    "equal": Profile(
        name="equal", invoices_per_tenant=2_000, invoices_per_customer=13, days=450, own_prices=2, price_step=250,
        batch=0.1, no_text=0.2, cut=0.2, by_key=0.2, never_paid=0.03, partial=0.01, foreign=0.0,
    ),
}  # fmt: skip
"""Three made-up kinds of firm, and three made as real ledgers were found to be: small and clean, with ten digits and
amounts of two; long document numbers, one customer with a fifth of all, many endings of a name and runs of dozens;
recurring equal amounts that customers share."""

HELD_BACK = {
    "smb": replace(
        PROFILES["smb"], name="smb held back", no_text=0.28, cut=0.35, bank_fee=0.04, median_minor=31_000, by_key=0.2,
        children=0.1,
        slips=0.07, shapes=SHAPES[::-1][:6],
    ),
    "b2b": replace(
        PROFILES["b2b"], name="b2b held back", batch=0.65, withholding=0.08, credit_memo=0.06, cut=0.45,
        look_alikes=0.06, foreign=0.1, endings=0.2,
    ),
    "subs": replace(
        PROFILES["subs"], name="subs held back", no_text=0.45, by_key=0.35, chargeback=0.015,
        price_list=(500, 1_000, 1_500, 2_500, 12_000),
    ),
    "small": replace(
        PROFILES["small"], name="small held back", no_text=0.1, median_minor=8_400, invoices_per_tenant=1_200,
        batch=0.2, slips=0.04,
    ),
    "long": replace(
        PROFILES["long"], name="long held back", runs=0.4, cut=0.75, spellings=8, same_words=0.08, spans=0.15,
        invoices_per_customer=90, discount=0.1, largest=0.3,
    ),
    "equal": replace(
        PROFILES["equal"], name="equal held back", own_prices=1, price_step=1_000, no_text=0.4, same_names=0.006,
        batch=0.2,
    ),
}  # fmt: skip
