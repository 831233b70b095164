"""Files as people download them, unedited, as cases for the engine.

    folder → grid (CSV) · workbook (XLSX) → recognise (by the header) → debts · takings · bank → gathered → a case

What a file is, its header says, never its name. Amounts and dates are read by the whole column (`figures`, `days`):
what could be read in two ways is refused. What a file totals itself is added up and compared. Which files there are and
what their words mean, the adapters declare (`connector.model.export`).
"""
