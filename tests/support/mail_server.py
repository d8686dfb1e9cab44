"""A small SMTP server over real sockets, with the faults that a test wants."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class MailServer:
    """What was received. `answers`: command, or recipient, -> what is said instead; "" hangs up, None says nothing."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)  # recipients of the mails, as they were accepted
    answers: dict[str, str | None] = field(default_factory=dict)
    connections: int = 0


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """A server on 127.0.0.1."""
    made = MailServer()
    ended = threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        timeout = 10

        def handle(self) -> None:
            made.connections += 1
            self._say("220 test")
            while line := self.rfile.readline():
                command = line.split()[0].decode().upper() if line.strip() else ""
                recipient = line.decode().partition("<")[2].partition(">")[0] if command == "RCPT" else ""
                if not self._answer(recipient if recipient in made.answers else command, recipient):
                    return

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

        def _answer(self, command: str, recipient: str) -> bool:
            if command in made.answers:
                said = made.answers[command]
                if said is None:
                    ended.wait(10)
                if not said:
                    return False
                self._say(said)
                return True
            if command == "EHLO":
                self._say("250 test")
            elif command == "DATA":
                self._say("354 go on")
                data = b""
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    data += line
                made.mails.append(message_from_bytes(data, policy=policy.default))
                self._say("250 taken")
            elif command == "QUIT":
                self._say("221 bye")
                return False
            else:
                made.taken += [recipient] if recipient else []
                self._say("250 fine")
            return True

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that hangs up is no error here."""

    with Server(("127.0.0.1", 0), Handler) as server:
        made.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield made
        finally:
            ended.set()
            server.shutdown()
