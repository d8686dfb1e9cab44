"""Pictures that are slow or large when they are decoded: others are served within a second, memory stays bounded."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator

import pytest
import requests
import socketio
from PIL import Image

from tests.support.helpers import HubProcess, capture_result, jpeg
from tests.support.load import PATIENCE, Bystander, Memory
from tests.support.scans import many_scans

SECOND = 1.0 * PATIENCE


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("pictures") / "instance", real=True) as process:
        yield process


def png(side: int) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (side, side), (10, 200, 30)).save(data, "PNG", compress_level=9)
    return data.getvalue()


def post(hub: HubProcess, tag: str, **pictures: bytes) -> requests.Response:
    return requests.post(
        hub.url + "/api/captures",
        data={"result": json.dumps(capture_result(tag=tag))},
        files={kind: (kind, data) for kind, data in pictures.items()},
        timeout=200,
    )


@pytest.mark.slow
def test_progressive_pictures_of_thousands_of_scans(own: HubProcess) -> None:
    slow = many_scans(3000)
    assert len(slow) < 600_000
    threads = [
        threading.Thread(target=post, args=(own, f"SCAN{number}"), kwargs={"primary": slow}) for number in range(10)
    ]

    with Bystander(own, "/api/captures") as lists, Bystander(own, "/status") as status:
        for thread in threads:
            thread.start()
        answer = post(own, "GOOD1", primary=jpeg())
        assert (
            answer.status_code == 201 and answer.json()["primary_image_url"] and answer.elapsed.total_seconds() < SECOND
        )
        for thread in threads:
            thread.join()
    assert lists.longest < SECOND and status.longest < SECOND
    shown = requests.get(own.url + "/api/captures", params={"tag": "SCAN3"}, timeout=10).json()["captures"][0]
    assert shown["primary_image_url"] == "" and any("scans" in text for text in shown["warnings"])


@pytest.mark.alone
@pytest.mark.slow
def test_captures_of_49_megapixel_pictures(own: HubProcess) -> None:
    large = png(7000)
    with Memory(own) as memory, Bystander(own, "/api/captures") as lists:
        threads = [
            threading.Thread(
                target=post, args=(own, f"LARGE{number}"), kwargs={"primary": large, "secondary": large, "label": large}
            )
            for number in range(20)
        ]
        for thread in threads:
            thread.start()
        answer = post(own, "GOOD2", primary=jpeg())
        assert (
            answer.status_code == 201
            and answer.json()["primary_image_url"]
            and answer.elapsed.total_seconds() < 2 * SECOND
        )
        for thread in threads:
            thread.join()
    assert memory.peak < 500, memory.peak
    assert lists.longest < 2 * SECOND


@pytest.mark.alone
@pytest.mark.slow
def test_one_socketio_client_with_many_such_captures(own: HubProcess) -> None:
    large = png(5000)
    client = socketio.Client()
    client.connect(own.url, transports=["websocket"])
    with Bystander(own, "/api/captures") as lists:
        for number in range(40):
            client.emit("capture_result", capture_result(tag=f"SIO{number}", primary_image_url=large))
        answer = post(own, "GOOD3", primary=jpeg())
        assert answer.status_code == 201 and answer.elapsed.total_seconds() < 2 * SECOND
    assert lists.longest < 2 * SECOND
    client.disconnect()


def test_a_picture_of_ordinary_scans_is_shown(own: HubProcess) -> None:
    image = Image.effect_noise((1600, 1200), 60).convert("RGB")
    for options in ({"progressive": True}, {}):
        data = io.BytesIO()
        image.save(data, "JPEG", **options)
        answer = post(own, f"FINE{len(options)}", primary=data.getvalue())
        assert answer.status_code == 201 and answer.json()["primary_image_url"] and not answer.json()["warnings"]
