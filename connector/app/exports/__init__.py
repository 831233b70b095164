"""Files as people download them, unedited, as cases for the engine.

    folder → connector.exports → recognise (by the header) → debts · takings, and the bank's → gathered → a case

What a file is, its header says, never its name. What a file totals itself is added up and compared. Which files there
are and what their words mean, the adapters declare (`connector.model.export`).
"""
