"""UDP: one bare JSON object per datagram, one ACK for each (docs/wire/apriltag.md 1.2).

A board takes no pictures while it waits for the ACK, and reads one datagram of at most 255 bytes: so the ACK is sent
before the reading is processed, from the same socket, and never twice. A datagram carries no token; those from outside
`trusted_networks` are ignored. A datagram of the trusted proxy has its sender's address before it
(`hub.net.proxy_header`).
"""

from __future__ import annotations

import errno
import logging
import socket as std_socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gevent
import gevent.socket

from hub.access.networks import is_loopback
from hub.access.rate_limits import LogThrottle, RateLimiter
from hub.apriltag.contract.decoding import decode_reading
from hub.apriltag.contract.reading import parse_reading
from hub.apriltag.service import AprilTags
from hub.contract.errors import RequestError
from hub.contract.json_text import encode
from hub.net.ports import ListenError, share_port, side_port_refused
from hub.net.proxy_header import split_header
from hub.settings.apriltag import AprilTag

log = logging.getLogger(__name__)

MAX_DATAGRAM = 1472  # payload of one Ethernet packet
READ_BYTES = 65_536  # on Windows a datagram larger than the buffer is an error
RECEIVE_BUFFER = 1024 * 1024
LOG_SECONDS = 10.0
BATCH = 16  # datagrams handled before other greenlets run


class UdpReceiver:
    """The UDP socket of AprilTag boards."""

    def __init__(
        self, settings: AprilTag, apriltags: AprilTags, admits: Callable[[str], bool], proxy: str = ""
    ) -> None:
        """`admits`: whether datagrams of an address are served. `proxy`: the one whose word about it is believed."""
        self._apriltags, self._admits, self._proxy = apriltags, admits, proxy
        self._rates = RateLimiter(settings.source_rate)
        self._throttle = LogThrottle(LOG_SECONDS)
        self._socket: gevent.socket.socket | None = None
        self.received = self.acknowledged = 0
        self.ignored: Counter[str] = Counter()

    def open(self, host: str, port: int) -> int:
        """Bind the socket and return its port. Raises ListenError with a sentence."""
        family = std_socket.AF_INET6 if ":" in host else std_socket.AF_INET
        sock = gevent.socket.socket(family, std_socket.SOCK_DGRAM)
        try:
            if sys.platform == "win32":
                # Without it another program could bind the same port and receive the datagrams.
                sock.setsockopt(std_socket.SOL_SOCKET, std_socket.SO_EXCLUSIVEADDRUSE, 1)
            share_port(sock)
            sock.setsockopt(std_socket.SOL_SOCKET, std_socket.SO_RCVBUF, RECEIVE_BUFFER)
            if family == std_socket.AF_INET6:
                sock.setsockopt(std_socket.IPPROTO_IPV6, std_socket.IPV6_V6ONLY, 0 if host == "::" else 1)
            sock.bind((host, port))
        except OSError as error:
            sock.close()
            raise ListenError(side_port_refused(error, host, port, "apriltag", "udp")) from error
        self._socket = sock
        return int(sock.getsockname()[1])

    def run(self) -> None:
        """Receive and acknowledge datagrams until `close()`."""
        sock = self._socket
        handled = 0
        while sock is self._socket and sock is not None:
            try:
                data, peer = sock.recvfrom(READ_BYTES)
            except OSError as error:
                if sock is not self._socket or error.errno == errno.EBADF:
                    return
                # Windows reports here that an earlier ACK was undeliverable; later datagrams are not affected.
                self.ignored["read error"] += 1
                gevent.sleep(0.001)
                continue
            self._handle(sock, data, peer)
            handled += 1
            if handled % BATCH == 0:
                gevent.sleep(0)

    def close(self) -> None:
        """Close the socket; `run` then returns."""
        sock, self._socket = self._socket, None
        if sock is not None:
            sock.close()

    def _handle(self, sock: gevent.socket.socket, data: bytes, peer: tuple[Any, ...]) -> None:
        self.received += 1
        address = peer[0][7:] if peer[0].startswith("::ffff:") else peer[0]
        if address == self._proxy:
            address, data = _proxied(data)
        reason = self._refusal(address, data)
        if reason:
            self.ignored[reason] += 1
            return
        try:
            reading = parse_reading(decode_reading(data))
        except RequestError:
            self.ignored["not a JSON object"] += 1
            return
        ack = encode(
            {"event": "apriltag_ack", "status": "received", "tag_id": reading.tag_id, "server_timestamp": time.time()}
        )
        try:
            sock.sendto(ack, peer)
            self.acknowledged += 1
        except OSError as error:
            self.ignored["ACK not sent"] += 1
            log.debug("The ACK to %s was not sent: %s", address, error)
        reading = replace(reading, smartcam_ip=address, payload=reading.payload | {"smartcam_ip": address})
        self._apriltags.accept(reading, address, "udp")

    def _refusal(self, address: str, data: bytes) -> str:
        """Return why a datagram is ignored, as the status page counts it; "" where it is accepted."""
        if not address:
            return "proxy names no sender"
        if not self._admits(address):
            if self._throttle.due():
                log.warning("A datagram from %s is not answered: let its sender in on the page /devices.", address)
            return "network not served"
        if not self._rates.allow(address):
            return "too many"
        return "too long" if len(data) > MAX_DATAGRAM else ""

    def status(self) -> dict[str, Any]:
        return {
            "port": self._socket.getsockname()[1] if self._socket else None,
            "received": self.received,
            "acknowledged": self.acknowledged,
            "ignored": dict(self.ignored),
        }


def _proxied(data: bytes) -> tuple[str, bytes]:
    """The sender of a datagram of the proxy, and the payload; "" where the proxy names none.

    A sender on the proxy's own machine never counts as this machine, as in requests.
    """
    address, payload = split_header(data)
    return ("" if is_loopback(address) else address), payload
