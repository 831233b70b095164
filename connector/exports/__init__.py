"""Files as people download them, unedited, as rows of texts, days and amounts; and a bank's file by a mapping.

    file → opening → grid (CSV) · workbook, cells (XLSX) → days · figures → bank, by a mapping (suggest proposes one)

Amounts and dates are read by the whole column: what could be read in two ways is refused, with file, line and column.
Adapters may read files by this room. It must never know what a file means to anybody, nor write one.
"""
