"""A stateful double of QuickBooks Online, for tests and the demo: books loaded from worlds, kept by Intuit's rules.

It is served by `connector.testing.standin.Server`; both of Intuit's hosts are one address here:

    /oauth2/v1/tokens/bearer            the token endpoint (client `standin-client`, secret `standin-secret`)
    /v3/company/{realm}/query           SELECT * or COUNT(*), by GET or POST
    /v3/company/{realm}/{entity}/{id}   one object; companyinfo and preferences too
    /v3/company/{realm}/{entity}        POST creates, updates (Id and SyncToken), voids and deletes

What it holds: Account, Customer, Item, PaymentMethod, Invoice, CreditMemo, Payment, Deposit, Purchase, Transfer,
Attachable, CompanyInfo, Preferences; RefundReceipt and some other entities can be queried and are empty.

What it keeps, always: an invoice's TotalAmt less its Balance is what payment lines take of it; a payment's TotalAmt is
its invoice lines, less its credit memo lines, plus UnappliedAmt; a receivables account holds the open invoices, less
remaining credits, less unapplied payments of its currency; a customer owes the same sum over its own.

What surprises, and is so at Intuit (measured on recorded answers, or told in its documents):

* A payment raises the SyncToken and time of the invoices it settles. A deposit changes neither of its payments.
* The balance of an account or customer moves its LastUpdatedTime, but not its SyncToken.
* A credit is applied by a Payment of nothing with an Invoice and a CreditMemo line.
* Queries without ORDERBY come last-updated first, names by name, inactive names only when asked for.
* A requestid (as query parameter) repeats the first answer whatever the body; refusals are not remembered.
* A refresh token dies when it is used; an access token lives an hour of the given clock.

Where it differs: expense accounts show the sum of their postings (Intuit shows 0 for income and expense); exchange
rates are invented; credits are never applied by themselves; there is one item; ids count from 1 in every entity of
every company, so that they collide. It has no change data capture, batch, reports, e-mail sending, uploads or webhooks,
and answers them with a fault. Throttling is a fault of the server around it.

Time never runs backwards in a company: a world that lies in the future of the clock has its last day as its present.
"""

from __future__ import annotations

from adapters.quickbooks.standin.intuit import Intuit
from adapters.quickbooks.standin.opening import open_company
from connector.clock import Clock
from connector.errors import UserError
from connector.testing.standin import StandIn
from connector.testing.worlds import World


def build(worlds: tuple[World, ...], *, clock: Clock) -> StandIn:
    """A stand-in that serves these companies; UserError when two share a realm, or one cannot stand in the books."""
    realms = [world.realm for world in worlds]
    for realm in realms:
        if realms.count(realm) > 1:
            raise UserError(
                f"Two companies of the world share the realm {realm}.", next_step="Give each its own `realm`."
            )
    return Intuit(tuple(open_company(world) for world in worlds), clock)
