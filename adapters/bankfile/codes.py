"""What a bank's codes and words mean, as data. Pure.

Sources: the external bank transaction codes and the return reasons of ISO 20022, the transaction types of OFX 2.2
(11.4.4.3). A code nobody knows is OTHER: money that came in by it is a payment that somebody has to explain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from adapters.bankfile.statement import Nature

BY_SUBFAMILY: Mapping[str, Nature] = {
    "RRTN": Nature.RETURN,
    "UPDD": Nature.RETURN,
    "PRDD": Nature.RETURN,
    "RCDD": Nature.RETURN,
    "UPCQ": Nature.RETURN,
    "CQRV": Nature.RETURN,
    "UPCT": Nature.RETURN,
    "CHRG": Nature.FEE,
    "FEES": Nature.FEE,
    "COMM": Nature.FEE,
    "COME": Nature.FEE,
    "COMI": Nature.FEE,
    "COMT": Nature.FEE,
    "INTR": Nature.INTEREST,
    "ACCB": Nature.OWN,
    "POSP": Nature.CARDS,
}
"""By the last of the three parts of a code, which says most."""

BY_FAMILY: Mapping[str, Nature] = {
    "RCDT": Nature.TRANSFER,
    "RRCT": Nature.TRANSFER,
    "ICDT": Nature.TRANSFER,
    "IRCT": Nature.TRANSFER,
    "RCHQ": Nature.CHEQUE,
    "LBOX": Nature.CHEQUE,
    "IDDT": Nature.COLLECTED,
    "MCRD": Nature.CARDS,
    "CCRD": Nature.CARDS,
    "CAPL": Nature.OWN,
    "MCOP": Nature.INTEREST,
    "MDOP": Nature.FEE,
}

BY_TYPE: Mapping[str, Nature] = {
    "CREDIT": Nature.TRANSFER,
    "DIRECTDEP": Nature.TRANSFER,
    "XFER": Nature.TRANSFER,
    "PAYMENT": Nature.TRANSFER,
    "CHECK": Nature.CHEQUE,
    "DEP": Nature.CHEQUE,
    "FEE": Nature.FEE,
    "SRVCHG": Nature.FEE,
    "INT": Nature.INTEREST,
    "DIV": Nature.INTEREST,
}
"""The transaction types of OFX."""

RETURN_REASONS: Mapping[str, str] = {
    "AC01": "the account number is wrong",
    "AC04": "the account is closed",
    "AC06": "the account is blocked",
    "AG01": "the account takes no such payment",
    "AM04": "there was not enough money",
    "AM05": "it was a duplicate",
    "BE05": "the payer does not know who collected it",
    "FOCR": "the payment was called back",
    "MD01": "there is no mandate",
    "MD06": "the payer asked for it back",
    "MD07": "the payer has died",
    "MS02": "the payer gives no reason",
    "MS03": "the bank gives no reason",
    "RR04": "for a reason of regulation",
    "SL01": "by an agreement of the payer with the bank",
    "R01": "there was not enough money",
    "R02": "the account is closed",
    "R03": "there is no such account",
    "R08": "the payer stopped it",
    "R10": "the payer did not authorise it",
    "R29": "the firm that paid did not authorise it",
}

_WENT_BACK = re.compile(
    r"\b(returned|return item|deposited item|chargeback|charge back|nsf|insufficient funds|unpaid|dishonou?red|bounced|"
    r"r(?:ü|ue)cklastschrift|retoure|r(?:ü|ue)cküberweisung|impay[eé]|rejet|devoluci[oó]n|insoluto|storno)\b",
    re.IGNORECASE,
)
_FEE = re.compile(r"\b(fees?|service charge)\b", re.IGNORECASE)
_CHEQUE = re.compile(
    r"\b(che(?:ck|que)s?|ch[eè]ques?|schecks?|cheques? deposit|mobile deposit|remise)\b", re.IGNORECASE
)


def nature_of_code(family: str, subfamily: str) -> Nature:
    """By a code of ISO 20022; OTHER where nobody knows it."""
    return BY_SUBFAMILY.get(subfamily) or BY_FAMILY.get(family) or Nature.OTHER


def nature_of_text(text: str, amount: int) -> Nature:
    """By the bank's words, where it gives no code: only whether money went back, and whether it came by cheque."""
    if amount < 0:
        if _FEE.search(text):
            return Nature.FEE
        return Nature.RETURN if _WENT_BACK.search(text) else Nature.OTHER
    return Nature.CHEQUE if _CHEQUE.search(text) else Nature.TRANSFER
