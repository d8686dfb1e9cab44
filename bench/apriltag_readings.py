"""Latency of readings to the ack by HTTP and UDP, and to fifty games; a healthy game beside a stalled one.

Part of bench/apriltag.py.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import selectors
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from apriltag import Row

from tests.support import ws
from tests.support.helpers import HubProcess

TOKEN = "bench token"
RATE = 200.0
COUNT = 1000
GAMES = 50
LOSS_COUNT = 2000
GAME_SECONDS = 10.0
LIMIT_HTTP_MS, LIMIT_UDP_MS, LIMIT_GAMES_MS, LIMIT_HEALTHY = 5.0, 2.0, 20.0, 95.0


def rows(seed: int) -> Iterator[Row]:
    """Measure with one hub; every reading has `sent`, the time of sending (perf_counter, shared by all processes)."""
    with (
        tempfile.TemporaryDirectory() as folder,
        HubProcess(Path(folder) / "instance", HUB_APRILTAG_TOKEN=TOKEN) as hub,
    ):
        dice = random.Random(seed)
        times = paced(COUNT, RATE, lambda number: post(hub, body(dice, number)))
        yield Row(
            f"POST to its ack, {RATE:g}/s, a connection each, median",
            statistics.median(times),
            "ms",
            LIMIT_HTTP_MS,
            True,
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(5)
            address = ("127.0.0.1", hub.side["apriltag_udp"])
            times = paced(COUNT, RATE, lambda number: datagram(sock, address, body(dice, number)))
        yield Row(f"datagram to its ACK, {RATE:g}/s, median", statistics.median(times), "ms", LIMIT_UDP_MS, True)
        for rate in (20.0, RATE):
            delays = to_games(hub, dice, rate, int(rate * 10), GAMES)
            yield Row(
                f"reading to {GAMES} games, {rate:g}/s, p99", percentile(delays, 0.99), "ms", LIMIT_GAMES_MS, True
            )
        stalled = stalled_game(hub)
        delays = to_games(hub, dice, RATE, LOSS_COUNT, 1)
        stalled.close()
        yield Row(
            f"of {LOSS_COUNT} readings at {RATE:g}/s to a game beside a stalled one",
            100.0 * len(delays) / LOSS_COUNT,
            "%",
            LIMIT_HEALTHY,
            False,
        )


def body(dice: random.Random, number: int) -> bytes:
    """Return a reading of today's firmware with the current time as `sent`."""

    def near(middle: float) -> float:
        return round(dice.gauss(middle, 5), 1)

    return json.dumps(
        {
            "tag_id": number % 4,
            "decision_margin": near(60),
            "yaw": near(0),
            "pitch": near(0),
            "roll": near(0),
            "x_cm": near(0),
            "y_cm": near(0),
            "z_cm": near(-60),
            "range_cm": abs(near(60)),
            "timestamp": 60_000 + number,
            "camera_name": "Waveshare-ESP32-S3",
            "smartcam_ip": "192.168.1.100",
            "sent": time.perf_counter(),
        },
        separators=(",", ":"),
    ).encode()


def paced(count: int, rate: float, send: Callable[[int], None]) -> list[float]:
    """Call `send` at a steady rate, as far as the calls allow; return the milliseconds of each call."""
    times = []
    began = time.perf_counter()
    for number in range(count):
        wait = began + number / rate - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        start = time.perf_counter()
        send(number)
        times.append((time.perf_counter() - start) * 1000)
    return times


def post(hub: HubProcess, data: bytes) -> None:
    """Post a reading over a new connection, as boards do."""
    head = (
        f"POST /apriltag HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAuthorization: {TOKEN}\r\n"
        f"Connection: close\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    answer = ws.exchange(hub.port, head.encode() + data)
    assert answer[0] == 200, answer


def datagram(sock: socket.socket, address: tuple[str, int], data: bytes) -> None:
    sock.sendto(data, address)
    assert b'"received"' in sock.recv(255)


def percentile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


# -- games


def identified(hub_port: int, identity: dict[str, Any]) -> socket.socket:
    sock = ws.open_raw(hub_port, "/websocket")
    sock.sendall(ws.frame(1, json.dumps({"event": "identify", "data": identity}).encode()))
    seen = b""
    while b"identify_success" not in seen:
        seen += ws.received(sock)
    return sock


def stalled_game(hub: HubProcess) -> socket.socket:
    """A game that never reads again."""
    sock = identified(hub.port, {"type": "gdevelop", "name": "stalled"})
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return sock


def to_games(hub: HubProcess, dice: random.Random, rate: float, count: int, games: int) -> list[float]:
    """Milliseconds from a board's send to each game's receipt; lost readings are missing."""
    results: multiprocessing.Queue[Any] = multiprocessing.Queue()
    listeners = multiprocessing.Process(target=_listen, args=(hub.port, games, count, results))
    listeners.start()
    assert results.get(timeout=30) == "ready"
    board = identified(hub.port, {"type": "esp32", "auth_token": TOKEN})

    def send(number: int) -> None:
        data = body(dice, number)
        board.sendall(ws.frame(1, b'{"event":"apriltag_data",' + data[1:]))
        ws.received(board)

    paced(count, rate, send)
    delays: list[float] = results.get(timeout=60)
    listeners.join()
    board.close()
    return delays


def _listen(port: int, games: int, count: int, results: Any) -> None:
    """Run `games` games in one loop, in a child process, until each has every reading or none comes for 2 s."""
    chooser = selectors.DefaultSelector()
    for _ in range(games):
        sock = identified(port, {"type": "gdevelop", "name": "bench"})
        sock.setblocking(False)
        chooser.register(sock, selectors.EVENT_READ, bytearray())
    began = time.perf_counter()
    results.put("ready")
    delays: list[float] = []
    quiet_since = time.perf_counter() + GAME_SECONDS
    while len(delays) < games * count and time.perf_counter() - quiet_since < 2.0:
        for key, _ in chooser.select(0.5):
            data = key.fileobj.recv(262_144)
            now = time.perf_counter()
            quiet_since = max(now, quiet_since)
            key.data.extend(data)
            delays += _delays(key.data, now, began)
    results.put(delays)


def _delays(buffer: bytearray, now: float, began: float) -> list[float]:
    """Remove complete readings from the buffer; the cached one sent before `began` does not count."""
    found = []
    while (start := buffer.find(b'"sent":')) >= 0 and (end := buffer.find(b",", start)) >= 0:
        sent = float(buffer[start + 7 : end])
        del buffer[:end]
        if sent >= began:
            found.append((now - sent) * 1000)
    return found
