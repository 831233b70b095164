"""The audit pack: one archive that shows what was asked, by whom, what was written and what it stood on.

It can be checked without us: every file by its hash in the manifest, the manifest by our signature, every row by the
journal entry that vouches for it, every entry by the chain. What stands in it is what the store holds at one moment, so
that the same store gives the same bytes. Contacts, notes, payers' files and secrets are never in it.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import zstandard

from connector import canonical
from connector.app.books import stored_plan
from connector.app.house import Desk
from connector.app.keeping import Kept, kept
from connector.dates import BusinessDate, Instant
from connector.errors import UnknownRecord, UserError
from connector.model.approval import Approval
from connector.model.ruling import Ruling
from connector.model.source import ActorId, PlanId, Ref, RunId
from connector.plan import Plan
from connector.store import OutboxRow
from connector.store.decisions import PLAN_BYTES_MAX
from connector.store.outbox import OUTBOX
from connector.store.signing import Signature
from connector.store.witness import Link, Row, RowKey, Witnessed

MANIFEST, SIGNATURE, ROWS, JOURNAL, PAGE = (
    "manifest.json",
    "signature.json",
    "rows.jsonl",
    "journal.jsonl",
    "index.html",
)
VERSION = 1
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_RUN = re.compile(r"[a-z]+-[a-z2-7]{10}")
_MOMENT = (1980, 1, 1, 0, 0, 0)
"""What every file of the archive is dated, so that equal content gives equal bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One plan with what became of it: who approved it, and its writes, in the order of its lines."""

    plan: Plan
    approvals: tuple[Approval, ...]
    receipts: tuple[OutboxRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One entry of the journal, as the viewer lists it."""

    seq: int
    at: Instant
    actor: ActorId
    run: RunId | None
    kind: str
    chain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Everything about a plan or a month. `head` is where the journal ended, `problems` what `verify` found then."""

    company: str
    about: str
    head: str
    at: Instant
    problems: tuple[str, ...]
    runs: tuple[Run, ...]
    evidence: Mapping[Ref, Kept]
    rulings: tuple[Ruling, ...]
    happened: tuple[Happened, ...]
    witnessed: Witnessed
    signing_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What is in an archive. `files` has the SHA-256 of every other file but the signature."""

    what: str
    version: int
    company: str
    about: str
    head: str
    at: Instant
    problems: tuple[str, ...]
    signing_key: str | None
    files: dict[str, str]


WHAT = "receivables audit pack"


def audit(desk: Desk, wanted: str) -> Audit:
    """Collect it, for a plan's id, for a run as the journal names it (apply-...: what was sent in it), or for a month
    (YYYY-MM: everything that was written on days of it)."""
    found = _MONTH.fullmatch(wanted)
    rows = _of_month(desk, int(found[1]), int(found[2])) if found is not None else _of_plan(desk, wanted)
    runs = tuple(_run(desk, plan_id, receipts) for plan_id, receipts in sorted(rows.items()))
    about = {line.intent.about for run in runs for line in run.plan.lines}
    evidence = {ref: held for ref in sorted(about) if (held := kept(desk, ref)) is not None}
    rulings = tuple(each for each in desk.store.rulings(desk.id) if each.payment in about)
    witnessed = desk.store.witnessed(desk.id, _keys(desk, runs, evidence, rulings))
    head = witnessed.links[-1]
    happened = tuple(_happened(link) for link in witnessed.links)
    return Audit(
        company=desk.company.name,
        about=wanted,
        head=f"{head.seq}:{head.chain}",
        at=happened[-1].at,
        problems=desk.store.verify(desk.id),
        runs=runs,
        evidence=evidence,
        rulings=rulings,
        happened=happened,
        witnessed=witnessed,
        signing_key=desk.store.signing_key(),
    )


def _of_plan(desk: Desk, wanted: str) -> dict[PlanId, tuple[OutboxRow, ...]]:
    try:
        made = stored_plan(desk, wanted)
    except UnknownRecord:
        sent = _of_run(desk, RunId(wanted)) if _RUN.fullmatch(wanted) is not None else {}
        if sent:
            return sent
        raise UnknownRecord(
            f"There is no run {wanted[:40]!r}, and it is no month.",
            next_step="Name a plan (see: receivables plans) or a month: 2026-03",
        ) from None
    return {made.plan_id: desk.store.outbox(desk.id, plan_id=made.plan_id)}


def _of_run(desk: Desk, run: RunId) -> dict[PlanId, tuple[OutboxRow, ...]]:
    """The writes of the plans that moved in a run: between what another run read before it, and its own last entry."""
    moved: set[str] = set()
    found: set[str] = set()
    for entry in desk.store.journal(desk.id):
        if entry.run is not None and entry.run != run:
            moved.clear()
        elif entry.kind == OUTBOX:
            body: Any = entry.body
            moved.update([body["op_id"]] if "op_id" in body else [row["op_id"] for row in body["rows"]])
        elif entry.run == run:
            found |= moved
    rows: dict[PlanId, list[OutboxRow]] = {}
    for row in desk.store.outbox(desk.id):
        if row.op_id in found and row.plan_id is not None:
            rows.setdefault(row.plan_id, []).append(row)
    return {plan_id: tuple(each) for plan_id, each in rows.items()}


def _of_month(desk: Desk, year: int, month: int) -> dict[PlanId, tuple[OutboxRow, ...]]:
    rows: dict[PlanId, list[OutboxRow]] = {}
    for row in desk.store.outbox(desk.id):
        on: BusinessDate | None = getattr(row.intent, "on", None)
        if row.plan_id is not None and on is not None and (on.year, on.month) == (year, month):
            rows.setdefault(row.plan_id, []).append(row)
    if not rows:
        raise UserError(
            f"Nothing of {year}-{month:02d} was written into the books.",
            next_step="Name a month in which something was, or a plan: receivables plans",
        )
    return {plan_id: tuple(found) for plan_id, found in rows.items()}


def _run(desk: Desk, plan_id: PlanId, receipts: Sequence[OutboxRow]) -> Run:
    return Run(
        plan=stored_plan(desk, plan_id),
        approvals=desk.store.approvals(desk.id, plan_id),
        receipts=tuple(sorted(receipts, key=lambda row: row.line)),
    )


def _keys(desk: Desk, runs: Sequence[Run], evidence: Mapping[Ref, Kept], rulings: Sequence[Ruling]) -> list[RowKey]:
    """The rows that are packed: the runs' own, what they stand on, and the names of those who acted."""
    mine = {row.op_id for run in runs for row in run.receipts}
    of_plans = desk.store.keys_of_plans(desk.id, [run.plan.plan_id for run in runs])
    actors = {run.plan.made_by for run in runs} | {row.actor for run in runs for row in run.receipts}
    actors |= {each.by for run in runs for each in run.approvals} | {each.by for each in rulings}
    return [
        *(each for each in of_plans if each[0] != "outbox" or each[1] in mine),
        *(("evidence", str(ref)) for ref in evidence),
        *(("ruling", str(each.number)) for each in rulings),
        *(("actor", actor) for actor in sorted(actors)),
    ]


def _happened(link: Link) -> Happened:
    entry = canonical.decode(link.entry, _Told)
    return Happened(
        seq=link.seq, at=entry.at, actor=entry.actor, run=entry.run, kind=entry.kind.replace("_", " "), chain=link.chain
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    at: Instant
    actor: ActorId
    run: RunId | None
    kind: str


def archive(desk: Desk, found: Audit, page: str) -> tuple[bytes, Signature | None]:
    """The archive's bytes, and our signature under its manifest: None where this installation has no key yet."""
    files = {
        PAGE: page.encode(),
        ROWS: b"".join(_row_line(row.table, row.key, row.columns) for row in found.witnessed.rows),
        JOURNAL: b"".join(_link_line(link) for link in found.witnessed.links),
        **{name: canonical.pretty(body).encode() for row in found.witnessed.rows for name, body in _readable(row)},
    }
    manifest = canonical.encode(
        Manifest(
            what=WHAT,
            version=VERSION,
            company=found.company,
            about=found.about,
            head=found.head,
            at=found.at,
            problems=found.problems,
            signing_key=found.signing_key,
            files={name: hashlib.sha256(body).hexdigest() for name, body in files.items()},
        )
    )
    signature = desk.store.sign(manifest)
    files[MANIFEST] = manifest
    if signature is not None:
        files[SIGNATURE] = canonical.encode(signature)
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as made:
        for name, body in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o600 << 16
            made.writestr(entry, body)
    return packed.getvalue(), signature


def _readable(row: Row) -> Iterator[tuple[str, object]]:
    """What of a row is packed or stored as bytes, under the name by which people find it."""
    if row.table in READABLE:
        yield READABLE[row.table](row.key), body_of(canonical.decode(row.columns, dict))


def body_of(columns: Mapping[str, object]) -> object:
    """The body of a plan or an evidence as plain JSON values. ValueError or zstandard.ZstdError where it is none."""
    packed = base64.b64decode(str(columns.get("body", "")), validate=True)
    return canonical.decode(zstandard.ZstdDecompressor().decompress(packed, max_output_size=PLAN_BYTES_MAX), dict)


def plan_file(plan_id: str) -> str:
    """Where a plan stands to be read."""
    return f"plans/{_safe(plan_id)}.json"


def evidence_file(payment: Ref | str) -> str:
    """Where the evidence of a payment stands to be read. Two ids never share a name."""
    text = str(payment)
    return f"evidence/{_safe(text)[:80]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.json"


READABLE: dict[str, Callable[[str], str]] = {"plan": plan_file, "evidence": evidence_file}
"""Tables whose bodies stand in files of their own, too."""


def _safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", text)


def _row_line(table: str, key: str, columns: bytes) -> bytes:
    return canonical.encode({"table": table, "key": key, "row": canonical.decode(columns, dict)}) + b"\n"


def _link_line(link: Link) -> bytes:
    told = {"seq": link.seq, "previous": link.previous, "chain": link.chain, "entry": link.entry.decode()}
    return canonical.encode(told) + b"\n"
