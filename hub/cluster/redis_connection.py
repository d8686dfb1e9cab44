"""Connections to Redis through redis-py, and its faults as sentences. Sockets are gevent's, so that waits yield."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from redis import ConnectionPool
from redis._parsers import _RESP2Parser
from redis._parsers.socket import SocketBuffer
from redis.exceptions import (
    AuthenticationError,
    AuthenticationWrongNumberOfArgsError,
    ConnectionError,
    NoPermissionError,
    RedisError,
    TimeoutError,
)

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 5.0
MAX_LINE_BYTES = 64 * 1024
CRLF = b"\r\n"
FAULTS = (RedisError, OSError, ValueError)


class RelayRefused(Exception):
    """Redis wants another password; the text is a sentence for the operator."""


class TooLarge(ConnectionError):
    """A message is larger than any that hubs send."""


class _BoundedBuffer(SocketBuffer):
    max_bytes = 0

    def read(self, length: int, *args: Any, **kwargs: Any) -> bytes:
        if length > self.max_bytes:
            raise TooLarge(f"a message of {length} bytes came; at most {self.max_bytes} are taken")
        return super().read(length, *args, **kwargs)


def _bounded_parser(max_bytes: int) -> type[_RESP2Parser]:
    class Buffer(_BoundedBuffer):
        pass

    Buffer.max_bytes = max_bytes

    class Parser(_RESP2Parser):
        """Refuses a longer text before it is read."""

        def on_connect(self, connection: Any) -> None:
            super().on_connect(connection)  # type: ignore[no-untyped-call]
            buffer: Any = Buffer(connection._sock, self.socket_read_size, connection.socket_timeout)
            self._buffer = buffer

    return Parser


def shown(url: str) -> str:
    """The address without user and password."""
    try:
        parts = urlsplit(url)
        if parts.scheme == "unix":
            return f"unix://{parts.path}"
        host = parts.hostname or "localhost"
        host = f"[{host}]" if ":" in host else host
        return f"{parts.scheme}://{host}:{parts.port or 6379}{parts.path or '/0'}"
    except ValueError:
        return "redis://..."


class Redis:
    """One connection. `command` and `read` raise one of FAULTS where it is lost."""

    def __init__(self, url: str, max_bytes: int) -> None:
        """`max_bytes`: of one message. Raises ValueError for an address that cannot be read."""
        pool = ConnectionPool.from_url(
            url,
            protocol=2,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            socket_keepalive=True,
            parser_class=_bounded_parser(max_bytes),
            health_check_interval=0,
            retry=None,
            client_name="gatehouse",
            driver_info=None,
        )
        self._raw: Any = pool.make_connection()

    def open(self) -> None:
        """Connect and log in. Raises RelayRefused, or one of FAULTS."""
        try:
            self._raw.connect()
            self.command("PING")
        except (AuthenticationError, AuthenticationWrongNumberOfArgsError, NoPermissionError) as error:
            self.close()
            raise RelayRefused(str(error)) from error
        except BaseException:
            self.close()
            raise

    def command(self, *args: str | bytes | int) -> Any:
        """The answer to a command."""
        self._raw.send_command(*args)
        return self._raw.read_response(disable_decoding=True)

    def send(self, *args: str | bytes) -> None:
        """Send a command whose answer `read` returns; may be called while another greenlet reads."""
        self._raw.send_packed_command([pack(args)])

    def read(self, seconds: float) -> Any:
        """The next answer or message; None after so long without one."""
        try:
            return self._raw.read_response(disable_decoding=True, timeout=seconds, disconnect_on_error=False)
        except TimeoutError:
            return None

    def commands(self, commands: Iterable[Iterable[str | bytes]]) -> None:
        """Send commands in one write, and wait for their answers."""
        packed = [pack(command) for command in commands]
        self._raw.send_packed_command([b"".join(packed)])
        for _ in packed:
            self._raw.read_response(disable_decoding=True)

    def close(self) -> None:
        """Close the socket."""
        with suppress(*FAULTS):
            self._raw.disconnect()


def pack(args: Iterable[str | bytes]) -> bytes:
    """A command as it is sent."""
    parts = [arg if isinstance(arg, bytes) else arg.encode() for arg in args]
    return b"".join([b"*%d\r\n" % len(parts), *(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)])


def reason(error: Exception) -> str:
    """Why Redis cannot be used now, in few words and without its address."""
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    cause: BaseException = error
    while cause.__cause__ is not None or cause.__context__ is not None:
        cause = cause.__cause__ or cause.__context__ or cause
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror.lower()
    return " ".join(str(error).split())[:200] or type(error).__name__
