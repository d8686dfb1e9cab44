"""Several users of one source share a process; the last one closes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import gevent
import psutil
import pytest

from hub.vision.capture.errors import SourceEnded, SourceError
from hub.vision.capture.sources import Sources
from tests.support.trocr import gone
from tests.support.videos import write_video


@pytest.fixture
def sources() -> Iterator[Sources]:
    made = Sources(2, 1.5)
    yield made
    pids = [row["pid"] for row in made.status()]
    made.close()
    assert all(gone(pid) for pid in pids)


def children() -> int:
    return len([child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE])


def test_users_of_the_same_source_share_its_process(sources: Sources, tmp_path: Path) -> None:
    path, before = str(write_video(tmp_path / "a.avi", 100)), children()
    opening = [gevent.spawn(sources.acquire, "yard", path) for _ in range(3)]
    gevent.joinall(opening, timeout=30)
    one, *others = [greenlet.value for greenlet in opening]
    assert others == [one, one] and children() == before + 1
    assert sources.status() == [{"name": "yard", "users": 3, "pid": one.pid}]
    pid = one.pid
    sources.release(one)
    sources.release(one)
    assert one.next(0, 5).number >= 1 and not gone(pid)
    sources.release(one)
    assert gone(pid) and len(sources) == 0
    sources.release(one)


def test_a_limit_of_sources(sources: Sources, tmp_path: Path) -> None:
    paths = [str(write_video(tmp_path / f"{name}.avi", 100)) for name in "abc"]
    with sources.use("a", paths[0]) as first, sources.use("b", paths[1]) as second:
        assert first is not second
        with pytest.raises(SourceError, match="2 video sources are open already"):
            sources.acquire("c", paths[2])
        with sources.use("a", paths[0]) as again:
            assert again is first
    with sources.use("c", paths[2]) as third:
        assert third.next(0, 5)
    assert len(sources) == 0


def test_a_source_that_does_not_open_is_gone(sources: Sources, tmp_path: Path) -> None:
    path = str(tmp_path / "missing.avi")
    opening = [gevent.spawn(sources.acquire, "yard", path) for _ in range(3)]
    gevent.joinall(opening, timeout=30)
    assert all(isinstance(greenlet.exception, SourceError) for greenlet in opening) and len(sources) == 0
    write_video(Path(path), 3)
    with sources.use("yard", path) as source:
        assert source.next(0, 5)


def test_an_ended_source_is_opened_again_for_the_next_user(sources: Sources, tmp_path: Path) -> None:
    path = str(write_video(tmp_path / "a.avi", 2, 50.0))
    with sources.use("yard", path) as first:
        with pytest.raises(SourceEnded):
            first.next(2, 5)
        with sources.use("yard", path) as second:
            assert second is not first and second.next(0, 5) and len(sources) == 2
    assert len(sources) == 0


def test_a_cancelled_user_frees_its_source(sources: Sources, tmp_path: Path) -> None:
    path = str(write_video(tmp_path / "a.avi", 100))
    opening = gevent.spawn(sources.acquire, "yard", path)
    gevent.sleep(0.01)
    opening.kill()
    assert len(sources) == 0


def test_nothing_is_opened_after_close(tmp_path: Path) -> None:
    sources = Sources(2, 1.5)
    source = sources.acquire("yard", str(write_video(tmp_path / "a.avi", 100)))
    pid = source.pid
    sources.close()
    assert gone(pid)
    with pytest.raises(SourceError, match="was closed"):
        source.next(0, 1)
    with pytest.raises(SourceError, match="was closed"):
        sources.acquire("yard", str(tmp_path / "a.avi"))
    sources.release(source)
    assert len(sources) == 0
