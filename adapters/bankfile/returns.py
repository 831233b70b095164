"""Which payment it was that came back: a return names it by what the payer's system called it, by its reference or by
its payer; a sum alone names nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from adapters.bankfile.overlaps import Kept
from adapters.bankfile.statement import Line, Nature

DAYS_MAX = 430
"""A debit that nobody authorised may come back for thirteen months."""

PAID = frozenset({Nature.TRANSFER, Nature.CHEQUE, Nature.COLLECTED, Nature.OTHER})
"""What brings a customer's payment, when it comes in."""


def is_payment(line: Line) -> bool:
    """Whether a line may be what a customer paid."""
    return line.amount > 0 and line.nature in PAID


def went_back(line: Line) -> bool:
    """Whether a line takes back what had come in."""
    return line.amount < 0 and line.nature is Nature.RETURN


def originals(lines: Sequence[Kept]) -> Mapping[str, Kept]:
    """Per payment that came back, by its id, the line by which it did."""
    paid: dict[int, list[Kept]] = {}
    for each in lines:
        if is_payment(each.line):
            paid.setdefault(each.line.amount, []).append(each)
    found: dict[str, Kept] = {}
    for back in sorted((each for each in lines if went_back(each.line)), key=lambda each: (each.line.on, each.id)):
        fitting = [each for each in paid.get(sum_of(back.line), ()) if each.id not in found and _in_time(each, back)]
        for same in (_same_mark, _same_payer):
            one = [each for each in fitting if same(each.line, back.line)]
            if one:
                if len(one) == 1:
                    found[one[0].id] = back
                break
    return found


def sum_of(back: Line) -> int:
    """What had come in, where the bank says that it took another sum."""
    return back.original if back.original is not None else -back.amount


def _in_time(paid: Kept, back: Kept) -> bool:
    return 0 <= (back.line.on - paid.line.on).days <= DAYS_MAX


def _same_mark(paid: Line, back: Line) -> bool:
    own = (paid.end_to_end, paid.reference, paid.bank_ref)
    said = {back.end_to_end, back.reference, *back.text.split()} - {""}
    return any(each and each in said for each in own)


def _same_payer(paid: Line, back: Line) -> bool:
    name, text = _folded((paid.other,)), _folded((back.other, back.text))
    return bool(name) and name in text


def _folded(texts: Iterable[str]) -> str:
    return " ".join(" ".join(texts).casefold().split())
