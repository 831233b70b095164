"""A double of PayPal that remembers, loaded from worlds and served on loopback by `connector.testing.standin.Server`.

**Accounts.** One per company of the worlds (`paypal ACCOUNT` in its line, thirteen of the letters 2-9 and A-Z without I
and O; made of its name where it is not said). `POST /v1/oauth2/token` with `client-ACCOUNT` and `secret-ACCOUNT` gives
a token for nine hours; `expire` ends them all.

**Addresses.** POST `/v2/checkout/orders`; GET and PATCH (its invoice id) `.../{id}`; POST `.../{id}/capture`; GET
`/v2/payments/captures/{id}` and `/v2/payments/refunds/{id}`; POST `/v2/payments/captures/{id}/refund` (its keys are
remembered for 45 days; `refunding(account).asked` counts every one); GET `/v1/reporting/transactions` and
`/v1/reporting/balances`; GET `/v1/customer/disputes` and `.../{id}`; GET, POST and DELETE below
`/v1/notifications/webhooks`, one for each address; GET `/v1/notifications/certs/...`, which the `notary` signs webhooks
with. Everything else is 404.

**Orders.** An answer with a `payment_source` is 200 with a `payer-action` link, without one 201 with `approve`. Both
lead to `/checkoutnow?token=`, where a payer approves: POST `do=approve` and `funds=balance`, `echeck`, `declined`
(INSTRUMENT_DECLINED, then other funds may do) or `refused` (a capture that is DECLINED), or `do=cancel`. An order
lapses three hours after it was opened, and three hours after it was approved: 404. A key is remembered for six hours
and answered with what was answered first, 200 in the place of 201. One capture per order; a second with an invoice id
that has been used is DUPLICATE_INVOICE_ID. `ordering(account).captured` counts every capture that was asked for.

**Money.** A capture is COMPLETED and stands in the account at once; by eCheck, or in a currency that the account does
not hold, it is PENDING until `clear` or `deny`. The price list is 3.49 % and 0.49, unless a world says `fee`. A line
counts in the balance when it is S or V, or takes money and is P; holds leave what can be used and stay in the total.

**Reports.** `conduct(late_seconds=10800)` shows the account as it was three hours ago; more than `lines_max` lines in a
window are RESULTSET_TOO_LARGE; a window is at most 31 days and goes back three years. Times end in `+0000`, as PayPal's
do. `conduct(reports=False)` takes the permission away.

**What a world's lines become.** Payments `in paypal` are lines T0006; `key` is their invoice id, `memo` their note.
Refunds are T1107, a lost dispute or a `returned` payment T1106, and a `payout` of such payments a withdrawal (T0400) of
what they left. Their ids are made of the world's, seventeen letters each.

**People.** `people.People` is what owners, payers, banks and PayPal do behind a caller's back; over loopback
`POST /-/{account}/{act}`. **Failing on purpose**: the Server's faults, with the shapes `throttled`, `trouble`,
`gateway`, `conflict`, `unauthorized`, `in-progress`, `nothing`, `too-large`, and for reports `empty-page` and
`short-page` (fewer lines than they say); `conduct(refusals=[ISSUE, ...])` for captures; `conduct(other_amount=...,
other_currency=..., other_payee=...)` for money that is not what was asked for.
`corrupt(seed)` shifts what an account says it holds by one unit.

**Known differences.** Order intents other than CAPTURE, several purchase units, authorisations, and everything that
changes a dispute are not simulated. That a refusal is kept under its key is an assumption, as is that an order asks the
payer to act again after INSTRUMENT_DECLINED.
"""

from __future__ import annotations

from adapters.paypal.standin.api import PayPalStandIn
from adapters.paypal.standin.load import account_of, books_of
from connector.clock import Clock
from connector.errors import UserError
from connector.testing.worlds import World

__all__ = ["PayPalStandIn", "build"]


def build(worlds: tuple[World, ...], *, clock: Clock) -> PayPalStandIn:
    """The double of all these companies' accounts; UserError for a line that cannot be true, or a shared account."""
    books = {account_of(world): books_of(world, clock) for world in worlds}
    if len(books) != len(worlds):
        raise UserError("Two companies of the worlds have the same PayPal account.", next_step="Give each its own.")
    return PayPalStandIn(books, clock)
