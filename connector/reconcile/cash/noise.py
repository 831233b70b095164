"""What stands in a bank's text, has digits and is no document number: days, amounts, and numbers of other things.

Every pattern is bounded, so that looking costs the same for every letter of the longest text. Texts are in capitals.
"""

from __future__ import annotations

import re

_MONTH = "(?:JAN|FEB|MAR|M[\u00c4\u00e4]R|APR|MAY|MAI|JUN|JUL|AUG|SEP|OCT|OKT|NOV|DEC|DEZ)[A-Z]{0,6}"
_YEAR = "(?:19|20)[0-9]{2}"
_DAY = "[0-9]{1,2}"
_CODE = "(?:USD|EUR|GBP|CAD|CHF|AUD|JPY|SEK|NOK|DKK|PLN|CZK)"
_OTHERS = (
    "P\\.?O\\.?|TRN|TRACE|CUSTOMER|CUST|CLIENT|CLIENTE|KDNR|KD|KUNDE|KUNDENNUMMER|KUNDENNR"
    "|CLAIM|REFUND|CHECK|CHEQUE|CHQ|ORDER|BLZ|ZIP|PLZ|MANDAT|MANDATE|VAT|BESTELLUNG|AUFTRAG|LIEFERSCHEIN"
    "|CHK|CK|SEQ|TIME|DATE|EED|BATCH|AUTH|CONF|CONFIRMATION|ROUTING|ABA|RTN|DEPT|DEPARTMENT|STORE|BRANCH|SITE|LOC|STE"
    "|SUITE|JOB|QUOTE|CONTRACT|VENDOR|VEND|SUPPLIER|LIEFERANT|LIEFNR|FILIALE"
)
_IN_GROUPS = "ACCT|ACCOUNT|A/C|KTO|TEL|PHONE|FAX"
"""Numbers that are written with blanks between their digits."""
_BEHIND = "(?:[ .-]{0,2}(?:NO|NR|NUM|NUMBER|N\u00b0|#))?[\\s#:.-]{1,2}"

_FIGURES = (
    f"{_DAY}[./]{_DAY}[./]{_YEAR}"
    f"|{_YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    f"|{_DAY}\\.?[ -]{_MONTH}\\.?,?[ -]{_YEAR}"
    "|[0-9]{1,3}(?:,[0-9]{3}){0,4}\\.[0-9]{2}"
    "|[0-9]{1,3}(?:\\.[0-9]{3}){1,4},[0-9]{2}"
    "|[0-9]{1,2}(?:[.,][0-9]{1,2})?\\s?%"
    "|(?<![0-9][,+/&;])[0-9]{1,12},[0-9]{2}"
)
_WORDS = (
    f"{_MONTH}\\.? (?:{_DAY}(?:ST|ND|RD|TH)?,? )?{_YEAR}"
    f"|{_CODE}\\s?[0-9][0-9.,]{{0,14}}"
    f"|(?P<lead>{_OTHERS}){_BEHIND}[0-9][0-9-]{{0,15}}(?![./][0-9])"
    f"|(?P<line>{_IN_GROUPS}){_BEHIND}[0-9][0-9 -]{{0,15}}[0-9]?(?![./][0-9])"
    "|(?:PHONE|TEL|FAX|MOBILE)\\.?:?\\s{0,2}(?:\\+|00)[0-9][0-9 ()-]{0,22}[0-9]"
    "|(?:BIC|IBAN)[:\\s]{1,2}[0-9A-Z]{4,34}"
    "|(?P<bank>EREF|KREF|MREF|CRED|DEBT|E2E)(?:[+:-]|\\s)[^\\s+]{1,35}"
    "|ROC/[^/\\s]{1,35}//"
)
NOISE = re.compile(
    f"(?:\\b(?:(?=[0-9])(?:{_FIGURES})|(?=[A-Z])(?:{_WORDS}))|[$\u20ac\u00a3]\\s?[0-9][0-9.,]{{0,14}})(?![0-9A-Z])"
)
"""`lead` or `line` is the word before a number of another kind, `bank` that before what a bank has added."""

CREDITOR = re.compile("(?<![0-9A-Z])RF([0-9]{2})((?: ?[0-9A-Z]{1,4}){1,6})(?![0-9A-Z])")
"""A creditor reference of ISO 11649: what stands behind its check digits is the creditor's own number."""
_MODULUS = 97


def without_check_digits(text: str) -> str:
    """The text with blanks for the beginnings of creditor references that are right."""
    return CREDITOR.sub(_bare, text) if "RF" in text else text


def _bare(found: re.Match[str]) -> str:
    closed = f"{found[2].replace(' ', '')}RF{found[1]}"
    right = int("".join(str(int(letter, 36)) for letter in closed)) % _MODULUS == 1
    return f"    {found[2]}" if right else found[0]
