"""Pictures of boards: by their WebSocket and by the older server's endpoint (docs/wire/apriltag.md 1.5, 2.3)."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from tests.support.helpers import jpeg
from tests.support.tags import Board, tag_hub
from tests.support.video import LEGACY, post_from

pytestmark = pytest.mark.slow


@pytest.mark.slow
def test_a_boards_pictures_by_websocket_and_the_interval_it_is_told(tmp_path: Path) -> None:
    with tag_hub(tmp_path) as hub, Board(hub, source="127.0.0.31") as one, Board(hub, source="127.0.0.32") as other:
        data = jpeg(200, 100) + b"as it came"
        one.say(data)
        assert one.quiet(), "a picture is not answered"
        photo = requests.get(f"{hub.url}/photo?camera=127.0.0.31", timeout=10)
        assert photo.content == data and requests.get(f"{hub.url}/photo", timeout=10).content == data
        row = hub.get("/api/frames", camera="127.0.0.31")["cameras"][0]
        assert (row["source"], row["resolution"], row["total_frames"]) == ("websocket", "200x100", 1)
        told = requests.post(f"{hub.url}/set_video_interval", json={"interval_ms": 250}, timeout=10)
        assert told.status_code == 200 and told.json() == {
            "status": "success",
            "success": True,
            "interval_ms": 250,
            "fps": 4.0,
            "told": 2,
        }
        assert one.hear() == other.hear() == {"event": "set_video_interval", "interval_ms": 250}
        told = requests.post(f"{hub.url}/set_video_interval?camera=127.0.0.32", json={"interval_ms": 1000}, timeout=10)
        assert told.json()["told"] == 1 and other.hear()["interval_ms"] == 1000 and one.quiet()
        assert (
            requests.post(
                f"{hub.url}/set_video_interval?camera=127.0.0.33", json={"interval_ms": 1000}, timeout=10
            ).status_code
            == 503
        )


@pytest.mark.slow
def test_pictures_without_a_token_do_not_come_too_often(tmp_path: Path) -> None:
    with tag_hub(tmp_path, HUB_APRILTAG_NETWORKS="127.0.0.40/31", HUB_APRILTAG_SOURCE_RATE="20") as hub:
        statuses = [post_from("127.0.0.40", hub.url + LEGACY, jpeg()).status_code for _ in range(60)]
        assert statuses[:20] == [200] * 20 and 429 in statuses and set(statuses) == {200, 429}
        assert post_from("127.0.0.41", hub.url + LEGACY, jpeg()).status_code == 200, "another board's rate is its own"
        assert post_from("127.0.0.41", f"http://127.0.0.1:{hub.side['apriltag']}{LEGACY}", jpeg()).status_code == 200
        assert {row["address"] for row in hub.get("/status")["boards"]} == {"127.0.0.40", "127.0.0.41"}
