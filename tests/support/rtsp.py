"""A small RTSP camera for the tests: one JPEG repeated as RTP over the same connection (RFC 2326, RFC 2435)."""

import base64
import socket
import struct
import threading
import time

from tests.support.devices import tcp_device

SDP = b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=test\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=control:track0\r\n"


def rtp_payload(jpeg: bytes) -> bytes:
    """An RTP/JPEG packet's payload for a small baseline 4:2:0 JPEG: header, both quantisation tables, the scan."""
    tables, at, width, height = b"", 2, 0, 0
    while True:
        marker, length = jpeg[at + 1], struct.unpack(">H", jpeg[at + 2 : at + 4])[0]
        segment = jpeg[at + 4 : at + 2 + length]
        if marker == 0xDB:
            while segment:
                tables, segment = tables + segment[1:65], segment[65:]
        elif marker == 0xC0:
            height, width = struct.unpack(">HH", segment[1:5])
        at += 2 + length
        if marker == 0xDA:
            break
    head = struct.pack(">BBHBBBB", 0, 0, 0, 1, 255, width // 8, height // 8)
    return head + struct.pack(">BBH", 0, 0, len(tables)) + tables + jpeg[at:-2]


class RtspCamera:
    """Serves until the with block ends; asks for Basic login when a user name is given. `pictures` a connection, then
    silence.
    """

    def __init__(self, username: str, password: str, jpeg: bytes, pictures: int = 10_000) -> None:
        self._login = b"Basic " + base64.b64encode(f"{username}:{password}".encode()) if username else b""
        self._payload = rtp_payload(jpeg)
        self._pictures = pictures
        self._ended = threading.Event()
        self._device = tcp_device(self._serve)
        self.plays = 0

    def __enter__(self) -> "RtspCamera":
        self.port = self._device.__enter__()
        return self

    def __exit__(self, *error) -> None:
        self._ended.set()
        self._device.__exit__(*error)

    def _serve(self, link: socket.socket, number: int) -> None:
        data = b""
        while True:
            while b"\r\n\r\n" not in data:
                more = link.recv(4096)
                if not more:
                    return
                data += more
            request, _, data = data.partition(b"\r\n\r\n")
            method = request.split(b" ", 1)[0]
            sequence = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"cseq:"))
            if method == b"DESCRIBE" and self._login not in request:
                link.sendall(
                    b"RTSP/1.0 401 Unauthorized\r\n" + sequence + b'\r\nWWW-Authenticate: Basic realm="cam"\r\n\r\n'
                )
                continue
            extra, body = {
                b"OPTIONS": (b"Public: DESCRIBE, SETUP, PLAY, TEARDOWN\r\n", b""),
                b"DESCRIBE": (b"Content-Type: application/sdp\r\nContent-Length: %d\r\n" % len(SDP), SDP),
                b"SETUP": (b"Session: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n", b""),
            }.get(method, (b"Session: 1\r\n", b""))
            link.sendall(b"RTSP/1.0 200 OK\r\n" + sequence + b"\r\n" + extra + b"\r\n" + body)
            if method == b"PLAY":
                self.plays += 1
                self._play(link)

    def _play(self, link: socket.socket) -> None:
        begun = time.monotonic()
        for number in range(self._pictures):
            if self._ended.wait(0.02):
                return
            stamp = int((time.monotonic() - begun) * 90_000) & 0xFFFFFFFF
            packet = struct.pack(">BBHII", 0x80, 26 | 0x80, number & 0xFFFF, stamp, 7) + self._payload
            link.sendall(b"$" + struct.pack(">BH", 0, len(packet)) + packet)
