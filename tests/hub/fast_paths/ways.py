"""Two hubs that receive the same requests, one with every fast path and one with none, and what is compared.

Ids, times of receipt, ports and the offsets of pictures differ between two hubs. They are masked: an id becomes the
content key of its record, a time that is about now becomes `<now>`.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import socketio

from tests.support.helpers import HubProcess, wait_for
from tests.support.tags import TOKEN, GameClient

T = TypeVar("T")
SWITCHES = ("HUB_FAST_PATHS_REST", "HUB_FAST_PATHS_SOCKETIO", "HUB_FAST_PATHS_COMMIT")
MAX_BODY_MB = 1
NEAR_SECONDS = 900.0
BACKDATED_SECONDS = 86_400.0

ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?")
EPOCH = re.compile(r"(?<![\d.])(\d{10})(?:\.\d+|\d{3}(?=\.(?:jpg|png)))?(?![\d])")
ERROR = re.compile(r"^[\w.]+(?:Error|Exception): .*", re.MULTILINE)
ALLOW = re.compile(r"(?<=Allow: )[^\r\n]*")
DATE = re.compile(r"Date: [^\r\n]*")
PICTURE = re.compile(r"k\d{6,9}-[0-9a-f]{1,12}-(?=[0-9a-f]{8}\.)")
STEP = re.compile(r"(content-[0-9a-f]{32}-)\d+")
LENGTH = re.compile(r"(?i)content-length: (\d+)")
SEPARATOR = "\x1e"
RANDOM_TABLES = ("accounts",)  # its password hash is another one in every hub
DERIVED_TABLES = "searched_parts%"  # the index of parts of `searched_values`
RECORDS = {"lpr_records": "record_seq", "lpr_health": "health_seq", "captures": "capture_seq"}
ROOMS = ("join_dashboard", "join_health_room")
ROOM_EVENTS = ("new_detection", "health_update", "watchlist_alert", "new_capture")


class Way:
    """One hub, with a dashboard and a game that listen to it."""

    def __init__(self, instance: Path, switch: str) -> None:
        self.hub = HubProcess(
            instance,
            HUB_APRILTAG_TOKEN=TOKEN,
            HUB_STORE_SYNCHRONOUS="NORMAL",
            HUB_VISITS_ENABLED="false",  # which of several new visits is the first depends on the moment
            HUB_LIMITS_MAX_BODY_MB=str(MAX_BODY_MB),
            **dict.fromkeys(SWITCHES, switch),
        )
        self.room_events: list[tuple[str, Any]] = []

    def start(self) -> None:
        self.hub.start()
        self._dashboard = socketio.Client(reconnection=False)
        for event in ROOM_EVENTS:
            self._dashboard.on(event, lambda body, event=event: self.room_events.append((event, body)))
        self._dashboard.connect(self.hub.url, transports=["websocket"])
        for join in ROOMS:
            assert self._dashboard.call(join, timeout=10)["success"] is True
        self.game = GameClient(self.hub)

    def stop(self) -> None:
        """Disconnect the listeners and stop the hub. Idempotent."""
        if self.hub.process is not None and self.hub.process.poll() is None:
            self.game.close()
            self._dashboard.disconnect()
            assert self.hub.stop() == 0, self.hub.text()

    def connection(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.hub.instance / "hub.db", timeout=10)
        connection.row_factory = sqlite3.Row
        return connection

    def names(self) -> dict[str, str]:
        """Map the id of every stored record to the key of its content."""
        connection = self.connection()
        try:
            return {
                row["id"]: f"<{table} {_key(row)}>"
                for table in RECORDS
                for row in connection.execute(f"SELECT * FROM {table}")
            }
        finally:
            connection.close()

    def masked(self, texts: list[str]) -> list[str]:
        """`texts` without what differs between two hubs."""
        text = SEPARATOR.join(texts)
        return self._mask(text, self.names() if ID.search(text) else {}).split(SEPARATOR) if texts else []

    def _mask(self, text: str, names: dict[str, str]) -> str:
        text = ID.sub(lambda found: names.get(found[0], "<id>"), text)
        text = TIME.sub(lambda found: "<now>" if _is_now(_seconds(found[0])) else found[0], text)
        text = EPOCH.sub(lambda found: "<now>" if _is_now(float(found[1])) else found[0], text)
        for port in (self.hub.port, *self.hub.side.values()):
            text = text.replace(f":{port}", ":<port>")
        text = ALLOW.sub(lambda found: ", ".join(sorted(found[0].split(", "))), text)  # Flask has it in any order
        return STEP.sub(r"\1<step>", DATE.sub("Date: <date>", PICTURE.sub("<place>-", text)))

    def rows(self) -> dict[str, list[str]]:
        """Every row of every table, sorted, without sequence numbers."""
        names = self.names()
        connection = self.connection()
        try:
            sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
            sql += "AND name NOT LIKE ? ORDER BY name"
            tables = [
                row["name"] for row in connection.execute(sql, (DERIVED_TABLES,)) if row["name"] not in RANDOM_TABLES
            ]
            found = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
        finally:
            connection.close()
        owners = {column: {row["seq"]: _key(row) for row in found[table]} for table, column in RECORDS.items()}

        def shown(row: sqlite3.Row) -> str:
            values = {column: value for column, value in dict(row).items() if column != "seq"}
            if row.keys() == ["id", "field", "value"]:
                del values["id"]  # of `searched_values`, in the order in which they came
            for column in owners.keys() & values.keys():
                values[column] = owners[column][values[column]]
            if "event_key" in values:
                values["event_key"] = _key(row)
            return json.dumps(values, ensure_ascii=False)

        return {
            table: sorted(self._mask("\n".join(map(shown, rows)), names).split("\n")) for table, rows in found.items()
        }

    def pictures(self) -> list[str]:
        """Every stored picture: the bytes of the packs by header and checksum, other files by name and digest."""
        found = []
        for pack in (self.hub.instance / "pictures").glob("*.pack"):
            data = pack.read_bytes()
            while data:
                assert data[:4] == b"GHP1"
                size = int.from_bytes(data[4:8], "little")
                found.append(f"{data[8:12].hex()} {hashlib.sha256(data[12 : 12 + size]).hexdigest()}")
                data = data[12 + size :]
        for path in (self.hub.instance / "images").rglob("*.*"):
            found.append(self._mask(path.name, {}) + " " + hashlib.sha256(path.read_bytes()).hexdigest())
        return sorted(found)

    def backdate(self, camera: str) -> None:
        """Make a camera's records older than the time within which equal content is the same record."""
        connection = self.connection()
        with connection:
            for table in ("lpr_records", "lpr_health"):
                sql = f"UPDATE {table} SET received_at = received_at - ? WHERE camera_id = ?"
                assert connection.execute(sql, [BACKDATED_SECONDS, camera]).rowcount == 1
        connection.close()


class Ways:
    """The two hubs."""

    def __init__(self, folder: Path) -> None:
        self.fast, self.ordinary = Way(folder / "fast", "true"), Way(folder / "ordinary", "false")

    def start(self) -> None:
        self._both(Way.start)

    def stop(self) -> None:
        self._both(Way.stop)

    def _both(self, function: Callable[[Way], T]) -> tuple[T, T]:
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.submit(function, self.fast), pool.submit(function, self.ordinary)
            return first.result(), second.result()

    def same(self, send: Callable[[Way], list[str]], ordered: bool = True) -> list[str]:
        """The masked answers that `send` returns, after a check that they are the same for both hubs."""
        sent = self._both(send)
        fast, ordinary = self.fast.masked(sent[0]), self.ordinary.masked(sent[1])
        if not ordered:
            fast.sort()
            ordinary.sort()
        assert len(fast) == len(ordinary) > 0
        for first, second in zip(fast, ordinary, strict=True):
            assert first == second
        return fast

    def same_store(self) -> None:
        """Check that both hubs stored the same, as soon as they have stored what they accepted."""
        end = time.monotonic() + 6
        while (fast := self.fast.rows()) != (ordinary := self.ordinary.rows()) and time.monotonic() < end:
            time.sleep(0.05)
        assert fast.keys() == ordinary.keys()
        for table in fast:
            assert fast[table] == ordinary[table], table
        assert self.fast.pictures() == self.ordinary.pictures()

    def same_errors(self) -> None:
        """Check that the same exceptions were logged, of which python-socketio raises some for malformed packets."""
        fast, ordinary = (sorted(ERROR.findall(way.hub.text())) for way in (self.fast, self.ordinary))
        assert fast == ordinary

    def same_room_events(self) -> None:
        """Check that both dashboards were sent the same, one event for each new record."""
        for way in (self.fast, self.ordinary):
            wait_for(lambda way=way: len(way.room_events) == len(way.names()), 10, "an event for each new record")
        fast, ordinary = (
            sorted(way.masked([json.dumps(event, ensure_ascii=False) for event in way.room_events]))
            for way in (self.fast, self.ordinary)
        )
        assert fast == ordinary


class Http:
    """A keep-alive connection of raw HTTP; every byte of its answers is compared."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._ahead = b""

    def request(self, raw: bytes) -> str:
        """The answer to one request, read by its Content-Length, which is masked as ids and times are."""
        self._socket.sendall(raw)
        while b"\r\n\r\n" not in self._ahead:
            self._receive()
        head, _, self._ahead = self._ahead.partition(b"\r\n\r\n")
        text = head.decode("latin-1")
        if raw.startswith(b"HEAD"):
            return text
        length = int(LENGTH.search(text)[1])
        while len(self._ahead) < length:
            self._receive()
        body, self._ahead = self._ahead[:length], self._ahead[length:]
        return f"{LENGTH.sub('Content-Length: <length>', text)}\r\n\r\n{body.decode()}"

    def _receive(self) -> None:
        data = self._socket.recv(65_536)
        assert data, f"the hub closed the connection after {self._ahead!r}"
        self._ahead += data

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Http:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def exchange(port: int, raw: bytes, end: bool = False) -> str:
    """Everything that the hub sends until it closes. `end`: close the sending side after `raw`."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock, suppress(ConnectionError):
        sock.sendall(raw)
        if end:
            sock.shutdown(socket.SHUT_WR)
        while data := sock.recv(65_536):
            received += data
    return received.decode()


def post(path: str, body: bytes, **headers: str) -> bytes:
    """A POST of a known length."""
    sent = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


def _key(row: sqlite3.Row) -> str:
    """The idempotency key of a record; a backdated record may have released it and then has a random one."""
    if "event_key" not in dict(row):
        return f"{row['station']} " + STEP.sub(r"\1<step>", row["event_id"])
    released = row["received_at"] < time.time() - NEAR_SECONDS
    return "<released>" if released else row["event_key"].hex()


def _seconds(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def _is_now(seconds: float) -> bool:
    return abs(time.time() - seconds) < NEAR_SECONDS or abs(time.time() - BACKDATED_SECONDS - seconds) < NEAR_SECONDS
