"""Commands in processes of their own that need not import the program first: each is a fork of one that has.

A fork is killed, crashes and ends as any other process does, and shares nothing with another: only the second of
imports is saved. The parent has no thread, acts on nothing, and ends with the tests that started it.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import IO, NoReturn

HERE = "tests.journeys.warm"
IMPORTED = ("connector", "adapters")
LEFT_OUT = ("connector.__main__", "connector.testing", ".standin", ".migrations")
FDS = 4
CODE_BYTES = 32


class Parent:
    """The process that has imported everything, as the tests see it: one for all of them."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RECEIVABLES_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", HERE, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=kept,
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        atexit.register(self.end)

    def end(self) -> None:
        """It reads the end of its socket, and ends."""
        self._ours.close()
        self._process.wait()

    def begin(self, arguments: tuple[str, ...], environment: Mapping[str, str]) -> Fork:
        """`receivables ...` in a fork."""
        out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - the fork closes them
        told, tells = socket.socketpair()
        with tells, tempfile.TemporaryFile() as asked:
            asked.write(json.dumps([list(arguments), dict(environment), str(Path.cwd())]).encode())
            asked.seek(0)
            fds = [asked.fileno(), out.fileno(), err.fileno(), tells.fileno()]
            socket.send_fds(self._ours, [b"."], fds)
        return Fork(arguments, told, out, err)


class Fork:
    """A running command: what a test may do with it, and what it said."""

    def __init__(self, arguments: tuple[str, ...], told: socket.socket, out: IO[bytes], err: IO[bytes]) -> None:
        self._arguments = arguments
        self._told = told
        self._out = out
        self._err = err
        self.pid = int(told.recv(CODE_BYTES))
        self.code: int | None = None

    def wait(self, seconds: float) -> int:
        """The exit code, minus the signal when one killed it; waits so long for it."""
        if self.code is None:
            self._told.settimeout(seconds)
            try:
                self.code = int(self._told.recv(CODE_BYTES))
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired(list(self._arguments), seconds) from None
        return self.code

    def ended(self) -> bool:
        """Whether it has ended."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.code is not None

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if not self.ended():
            os.kill(self.pid, number)

    def said(self) -> tuple[str, str]:
        """What it has written."""
        self._out.seek(0)
        self._err.seek(0)
        return self._out.read().decode(), self._err.read().decode()

    def close(self) -> None:
        """Let go of its streams; what still runs is killed."""
        self.send_signal(signal.SIGKILL)
        for stream in (self._told, self._out, self._err):
            stream.close()


_lock = threading.Lock()
_parents: list[Parent] = []


def begin(arguments: tuple[str, ...], environment: Mapping[str, str]) -> Fork:
    """`receivables ...` in a fork of the one parent, which starts when it is first needed."""
    with _lock:
        if not _parents:
            _parents.append(Parent())
    return _parents[0].begin(arguments, environment)


def run(arguments: tuple[str, ...], environment: Mapping[str, str], seconds: float) -> tuple[int, str, str]:
    """The same until it ends: the exit code, and what it said."""
    with closing(begin(arguments, environment)) as fork:
        return fork.wait(seconds), *fork.said()


def import_all() -> None:
    """Import every module that a command might import later."""
    for name in IMPORTED:
        package = importlib.import_module(name)
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not any(left_out in found.name for left_out in LEFT_OUT):
                importlib.import_module(found.name)


def bear(listener: socket.socket) -> None:
    """Fork for every request until nobody is there to ask; returns only in a fork that is a command."""
    while True:
        message, fds, _, _ = socket.recv_fds(listener, 1, FDS)
        if not message:
            sys.exit()
        if os.fork() == 0:
            listener.close()
            _watch(fds)
            return
        for fd in fds:
            os.close(fd)
        _reap()


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def _watch(fds: list[int]) -> None:
    """Fork the command, and tell its process id and its exit code; returns only in the command."""
    asked, out, err, tells = fds
    pid = os.fork()
    if pid == 0:
        os.close(tells)
        _become(asked, out, err)
        return
    _tell_and_end(tells, pid)


def _tell_and_end(tells: int, pid: int) -> NoReturn:
    with socket.socket(fileno=tells) as teller:
        teller.sendall(str(pid).encode().ljust(CODE_BYTES))
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        teller.sendall(str(code).encode().ljust(CODE_BYTES))
    os._exit(0)


def _become(asked: int, out: int, err: int) -> None:
    """Take on the words, the environment, the folder and the streams of the command."""
    with open(asked, encoding="utf-8") as request:
        arguments, environment, folder = json.load(request)
    os.dup2(out, sys.stdout.fileno())
    os.dup2(err, sys.stderr.fileno())
    os.close(out)
    os.close(err)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    sys.argv = ["receivables", *arguments]


def live() -> NoReturn:
    """Do what the words say, and end as an interpreter does, but for taking down what was only imported."""
    try:
        importlib.import_module("connector.__main__").main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    threading._shutdown()  # type: ignore[attr-defined] # as the interpreter does it: what runs is waited for
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    import_all()
    gc.freeze()
    bear(socket.socket(fileno=int(sys.argv[1])))
    live()
