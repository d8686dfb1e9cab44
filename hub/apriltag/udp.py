"""UDP: one bare JSON object per datagram, one ACK for each (docs/wire/apriltag.md 1.2).

The board's camera stands still until the ACK comes, and reads one datagram of at most 255 bytes: so it goes out before anything else, from the
same socket, and never twice. Nothing in a datagram proves who sent it; only the networks of `apriltag.networks` are heard.
"""

from __future__ import annotations

import errno
import logging
import socket as std_socket
import sys
import time
from collections import Counter
from dataclasses import replace
from typing import Any

import gevent
import gevent.socket

from hub.access.networks import Networks
from hub.access.rate_limits import LogThrottle, RateLimiter
from hub.apriltag.contract.decoding import decode_reading
from hub.apriltag.contract.reading import parse_reading
from hub.apriltag.service import AprilTags
from hub.contract.errors import RequestError
from hub.contract.json_text import encode
from hub.net.ports import ListenError, side_port_refused
from hub.settings.apriltag import AprilTag

log = logging.getLogger(__name__)

MAX_DATAGRAM = 1472  # what one Ethernet packet holds
READ_BYTES = 65_536  # a datagram that does not fit is an error on Windows
RECEIVE_BUFFER = 1024 * 1024
SAY_SECONDS = 10.0
TURN = 16  # datagrams taken before others get their turn


class UdpReceiver:
    """The UDP socket of AprilTag boards."""

    def __init__(self, settings: AprilTag, apriltags: AprilTags) -> None:
        self._apriltags = apriltags
        self._networks = Networks(settings.networks)
        self._rates = RateLimiter(settings.source_rate)
        self._saying = LogThrottle(SAY_SECONDS)
        self._socket: gevent.socket.socket | None = None
        self.received = self.acknowledged = 0
        self.ignored: Counter[str] = Counter()

    def open(self, host: str, port: int) -> int:
        """Bind; the port. Raises ListenError with a sentence."""
        family = std_socket.AF_INET6 if ":" in host else std_socket.AF_INET
        sock = gevent.socket.socket(family, std_socket.SOCK_DGRAM)
        try:
            if sys.platform == "win32":
                # Without it another program could bind the same port and take the datagrams.
                sock.setsockopt(std_socket.SOL_SOCKET, std_socket.SO_EXCLUSIVEADDRUSE, 1)
            sock.setsockopt(std_socket.SOL_SOCKET, std_socket.SO_RCVBUF, RECEIVE_BUFFER)
            if family == std_socket.AF_INET6:
                sock.setsockopt(std_socket.IPPROTO_IPV6, std_socket.IPV6_V6ONLY, 0 if host == "::" else 1)
            sock.bind((host, port))
        except OSError as error:
            sock.close()
            raise ListenError(side_port_refused(error, host, port, "apriltag", "udp")) from error
        self._socket = sock
        return sock.getsockname()[1]

    def run(self) -> None:
        """Answer datagrams until `close()`."""
        sock = self._socket
        taken = 0
        while sock is self._socket and sock is not None:
            try:
                data, peer = sock.recvfrom(READ_BYTES)
            except OSError as error:
                if sock is not self._socket or error.errno == errno.EBADF:
                    return
                # Windows reports here that an earlier ACK found nobody; the next datagram is not concerned.
                self.ignored["read error"] += 1
                gevent.sleep(0.001)
                continue
            self._take(sock, data, peer)
            taken += 1
            if taken % TURN == 0:
                gevent.sleep(0)

    def close(self) -> None:
        sock, self._socket = self._socket, None
        if sock is not None:
            sock.close()

    def _take(self, sock: gevent.socket.socket, data: bytes, peer: tuple[Any, ...]) -> None:
        self.received += 1
        address = peer[0][7:] if peer[0].startswith("::ffff:") else peer[0]
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
        if address not in self._networks:
            if self._saying.due():
                log.warning("A datagram from %s is not answered: its network is not in apriltag.networks.", address)
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
