"""A stateful double of QuickBooks Online, for tests and the demo: books loaded from worlds, kept by Intuit's rules.

It is served by `connector.testing.standin.Server`; both of Intuit's hosts are one address here:

    /connect/oauth2                     the page on which a person lets the app into a company
    /oauth2/v1/tokens/bearer            the token endpoint (client `standin-client`, secret `standin-secret`)
    /v2/oauth2/tokens/revoke            gives a company's tokens back
    /v3/company/{realm}/query           SELECT * or COUNT(*), by GET or POST
    /v3/company/{realm}/cdc             what changed since a moment, of several entities
    /v3/company/{realm}/{entity}/{id}   one object; companyinfo and preferences too
    /v3/company/{realm}/{entity}        POST creates, updates (Id and SyncToken), voids and deletes
    /-/{realm}/{act}                    what people do behind our back (`office`); no part of Intuit

What it holds: Account, Customer, Item, PaymentMethod, Invoice, CreditMemo, Payment, Deposit, JournalEntry, Purchase,
Transfer, Attachable, CompanyInfo, Preferences; SalesReceipt and RefundReceipt, for reading. Some other entities can be
queried and are empty.

What it keeps, always: an invoice's TotalAmt less its Balance is what payment lines take of it; a payment's TotalAmt is
its invoice lines, less its credit memo lines, plus UnappliedAmt; a receivables account holds the open invoices, less
remaining credits, less unapplied payments, plus what journal entries put on it, in its currency; a customer owes the
same sum over its own.

What surprises, and is so at Intuit (measured on recorded answers, or told in its documents):

* A payment raises the SyncToken and time of the invoices it settles. A deposit changes neither of its payments.
* The balance of an account or customer moves its LastUpdatedTime, but not its SyncToken.
* A credit is applied by a Payment of nothing with an Invoice and a CreditMemo line.
* Queries without ORDERBY come last-updated first, names by name, inactive names only when asked for.
* A requestid (as query parameter) repeats the first answer whatever the body; refusals are not remembered.
* A refresh token dies when it is used; an access token lives an hour of the given clock.
* A deleted object is only known to change data capture, which cuts its answers at 1000 objects without a word.

The rooms for tests: `office` (people at work), `churn` (many of them, at random), `conduct` (limits, look-back, token
lives, search lag; and what was counted of the callers), `shapes` (every way to fail), `hooks` (webhooks that are sent).

Where it differs: expense accounts show the sum of their postings (Intuit shows 0 for income and expense); exchange
rates are invented; credits are never applied by themselves; there is one item; ids count from 1 in every entity of
every company, so that they collide. What Intuit's documents leave open is said where it is decided: the order of
captured changes (`changes`), what a merge touches (`merging`). It has no batch, reports or uploads, which are faults.

Time never runs backwards in a company: a world that lies in the future of the clock has its last day as its present.
"""

from __future__ import annotations

from adapters.quickbooks.standin.conduct import Conduct
from adapters.quickbooks.standin.intuit import Intuit
from adapters.quickbooks.standin.opening import open_company
from connector.clock import Clock
from connector.errors import UserError
from connector.testing.worlds import World


def build(worlds: tuple[World, ...], *, clock: Clock, conduct: Conduct | None = None) -> Intuit:
    """A stand-in that serves these companies; UserError when two share a realm, or one cannot stand in the books."""
    realms = [world.realm for world in worlds]
    for realm in realms:
        if realms.count(realm) > 1:
            raise UserError(
                f"Two companies of the world share the realm {realm}.", next_step="Give each its own `realm`."
            )
    return Intuit(tuple(open_company(world) for world in worlds), clock, conduct or Conduct())
