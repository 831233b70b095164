"""A double of Stripe that remembers, loaded from worlds and served on loopback by `connector.testing.standin.Server`.

**Accounts.** One per company of the worlds, opened by `Authorization: Bearer rk_test_<x>` for `stripe acct_<x>`; any
other key is answered 401. The header `Stripe-Version: 2026-10-28.endive` is obligatory and the only version spoken.

**Addresses.** GET `/v1/account` and `/v1/balance`; lists and single reads of customers, invoices, invoice_payments,
payment_intents, charges, refunds, disputes, credit_notes, payment_records, balance_transactions, payouts,
payment_links and checkout/sessions (their `line_items` too), and below a customer the cash balance and the lines of
both balances, with Stripe's filters, paging, `created[gte]` ranges and `expand[]` to four levels. POST
`/v1/customers/{id}` and `/v1/invoices/{id}` take `metadata` and nothing else; POST `/v1/checkout/sessions` and
`.../{id}/expire`; POST `/v1/payment_links` and `.../{id}` (`active`, its message, its limit, metadata); POST
`/v1/refunds` (one of a bank debit is pending until `refunds.succeed`).
Everything else is 404, and a parameter that is not simulated is refused as unknown, so what passes here would pass
there.

**What a world's lines become.** Payments `ch_7` and `py_7` get the PaymentIntent `pi_7` and the balance transaction
`txn_7` (`pi_py_7`, `txn_py_7` when those are taken); refunds, disputes and payouts `txn_<their id>`, with `_failed`
or `_reinstated` behind for the money's way back. Customers and invoices without an id are `cus_` and `in_` and their
name or number in lower case. A charge names a Customer only when that customer is `in stripe` or has an invoice
there; the payer's name stands in `billing_details` always. `memo` is the description, `key X` is metadata
`invoice_number` on PaymentIntent and Charge, and an invoice in both systems carries the same. `for S-1 80.00 USD` of
an invoice that lives in Stripe becomes an InvoicePayment; of others it is none of Stripe's concern. A `note` on a
Stripe invoice is its metadata `note`. Within a day, lines keep their order: invoices, payments, refunds, disputes,
payouts.

**Money.** Figures are integers everywhere (exchange rates alone are numbers, as at Stripe). A transaction's `net` is
`amount - fee`; the balance is the sum of all nets per currency, available two days after the charge or with the
payout that takes it. Without `fee` the price list decides: 2.9 % and 0.30, bank debits 0.8 % and at most 5.00, a
dispute 15.00. `settled` books in the other currency, with fee, refunds and disputes converted at the same rate. A
pending charge has no balance transaction; a pending refund neither, but it counts in `amount_refunded`, and a failed
one does not. A dispute of a bank debit is a return: lost from the start, its reason the bank's; `status returned`
without a dispute line makes one (`dp_<suffix>`, three days later, insufficient_funds). A won dispute comes back in
the same second plus one, its fee does not. A payout takes everything its members still have in the balance, and its
amount is the sum of their nets; listing `balance_transactions?payout=` names those **and the payout's own
transaction**, as Stripe does. `manual` payouts are not automatic and refuse that listing.

**Pay page.** A session's `url` is `/c/pay/{id}` of this server. GET shows a button per method; POST `method=card`
pays at once, bank debits and transfers complete the session `unpaid` with the charge pending. Then POST `bank=pays`,
`refuses` or (later) `returns` is what the bank does. Methods that do not fit country, currency or customer are
dropped silently.

A Payment Link's `url` stands there too: who follows it gets a session of their own.

**What happens besides.** No call here does what merchants, payers and banks do; functions do, on a ledger, each in one
moment: `moves` (payments, network by network as `returns` says), `refunds`, `disputes`, `payouts`, `entries`
(fees, corrections, reserves, and a category nobody knows), `invoicing` (InvoicePayments on, off and canceled, out of
band, void, deleted drafts), `records`, `credits` (credit notes), `balances` (customers' credit), `cash` (customers'
money), `links`, `customers`. `life.Merchant` lives a year by these from a seed and knows without asking what the
balance, every scheduled payout and every invoice must be (`truth`); `churn.Busy` lets that happen while somebody reads.
A payout of the schedule lists only a part of its members until it is reconciled. A manual payout of a part of the
balance is a line of the next scheduled payout: that is an assumption, as is that a link closes itself at its limit.

**Events.** `/v1/events` tells what happened in the last thirty days, at the times a world's lines say, with each object
as it was then; a longer time ago is gone, as a cursor too (400). `/v2/core/events` tells it without the objects. What
is bad about a feed is switched on with `telling`: an old version, wrong bodies, events that come late, never, or in any
order within their second. `endpoints.py` keeps webhook endpoints and `hooks.py` sends to them, on this computer only:
signed, twice, late, shuffled, never, forged, with another time or version.

**Manners.** `conduct` sets limits per account and per endpoint (429), and `traffic` says what came in any second. A
write beside another one of the same customer is refused with `lock_timeout`, one under the same key with 409. `issue`
takes permissions from a key (403) or makes a live one. The shapes in `failures.py` are what the Server's
`answer-before` and `answer-after` say.

**Failing on purpose.** `break_next_write(acted=...)` answers the next write 500 and keeps that answer under its
idempotency key; the Server's faults do what a network does. `corrupt(seed)` shifts one figure by one unit: a charge
against its balance transaction, a fee, an automatic payout, or the balance. `dump(normalised=True)` is without ids
and times, op ids replaced by `*`.

**Known differences.** Open invoices have no default PaymentIntent of their own. Hosted invoice pages are only
addresses. There is no search. Payments are detached by `invoicing.detach` and by no call.
"""

from __future__ import annotations

from adapters.stripe.standin.api import StripeStandIn
from adapters.stripe.standin.load import ledger_of
from connector.clock import Clock
from connector.errors import UserError
from connector.testing.worlds import World

__all__ = ["StripeStandIn", "build"]


def build(worlds: tuple[World, ...], *, clock: Clock) -> StripeStandIn:
    """The double of all these companies' accounts; UserError for a line that cannot be true, or a shared account."""
    ledgers = {world.stripe_account: ledger_of(world, clock) for world in worlds}
    if len(ledgers) != len(worlds):
        raise UserError("Two companies of the worlds have the same Stripe account.", next_step="Give each its own.")
    return StripeStandIn(ledgers, clock)
