"""A new computer from a backup, at the console: proved before it holds, with its key, and only where nothing is yet."""

from __future__ import annotations

import asyncio
import html
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from connector.app.copies import backup
from connector.app.house import House
from connector.app.sessions import begin, choose_password, person_named
from connector.app.staff import first_link
from connector.config import Config
from connector.model.person import Person, Role
from connector.model.source import ActorId, ConnectionId
from connector.store.keyring import KEY_BYTES
from connector.web.console import streamed
from connector.web.console.rooms import console_app
from tests.journeys.firm import open_firm
from tests.unit.console_ground import COOKIE, HERE, MAIN, PASSWORD, form_of, words

OTHER_KEY = "A" * (KEY_BYTES * 4 // 3 + 1) + "="
NINA = ActorId("nina")


@dataclass(frozen=True)
class Old:
    """What was carried away from the computer before: its copy, one of before anybody could sign in, its key, its
    journal's end, what opens Stripe there, and the hash of a password, which takes long to make."""

    copy: Path
    earlier: Path
    key: str
    head: tuple[int, str]
    secrets: dict[str, str]
    password_hash: str


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Old]:
    folder = tmp_path_factory.mktemp("old")
    with open_firm(folder) as firm:
        firm.connect_quickly()
        with House(firm.config()) as house:
            earlier = folder / "earlier.db"
            backup(house, earlier)
            dana = choose_password(house, first_link(house), PASSWORD, again=PASSWORD)
            copy = folder / "copy.db"
            backup(house, copy)
            yield Old(
                copy=copy,
                earlier=earlier,
                key=(folder / "home-key" / "receivables.key").read_text(),
                head=house.store.head(MAIN),
                secrets=house.store.secrets(MAIN, ConnectionId("stripe")),
                password_hash=dana.password_hash,
            )


@dataclass
class New:
    """A computer with nothing on it but somebody who has chosen a password."""

    config: Config
    browser: TestClient

    @property
    def key_file(self) -> Path:
        home = self.config.home
        return home.with_name(f"{home.name}-key") / "receivables.key"

    def house(self) -> House:
        return House(self.config)

    def page(self, path: str = "/restore") -> str:
        return str(self.browser.get(path).text)

    def send(self, sent: Path | None = None, *, key_file: bytes | None = None, **fields: str) -> Any:
        """The form as a browser sends it: its own signature first, then what was typed, then the files."""
        files = {
            "copy": (sent.name if sent else "", sent.read_bytes() if sent else b"", "application/octet-stream"),
            "key_file": ("receivables.key" if key_file else "", key_file or b"", "application/octet-stream"),
        }
        form = {"form": form_of(self.page("/")), "path": "", "key": "", **fields}
        return self.browser.post("/restore", data=form, files=files)

    def left(self) -> list[str]:
        return sorted(each.name for each in self.config.home.iterdir() if each.suffix not in (".db-wal", ".db-shm"))


@pytest.fixture
def new(tmp_path: Path, old: Old) -> Iterator[New]:
    home = tmp_path / "new"
    home.mkdir(mode=0o700)
    config = Config(home=home, database=str(home / "receivables.db"), actor="nina")
    with House(config) as house:
        nina = Person(person_id=NINA, name="Nina", password_hash=old.password_hash)
        house.store.save_person(nina)
        token = begin(house, nina)
    with TestClient(console_app(lambda: House(config)), base_url=HERE, follow_redirects=False) as browser:
        browser.cookies.set(COOKIE, token, domain="127.0.0.1", path="/")
        yield New(config=config, browser=browser)


def test_an_empty_home_offers_it_and_a_backup_that_is_sent_is_worked_with_after_it_was_proved(
    new: New, old: Old
) -> None:
    for path in ("/", "/companies"):
        assert 'href="/restore"' in new.page(path)
    answer = new.send(old.copy, key_file=old.key.encode())
    assert answer.status_code == 200, words(answer.text)
    told = words(answer.text)
    assert "this computer works with it now: 1 company" in told
    assert "Sign in with the name and the password that you had when it was made" in told
    assert f"main {old.head[0]}:{old.head[1]}" in told
    with new.house() as house:
        assert house.store.head(MAIN) == old.head
        assert house.store.secrets(MAIN, ConnectionId("stripe")) == old.secrets
        assert {each.writes_allowed for each in house.store.connections(MAIN)} == {True}, "as the command leaves it"
        assert person_named(house, "nina") is None
    assert new.key_file.stat().st_mode & 0o077 == 0
    kept = [re.sub(r"\d{8}T\d{6}(-\w+)?", "MOMENT", name) for name in new.left()]
    assert sorted(set(kept)) == ["receivables.db", "receivables.db.replaced-MOMENT"]
    # Whoever was signed in was so in the database before: they are let in by what the backup knows of them.
    assert new.browser.get("/").headers["location"].startswith("/sign-in")
    signed = form_of(new.page("/sign-in"))
    entered = new.browser.post("/sign-in", data={"form": signed, "name": "dana", "password": PASSWORD})
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert new.browser.get(f"/c/{MAIN}").status_code == 200
    # From now on there is a company, and nothing is put in its place.
    assert 'href="/restore"' not in new.page("/companies")
    assert new.browser.get("/restore").status_code == 404
    assert new.send(old.copy, key_file=old.key.encode()).status_code == 404


def test_a_file_on_this_computer_is_named_and_a_key_that_lies_there_already_is_used(new: New, old: Old) -> None:
    new.key_file.parent.mkdir(mode=0o700)
    new.key_file.touch(mode=0o600)
    new.key_file.write_text(old.key)
    before = old.copy.read_bytes()
    assert new.send(path=str(old.copy)).status_code == 200
    with new.house() as house:
        assert house.store.secrets(MAIN, ConnectionId("stripe")) == old.secrets
    assert new.key_file.read_text() == old.key
    assert old.copy.read_bytes() == before


def test_without_the_right_key_nothing_is_changed_and_the_page_says_where_it_is(new: New, old: Old) -> None:
    before = new.left()
    missing = new.send(path=str(old.copy))
    assert (missing.status_code, "The key to the secrets in this copy is not on this computer" in missing.text) == (
        409,
        True,
    )
    assert "receivables.key, in a folder whose name ends in -key" in words(missing.text)
    assert f'value="{old.copy}"' in html.unescape(missing.text), "what was typed is not typed again"
    wrong = new.send(path=str(old.copy), key=OTHER_KEY)
    assert (wrong.status_code, "is not the one that the secrets in this copy were sealed with" in wrong.text) == (
        409,
        True,
    )
    assert OTHER_KEY not in wrong.text
    torn = new.send(path=str(old.copy), key="what is this")
    assert (torn.status_code, "is not whole" in torn.text) == (400, True)
    assert new.left() == before
    assert not new.key_file.exists()
    with new.house() as house:
        assert person_named(house, "nina") is not None


@pytest.mark.gate
def test_where_the_key_is_lost_everything_comes_back_but_what_it_sealed(new: New, old: Old) -> None:
    assert new.send(path=str(old.copy), lost="yes").status_code == 200
    with new.house() as house:
        assert house.store.secrets(MAIN, ConnectionId("stripe")) == {}
        assert house.store.verify(MAIN) == ()
        assert house.store.head(MAIN)[0] > old.head[0], "that they were given up is in the journal"


def test_what_is_altered_or_is_no_backup_is_refused_in_one_sentence_and_nothing_is_changed(
    new: New, old: Old, tmp_path: Path
) -> None:
    before = new.left()
    altered = tmp_path / "altered.db"
    altered.write_bytes(old.copy.read_bytes())
    with sqlite3.connect(altered) as opened:
        opened.execute("UPDATE company SET body = replace(body, 'Walkabout', 'Standabout')")
    opened.close()
    strange = tmp_path / "strange.db"
    strange.write_text("nothing of ours " * 1_000)
    for sent, said in (
        (new.send(altered, key=old.key), "is not whole"),
        (new.send(strange), ""),
        (new.send(path=str(tmp_path / "nowhere.db")), "There is no file"),
        (new.send(path="copy.db"), "is no whole path"),
        (new.send(), "Either a file is sent, or one on this computer is named"),
        (new.send(old.copy, path=str(old.copy)), "Either a file is sent, or one on this computer is named"),
    ):
        assert sent.status_code in (400, 502)
        assert said in words(sent.text)
        assert sent.text.count('role="alert"') == 1
    assert new.left() == before


@pytest.mark.gate
def test_nothing_is_put_in_the_place_of_a_database_that_somebody_works_with(new: New, old: Old) -> None:
    with new.house() as house:
        lease = house.store.acquire(MAIN, "books:main", "elsewhere:1:1", 60)
        assert lease is not None
        refused = new.send(path=str(old.copy), key=old.key)
        assert (refused.status_code, "Somebody works with the database now" in refused.text) == (409, True)
        house.store.release(lease)


@pytest.mark.gate
def test_whoever_brings_a_backup_in_which_nobody_could_sign_in_looks_after_it(new: New, old: Old) -> None:
    told = words(new.send(old.earlier, key=old.key).text)
    assert "sign in as nina , with the password you have chosen here" in told
    with new.house() as house:
        nina = person_named(house, NINA)
        assert nina is not None
        assert nina.password_hash == old.password_hash
        assert house.store.role_of(MAIN, NINA) is Role.ADMIN


def test_no_byte_is_kept_of_what_no_page_of_ours_sends(new: New, old: Old, tmp_path: Path) -> None:
    """Neither of somebody who is not signed in, nor of a form that was not shown to them, nor where one may not."""
    before = new.left()
    body = {"copy": ("copy.db", old.copy.read_bytes(), "application/octet-stream")}
    stranger = TestClient(new.browser.app, base_url=HERE, follow_redirects=False)
    answer = stranger.post("/restore", data={"form": ""}, files=body)
    assert (answer.status_code, answer.headers["location"].startswith("/sign-in")) == (303, True)
    signed = form_of(new.page("/"))
    assert new.browser.post("/restore", data={"form": signed[:-1]}, files=body).status_code == 403
    assert new.browser.post("/restore", files=body).status_code == 403
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert new.browser.post("/restore", data={"form": signed}, files=body, headers=elsewhere).status_code == 403
    assert new.browser.post("/restore", data={"form": signed, "path": str(old.copy)}).status_code == 403
    assert new.left() == before
    told = {"Content-Length": "17000000000", "Content-Type": "multipart/form-data; boundary=x"}
    large = new.browser.post("/restore", content=b"", headers=told)
    assert (large.status_code, "more than can be sent to this page" in large.text) == (400, True)


def test_a_file_is_taken_no_further_than_is_allowed_and_is_held_in_pieces(tmp_path: Path) -> None:
    begun = (
        b'--edge\r\nContent-Disposition: form-data; name="form"\r\n\r\nsigned\r\n'
        b'--edge\r\nContent-Disposition: form-data; name="copy"; filename="a.db"\r\n\r\n'
    )
    whole = [begun, *[b"x" * 1_000] * 50, b"\r\n--edge--\r\n"]
    asked: list[bytes] = []

    def sent(most: int) -> streamed.Streamed:
        left = list(whole)
        asked.clear()

        async def receive() -> dict[str, Any]:
            asked.append(left.pop(0))
            return {"type": "http.request", "body": asked[-1], "more_body": bool(left)}

        headers = [(b"content-type", b"multipart/form-data; boundary=edge")]
        request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
        return asyncio.run(streamed.streamed(request, tmp_path, most, lambda fields: fields == {"form": "signed"}))

    cut = sent(10_000)
    assert cut.fault is not None
    assert len(asked) == 1 + 11, "what is too much is not read to its end"
    assert sum(each.stat().st_size for each in tmp_path.iterdir()) <= 10_000
    taken = sent(50_000)
    assert taken.fault is None
    assert taken.files["copy"].read_bytes() == b"x" * 50_000
    whole.pop()
    torn = sent(50_000)
    assert torn.fault is not None
    assert "broke off" in torn.fault.sentence
