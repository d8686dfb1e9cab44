"""Stations whose vehicles come one after the other, each as soon as the one before has its capture."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

from agent_lib.simulator.camera import SimulatedCamera
from agent_lib.simulator.reader import SimulatedReader
from agent_lib.simulator.records import FAMILIES
from tests.support.chaos.links import Link
from tests.support.helpers import jpeg

ROLES = ("primary", "secondary")
POLL_SECONDS = 0.02
TIMES = """
[hub]
url = "{hub}"
retry_seconds = 0.1
retry_max_seconds = 0.5
answer_seconds = 5

[log]
level = "INFO"

[capture]
retry_interval_seconds = 0.05
max_attempts = 1
timeout_seconds = 5

[rfid]
debounce_seconds = 0.1
present_window_seconds = 1.0
reconnect_seconds = 0.1
"""


def named_jpeg(name: str) -> bytes:
    """A small JPEG with `name` as its comment, so that no two are the same."""
    picture, text = jpeg(48, 32), name.encode()
    return picture[:2] + b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text + picture[2:]


class Lane:
    """One station: its reader, its cameras behind links that can vanish, and its vehicles in their order."""

    def __init__(self, name: str, seed: int, vehicles: int, cameras: bool) -> None:
        self.name = name
        self._family = FAMILIES[seed % len(FAMILIES)]  # a reader has one
        mark = hashlib.sha256(f"lane {seed}".encode()).digest()[: 3 if self._family == "SHORT14" else 7]
        self._vehicles = [b"\xe2" + mark + index.to_bytes(4, "big") for index in range(vehicles)]
        self.tags = [tag.hex().upper() for tag in self._vehicles]
        self.came = 0  # how many vehicles have their capture
        self.kind = "weighbridge" if cameras else "tags"
        self._reader = SimulatedReader(seed)
        self._cameras = {role: SimulatedCamera(f"{name} {role}") for role in ROLES} if cameras else {}
        self.links = {"reader": Link(self._reader.address[1])}
        for role, camera in self._cameras.items():
            self.links[role] = Link(int(camera.url.split(":")[2].split("/")[0]))
        self._reader.start()
        for camera in self._cameras.values():
            camera.start()
        self.pictures: dict[str, str] = {}  # SHA-256 of the pictures of each vehicle, by tag and role

    @property
    def is_heard(self) -> bool:
        """Whether somebody is connected to the reader."""
        return self._reader.clients > 0

    def settings(self) -> str:
        """Its table of agent.toml."""
        lines = ["[[stations]]", f'name = "{self.name}"', f'kind = "{self.kind}"']
        lines += ["[stations.rfid]", 'host = "127.0.0.1"', f"port = {self.links['reader'].port}"]
        for role, table in (("primary", "camera"), ("secondary", "secondary_camera")):
            if role in self._cameras:
                lines += [f"[stations.{table}]", f'url = "http://127.0.0.1:{self.links[role].port}/video"']
                lines += ["retry_seconds = 0.1", "stale_seconds = 2"]
        return "\n".join([*lines, ""])

    def show(self, number: int | None) -> None:
        """Let a vehicle stand in view, or none."""
        tag = self._vehicles[number] if number is not None else b""
        for role, camera in self._cameras.items():
            picture = named_jpeg(f"{tag.hex().upper()} {role}")
            self.pictures[f"{tag.hex().upper()} {role}"] = hashlib.sha256(picture).hexdigest()
            camera.show(picture)
        self._reader.show([(self._family, tag)] if tag else [])

    def stop(self) -> None:
        for link in self.links.values():
            link.cut()
        self._reader.stop()
        for camera in self._cameras.values():
            camera.stop()


class Gate:
    """Lanes with one agent between them. `captured`: how many vehicles have their capture on the agent's disk."""

    def __init__(self, agent: Path, hub: int, seed: int, vehicles: int, lanes: int, weighbridges: int) -> None:
        """`agent`: its instance folder; `hub`: the port of the hub; `weighbridges`: lanes with cameras."""
        self._agent = agent
        self.hub_link = Link(hub)
        share = [vehicles // lanes + (number < vehicles % lanes) for number in range(lanes)]
        self.lanes = [
            Lane(f"lane-{number}", seed * 1000 + number, count, number < weighbridges)
            for number, count in enumerate(share)
        ]
        self.total = vehicles
        self._seen: set[str] = set()
        self._changed = threading.Condition()
        self._stop, self._moving = threading.Event(), threading.Event()
        self._moving.set()
        self._ending = False
        self._threads = [threading.Thread(target=self._watch, daemon=True)]
        self._threads += [threading.Thread(target=self._drive, args=(lane,), daemon=True) for lane in self.lanes]
        agent.mkdir(parents=True, exist_ok=True)
        text = TIMES.format(hub=f"http://127.0.0.1:{self.hub_link.port}")
        (agent / "agent.toml").write_text(text + "\n".join(lane.settings() for lane in self.lanes), "utf-8")

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    @property
    def captured(self) -> int:
        with self._changed:
            return len(self._seen)

    def wait(self, captured: int, seconds: float) -> bool:
        """Wait until so many vehicles are captured; whether they are."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._seen) >= captured, seconds)

    def hold(self) -> None:
        """Let vehicles that have their capture stay where they are, until `release`."""
        self._moving.clear()

    def release(self) -> None:
        self._moving.set()

    def wait_for_agent(self, seconds: float) -> None:
        """Wait until the agent is connected to every reader."""
        end = time.monotonic() + seconds
        while not all(lane.is_heard for lane in self.lanes) and time.monotonic() < end:
            time.sleep(POLL_SECONDS)

    def end(self, seconds: float) -> None:
        """Let no more vehicles come; those that are there get their capture within `seconds`."""
        self._ending = True
        self.join(seconds)

    def join(self, seconds: float = 10.0) -> None:
        """Wait until every lane has noticed that its vehicles have their captures."""
        for thread in self._threads[1:]:
            thread.join(seconds)

    def stop(self) -> None:
        self._stop.set()
        self._moving.set()
        with self._changed:
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(10)
        for lane in self.lanes:
            lane.stop()
        self.hub_link.cut()

    def _drive(self, lane: Lane) -> None:
        for number, tag in enumerate(lane.tags):
            lane.show(number)
            with self._changed:
                self._changed.wait_for(lambda tag=tag: tag in self._seen or self._stop.is_set())
            lane.came = number + 1
            self._moving.wait()
            if self._stop.is_set() or self._ending:
                break
        lane.show(None)

    def _watch(self) -> None:
        """Look into the agent's database for captures, as a barrier would open for a vehicle that has one."""
        known = {tag for lane in self.lanes for tag in lane.tags}
        while not self._stop.wait(POLL_SECONDS):
            try:
                path = f"{(self._agent / 'outbox.db').as_uri()}?mode=ro"
                with closing(sqlite3.connect(path, uri=True, timeout=1)) as connection:
                    found = {tag for (tag,) in connection.execute("SELECT tag FROM captured_tags")}
            except sqlite3.Error:
                continue
            if not known & found <= self._seen:
                with self._changed:
                    self._seen |= known & found
                    self._changed.notify_all()
