"""Worlds of another character than those the settings describe: rates many times higher, amounts all round, short plain
numbers, ledgers in many currencies; and texts as banks and clearing houses wrap them, full of other numbers.

Nothing is measured by them but how often a decision is wrong, for what is readable in them nobody has judged.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from tests.bench.cash.records import Receipt, Tenant
from tests.bench.cash.remittance import WIDTHS
from tests.bench.cash.settings import PROFILES
from tests.bench.cash.shapes import Shape

SMB, B2B, EQUAL = PROFILES["smb"], PROFILES["b2b"], PROFILES["equal"]
STRANGE = {
    "messy": replace(
        SMB, name="messy", credit_memo=0.15, partial=0.12, over=0.05, prepaid=0.03, duplicate=0.03, refund=0.06,
        chargeback=0.03, third_party=0.05, sister_pays=0.02, same_names=0.02, look_alikes=0.12, not_ours=0.08,
        slips=0.15,
    ),
    "tiny": replace(SMB, name="tiny", invoices_per_tenant=150, invoices_per_customer=6),
    "round": replace(SMB, name="round", rounded=1.0, median_minor=20_000, spread=0.6, payer_spread=0.2, no_text=0.4),
    "foreign": replace(B2B, name="foreign", foreign=0.5, converts=0.6, invoices_per_tenant=2_000, batch=0.4),
    "short": replace(
        SMB, name="short", shapes=(Shape("", 0, 1), Shape("", 3, 1), Shape("#", 0, 101), Shape("", 4, 1_000)),
        price_list=(5_000, 7_500, 10_000, 15_000, 20_000, 25_000, 50_000), no_text=0.25, by_key=0.1, name_known=0.8,
        account_known=0.2,
    ),
    "fees": replace(
        B2B, name="fees", bank_fee=0.25, withholding=0.2, discount=0.25, late_discount=0.3, rounding=0.05,
        invoices_per_tenant=3_000, credit_memo=0.1,
    ),
    "nameless": replace(
        SMB, name="nameless", name_known=0.4, account_known=0.1, email_known=0.2, by_key=0.05, trade_name=0.2,
        third_party=0.1,
    ),
    "siblings": replace(
        B2B, name="siblings", children=0.3, same_words=0.2, endings=0.5, look_alikes=0.1, sister_pays=0.03, runs=0.3,
        invoices_per_tenant=3_000, periods=0.05, spans=0.05,
    ),
    "restless": replace(
        EQUAL, name="restless", chargeback=0.05, refund=0.05, duplicate=0.03, prepaid=0.02, no_text=0.3, slips=0.15,
        never_paid=0.1,
    ),
}  # fmt: skip

WRAPPED = 0.8
TEXT_MAX = 140
_DIGITS = re.compile(r"\d+$")
_Wrapping = Callable[[Receipt, str, str], str]
_WRAPPINGS: tuple[_Wrapping, ...] = (
    lambda got, _, trace: (
        f"ORIG CO NAME:{got.payer_name[:16].upper()} CO ENTRY DESCR:PAYMENT SEC:CTX TRACE#:{trace}"
        f" EED:{got.on:%y%m%d} IND ID:{got.text}"
    ),
    lambda got, _, trace: f"EREF+{trace[:9]} MREF+NONREF SVWZ+{got.text}",
    lambda got, _, trace: f"/ROC/{trace[:8]}//REM/{got.text}",
    lambda got, _, trace: (
        f"WIRE TYPE:WIRE IN DATE: {got.on:%y%m%d} TIME:1043 ET TRN:{trace} SEQ:{trace[:7]} ORIG:{got.payer_name}"
        f" PMT DET:{got.text}"
    ),
    lambda got, other, _: f"CHECK {other} {got.text}",
    lambda got, other, _: f"Cust no {other} {got.text}",
    lambda got, other, _: f"PO {other} {got.text}",
    lambda got, other, _: f"{got.text} Order {other}",
    lambda got, other, _: f"{got.text} ck#{other}",
    lambda got, other, _: f"{got.text} store {other}",
    lambda got, other, _: f"Dept {other} / {got.text}",
    lambda got, other, _: f"Acct {other} {got.text}",
    lambda got, other, _: f"{got.text} tel. +1 555 {other}",
    lambda got, _, __: f"{got.text} dated {got.on:%Y-%m-%d} USD {got.amount / 100:,.2f}",
    lambda got, _, __: f"RMR*IV*{got.text}**{got.amount / 100:.2f}",
)


def wrapped(tenants: Iterable[Tenant], seed: int) -> Iterator[Tenant]:
    """The same with most texts wrapped in others' words and numbers; two in five of those are numbers of this ledger.
    What repeats another receipt is left out, as is what that one had gone back: wrapped, they look alike no more."""
    for one in tenants:
        rng = random.Random(f"{seed} {one.id}")  # noqa: S311
        numbers = [found[0].lstrip("0") for item in one.items if (found := _DIGITS.search(item.number))]
        twins = {got.id for got in one.receipts if got.twin}
        kept = [got for got in one.receipts if got.id not in twins and got.related not in twins]
        yield replace(one, receipts=[_wrap(rng, got, numbers) for got in kept])


def _wrap(rng: random.Random, got: Receipt, numbers: Sequence[str]) -> Receipt:
    if got.kind != "payment" or rng.random() >= WRAPPED or len(got.text) in WIDTHS:
        return got
    other = rng.choice(numbers) if rng.random() < 0.4 else str(rng.randrange(100, 10 ** rng.randrange(4, 7)))
    text = rng.choice(_WRAPPINGS)(got, other, str(rng.randrange(10**14, 10**15)))
    return replace(got, text=text[:TEXT_MAX])
