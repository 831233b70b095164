"""Whose money is this, and how do we know: pure decisions over one company's mirror.

What cannot be proved is a finding with a reason and a next step, never a guess. This room reads nothing, asks no clock
and draws no random number: the same snapshot gives the same decisions, whatever the order of its records.
"""
