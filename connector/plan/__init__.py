"""What would change in the books, in accountants' words, before anything changes. Pure; it posts nothing.

Two booking patterns, one per processor and never both. Clearing: a payment goes gross to the processor's clearing
account, its fee out of it as an expense, a payout out of it as a transfer to the bank. Deposit: a payment goes gross to
the account for money on hand, and a payout is one deposit of its payments less the fees. Every line carries the id it
will be written under, so that applying a plan twice writes nothing twice.

Whatever else moves the processor's balance is booked line by line of its ledger, so that the clearing account is that
balance at every step, but for payouts that have not arrived and money that is being fought over:

line of the ledger      clearing pattern                            deposit pattern (in the payout's deposit)
refund, failed refund   journal: clearing, receivable + customer    part on the receivable account, with the customer
return, lost dispute    void of our payment; else such a journal    the same
open, won dispute       nothing but the fees                        the same part, and one the other way
failed payout           journal: clearing, bank                     journal: on hand, bank; carried by the next payout
the processor's bill    journal: fees, clearing                     fee line
all other lines         journal: the chosen suspense account        part on the suspense account
changed money           payment and journals at the rate at which   left out, with the reason
                        it was changed, into the home currency
payout below zero       transfer from the bank                      deposit of its payments, and a journal for the rest

Money that goes back never touches income: that is for the firm's own credit note to say. It makes the customer owe it
again, on the receivable account; a person links it with what it offsets. What undoes each: a payment is voided, all
other entries are deleted, as long as they are ours and untouched.
"""

from __future__ import annotations

from connector.plan.lines import Effect, Frame, InPlaceOf, Plan, PlanLine
from connector.plan.patterns import pattern_of, patterns_in_use
from connector.plan.planner import plan
from connector.reconcile.booked import subject_of

__all__ = ["Effect", "Frame", "InPlaceOf", "Plan", "PlanLine", "pattern_of", "patterns_in_use", "plan", "subject_of"]
