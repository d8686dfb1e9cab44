"""A session of a hub that keeps matches: what it finds is stored, until its person is deleted."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
import requests
from PIL import Image

from tests.hub.tracking.drawn import BOTH, NOBODY, PHOTO, RED
from tests.support.helpers import HubProcess
from tests.support.tracking import TrackingClient, upload

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub that keeps matches."""
    instance = tmp_path_factory.mktemp("keeping") / "instance"
    with HubProcess(instance, HUB_TRACKING_KEEP_MATCHES="true") as process:
        yield process


def test_what_a_session_finds_is_stored_until_its_person_is_deleted(hub: HubProcess) -> None:
    uploaded = upload(hub, PHOTO)
    with TrackingClient(hub, "yard-1") as client:
        for picture in (NOBODY, BOTH):
            client.frame(picture, uploaded["embedding"])
            message = client.matches()
        (match,) = message["matches"]
        assert "crop" not in match, "the client did not ask for it"
        (stored,) = hub.get("/api/tracking/matches", person=uploaded["person"])["matches"]
        assert (stored["session_id"], stored["source"]) == ("yard-1", "frames")
        assert [stored[key] for key in ("bbox", "distance", "confidence")] == [
            match[key] for key in ("bbox", "distance", "confidence")
        ]
        crop = requests.get(hub.url + stored["crop"], timeout=10)
        assert crop.headers["Cache-Control"] == "no-store" and len(crop.content) < 32 * 1024
        width, height = Image.open(io.BytesIO(crop.content)).size
        assert width / height == pytest.approx((RED.box[2] - RED.box[0]) / (RED.box[3] - RED.box[1]), rel=0.35)
        deleted = requests.delete(f"{hub.url}/api/tracking/persons/{uploaded['person']}", timeout=10).json()
        assert deleted["deleted"] == 1
        client.frame(BOTH, uploaded["embedding"])
        name, sentence = client.status()
        assert name == "error" and sentence.startswith("This person was deleted on ")
        assert hub.get("/api/tracking/matches")["matches"] == []
        client.frame(BOTH, upload(hub, PHOTO)["embedding"])
        assert len(client.matches()["matches"]) == 1, "a new embedding of the same photo is another person"
