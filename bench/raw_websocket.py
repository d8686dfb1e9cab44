"""How fast the raw WebSocket is, and what a big message does to everybody else: `python bench/raw_websocket.py`.

Server and client are two processes that share this machine. Every comparison is a ratio of two things measured in the
same run, since absolute figures change with the machine and with who else uses it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

from wsproto.frame_protocol import FrameProtocol

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from hub.runtime.time_slice import TimeSlice
from hub.websocket import frames

ROOT = Path(__file__).resolve().parent.parent

SERVER = r"""
from gevent import monkey; monkey.patch_all()
import json, sys, gevent, time
sys.path.insert(0, sys.argv[1])
from hub.http.server import HubServer, ServerOptions
if sys.argv[2] == "gevent-websocket":
    from gevent.pywsgi import WSGIServer
    from geventwebsocket.handler import WebSocketHandler
worst = {"stall": 0.0}
def watch():
    while True:
        began = time.perf_counter()
        gevent.sleep(0.001)
        worst["stall"] = max(worst["stall"], time.perf_counter() - began - 0.001)
def app(environ, start_response):
    if environ["PATH_INFO"] == "/worst":
        start_response("200 OK", [("Content-Type", "application/json")])
        value = json.dumps(worst["stall"]).encode()
        worst["stall"] = 0.0
        return [value]
    if environ["PATH_INFO"] == "/cpu":
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(time.process_time()).encode()]
    websocket = environ["wsgi.websocket"]
    sink = environ["PATH_INFO"] == "/sink"
    while (message := websocket.receive()) is not None:
        websocket.send(b"ok" if sink else message)
    return []
gevent.spawn(watch)
if sys.argv[2] == "hub":
    server = HubServer(app, ServerOptions(host="127.0.0.1", port=0, max_message_bytes=100_000_000))
    server.start()
    port = server.port
else:
    server = WSGIServer(("127.0.0.1", 0), app, handler_class=WebSocketHandler, log=None)
    server.start()
    port = server.server_port
print(port, flush=True)
gevent.get_hub().threadpool.apply(sys.stdin.read)
"""


def frame(opcode: int, payload: bytes, key: bytes) -> bytes:
    """A masked frame."""
    head = bytearray(frames.frame_head(opcode, len(payload)))
    head[1] |= 0x80
    return bytes(head) + key + bytes(frames.unmask(payload, key))


def open_socket(port: int, path: str) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port), timeout=60)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n".encode()
    )
    while not (answer := sock.recv(4096)).endswith(b"\r\n\r\n"):
        raise SystemExit(f"no handshake: {answer!r}")
    return sock


def ask(port: int, path: str) -> float:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        sock.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        data = b""
        while piece := sock.recv(4096):
            data += piece
    return json.loads(data.partition(b"\r\n\r\n")[2].decode())


def take(sock: socket.socket, count: int) -> None:
    view = memoryview(bytearray(256 * 1024))
    while count:
        got = sock.recv_into(view[: min(count, len(view))])
        if not got:
            raise SystemExit("the server closed")
        count -= got


def echoes(port: int, size: int, seconds: float, rng: random.Random) -> tuple[float, float]:
    """Echoes per second as seen by the client, and per second of the server's own CPU time (its one core)."""
    batch = max(1, min(200, 1_000_000 // size))
    one = [frame(frames.BINARY, rng.randbytes(size), rng.randbytes(4)) for _ in range(batch)]
    data = b"".join(one)
    answer = batch * (len(frames.frame_head(frames.BINARY, size)) + size)
    sock = open_socket(port, "/echo")
    done = 0
    began, cpu = time.perf_counter(), ask(port, "/cpu")
    while time.perf_counter() - began < seconds:
        sender = threading.Thread(target=sock.sendall, args=(data,))
        sender.start()
        take(sock, answer)
        sender.join()
        done += batch
    spent = time.perf_counter() - began
    cpu = ask(port, "/cpu") - cpu
    sock.close()
    return done / spent, done / cpu


def stall(port: int, size: int, rng: random.Random) -> tuple[float, float, float]:
    """Worst and median wait of a small client while one message of `size` bytes arrives; the loop's longest silence."""
    big = open_socket(port, "/sink")
    small = open_socket(port, "/echo")
    ping = frame(frames.BINARY, b"x" * 200, b"\1\2\3\4")
    huge = frame(frames.BINARY, rng.randbytes(size), rng.randbytes(4))
    ask(port, "/worst")
    sender = threading.Thread(target=lambda: (big.sendall(huge), take(big, 4)))
    sender.start()
    waits = []
    while sender.is_alive() or len(waits) < 20:
        began = time.perf_counter()
        small.sendall(ping)
        take(small, 204)
        waits.append(time.perf_counter() - began)
        time.sleep(0.002)
    sender.join()
    big.close()
    small.close()
    return max(waits), statistics.median(waits), ask(port, "/worst")


def framing(size: int, rng: random.Random, by_hand: bool, seconds: float = 0.7) -> float:
    """Messages decoded and encoded per second in this process, without sockets."""
    data = frame(frames.BINARY, rng.randbytes(size), rng.randbytes(4))
    protocol = FrameProtocol(client=False, extensions=[])
    time_slice = TimeSlice()
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        for _ in range(20):
            if by_hand:
                buffer = bytearray(data)
                header = frames.read_header(buffer)
                time_slice.check()
                payload = bytes(frames.unmask(buffer[header.size :], header.key))
                frames.frame_head(frames.BINARY, len(payload)) + payload
            else:
                protocol.receive_bytes(data)
                payload = b"".join(bytes(piece.payload) for piece in protocol.received_frames())
                protocol.send_data(payload, fin=True)
        done += 20
    return done / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=2.0, help="length of each echo measurement")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    print(f"seed {options.seed}, {os.cpu_count()} cores, Python {sys.version.split()[0]}\n")
    print("Framing alone, messages/s in one process (no sockets, no asyncio, no UTF-8 check)")
    print("| payload | wsproto | by hand | ratio |\n|---|---|---|---|")
    for size in (200, 30_000):
        theirs, ours = framing(size, rng, False), framing(size, rng, True)
        print(f"| {size} B | {theirs:,.0f} | {ours:,.0f} | {ours / theirs:.1f} |")
    results = {}
    for kind in ("gevent-websocket", "hub"):
        child = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(ROOT), kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        port = int(child.stdout.readline())
        try:
            results[kind] = {size: echoes(port, size, options.seconds, rng) for size in (200, 30_000)}
            results[kind]["stall"] = stall(port, 60_000_000, rng)
        finally:
            child.stdin.close()
            child.wait(20)
    print("\nEchoes/s over one loopback socket, client in a process of its own")
    print(
        "| payload | server | echoes/s | echoes per CPU second of the server | ratio of the latter |\n"
        "|---|---|---|---|---|"
    )
    for size in (200, 30_000):
        base = results["gevent-websocket"][size][1]
        for kind, result in results.items():
            rate, rate_of_cpu = result[size]
            print(f"| {size} B | {kind} | {rate:,.0f} | {rate_of_cpu:,.0f} | {rate_of_cpu / base:.1f} |")
    print("\nAnother client's 200 B echo while a 60 MB message arrives (limit: the loop is never held over 50 ms)")
    print("| server | worst wait | median wait | longest silence of the loop |\n|---|---|---|---|")
    for kind, result in results.items():
        worst, median, loop = result["stall"]
        print(f"| {kind} | {worst * 1000:.0f} ms | {median * 1000:.2f} ms | {loop * 1000:.0f} ms |")
    print(
        "\nLimits: loopback, two processes on the same cores; a network adds its own. "
        "The client's share slows the first column."
    )


if __name__ == "__main__":
    main()
