"""`python app.py --workers N`: several processes on the same ports, supervised by one."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from hub.runtime.worker_place import VARIABLE
from hub.tracking.envelope import Embedding
from hub.tracking.search import Search
from tests.support import stores
from tests.support.helpers import START_SECONDS, HubProcess, run_app, wait_for
from tests.support.lpr import g4, post, records

REDIS = "redis://127.0.0.1:6379/9"
WORKERS = 2


def test_workers_without_postgresql_or_redis_are_refused(tmp_path: Path) -> None:
    ended = run_app("--instance", tmp_path / "instance", "--workers", 2)
    assert ended.returncode == 2
    assert "--workers needs PostgreSQL (store.url) and Redis (live.url)" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_number_of_workers_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    ended = run_app("--instance", tmp_path / "instance", "--workers", 0)
    assert ended.returncode == 2 and "from 1 to 64" in ended.stderr


class WorkersProcess(HubProcess):
    """A hub of several processes."""

    arguments = ("--workers", str(WORKERS))
    start_seconds = 2 * START_SECONDS  # the others start after the first

    def workers(self) -> list[int]:
        told = json.loads((self.instance / "hub.ready.json").read_bytes())
        return list(told["workers"])


def _has_redis() -> bool:
    try:
        socket.create_connection(("127.0.0.1", 6379), 1).close()
    except OSError:
        return False
    return True


needs = pytest.mark.skipif(
    not (stores.has_server() and _has_redis() and hasattr(socket, "SO_REUSEPORT")),
    reason="needs PostgreSQL, Redis and a system on which several processes can listen on one port",
)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkersProcess]:
    folder = tmp_path_factory.mktemp("workers")
    with stores.using("postgresql"):
        process = WorkersProcess(
            folder / "hub",
            real=True,
            HUB_LIVE_URL=REDIS,
            HUB_LIVE_PREFIX=f"gatehouse-workers-{os.getpid()}",
        )
        with process:
            yield process


def _numbers(hub: HubProcess, tries: int = 60) -> set[int]:
    """The workers that answer, each time on a new connection."""
    return {
        requests.get(hub.url + "/status", params={"format": "json"}, timeout=10).json()["worker"]["number"]
        for _ in range(tries)
    }


def _handed_over(hub: HubProcess) -> dict[int, int]:
    """How many connections each worker has handed over."""
    seen = (requests.get(hub.url + "/status", params={"format": "json"}, timeout=10).json() for _ in range(30))
    return {body["worker"]["number"]: body["worker"]["handed_over"] for body in seen}


@needs
def test_all_workers_serve_the_same_ports(hub: HubProcess) -> None:
    assert _numbers(hub) == {1, 2}
    for number in range(20):
        assert post(hub, "/api/statistics", g4(event_id=f"shared-{number}", aicamera_id="shared")).status_code == 200
    assert records(hub, camera="shared", limit=50)["total_count"] == 20


@needs
def test_a_polling_session_is_served_over_any_worker(hub: HubProcess) -> None:
    address = f"{hub.url}/socket.io/?EIO=4&transport=polling"
    for _ in range(10):
        opened = requests.get(address, timeout=10).text
        session = json.loads(opened[1:])["sid"]
        assert session.rpartition(".")[2] in ("1", "2")
        # Each request on a connection of its own, which any worker may accept.
        assert requests.post(f"{address}&sid={session}", data="40", timeout=10).text.lower() == "ok"
        assert requests.get(f"{address}&sid={session}", timeout=10).text.startswith("40")
    wait_for(lambda: sum(_handed_over(hub).values()), what="a connection that was handed over")


@needs
def test_a_search_in_a_video_is_followed_over_any_worker(hub: HubProcess) -> None:
    before = _handed_over(hub)
    for _ in range(12):
        for number in (1, 2):
            answer = requests.get(f"{hub.url}/find/ended.{number}?after=1", timeout=10)
            assert answer.status_code == 404 and "no search of this id" in answer.json()["message"]
    assert sum(_handed_over(hub).values()) > sum(before.values())


def test_the_id_of_a_search_names_its_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    def made() -> str:
        return Search(Path("x.avi"), "x.avi", Embedding(b"", "facenet", "red", 1), 0.4, 1).id

    assert "." not in made()
    monkeypatch.setenv(VARIABLE, "2/3")
    assert made().endswith(".2")


@needs
def test_a_worker_that_is_killed_is_started_again(hub: WorkersProcess) -> None:
    before = hub.workers()
    os.kill(before[1], signal.SIGKILL)
    wait_for(
        lambda: hub.workers()[1] != before[1] and _numbers(hub, 20) == {1, 2}, 2 * START_SECONDS, "the worker again"
    )
    assert hub.workers()[0] == before[0]


@needs
def test_all_workers_end_with_the_process_that_started_them(hub: WorkersProcess) -> None:
    workers = hub.workers()
    assert hub.stop() == 0
    assert not any(map(psutil.pid_exists, workers))
    hub.start()
    workers = hub.workers()
    hub.kill()
    wait_for(lambda: not any(map(psutil.pid_exists, workers)), 30, "the end of the workers")
    hub.start()
