"""Records that expire with PostgreSQL: partitions of pictures are dropped, counters and searched values stay exact."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import stores
from tests.support.expiring_rows import START, picture, store_capture, store_detection
from tests.support.retention import DAY, expire

pytestmark = pytest.mark.skipif(not stores.has_server(), reason=stores.NO_SERVER)
FIRST_DAY = int(START // DAY)
NOW = START + 100 * DAY


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Any]:
    from hub import close, create_app
    from hub.settings.file import load

    with stores.using("postgresql"):
        instance = tmp_path / "instance"
        application = create_app(load(instance, {}, stores.environ(instance)))
        yield application
        close(application)


@pytest.fixture
def client(app: Any) -> Any:
    return app.test_client()


@pytest.fixture
def parts(app: Any) -> Any:
    return app.extensions["gatehouse"]


def _rows(tmp_path: Path, statement: str) -> list[Any]:
    return stores.server(statement, stores.database(tmp_path / "instance"))


def _partitions(tmp_path: Path, table: str) -> list[int]:
    found = _rows(tmp_path, f"SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = '{table}'::regclass")
    return sorted(int(row[0].rpartition("_")[2]) for row in found)


def _get(client: Any, link: str) -> tuple[int, bytes]:
    with client.get(link[link.index("/images/") :]) as answer:
        return answer.status_code, answer.data


def test_the_pictures_of_a_day_go_with_its_partition(tmp_path: Path, parts: Any, client: Any) -> None:
    made = []
    for number in range(6):
        parts.packs._now = lambda number=number: START + number // 3 * DAY
        made.append(store_detection(client, number))
    parts.packs._now = lambda: NOW
    _rows(tmp_path, f"UPDATE lpr_records SET received_at = pack * {DAY}")
    links = [client.get(f"/api/records/{one}").json["record"]["original_image"] for one in made]
    assert _partitions(tmp_path, "detection_pictures") == [0, FIRST_DAY, FIRST_DAY + 1]
    assert _get(client, links[0]) == (200, picture(3000, 0))

    assert expire(parts, "detections", 100, lambda: (FIRST_DAY + 100) * DAY + 10) == 3
    assert _partitions(tmp_path, "detection_pictures") == [0, FIRST_DAY + 1]
    assert _get(client, links[0])[0] == 404 and _get(client, links[5]) == (200, picture(3000, 5))
    assert client.get("/api/records?plate=*1234*").json["total_count"] == 3
    assert expire(parts, "detections", 1, lambda: NOW + 50 * DAY) == 3
    assert client.get("/api/records").json["total_count"] == 0
    assert _rows(tmp_path, "SELECT * FROM searched_values WHERE field = 'plate'") == []
    assert _rows(tmp_path, "SELECT * FROM lpr_tallies WHERE kind IN ('plate', 'checkpoint')") == []
    assert _rows(tmp_path, "SELECT * FROM expired_files") == []


def test_pictures_of_captures_go_with_their_captures(tmp_path: Path, parts: Any, client: Any) -> None:
    old, kept = store_capture(client, 1), store_capture(client, 2)
    links = [client.get(f"/api/captures/{one}").json["capture"]["primary_image_url"] for one in (old, kept)]
    assert _get(client, links[1]) == (200, picture(3000, 2))
    _rows(tmp_path, f"UPDATE captures SET received_at = {START} WHERE id = '{old}'")
    assert expire(parts, "captures", 30) == 1
    assert _get(client, links[0])[0] == 404 and _get(client, links[1]) == (200, picture(3000, 2))
    assert [row[0] for row in _rows(tmp_path, "SELECT count(*) FROM capture_pictures")] == [1]
