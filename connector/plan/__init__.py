"""What would change in the books, in accountants' words, before anything changes. Pure; it posts nothing.

Two booking patterns, one per processor and never both. Clearing: a payment goes gross to the processor's clearing
account, its fee out of it as an expense, a payout out of it as a transfer to the bank. Deposit: a payment goes gross to
the account for money on hand, and a payout is one deposit of its payments less the fees. Every line carries the id it
will be written under, so that applying a plan twice writes nothing twice.

Whatever moves the processor's balance is booked when its ledger shows it, line by line, so that the clearing account is
that balance at every step. A payout is out of the balance days before it is at the bank: meanwhile it stands on an
account of its own, for what is on its way, so that neither the clearing account nor the bank's holds what is not there;
one transfer on the day of its arrival, which the bank's feed finds, moves it on. In the deposit pattern the deposit
itself is written when the payout leaves, dated with the day of its arrival, and what is no payment waits for it:

line of the ledger      clearing pattern                            deposit pattern (in the payout's deposit)
refund, failed refund   journal: clearing, receivable + customer    part on the receivable account, with the customer
return, lost dispute    void of our payment; else such a journal    the same
open, won dispute       journal, and one the other way; when it is  the same part, and one the other way
                        lost, void of it and of our payment
payout leaves           journal: clearing, on its way               deposit of all its parts
payout arrives          transfer: on its way (or clearing), bank    nothing
failed payout           journal: clearing, on its way (or bank)     journal: on hand, bank; carried by the next payout
the processor's bill    journal: fees, clearing                     fee line
all other lines         journal: the chosen suspense account        part on the suspense account
changed money           payment and journals at the rate at which   left out, with the reason
                        it was changed, into the home currency
payout below zero       transfer from the bank                      deposit of its payments, and a journal for the rest

Money that goes back never touches income: that is for the firm's own credit note to say. It makes the customer owe it
again, on the receivable account; a person links it with what it offsets. What undoes each: a payment is voided, all
other entries are deleted, as long as they are ours and untouched.

Two more kinds of line come from people: what they chose where both sides say something else (`choices`), and what
cleans up after other hands (`clean_up`, a plan of its own). Neither changes an entry that another hand wrote or edited.
"""

from __future__ import annotations

from connector.plan.lines import Effect, Frame, InPlaceOf, Plan, PlanLine
from connector.plan.patterns import pattern_of, patterns_in_use
from connector.plan.planner import plan
from connector.reconcile.booked import subject_of

__all__ = ["Effect", "Frame", "InPlaceOf", "Plan", "PlanLine", "pattern_of", "patterns_in_use", "plan", "subject_of"]
