"""Cameras that changed are written a few at a time: records that arrive meanwhile do not wait for all of them."""

from __future__ import annotations

from typing import Any

import pytest

from hub.lpr.camera import Camera
from hub.lpr.camera_rows import STEP, CameraRows
from hub.lpr.cameras import Cameras
from hub.lpr.repository.repositories import Repositories
from hub.store.transaction import Transaction
from hub.store.writer import StoreBusy

pytestmark = pytest.mark.stores
COUNT = 2 * STEP + 30


class Commits:
    """Passes jobs on to a writer; counts the statements of each, and fails from the job with the number `fails` on."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer
        self.statements: list[int] = []
        self.fails = 1_000

    def write(self, job: Any) -> Any:
        if len(self.statements) >= self.fails:
            raise StoreBusy("The test stores nothing now.")
        self.statements.append(0)
        return self._writer.write(lambda transaction: job(Counted(transaction, self)))


class Counted:
    """A transaction that counts its statements, one for each row that is stored on its own."""

    def __init__(self, transaction: Transaction, commits: Commits) -> None:
        self._transaction, self._commits = transaction, commits

    def execute(self, sql: str, params: Any) -> Any:
        self._commits.statements[-1] += 1
        return self._transaction.execute(sql, params)

    def execute_many(self, sql: str, params: Any) -> None:
        params = list(params)
        self._commits.statements[-1] += len(params)
        self._transaction.execute_many(sql, params)


@pytest.fixture
def commits(app: Any) -> Commits:
    return Commits(app.extensions["gatehouse"].writer)


@pytest.fixture
def cameras(app: Any, commits: Commits) -> Cameras:
    return made(app, commits)


def made(app: Any, writer: Any) -> Cameras:
    parts = app.extensions["gatehouse"]
    found = Cameras(
        writer,
        Repositories.create(parts.backend, parts.reader),
        parts.bus,
        None,
        900,
        max_cameras=10_000,
        max_components=10,
    )
    found.load()
    return found


def see(cameras: Cameras, count: int, checkpoint: str = "c") -> None:
    for number in range(count):
        assert cameras.seen(f"camera {number}", checkpoint, "socketio", f"10.0.{number // 100}.{number % 100}")


def stored(app: Any) -> dict[str, str]:
    return {row["camera_id"]: row["checkpoint_id"] for row in made(app, None).all()}


def test_many_cameras_take_several_commits_of_few_statements(app: Any, cameras: Cameras, commits: Commits) -> None:
    see(cameras, COUNT)
    cameras.flush()
    assert len(commits.statements) == 3 and max(commits.statements) <= 10
    assert stored(app) == {f"camera {number}": "c" for number in range(COUNT)}
    cameras.flush()
    assert len(commits.statements) == 3
    see(cameras, 40, "other")
    cameras.flush()
    assert stored(app) == {f"camera {number}": "other" if number < 40 else "c" for number in range(COUNT)}


def test_when_a_camera_was_registered_stays(app: Any, cameras: Cameras) -> None:
    see(cameras, 30)
    cameras.flush()
    before = {row["camera_id"]: row["registered_at"] for row in made(app, None).all()}
    again = made(app, app.extensions["gatehouse"].writer)
    for camera in again.listed():
        camera.registered_at += 1000.0
    see(again, 30, "other")
    again.flush()
    assert {row["camera_id"]: row["registered_at"] for row in made(app, None).all()} == before


def test_what_could_not_be_written_is_written_later(app: Any, cameras: Cameras, commits: Commits) -> None:
    see(cameras, COUNT)
    commits.fails = 1
    with pytest.raises(StoreBusy):
        cameras.flush()
    assert len(stored(app)) == STEP
    commits.fails = 1_000
    cameras.flush()
    assert len(stored(app)) == COUNT and len(commits.statements) == 3


def test_a_camera_that_another_hub_lists_again_keeps_its_row(app: Any, commits: Commits) -> None:
    """It gave way, and its place became free again before its row was deleted."""
    parts = app.extensions["gatehouse"]
    rows = CameraRows(commits, Repositories.create(parts.backend, parts.reader).cameras)
    back, gone = Camera("back", "c", 1000.0), Camera("gone", "c", 1000.0)
    for camera in (back, gone):
        rows.changed(camera)
    rows.flush({"back", "gone"})
    for camera in (back, gone):
        rows.gone(camera.camera_id)
    rows.listed("back")
    commits.fails = 1
    with pytest.raises(StoreBusy):
        rows.flush({"back"})
    commits.fails = 1_000
    rows.flush({"back"})
    assert stored(app) == {"back": "c"}
