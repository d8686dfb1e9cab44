"""A load generator for one server: cameras that send one record after the other, each waiting for its answer.

All cameras are one process and one selector over plain sockets; the bytes are made beforehand (bench/load_frames.py)
and answers are looked into after the last one has come. So a record costs the load about a tenth of what it costs the
server, and what is measured on a machine with two processors is the server. `python bench/load.py --port 5000` loads a
hub that runs already, which stores the records.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import re
import selectors
import socket
import ssl
import statistics
import sys
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Any, NamedTuple

from load_frames import HANDSHAKE, PATHS, Frame, masked, record, split

DETECTION_ID = re.compile(rb'"detection_id":"([^"]+)"')
LENGTH = re.compile(rb"\r\n[Cc]ontent-[Ll]ength: (\d+)\r\n")
RECEIVE_BYTES = 65536
SEND_BUFFER = 512 * 1024  # a record is given to the system by one call
SILENCE_SECONDS = 60.0  # without any answer


@dataclass(frozen=True)
class Load:
    """What to send: the transport, the size of a record in KB, for how long (or how many records, where `records`).

    `authority`: the file of the authority of a hub that speaks TLS.
    """

    door: str
    size: int
    clients: int
    seconds: float
    port: int
    seed: int
    records: int = 0
    authority: str = ""


class Outcome(NamedTuple):
    """Seconds of each record, ids of those that were stored, how many were not, seconds of the whole, and the load's
    own processor time in seconds."""

    times: list[float]
    ids: set[bytes]
    errors: int
    took: float
    processor: float


def run_load(load: Load) -> Outcome:
    """Send the load from a process of its own. Raises RuntimeError where the server ends a connection or is silent."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    worker = multiprocessing.Process(target=_process, args=(load, sender))
    worker.start()
    sender.close()
    try:
        outcome = receiver.recv()
    except EOFError:
        raise RuntimeError("the load ended before the server had answered; its error is above") from None
    finally:
        worker.join()
    return outcome


def _process(load: Load, results: Any) -> None:
    cameras = [Camera(load, number) for number in range(load.clients)]
    gc.disable()
    used = process_time()
    began = perf_counter()
    times, answers = _exchange(cameras, began + load.seconds, load.records // load.clients)
    took = perf_counter() - began
    used = process_time() - used
    good = {found[1] for answer in answers if (found := accepted(answer))}
    results.send(Outcome(times, good, sum(not accepted(answer) for answer in answers), took, used))


def accepted(answer: bytes) -> re.Match[bytes] | None:
    """The id in the answer to a record that was stored; None for any other answer."""
    if answer.startswith(b"HTTP") and not answer.startswith(b"HTTP/1.1 200 "):
        return None
    return DETECTION_ID.search(answer) if b'"success":true' in answer else None


def _exchange(cameras: list[Camera], until: float, quota: int) -> tuple[list[float], list[bytes]]:
    """Seconds and answer of each record; until `until` (perf_counter), or `quota` records of each camera."""
    times: list[float] = []
    answers: list[bytes] = []
    busy = len(cameras)
    with selectors.DefaultSelector() as selector:
        for camera in cameras:
            selector.register(camera.sock, selectors.EVENT_READ, camera)
            camera.send(selector)
        while busy:
            ready = selector.select(SILENCE_SECONDS)
            if not ready:
                raise RuntimeError(f"the server was silent for {SILENCE_SECONDS:g} s")
            for key, events in ready:
                camera = key.data
                if events & selectors.EVENT_WRITE:
                    camera.send_rest(selector)
                if not events & selectors.EVENT_READ or (answer := camera.receive()) is None:
                    continue
                now = perf_counter()
                times.append(now - camera.began)
                answers.append(answer)
                if (camera.frame.count < quota) if quota else (now < until):
                    camera.send(selector)
                else:
                    selector.unregister(camera.sock)
                    camera.sock.close()
                    busy -= 1
    return times, answers


class Camera:
    """One connection with one record in flight. `began`: when that was sent (perf_counter)."""

    def __init__(self, load: Load, number: int) -> None:
        self.frame = Frame(load.door, record(load.size, number, load.seed), os.urandom(4).hex())
        self.began = 0.0
        self.sock = socket.create_connection(("127.0.0.1", load.port), timeout=SILENCE_SECONDS)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        if load.authority:
            context = ssl.create_default_context(cafile=load.authority)
            self.sock = context.wrap_socket(self.sock, server_hostname="127.0.0.1")
        self._rest = memoryview(b"")
        self._buffer = b""
        self._answer = {"rest": self._http, "socketio": self._acknowledgement, "ws": self._message}[load.door]
        if load.door in PATHS:
            self._open(PATHS[load.door], load.door == "socketio")
        self.sock.setblocking(False)

    def _open(self, path: str, engine_io: bool) -> None:
        """Make the handshakes. Raises ConnectionError."""
        self.sock.sendall(HANDSHAKE.format(path).encode())
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self._read()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        if b" 101 " not in head:
            raise ConnectionError(head.decode("latin-1"))
        if engine_io:
            self.sock.sendall(masked(b"40"))
            connected = False
            while not connected:
                payloads, self._buffer = split(self._buffer + self._read())
                connected = any(payload.startswith(b"40") for payload in payloads)

    def _read(self) -> bytes:
        data = self.sock.recv(RECEIVE_BYTES)
        if not data:
            raise ConnectionError("the server closed the connection")
        return data

    def send(self, selector: selectors.BaseSelector) -> None:
        """Send the next record."""
        data = self.frame.numbered()
        self.began = perf_counter()
        sent = self._send(data)
        if sent < len(data):
            self._rest = memoryview(data)[sent:]
            selector.modify(self.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def _send(self, data: bytes | bytearray | memoryview) -> int:
        try:
            return self.sock.send(data)
        except (BlockingIOError, ssl.SSLWantWriteError):
            return 0

    def send_rest(self, selector: selectors.BaseSelector) -> None:
        """Send more of a record that the system did not take at once."""
        self._rest = self._rest[self._send(self._rest) :]
        if not self._rest:
            selector.modify(self.sock, selectors.EVENT_READ, self)

    def receive(self) -> bytes | None:
        """The answer to the record, once it is whole. Raises ConnectionError."""
        try:
            data = self._read()
            while isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
                data += self._read()
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        return self._answer(self._buffer + data if self._buffer else data)

    def _http(self, data: bytes) -> bytes | None:
        end = data.find(b"\r\n\r\n")
        found = LENGTH.search(data, 0, end + 2) if end >= 0 else None
        if found is None or len(data) < end + 4 + int(found[1]):
            self._buffer = data
            return None
        self._buffer = b""
        return data

    def _message(self, data: bytes) -> bytes | None:
        payloads, self._buffer = split(data)
        return payloads[0] if payloads else None

    def _acknowledgement(self, data: bytes) -> bytes | None:
        payloads, self._buffer = split(data)
        found = None
        for payload in payloads:
            if payload.startswith(b"431"):
                found = payload
            elif payload == b"2":  # may come with an answer; a hub closes who leaves it unanswered
                self.sock.send(masked(b"3"))
        return found


def dashboards(port: int, count: int, stop: Any) -> None:
    """Run viewers in the room `dashboard` that read and discard everything, in one process, until the event `stop`."""
    with selectors.DefaultSelector() as selector:
        for number in range(count):
            viewer = Camera(Load("socketio", 1, 1, 0, port, 0), number)
            viewer.sock.send(masked(b'42["join_dashboard"]'))
            selector.register(viewer.sock, selectors.EVENT_READ)
        while not stop.is_set():
            for key, _ in selector.select(0.5):
                if not key.fileobj.recv(262_144):
                    selector.unregister(key.fileobj)
        for key in list(selector.get_map().values()):
            key.fileobj.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--door", choices=["rest", "socketio", "ws"], default="rest")
    parser.add_argument("--size", type=int, default=1, help="size of a record in KB")
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    found = run_load(Load(options.door, options.size, options.clients, options.seconds, options.port, options.seed))
    times = sorted(found.times)
    print(
        f"{len(times) / found.took:.0f} records/s, p50 {statistics.median(times) * 1000:.2f} ms, "
        f"p99 {times[int(len(times) * 0.99)] * 1000:.2f} ms, {len(found.ids)} stored, {found.errors} errors, "
        f"load {found.processor / len(times) * 1e6:.0f} us of a processor a record"
    )
    return int(bool(found.errors) or len(found.ids) < len(times))


if __name__ == "__main__":
    sys.exit(main())
