"""A hub with barriers, visits as it is told of them, and relays: HTTP as `tests.support.webhooks`, Modbus TCP here."""

from __future__ import annotations

import json
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from hub.contract.times import utc_text
from tests.support.helpers import ROOT, HubProcess, wait_for
from tests.support.webhooks import Received, Receiver
from tests.support.webhooks import receiver as receiver

CHECKPOINT = "north gate"


class BarrierHub(HubProcess):
    """A hub with tables [[barriers]]; `publish` is what the part that judges visits would do."""

    script = ROOT / "tests" / "support" / "visits_app.py"

    def __init__(self, instance: Path, *barriers: dict[str, Any], **environ: str) -> None:
        super().__init__(instance, **environ)
        instance.mkdir(parents=True, exist_ok=True)
        (instance / "hub.toml").write_text(toml(*barriers), "utf-8")

    def publish(self, **values: Any) -> None:
        answer = requests.post(f"{self.url}/test/visits", json=visit(**values), timeout=10)
        assert answer.status_code == 200, answer.text

    def open(self, name: str = "north", **body: Any) -> requests.Response:
        return requests.post(f"{self.url}/api/barriers/{name}/open", json=body, timeout=20)

    def set_stopped(self, stopped: bool) -> dict[str, Any]:
        answer = requests.post(f"{self.url}/api/barriers/stop", json={"stopped": stopped}, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def barrier(self, name: str = "north") -> dict[str, Any]:
        return next(one for one in self.get("/api/barriers")["barriers"] if one["name"] == name)

    def audit(self, action: str) -> list[dict[str, Any]]:
        return [row for row in self.get("/api/audit", limit=200)["audit"] if row["action"] == action]

    def settle(self, name: str = "north") -> dict[str, Any]:
        """The barrier when nothing of it lasts any more."""
        return wait_for(lambda: (one := self.barrier(name)) and not one["busy"] and one, what="the end of the pulse")


def toml(*barriers: dict[str, Any]) -> str:
    """The tables as text of hub.toml; a value is spelled in TOML as it is in JSON."""
    blocks = []
    for barrier in barriers:
        lines = [f"{key} = {json.dumps(value)}" for key, value in barrier.items()]
        blocks.append("\n".join(["[[barriers]]", *lines]))
    return "\n\n".join(blocks) + "\n"


def http_barrier(relay: Receiver | str, **values: Any) -> dict[str, Any]:
    """An automatic barrier whose relay is a receiver."""
    url = relay if isinstance(relay, str) else relay.url
    common = {"name": "north", "checkpoint": CHECKPOINT, "enabled": True, "automatic": True, "timeout_seconds": 1.0}
    return {**common, "kind": "http", "url": url, "per_minute": 30, **values}


def visit(visit_id: str = "v1", age: float = 0.0, **values: Any) -> dict[str, Any]:
    """A visit as shown, whose last evidence is `age` seconds old."""
    import time

    moment = utc_text(time.time() - age)
    return {
        "id": visit_id,
        "seq": 1,
        "checkpoint": CHECKPOINT,
        "direction": "in",
        "state": "ok",
        "reasons": [],
        "waits": False,
        "decision": None,
        "decided_by": "",
        "decided_at": None,
        "note": "",
        "vehicle": {"id": "1", "name": 'Lorry "7"', "owner": ""},
        "tag": "E2003412",
        "number": "12345",
        "plate": "AB 12/3",
        "started_at": moment,
        "last_at": moment,
        "judged_at": moment,
        **values,
    }


class Coils:
    """A Modbus TCP device with coils: what was written, in its order, and how it answers."""

    def __init__(self) -> None:
        self.port = 0
        self.written: list[tuple[int, int, bool]] = []  # unit, coil, value
        self.connections = 0
        self.mode = "normal"  # or silent, refuse, garbage


@contextmanager
def coils() -> Iterator[Coils]:
    """A device on 127.0.0.1 that speaks the bytes of Modbus TCP (write single coil), for the time of the block."""
    made = Coils()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            made.connections += 1
            while head := self.request.recv(7):
                number, _, length, unit = struct.unpack(">HHHB", head)
                function, coil, value = struct.unpack(">BHH", self.request.recv(length - 1))
                if made.mode == "silent":
                    continue
                if made.mode == "garbage":
                    self.request.sendall(b"\xff" * 4096)
                    continue
                if made.mode == "refuse":
                    self.request.sendall(struct.pack(">HHHBBB", number, 0, 3, unit, function | 0x80, 2))
                    continue
                assert function == 5
                made.written.append((unit, coil, value == 0xFF00))
                self.request.sendall(struct.pack(">HHHBBHH", number, 0, 6, unit, function, coil, value))

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: object) -> None:
            """A hub that hangs up is what some tests are about."""

    with Server(("127.0.0.1", 0), Handler) as server:
        made.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield made
        finally:
            server.shutdown()


__all__ = ["CHECKPOINT", "BarrierHub", "Coils", "Received", "Receiver", "coils", "http_barrier", "receiver", "visit"]
