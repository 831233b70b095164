"""Keys in a file, a setting, or the output of a command: whole, newest last, for the owner's eyes only."""

from __future__ import annotations

import base64
import os
import stat
import sys
import threading
from pathlib import Path

import pytest

from connector.errors import SettingsError
from connector.store.keyring import KeyFile, KeySource, key_of, keys_in_text, keys_of_command, new_key
from tests.keys import FIRST, SECOND

ID_OF_FIRST = key_of(b"1" * 32).key_id
ID_OF_SECOND = key_of(b"2" * 32).key_id


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "apart" / "receivables.key")


def ids(source: KeySource) -> list[str]:
    return [key.key_id for key in source.read()]


def refused(source: KeySource) -> str:
    """Why it cannot be used, with its next step, neither of which shows a key."""
    with pytest.raises(SettingsError) as caught:
        source.read()
    said = str(caught.value)
    assert caught.value.next_step
    assert caught.value.__cause__ is None
    assert FIRST not in said
    return said


def test_a_file_that_is_not_there_holds_no_key_and_none_is_made_by_looking(file: KeyFile) -> None:
    assert file.read() == ()
    assert not file.path.parent.exists()


def test_the_first_key_is_made_for_its_owner_alone_in_a_folder_of_his_own(file: KeyFile) -> None:
    (key,) = file.begin()
    assert len(key.secret) == 32
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    assert file.begin() == (key,) == file.read()


def test_of_several_processes_that_begin_at_once_one_makes_the_key_and_all_get_it(file: KeyFile) -> None:
    seen: list[object] = []
    threads = [threading.Thread(target=lambda: seen.append(KeyFile(file.path).begin())) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert seen == [file.read()] * 8


def test_a_key_is_added_behind_the_others_and_taken_away_by_its_id(file: KeyFile) -> None:
    (first,) = file.begin()
    second = new_key()
    file.add(second)
    assert file.read() == (first, second)
    file.drop({first.key_id})
    assert file.read() == (second,)
    assert [each.name for each in file.path.parent.iterdir()] == ["receivables.key"]


def test_what_a_killed_process_left_half_written_does_no_harm(file: KeyFile) -> None:
    (first,) = file.begin()
    file.path.with_name(".receivables.key.new").write_text("half a k")
    second = new_key()
    file.add(second)
    assert file.read() == (first, second)
    assert len(list(file.path.parent.iterdir())) == 1


def test_nothing_is_added_to_a_file_that_vanished(file: KeyFile) -> None:
    file.begin()
    file.path.unlink()
    with pytest.raises(SettingsError, match="There is no key in the file"):
        file.add(new_key())
    assert not file.path.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o644, 0o666], ids=oct)
def test_a_file_that_others_can_touch_is_refused_with_the_command_that_closes_it(file: KeyFile, mode: int) -> None:
    file.begin()
    file.path.chmod(mode)
    assert refused(file) == (
        f"Others can read the key file {file.path}, and with it the keys to your books. Run: chmod 600 {file.path}"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_refused(file: KeyFile) -> None:
    file.begin()
    os.chown(file.path, 12345, -1)
    assert "belongs to another user" in refused(file)


def test_a_folder_or_a_pipe_in_its_place_is_refused_without_waiting(file: KeyFile) -> None:
    file.path.parent.mkdir()
    os.mkfifo(file.path, 0o600)
    assert "is no file" in refused(file)
    file.path.unlink()
    file.path.mkdir()
    assert "is no file" in refused(file)


def test_a_key_file_in_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(SettingsError, match="cannot be written"):
        KeyFile(tmp_path / "taken" / "receivables.key").begin()


BROKEN = [
    ("nothing", "", "There is no key in"),
    ("only a remark", "# key\n", "There is no key in"),
    ("half a key", FIRST[:20], "is not whole"),
    ("a password", "correct horse battery staple", "is not whole"),
    ("one good, one bad", f"{FIRST}\nx", "is not whole"),
    ("bytes", "\udcff\x00", "is not whole"),
]


@pytest.mark.parametrize(("text", "words"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_a_key_that_is_not_whole_is_refused_and_not_shown(file: KeyFile, text: str, words: str) -> None:
    assert words in refused(keys_in_text(text))
    file.begin()
    file.path.write_text(text, encoding="utf-8", errors="surrogateescape")
    assert words in refused(file)


def test_keys_in_a_setting_stand_by_commas_or_lines_oldest_first() -> None:
    assert ids(keys_in_text(f"{FIRST},{SECOND}")) == [ID_OF_FIRST, ID_OF_SECOND]
    assert ids(keys_in_text(f"# a, remark\n{SECOND}\n\n{FIRST}\n")) == [ID_OF_SECOND, ID_OF_FIRST]
    safe = base64.urlsafe_b64encode(b"\xff" * 32).decode()
    assert ids(keys_in_text(safe)) == [key_of(b"\xff" * 32).key_id]


def test_keys_that_are_given_to_us_are_not_ours_to_change() -> None:
    source = keys_in_text(FIRST)
    assert source.begin() == source.read()
    with pytest.raises(SettingsError, match="cannot be put into the setting RECEIVABLES_KEY"):
        source.add(new_key())
    with pytest.raises(SettingsError, match="cannot be taken out of"):
        source.drop({ID_OF_FIRST})


def test_a_command_gives_the_keys_it_prints() -> None:
    assert ids(keys_of_command(f"{sys.executable} -c 'print(\"{FIRST}\")'")) == [ID_OF_FIRST]


@pytest.mark.parametrize("command", ["", "'", "/nowhere/at-all", "false", f"sh -c 'echo {FIRST}; exit 3'"])
def test_a_command_that_fails_gives_no_key_and_does_not_say_what_it_printed(command: str) -> None:
    assert "gave no key" in refused(keys_of_command(command))


def test_neither_a_key_nor_its_ring_shows_in_a_repr() -> None:
    shown = repr(key_of(b"1" * 32))
    assert ID_OF_FIRST in shown
    assert "1111" not in shown
    assert FIRST not in repr(keys_in_text(FIRST))
