"""A mail server on this computer that takes what is sent to it: just enough of SMTP (RFC 5321) for one sender."""

from __future__ import annotations

import socketserver
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass
class Taken:
    """One letter: to whom, and its text."""

    to: list[str] = field(default_factory=list)
    data: bytes = b""


class MailDesk:
    """Open while it is a context manager. `taken` is what came."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        desk = self

        class Talk(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                letter = Taken()
                self.wfile.write(b"220 here\r\n")
                for line in self.rfile:
                    verb = line.strip().upper()
                    if verb.startswith(b"DATA"):
                        self.wfile.write(b"354 go on\r\n")
                        letter.data = b"".join(iter(self.rfile.readline, b".\r\n"))
                        desk.taken.append(letter)
                        letter = Taken()
                    elif verb.startswith(b"RCPT"):
                        letter.to.append(line.partition(b"<")[2].partition(b">")[0].decode())
                    self.wfile.write(b"221 bye\r\n" if verb.startswith(b"QUIT") else b"250 well\r\n")

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk)
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
