"""What would change in the books, in accountants' words, before anything changes. Pure; it posts nothing.

Two booking patterns, one per processor and never both. Clearing: a payment goes gross to the processor's clearing
account, its fee out of it as an expense, a payout out of it as a transfer to the bank. Deposit: a payment goes gross to
the account for money on hand, and a payout is one deposit of its payments less the fees. In the clearing pattern a
payment that came back for good is taken out of the books again, where nothing has to be guessed. Every line
carries the id it will be written under, so that applying a plan twice writes nothing twice.
"""

from __future__ import annotations

from connector.plan.lines import Effect, Frame, Plan, PlanLine
from connector.plan.patterns import pattern_of, patterns_in_use
from connector.plan.planner import plan
from connector.reconcile.booked import subject_of

__all__ = ["Effect", "Frame", "Plan", "PlanLine", "pattern_of", "patterns_in_use", "plan", "subject_of"]
