"""The audit pack: what was done with all it stands on, in one archive that is checked without us and cannot lie."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connector import canonical
from connector.app.audit_check import check
from connector.app.books import apply_plan, make_plan, sync_all
from tests.journeys.firm import Firm, nothing, open_firm
from tests.journeys.test_prove import WORLD

SAID = "Pat said it is approved"
Files = dict[str, bytes]


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """A firm whose plan was applied, with a contact that is nobody's business but the collector's."""
    with open_firm(tmp_path_factory.mktemp("audited"), WORLD) as opened:
        opened.connect_quickly()
        opened.do("log", "A-1", "--outcome", "no-answer", "--said", SAID, "--yes")
        with opened.desk() as desk:
            apply_plan(desk, make_plan(desk), nothing, nothing)
            sync_all(desk, nothing)
        yield opened


@pytest.fixture(scope="module")
def pack(firm: Firm) -> Path:
    """The pack of the month in which its five entries lie."""
    path = firm.home / "march.zip"
    firm.do("audit-pack", "2026-03", "--out", str(path))
    return path


def files_of(pack: Path) -> Files:
    with zipfile.ZipFile(pack) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def packed(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for name, body in files.items():
            made.writestr(name, body)
    return path


@pytest.mark.req("W8")
def test_a_pack_has_plan_receipts_evidence_and_chain_is_signed_and_is_checked_without_the_books(
    firm: Firm, pack: Path, tmp_path: Path
) -> None:
    files = files_of(pack)
    (plan_file,) = [name for name in files if name.startswith("plans/")]
    plan = json.loads(files[plan_file])
    rows = [json.loads(line) for line in files["rows.jsonl"].splitlines()]
    written = [each["row"] for each in rows if each["table"] == "outbox"]
    assert [each["state"] for each in written] == ["done"] * 5
    assert {each["plan_id"] for each in written} == {plan["plan_id"]}
    assert len([name for name in files if name.startswith("evidence/")]) == 2
    told = firm.run("audit-pack", "--check", str(pack), "--json", RECEIVABLES_HOME=str(tmp_path))
    assert (told.code, told.json["whole"]) == (0, True)
    assert told.json["signed_by"] == firm.do("keys", "--json").json["signing_key"]
    firm.do("verify", "--head", told.json["head"])


def test_the_same_store_gives_the_same_bytes(firm: Firm, pack: Path, tmp_path: Path) -> None:
    firm.do("audit-pack", "2026-03", "--out", str(tmp_path / "again.zip"))
    assert (tmp_path / "again.zip").read_bytes() == pack.read_bytes()


def test_a_plans_pack_has_the_same_entries_as_the_month_they_lie_in(firm: Firm, pack: Path, tmp_path: Path) -> None:
    with firm.desk() as desk:
        plan_id = next(row.plan_id for row in desk.store.outbox(desk.id) if row.plan_id is not None)
    firm.do("audit-pack", plan_id, "--out", str(tmp_path / "run.zip"))
    mine, theirs = files_of(tmp_path / "run.zip"), files_of(pack)
    assert (mine["rows.jsonl"], mine["journal.jsonl"]) == (theirs["rows.jsonl"], theirs["journal.jsonl"])


def test_a_run_is_also_known_by_the_id_that_the_journal_has_for_it(firm: Firm, pack: Path, tmp_path: Path) -> None:
    with firm.desk() as desk:
        runs = {str(entry.run) for entry in desk.store.journal(desk.id) if entry.run is not None}
    (apply,) = [each for each in runs if each.startswith("apply-")]
    firm.do("audit-pack", apply, "--out", str(tmp_path / "run.zip"))
    assert files_of(tmp_path / "run.zip")["rows.jsonl"] == files_of(pack)["rows.jsonl"]
    (reconcile,) = [each for each in runs if each.startswith("reconcile-")][:1]
    for nothing_written in (reconcile, "apply-aaaaaaaaaa"):
        assert firm.run("audit-pack", nothing_written, "--out", str(tmp_path / "none.zip")).code != 0


def test_what_was_said_to_a_payer_and_every_secret_stay_out(firm: Firm, pack: Path) -> None:
    whole = b"".join(files_of(pack).values())
    with firm.desk() as desk:
        secrets = [
            value for each in desk.connections() for value in desk.store.secrets(desk.id, each.connection_id).values()
        ]
    assert SAID.encode() not in whole
    assert secrets
    assert [value for value in secrets if len(value) > 12 and value.encode() in whole and "://" not in value] == []
    assert b"ap@acme.example" not in files_of(pack)["index.html"]


def shifted(body: bytes) -> bytes:
    """One byte in the middle is another."""
    place = len(body) // 2
    return body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]


def test_a_byte_that_is_changed_in_any_file_is_found(pack: Path, tmp_path: Path) -> None:
    whole = files_of(pack)
    for name, body in whole.items():
        found = check(packed(tmp_path / "wrong.zip", {**whole, name: shifted(body)}))
        assert found.faults, name
        found = check(packed(tmp_path / "less.zip", {each: kept for each, kept in whole.items() if each != name}))
        assert found.faults, name
    assert check(packed(tmp_path / "more.zip", {**whole, "invoice.pdf": b"made up"})).faults == (
        "invoice.pdf was put in: the manifest knows nothing of it.",
    )


def sealed_anew(files: Files, **changed: Any) -> Files:
    """As somebody would who knows the format and has not our key: all hashes right, and a signature of their own."""
    manifest = json.loads(files["manifest.json"]) | changed
    for name in manifest["files"]:
        manifest["files"][name] = hashlib.sha256(files[name]).hexdigest()
    key = Ed25519PrivateKey.from_private_bytes(b"7" * 32)
    manifest["signing_key"] = key.public_key().public_bytes_raw().hex()
    body = canonical.encode(manifest)
    signed = {"public_key": manifest["signing_key"], "signature": key.sign(body).hex()}
    return {**files, "manifest.json": body, "signature.json": canonical.encode(signed)}


def reworded(name: str, old: bytes, new: bytes) -> Callable[[Files], Files]:
    def change(files: Files) -> Files:
        assert old in files[name]
        return {**files, name: files[name].replace(old, new)}

    return change


def retold(files: Files, folder: str) -> Files:
    """Every file of that folder is about another invoice."""
    return {name: body.replace(b"A-1", b"A-9") if name.startswith(folder) else body for name, body in files.items()}


FORGED: dict[str, tuple[Callable[[Files], Files], str]] = {
    "a receipt raised": (reworded("rows.jsonl", b"12000", b"92000"), "is not what the journal vouches for"),
    "an actor renamed": (reworded("rows.jsonl", b'"dana"', b'"evil"'), "is not what the journal vouches for"),
    "an entry of the journal": (reworded("journal.jsonl", b"12000", b"92000"), "has not the chain hash it says"),
    "the readable plan": (
        lambda files: retold(files, "plans/"),
        "does not say what its row says",
    ),
    "the readable evidence": (
        lambda files: retold(files, "evidence/"),
        "does not say what its row says",
    ),
    "the last entry": (
        lambda files: {**files, "journal.jsonl": b"".join(files["journal.jsonl"].splitlines(keepends=True)[:-1])},
        "does not end at the head",
    ),
    "entries in another order": (
        lambda files: {**files, "journal.jsonl": b"".join(reversed(files["journal.jsonl"].splitlines(keepends=True)))},
        "does not follow entry",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_who_makes_all_hashes_right_and_signs_anew_is_found_by_the_chain(pack: Path, tmp_path: Path, name: str) -> None:
    change, words = FORGED[name]
    found = check(packed(tmp_path / "forged.zip", sealed_anew(change(files_of(pack)))))
    assert words in " ".join(found.faults)


def test_a_pack_that_somebody_else_signed_names_their_key_and_not_ours(firm: Firm, pack: Path, tmp_path: Path) -> None:
    found = check(packed(tmp_path / "copied.zip", sealed_anew(files_of(pack))))
    assert found.faults == ()
    assert found.signed_by != firm.do("keys", "--json").json["signing_key"]


def test_a_signature_that_was_taken_away_is_missed(pack: Path, tmp_path: Path) -> None:
    files = {name: body for name, body in files_of(pack).items() if name != "signature.json"}
    assert "signature" in check(packed(tmp_path / "bare.zip", files)).faults[0]


WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "a run that is not there": (("plan-nope", "--out", "x.zip"), "There is no run 'plan-nope'"),
    "a month that is none": (("2026-13", "--out", "x.zip"), "There is no run '2026-13', and it is no month"),
    "a month without entries": (("2025-01", "--out", "x.zip"), "Nothing of 2025-01 was written"),
    "a file nobody can write": (("2026-03", "--out", "/nowhere/x.zip"), "cannot be written"),
    "no file": (("2026-03",), "Either an archive is written, or one is checked."),
    "both": (("2026-03", "--check", "x.zip"), "Either an archive is written, or one is checked."),
    "a file that is none": (("--check", "/nowhere/x.zip"), "is no archive that can be read"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_packed_or_checked_is_said_in_a_sentence(firm: Firm, name: str) -> None:
    words, sentence = WRONG[name]
    told = firm.run("audit-pack", *words)
    assert told.code == 2
    assert sentence in told.err
    assert "Next:" in told.err


def test_a_pack_of_a_journal_that_was_altered_says_so_in_every_place(tmp_path: Path) -> None:
    with open_firm(tmp_path, WORLD) as opened:
        opened.connect_quickly()
        with opened.desk() as desk:
            made = make_plan(desk)
            apply_plan(desk, made, nothing, nothing)
            with desk.store._database.engine.begin() as tx:
                tx.exec_driver_sql("UPDATE outbox SET fault = 'nothing happened'")
        told = opened.run("audit-pack", made.plan_id, "--out", str(tmp_path / "a.zip"))
        assert told.code == 1
        assert "was altered" in told.out
    found = check(tmp_path / "a.zip")
    assert "When it was packed, the journal was not whole" in found.faults[0]
    assert "was not whole when this was packed" in files_of(tmp_path / "a.zip")["index.html"].decode()
