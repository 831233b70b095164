"""The examples for systemd and containers: what they run is ours, what they ask answers, and on this computer alone."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

EXAMPLES = Path(__file__).parents[2] / "connector" / "examples"
UNIT, CONTAINER = EXAMPLES / "receivables.service", EXAMPLES / "Containerfile"
WAIT_SECONDS = 60


def started_by(file: Path) -> list[str]:
    """The words after `receivables` that it starts."""
    lines = file.read_text(encoding="utf-8").splitlines()
    (line,) = [each for each in lines if each.startswith(("ExecStart=", "CMD "))]
    return re.sub(r'[\[\]",]', " ", line.partition("receivables ")[2] or line.partition('receivables",')[2]).split()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_reads_the_unit_and_has_nothing_to_remark(tmp_path: Path) -> None:
    program = tmp_path / ".local" / "bin" / "receivables"
    program.parent.mkdir(parents=True)
    program.symlink_to(sys.executable)
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    ran = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(UNIT)],
        env={**os.environ, "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(runtime)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.fixture
def port(tmp_path: Path) -> Iterator[str]:
    """Where the daemon of the unit answers, started as the unit does but for the port, which may be taken here."""
    words = started_by(UNIT)
    assert words == started_by(CONTAINER) == ["run", "--health", "9464"]
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("RECEIVABLES_")}
    said = tmp_path / "said"
    with said.open("w") as out:
        daemon = subprocess.Popen(
            [sys.executable, "-u", "-m", "connector", *words[:-1], "0"],
            env={**kept, "RECEIVABLES_HOME": str(home), "RECEIVABLES_ACTOR": "dana"},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        until = time.monotonic() + WAIT_SECONDS
        while (found := re.search(r"http://127\.0\.0\.1:(\d+)/healthz", said.read_text())) is None:
            assert daemon.poll() is None, said.read_text()
            assert time.monotonic() < until, said.read_text()
            time.sleep(0.05)
        yield found[1]
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(WAIT_SECONDS) == 0
    finally:
        daemon.kill()
        daemon.wait()


def test_the_daemon_of_the_unit_is_asked_by_the_containers_own_check_and_answers_on_this_computer_alone(
    port: str,
) -> None:
    (check,) = re.findall(r'HEALTHCHECK .*python -c "(.*)"', CONTAINER.read_text(encoding="utf-8"))
    asked = check.replace("9464", port)
    assert asked != check
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=WAIT_SECONDS) as answer:
        assert b"receivables_due_companies 0.0" in answer.read()
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.2", int(port)), timeout=5):
        pass


def test_what_the_container_copies_is_there_and_leaves_data_and_settings_out() -> None:
    copied = re.findall(r"^COPY (.*) \S+$", CONTAINER.read_text(encoding="utf-8"), re.MULTILINE)
    names = [name for line in copied for name in line.split()]
    assert {"pyproject.toml", "connector", "adapters"} <= set(names)
    assert "." not in names
    assert all((EXAMPLES.parents[1] / name).exists() for name in names)
