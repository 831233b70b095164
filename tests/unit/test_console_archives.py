"""The audit pack of a month or run, and everything of a company, made and carried off at the console by whoever may."""

from __future__ import annotations

import html
import json
import os
import re
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest

from connector.app.archives import KEPT, ArchiveKind, ready
from connector.app.audit_check import check
from connector.app.linking import make_link
from connector.model.person import ErrandKind
from connector.model.source import ConnectionId
from connector.web.sealed import HEADERS
from tests.unit.console_ground import COOKIE, MAIN, NAMES, OTHER, Ground, console, form_of, send, words

DOWNLOAD = re.compile(r'href="([^"]+)" download>')


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A firm of which one plan is in the books."""
    with console(tmp_path_factory.mktemp("archives")) as made:
        dana = made.signed_in("dana")
        made.finished(send(dana, "plans/make"))
        made.finished(send(dana, "plan/apply", plan=plan(made)))
        yield made


def plan(ground: Ground) -> str:
    found = re.search(r"plan\?id=(plan-\w+)", ground.signed_in("dana").get(f"/c/{MAIN}/plans").text)
    assert found is not None
    return found[1]


def page(ground: Ground, room: str, name: str = "dana") -> str:
    answer = ground.signed_in(name).get(f"/c/{MAIN}/{room}")
    assert answer.status_code == 200, words(answer.text)
    return str(answer.text)


def made_by(ground: Ground, room: str, name: str = "dana", **fields: str) -> tuple[str, str]:
    """What the page of the work said once it was done, and the address of the archive on it."""
    answer = send(ground.signed_in(name), room, **fields)
    told = ground.finished(answer, name)
    found = DOWNLOAD.search(page(ground, answer.headers["location"].partition(f"/c/{MAIN}/")[2], name))
    assert found is not None, told
    return told, html.unescape(found[1])


def test_the_pack_of_a_month_is_made_carried_off_and_holds_without_us(ground: Ground, tmp_path: Path) -> None:
    told, address = made_by(ground, "audit", "paul", about="2026-03")
    assert re.search(r"1 plan, \d+ writes, \d+ decisions? with evidence\.", told)
    answer = ground.signed_in("paul").get(address)
    name = rf"walkabout-tools-audit-2026-03-{ground.clock.now():%Y%m%d}T\d{{6}}Z\.zip"
    assert re.fullmatch(rf'attachment; filename="{name}"', answer.headers["content-disposition"])
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    assert all(each in answer.headers for each in HEADERS)
    file = tmp_path / "pack.zip"
    file.write_bytes(answer.content)
    found = check(file)
    assert found.faults == ()
    assert found.manifest is not None
    assert (found.manifest.company, found.manifest.about) == ("Walkabout Tools", "2026-03")
    assert found.signed_by is not None
    assert found.signed_by in told
    assert found.manifest.head in told
    assert re.search(rf"1 archive is here .*? {name} ", words(page(ground, "audit", "paul")))


def test_the_pack_of_a_plan_is_asked_for_where_the_plan_is_looked_at(ground: Ground) -> None:
    asked = f"audit?about={plan(ground)}"
    assert f'href="/c/{MAIN}/{asked}"' in page(ground, f"plan?id={plan(ground)}")
    assert f'value="{plan(ground)}"' in page(ground, asked)
    told, address = made_by(ground, "audit", about=plan(ground))
    assert f"audit-{plan(ground)}-" in address
    assert "1 plan," in told


@pytest.mark.parametrize(
    ("about", "told"),
    [
        ("2025-01", "Nothing of 2025-01 was written into the books. Next: Name a month in which something was"),
        ("plan-nobody", "There is no run 'plan-nobody', and it is no month. Next: Name a plan (see: Plans"),
    ],
)
def test_a_pack_of_nothing_says_why_and_leaves_no_file(ground: Ground, about: str, told: str) -> None:
    with ground.desk() as desk:
        before = ready(desk, ArchiveKind.AUDIT)
        assert told in ground.finished(send(ground.signed_in("dana"), "audit", about=about))
        assert ready(desk, ArchiveKind.AUDIT) == before
    assert send(ground.signed_in("dana"), "audit", about="").status_code == 400


def test_everything_is_carried_off_as_open_files_and_no_secret_is_among_them(ground: Ground) -> None:
    dana = ground.signed_in("dana")
    with ground.desk() as desk:
        token = make_link(desk, "W-2").url.rpartition("/")[2]
        keys = {
            value
            for each in desk.connections()
            for name, value in desk.store.secrets(MAIN, ConnectionId(each.connection_id)).items()
            if "key" in name or "secret" in name or "token" in name
        }
        person = next(each for each in desk.store.people() if each.person_id == "dana")
    told, address = made_by(ground, "export")
    answer = dana.get(address)
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    assert 'attachment; filename="walkabout-tools-export-' in answer.headers["content-disposition"]
    held = unpacked(answer.content)
    listed = json.loads(held["contents.json"])
    assert listed["head"] in told
    assert sorted(held) == sorted([each["name"] for each in listed["files"]] + ["contents.json"])
    assert b"W-2" in held["invoice.csv"]
    secrets = {*keys, token, person.password_hash, dana.cookies[COOKIE]}
    assert len(secrets) >= 6
    everything = b"".join(held.values())
    assert [each for each in secrets if each.encode() in everything] == []


def unpacked(body: bytes) -> dict[str, bytes]:
    """The files of an archive, by their name in its one folder."""
    with zipfile.ZipFile(BytesIO(body)) as packed:
        names = packed.namelist()
        assert len({name.partition("/")[0] for name in names}) == 1
        return {name.partition("/")[2]: packed.read(name) for name in names}


def test_an_archive_is_given_to_whoever_may_make_one_and_to_nobody_else(ground: Ground) -> None:
    _, pack = made_by(ground, "audit", about="2026-03")
    _, everything = made_by(ground, "export")
    for address, may in ((pack, {"paul", "erin", "dana"}), (everything, {"dana"})):
        for name in NAMES.values():
            assert ground.signed_in(name).get(address).status_code == (200 if name in may else 403), (name, address)
        assert ground.browser().get(address).headers["location"].startswith("/sign-in")
        elsewhere = address.replace(f"/c/{MAIN}/", f"/c/{OTHER}/")
        assert ground.signed_in("dana").get(elsewhere).status_code == 404
        assert ground.signed_in("olga").get(elsewhere).status_code == 404
        for wrong in ("", "..%2F..%2Freceivables.db", "receivables.db", "%2Fetc%2Fpasswd"):
            assert ground.signed_in("dana").get(f"{address.partition('?')[0]}?name={wrong}").status_code == 404
    # Whoever may not make it is not given its address by the page of the work either.
    with ground.desk() as desk:
        errand = next(each for each in desk.store.errands(MAIN) if each.kind is ErrandKind.EXPORT)
    assert "download" not in page(ground, f"work?id={errand.errand_id}", "paul")


def test_archives_lie_where_only_their_owner_reads_and_go_after_a_day(ground: Ground) -> None:
    _, address = made_by(ground, "audit", about="2026-03")
    home = ground.firm.config().home / "archives"
    files = [each for each in home.rglob("*") if each.is_file()]
    assert files
    assert {each.stat().st_mode & 0o077 for each in [home, *home.rglob("*")]} == {0}
    assert [each.suffix for each in files] == [".zip"] * len(files), "nothing unfinished is left"
    old = (ground.clock.now() - KEPT - timedelta(minutes=1)).timestamp()
    for each in files:
        os.utime(each, (old, old))
    answer = ground.signed_in("dana").get(address)
    assert answer.status_code == 404
    assert "That archive is not here any more. Next: Make it again" in words(answer.text)
    assert "0 archives are here" in words(page(ground, "export"))
    assert [each for each in home.rglob("*") if each.is_file()] == []
    assert form_of(page(ground, "audit"))
