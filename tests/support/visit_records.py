"""A hub with a small register of vehicles, and what its stations and cameras send, for tests of visits."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from hub import create_app
from hub.contract.times import utc_text
from hub.contract.vehicles import DENY
from hub.settings.file import load
from tests.support.helpers import capture_result, wait_for
from tests.support.lpr import g4
from tests.support.visits import FakeRegister, vehicle

RED = vehicle("Red", ["RED1"], ["111"], ["RR1111"])
BLUE = vehicle("Blue", ["BLUE1"], ["222"], ["BB2222"])
BARRED = vehicle("Barred", ["BAD1"], [], ["QQ5555"], permission=DENY, reason="unpaid")


def start(folder: Any, **environ: str) -> Any:
    made = create_app(load(folder / "instance", {}, {"HUB_TIMEZONE": "UTC", **environ}))
    made.extensions["gatehouse"].vehicles = FakeRegister([RED, BLUE, BARRED])
    return made


def stamp(ago: float) -> str:
    return str(utc_text(time.time() - ago))


def capture(client: Any, tag: str, ago: float = 0, number: str = "", station: str = "scale") -> str:
    at = time.time() - ago
    body = capture_result(tag, tags=[tag], number=number, station=station, started_ts=at, finished_ts=at)
    return str(client.post("/api/captures", json=body).json["id"])


def detect(client: Any, plate: str, ago: float = 0, camera: str = "cam1", **fields: Any) -> str:
    results = json.dumps([{"plate_idx": 0, "bbox": [1, 1, 9, 9], "text": plate, "confidence": 0.9}])
    body = g4(aicamera_id=camera, checkpoint_id="north", timestamp=stamp(ago), ocr_results=results, **fields)
    return str(client.post("/api/detection", json=body).json["detection_id"])


def of(client: Any, kind: str, record: str) -> dict[str, Any] | None:
    answer = client.get("/api/visits/of", query_string={"kind": kind, "id": record})
    assert answer.status_code == 200, answer.json
    return answer.json["visit"]


def until(client: Any, kind: str, record: str, ready: Callable[[dict[str, Any]], bool] = bool) -> dict[str, Any]:
    def found() -> Any:
        visit = of(client, kind, record)
        return visit if visit and ready(visit) else None

    return wait_for(found, what="the visit")


def hub_of(app: Any) -> Any:
    return app.extensions["gatehouse"]


def mismatch(client: Any) -> tuple[dict[str, Any], str, str]:
    tagged, seen = capture(client, "RED1", 3), detect(client, "BB2222", 1)
    return until(client, "capture", tagged, lambda visit: visit["state"] == "mismatch"), tagged, seen


def decide(client: Any, visit: dict[str, Any], decision: str, **more: Any) -> Any:
    return client.post(f"/api/visits/{visit['id']}/decision", json={"decision": decision, **more})
