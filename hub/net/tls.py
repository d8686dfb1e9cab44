"""TLS on accepted connections: handshakes in the connection's greenlet, and sockets that behave as plain ones."""

from __future__ import annotations

import errno
import os
import socket as std_socket
from contextlib import suppress
from pathlib import Path
from ssl import (
    OP_NO_RENEGOTIATION,
    PROTOCOL_TLS_SERVER,
    SSLEOFError,
    SSLWantReadError,
    SSLWantWriteError,
    SSLZeroReturnError,
    TLSVersion,
)
from typing import TYPE_CHECKING, Any, cast

import gevent.socket
from gevent.ssl import SSLContext, SSLSocket

from hub.net.transport import BLOCK_BYTES, PeerDisconnected

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

HANDSHAKE = 0x16  # the first byte of a TLS connection: the record type of a handshake (RFC 8446, 5.1)
RECORD_BYTES = 16 * 1024


class PlainText(Exception):
    """The peer began to send something else than a TLS handshake."""


class TlsSocket(SSLSocket):
    """The TLS socket of an accepted connection, with the exceptions and the meaning of a plain socket's methods.

    A call that would block raises BlockingIOError, one that takes too long TimeoutError. Any other greenlet may shut
    the socket down meanwhile (gevent's own class then fails with a ValueError or an AttributeError).
    """

    _sslobj: Any  # of gevent's class, whose types are not known
    _read_event: Any
    _write_event: Any
    _wait: Any

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Receive at most one TLS record; b"" when the peer has shut down its side."""
        return self._receive(buflen, None)  # type: ignore[no-any-return]

    def recv_into(self, buffer: WriteableBuffer, nbytes: int | None = None, flags: int = 0) -> int:
        """The same into `buffer`; the number of bytes, 0 when the peer has shut down its side."""
        return self._receive(nbytes or memoryview(buffer).nbytes, buffer)  # type: ignore[no-any-return]

    def _receive(self, size: int, buffer: Any) -> Any:
        while True:
            tls = self._open()
            try:
                return tls.read(size) if buffer is None else tls.read(size, buffer)
            except SSLWantReadError:
                self._wait_for(self._read_event)
            except SSLWantWriteError:
                self._wait_for(self._write_event)
            except (SSLEOFError, SSLZeroReturnError):
                return b"" if buffer is None else 0

    def send(self, data: ReadableBuffer, flags: int = 0, timeout: Any = None) -> int:
        """Send what the system accepts at once, at least one byte; the number of bytes.

        After BlockingIOError or TimeoutError the first record of `data` may be encrypted already: the next call must
        begin with the same bytes.
        """
        view = memoryview(data).cast("B")
        sent, size = 0, min(len(view), BLOCK_BYTES)
        while sent < size:
            tls = self._open()
            try:
                sent += tls.write(view[sent : sent + RECORD_BYTES])
            except SSLWantWriteError:
                if sent:
                    break
                self._wait_for(self._write_event)
            except SSLWantReadError:
                if sent:
                    break
                self._wait_for(self._read_event)
        return sent

    def shutdown(self, how: int) -> None:
        """Shut down the connection below TLS; what arrives can still be received after SHUT_WR."""
        gevent.socket.socket.shutdown(self, how)

    def _open(self) -> Any:
        if self._sslobj is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return self._sslobj

    def _wait_for(self, event: Any) -> None:
        if self.timeout == 0.0:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        self._wait(event)


class _ServerContext(SSLContext):
    sslsocket_class = TlsSocket


def server_context(certificate: Path, key: Path) -> SSLContext:
    """The TLS context of the listeners: TLS 1.2 and 1.3. Raises OSError (ssl.SSLError among them)."""
    context = _ServerContext(PROTOCOL_TLS_SERVER)
    context.minimum_version = TLSVersion.TLSv1_2
    context.options |= OP_NO_RENEGOTIATION
    context.load_cert_chain(certificate, key, password=lambda: "")  # never asks on the terminal
    return context


def accept_tls(sock: gevent.socket.socket, context: SSLContext, seconds: float) -> TlsSocket:
    """Make the handshake on a new connection, which must take at most `seconds`.

    Raises `PlainText`, after which `sock` is still usable and nothing was read, and `PeerDisconnected`, after which the
    connection is closed.
    """
    with gevent.Timeout(seconds, PeerDisconnected(f"no TLS handshake within {seconds:g} s")):
        try:
            first = sock.recv(1, std_socket.MSG_PEEK)
            if first and first[0] != HANDSHAKE:
                raise PlainText
            tls = cast(TlsSocket, context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False))
        except OSError as error:
            raise PeerDisconnected(f"gone: {error.strerror or error}") from error
        try:
            tls.do_handshake()
        except OSError as error:
            tls.close()
            raise PeerDisconnected(f"the TLS handshake failed: {error.strerror or error}") from error
        except BaseException:
            tls.close()
            raise
    return tls


def end_tls(sock: gevent.socket.socket) -> None:
    """Tell the peer of a TLS connection that nothing follows (close_notify), without waiting; else without effect."""
    if isinstance(sock, TlsSocket):
        with suppress(OSError, ValueError):
            sock.settimeout(0.0)
            sock.unwrap()


def has_input(sock: gevent.socket.socket) -> bool:
    """Whether bytes of the peer have arrived and are not read yet."""
    if isinstance(sock, TlsSocket) and sock.pending():
        return True
    try:
        return bool(_peek(sock))
    except OSError:
        return False


def peer_has_closed(sock: gevent.socket.socket) -> bool:
    """Whether the peer has closed its side; for connections that nobody reads from.

    What a peer sends over TLS is read and dropped, since the end of the connection may lie behind it.
    """
    try:
        if not isinstance(sock, TlsSocket):
            return not _peek(sock)
        sock.settimeout(0.0)
        return not sock.recv(RECORD_BYTES)
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        sock.settimeout(None)


def _peek(sock: gevent.socket.socket) -> bytes:
    """The first byte that has arrived, encrypted or not; b"" after the end. Raises OSError."""
    # Below gevent's socket, whose timeout other greenlets have set.
    plain: Any = sock
    data: bytes = plain._sock.recv(1, std_socket.MSG_PEEK)
    return data
