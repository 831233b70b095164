"""Lines of a bank as the house's nouns: customers' payments, what came back of them, and the account itself. Pure.

Only what customers paid is kept, and what of it went back: wages, rent and other people's names that stand on the same
statement are nobody's business here. Who paid is kept as the bank tells it, the payer's account only as a hash of it.
What a processor sends is a payment too as far as this room knows; the house finds which payout it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from adapters.bankfile import returns
from adapters.bankfile.marks import REFERENCE_TAG, creditor_reference
from adapters.bankfile.overlaps import Kept, Together
from adapters.bankfile.statement import Line, Nature, Statement
from connector import canonical
from connector.dates import BusinessDate, midnight
from connector.model.finding import Finding, FindingCode
from connector.model.mirror import Gone, GoneState, Mirrored, Noun
from connector.model.money_in import Payment, PaymentState
from connector.model.party import Account, AccountRole, Profile
from connector.model.settlement import BalanceEntry, EntryNature
from connector.model.source import ConnectionId, Kind, Ref, Tag
from connector.money import Currency, Money, grouped

METHODS: Mapping[Nature, str] = {
    Nature.TRANSFER: "transfer",
    Nature.OTHER: "transfer",
    Nature.CHEQUE: "cheque",
    Nature.COLLECTED: "direct debit",
}
_HASH_LENGTH = 16
_REMOVED = "a later statement of the bank has it no more"
PAYER_TAG = "payer_account"
"""The name under which a payment carries a hash of the account that paid it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which connection, which account in which currency, and the zone of the company's days."""

    connection: ConnectionId
    account: str
    currency: Currency
    zone: ZoneInfo
    live: bool

    def ref(self, kind: Kind, vendor_id: str) -> Ref:
        return Ref(self.connection, kind, vendor_id)

    def own(self, kind: Kind) -> Ref:
        """The account itself: by its last digits, and enough of its hash to tell it from another one."""
        return self.ref(kind, f"{self.account[-4:]}-{_hashed(self.account)[:8]}")

    def money(self, minor: int) -> Money:
        return Money(minor, self.currency)


def profile(where: Where) -> Mirrored:
    """The account as the one that answers."""
    record = Profile(name=f"Bank account ending in {where.account[-4:]}", home_currency=where.currency, live=where.live)
    return _mirrored(where.own(Kind.PROFILE), record, {"account": where.account[-4:], "currency": where.currency})


def account(where: Where, statements: Iterable[Statement]) -> Mirrored:
    """The account with what was on it at last, where a statement says so."""
    told = [each for each in statements if each.closing is not None]
    last = max(told, key=lambda each: (each.last, each.made, each.number), default=None)
    balance = where.money(last.closing) if last is not None and last.closing is not None else None
    name = f"Bank account ending in {where.account[-4:]}"
    record = Account(name=name, role=AccountRole.BANK, currency=where.currency, balance=balance)
    said = {"on": str(last.last) if last is not None else "", "closing": str(balance or "")}
    return _mirrored(where.own(Kind.ACCOUNT), record, said)


def records(where: Where, found: Together) -> Iterator[Mirrored]:
    """A payment for each line that a customer may have paid, an entry for each that took one back. A payment that a
    later statement has no more is void: whoever has posted it is told."""
    back = returns.originals([each for each in found.lines if not each.in_doubt])
    paid_by = {by.id: paid for paid, by in back.items()}
    for each in found.lines:
        if returns.is_payment(each.line):
            record = payment(where, each, back.get(each.id))
            yield _mirrored(where.ref(Kind.PAYMENT, each.id), record, _raw(where, each, back.get(each.id)))
        elif returns.went_back(each.line):
            of = paid_by.get(each.id)
            record_back = entry(where, each, of)
            yield _mirrored(
                where.ref(Kind.BALANCE_ENTRY, each.id), record_back, _raw(where, each, None) | {"of": of or ""}
            )
    for each in found.removed:
        if returns.is_payment(each.line):
            taken_out = replace(payment(where, each, None), state=PaymentState.VOID, failure=_REMOVED)
            yield _mirrored(where.ref(Kind.PAYMENT, each.id), taken_out, _raw(where, each, None) | {"removed": True})
    removed = (each.id for each in found.removed if not returns.is_payment(each.line))
    for gone in (*found.gone, *removed):
        for kind in (Kind.PAYMENT, Kind.BALANCE_ENTRY):
            ref = where.ref(kind, gone)
            yield Mirrored(ref=ref, version="gone", raw=b"{}", record=Gone(state=GoneState.DELETED))


def payment(where: Where, each: Kept, back: Kept | None) -> Payment:
    """What somebody paid."""
    line = each.line
    reference = creditor_reference(line.reference, f"{line.end_to_end} {line.text}")
    said = [reference or line.reference, line.end_to_end if line.end_to_end != reference else ""]
    return Payment(
        customer=None,
        received_on=BusinessDate(line.on),
        gross=where.money(line.amount),
        state=_state(each, back),
        method=METHODS[line.nature],
        payer=line.other or None,
        reference=" ".join(filter(None, said)) or None,
        memo=line.text or None,
        failure=back.line.cause or None if back is not None else None,
        returned_on=BusinessDate(back.line.on) if back is not None else None,
        tags=(
            *((Tag(REFERENCE_TAG, reference),) if reference else ()),
            *((Tag(PAYER_TAG, _payers_account(where, line)),) if line.account else ()),
        ),
    )


def _state(each: Kept, back: Kept | None) -> PaymentState:
    """In doubt is on its way: neither money nor none."""
    if each.in_doubt:
        return PaymentState.PENDING
    return PaymentState.RETURNED if back is not None else PaymentState.SUCCEEDED


def entry(where: Where, back: Kept, of: str | None) -> BalanceEntry:
    """What went back; what the bank took beside it is its fee."""
    line = back.line
    gross = where.money(-returns.sum_of(line))
    on = midnight(BusinessDate(line.on), where.zone)
    return BalanceEntry(
        category=line.code or str(line.nature),
        nature=EntryNature.RETURN,
        gross=gross,
        fee=gross - where.money(line.amount),
        net=where.money(line.amount),
        created=on,
        about=where.ref(Kind.PAYMENT, of) if of is not None else None,
    )


def findings(where: Where, found: Together, refused: Iterable[tuple[str, str]]) -> tuple[Finding, ...]:
    """What a person should know of all files together: what cannot be read, what contradicts, what is missing, and
    money that went back and belongs to no payment for sure."""
    about = (where.own(Kind.ACCOUNT),)
    told = [
        Finding(code=FindingCode.BAD_STATEMENT, sentence=sentence, next_step=step, refs=about)
        for sentence, step in refused
    ]
    told += [
        Finding(
            code=FindingCode.STATEMENT_GAP if each.is_gap else FindingCode.STATEMENTS_DIFFER,
            sentence=each.sentence,
            next_step=each.next_step,
            refs=about,
        )
        for each in found.told
    ]
    known = {by.id for by in returns.originals([each for each in found.lines if not each.in_doubt]).values()}
    told += [
        Finding(
            code=FindingCode.NO_ORIGINAL,
            sentence=f"On {each.line.on} the bank took {grouped(where.money(-each.line.amount))} back, and it is not "
            "clear of which payment.",
            next_step="Look at the bank's notice of it, and void or correct that payment in the books by hand.",
            refs=about,
            amount=where.money(-each.line.amount),
        )
        for each in found.lines
        if returns.went_back(each.line) and each.id not in known
    ]
    return tuple(told)


def _mirrored(ref: Ref, record: Noun, said: Mapping[str, object]) -> Mirrored:
    raw = canonical.encode(said)
    return Mirrored(ref=ref, version=canonical.digest(raw), raw=raw, record=record)


def _payers_account(where: Where, line: Line) -> str:
    """The payer's account so that it is known again, and cannot be read."""
    return _hashed(f"{where.account}|{line.account}")[:_HASH_LENGTH]


def _raw(where: Where, each: Kept, back: Kept | None) -> dict[str, object]:
    line: Line = each.line
    said: dict[str, object] = {
        name: getattr(line, name)
        for name in ("amount", "nature", "other", "text", "reference", "end_to_end", "bank_ref", "code", "cause")
        if getattr(line, name)
    }
    said |= {"on": str(line.on), "in_doubt": each.in_doubt}
    if line.account:
        said["account_hash"] = _payers_account(where, line)
    if back is not None:
        said["back"] = back.id
    return said


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
