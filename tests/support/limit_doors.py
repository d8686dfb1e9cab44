"""Every door that records come in by, over real sockets of senders at other addresses, for the tests of limits.

The hub believes 127.0.0.1 as a proxy, so that each request may come from an address of its own.
"""

from __future__ import annotations

import base64
import itertools
import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import requests

from tests.support import ws
from tests.support.helpers import HubProcess, capture_result, jpeg
from tests.support.lpr import g4, g4_health
from tests.support.senders import TOKENS, AccessHub
from tests.support.tags import IDENTIFY, TOKEN, record

SECONDS = 15.0
MB = 1024 * 1024
SMALL = {
    "HUB_TRUSTED_NETWORKS": "192.168.0.0/16",
    "HUB_ACCESS_TRUSTED_PROXY": "127.0.0.1",
    "HUB_APRILTAG_TOKEN": TOKEN,
    "HUB_LIMITS_MAX_BODY_MB": "3",
    "HUB_LIMITS_MAX_PICTURE_MB": "1",
    "HUB_VIDEO_MAX_FRAME_MB": "1",
    **{f"HUB_{kind}_MAX_MESSAGE_MB": "2" for kind in ("APRILTAG", "LPR", "RESULTS", "TRACKING")},
    **{f"HUB_{kind}_MAX_MEGAPIXELS": "1" for kind in ("IMAGES", "VIDEO", "TRACKING")},
    "HUB_LIMITS_MAX_HEAD_KB": "4",
    "HUB_LIMITS_HEADER_SECONDS": "1",
    "HUB_LIMITS_IDLE_SECONDS": "1",
    "HUB_LIMITS_BODY_SECONDS": "5",
    "HUB_LIMITS_MESSAGE_SECONDS": "5",
    "HUB_LIMITS_MESSAGES_PER_SECOND": "1",
    "HUB_APRILTAG_SOURCE_RATE": "20",
    "HUB_VIDEO_MAX_CAMERAS": "3",
    "HUB_LPR_MAX_CAMERAS": "3",
    "HUB_APRILTAG_MAX_BOARDS": "3",
    "HUB_LIMITS_MAX_STATIONS": "3",
    "HUB_LIMITS_MAX_REGISTRATIONS": "3",
    "HUB_LIMITS_MAX_WAITING": "3",
    "HUB_LIMITS_MAX_PAIRINGS": "3",
    "HUB_LPR_MAX_COMPONENTS": "2",
    "HUB_APRILTAG_MAX_TAGS": "2",
    "HUB_LIMITS_WAITING_PER_ADDRESS": "2",
    "HUB_LIMITS_PAIRINGS_PER_ADDRESS": "2",
    "HUB_LIMITS_PAIRINGS_PER_MINUTE": "4",
}
"""Limits that a test reaches with a few messages."""
LARGE_PICTURE = jpeg() + bytes(MB)
"""More than 1 MB, which is the limit in SMALL."""
WIDE_PICTURE = jpeg(1100, 1000)
"""More than a million pixels."""
_numbers = itertools.count(1)


def inside() -> str:
    """A new address of the trusted network."""
    number = next(_numbers)
    return f"192.168.{number // 250}.{number % 250 + 1}"


def outside() -> str:
    """A new address of a stranger."""
    number = next(_numbers)
    return f"203.{number // 250}.113.{number % 250 + 1}"


def shown(hub: HubProcess, path: str) -> dict[str, Any]:
    """What an operator sees."""
    headers = {"X-API-Key": TOKENS["operator"], "X-Forwarded-For": "198.51.100.1", "Accept": "application/json"}
    answer = requests.get(hub.url + path, headers=headers, timeout=SECONDS)
    assert answer.status_code == 200, answer.text
    return answer.json()


class LimitHub(AccessHub):
    """A hub with small limits."""

    def port_of(self, listener: str) -> int:
        return self.port if listener == "main" else self.side[listener]


def text_of(picture: bytes | None) -> str:
    return base64.b64encode(picture or jpeg()).decode()


def unread(_: str, picture: bytes | None) -> bytes:
    """A door whose body does not matter for its limits."""
    return b"{}"


def encoded(make: Callable[[str, bytes | None], dict[str, Any]]) -> Callable[[str, bytes | None], bytes]:
    return lambda name, picture: json.dumps(make(name, picture)).encode()


def detection(name: str, picture: bytes | None) -> dict[str, Any]:
    return g4(aicamera_id=name, image_data=text_of(picture))


def capture(name: str, picture: bytes | None) -> dict[str, Any]:
    return capture_result(station=name, primary_image=text_of(picture), event_id=f"{name}-{next(_numbers)}")


def reading(name: str, picture: bytes | None) -> dict[str, Any]:
    return record()


@dataclass(frozen=True)
class Rest:
    """An address that takes a body. `{}` in its path stands for the name that the sender gives itself."""

    path: str
    body: Callable[[str, bytes | None], bytes] = unread
    method: str = "POST"
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    names: str = ""  # which register of names it fills

    def send(self, hub: LimitHub, address: str, name: str = "one", picture: bytes | None = None) -> requests.Response:
        headers = {"X-Forwarded-For": address, "Content-Type": self.content_type, **dict(self.headers)}
        url = hub.url + self.path.format(name)
        return requests.request(
            self.method, url, data=self.body(name, picture), headers=headers, timeout=SECONDS, allow_redirects=False
        )

    def head(self, address: str, *lines: str) -> bytes:
        """The head of a request, whose body the test sends itself."""
        fields = (
            f"{self.method} {self.path.format('one')} HTTP/1.1",
            "Host: 127.0.0.1",
            f"X-Forwarded-For: {address}",
            f"Content-Type: {self.content_type}",
            *(f"{key}: {value}" for key, value in self.headers),
            *lines,
        )
        return "\r\n".join(fields).encode() + b"\r\n\r\n"


def of_camera(path: str, **how: Any) -> Rest:
    return Rest(path, encoded(detection), names="cameras", **how)


REPORT = encoded(lambda name, _: g4_health(aicamera_id=name))
BOARD = (("Authorization", TOKEN),)
REST = {
    "POST /api/detection": of_camera("/api/detection"),
    "POST /api/v1/detection": of_camera("/api/v1/detection"),
    "POST /api/data": of_camera("/api/data"),
    "POST /api/statistics": of_camera("/api/statistics"),
    "POST /api/health": Rest("/api/health", REPORT, names="cameras"),
    "POST /api/v1/health": Rest("/api/v1/health", REPORT, names="cameras"),
    "POST /api/v1/config": Rest("/api/v1/config"),
    "POST /api/cameras/register": Rest(
        "/api/cameras/register", encoded(lambda name, _: {"camera_id": name, "checkpoint_id": "1"}), names="cameras"
    ),
    "POST /api/captures": Rest("/api/captures", encoded(capture)),
    "POST /api/stations/status": Rest(
        "/api/stations/status", encoded(lambda name, _: {"station": name}), names="stations"
    ),
    "POST /api/cameras/<path:camera>/frame": Rest(
        "/api/cameras/{}/frame", lambda _, picture: picture or jpeg(), content_type="image/jpeg", names="frames"
    ),
    "POST /client_e32__http_post_to_serverhub__smartcam_video_stream": Rest(
        "/client_e32__http_post_to_serverhub__smartcam_video_stream",
        lambda _, picture: picture or jpeg(),
        content_type="image/jpeg",
        names="frames",
    ),
    "POST /apriltag": Rest("/apriltag", encoded(reading), headers=BOARD, names="boards"),
    "POST /apriltag/": Rest("/apriltag/", encoded(reading), headers=BOARD, names="boards"),
    "POST /device-registration/register": Rest(
        "/device-registration/register", encoded(lambda name, _: {"serial_number": name}), names="devices"
    ),
    "POST /device-registration/heartbeat": Rest(
        "/device-registration/heartbeat", encoded(lambda name, _: {"serialNumber": name})
    ),
    "POST /upload-embedding": Rest(
        "/upload-embedding", encoded(lambda _, picture: {"image": text_of(picture or jpeg(320, 240))})
    ),
    "POST /find": Rest("/find", encoded(lambda name, _: {"embedding": "x", "video": name})),
    "DELETE /find/<search_id>": Rest("/find/{}", method="DELETE"),
    "POST /api/pair": Rest(
        "/api/pair", encoded(lambda name, _: {"name": name, "kind": "test"}), names="pairing requests"
    ),
    "POST /login": Rest("/login", encoded(lambda name, _: {"name": name, "password": "wrong"})),
    "POST /logout": Rest("/logout"),
    "POST /language": Rest("/language", lambda *_: b"language=th", content_type="application/x-www-form-urlencoded"),
}
"""By method and rule, as docs/limits.md names them."""


class Raw:
    """A raw WebSocket whose frames are written here; `name` is its line in the table."""

    def __init__(self, hub: LimitHub, name: str, address: str, **headers: str) -> None:
        listener, path = name.split() if " " in name else ("main", name)
        path = f"{path}/limit{next(_numbers)}" if path == "/video-stream" else path
        self.sock = ws.connect(hub.port_of(listener))
        self.sock.sendall(ws.upgrade_request(path, X_Forwarded_For=address, **headers))
        self.head = b""
        while not self.head.endswith(b"\r\n\r\n"):
            self.head += ws.exactly(self.sock, 1)
        self.status = int(self.head.split()[1])

    def say(self, message: Any) -> None:
        data = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.sock.sendall(ws.frame(2 if isinstance(message, bytes) else 1, data))

    def messages(self) -> Iterator[Any]:
        """Every text message that was sent before the pong to a ping: the connection is open."""
        self.sock.sendall(ws.frame(9, b"here"))
        while True:
            opcode, payload = ws.read_frame(self.sock)
            if opcode == 10:
                return
            assert opcode != 8, payload
            if opcode == 1:
                yield json.loads(payload)

    def close_code(self) -> int:
        return ws.read_close(self.sock)[0]

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()


def key_of(sender: str) -> dict[str, str]:
    """Headers of a WebSocket that viewers may open."""
    return {"X_API_Key": TOKENS[sender], "Origin": "http://127.0.0.1"}


SOCKETS = {
    "lpr /": {},
    "results /": {},
    "main /": {},
    "main /websocket": {},
    "apriltag /": {},
    "apriltag /websocket": {},
    "/video-stream": {},
    "/events": key_of("viewer"),
    "/ws/video": key_of("viewer"),
}
"""Raw WebSockets by their line in the table, with the headers of who may open them."""
BOARDS = ("main /", "main /websocket", "apriltag /", "apriltag /websocket")


def board(hub: LimitHub, name: str, address: str, token: str = TOKEN) -> Raw:
    """A socket that has identified as a board."""
    raw = Raw(hub, name, address)
    raw.sock.sendall(ws.frame(1, IDENTIFY.replace("<TOKEN>", token).encode()))
    return raw


class Polling:
    """A Socket.IO session that polls, by hand."""

    def __init__(self, hub: LimitHub, address: str) -> None:
        self._url = f"{hub.url}/socket.io/?EIO=4&transport=polling"
        self._headers = {"X-Forwarded-For": address}
        self.address = address
        opened = requests.get(self._url, headers=self._headers, timeout=SECONDS)
        assert opened.status_code == 200, opened.text
        self.path = f"/socket.io/?EIO=4&transport=polling&sid={json.loads(opened.text[1:])['sid']}"
        self._url = hub.url + self.path
        self._post("40")
        assert self._get().startswith("40")

    def _post(self, text: str) -> None:
        answer = requests.post(self._url, data=text.encode(), headers=self._headers, timeout=SECONDS)
        assert answer.status_code == 200, answer.text

    def _get(self) -> str:
        return requests.get(self._url, headers=self._headers, timeout=SECONDS).text

    def call(self, event: str, data: Any) -> Any:
        """The acknowledgement of an event."""
        number = next(_numbers)
        self._post(f"42{number}" + json.dumps([event, data]))
        mark = f"43{number}["
        while True:
            for packet in self._get().split("\x1e"):
                if packet.startswith(mark):
                    return json.loads(packet[len(mark) - 1 :])[0]

    def __enter__(self) -> Polling:
        return self

    def __exit__(self, *_: object) -> None:
        requests.post(self._url, data=b"1", headers=self._headers, timeout=SECONDS)


class SocketIo(Raw):
    """A Socket.IO session over a WebSocket, by hand."""

    PATH = "main /socket.io/?EIO=4&transport=websocket"

    def __init__(self, hub: LimitHub, address: str) -> None:
        super().__init__(hub, self.PATH, address)
        assert self.status == 101, self.head
        ws.read_frame(self.sock)
        self.sock.sendall(ws.frame(1, b"40"))
        assert ws.read_frame(self.sock)[1].startswith(b"40")

    def call(self, event: str, data: Any) -> Any:
        """The acknowledgement of an event."""
        number = next(_numbers)
        self.sock.sendall(ws.frame(1, f"42{number}{json.dumps([event, data])}".encode()))
        mark = f"43{number}[".encode()
        while True:
            opcode, payload = ws.read_frame(self.sock)
            assert opcode != 8, payload
            if payload.startswith(mark):
                return json.loads(payload[len(mark) - 1 :])[0]


class Datagrams:
    """A board that sends datagrams, from an address of this machine."""

    def __init__(self, hub: LimitHub) -> None:
        number = next(_numbers)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((f"127.0.{number // 250 + 1}.{number % 250 + 1}", 0))
        self.sock.connect(("127.0.0.1", hub.side["apriltag_udp"]))
        self.sock.settimeout(SECONDS)

    def __enter__(self) -> socket.socket:
        return self.sock

    def __exit__(self, *_: object) -> None:
        self.sock.close()
