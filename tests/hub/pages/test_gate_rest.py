"""What the page of the gate asks for: the counts of today, and which devices are not well."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo

from hub.contract.day_counts import HourCount
from hub.contract.device_state import DeviceDetails, DeviceState
from hub.pages.device_states import MAX_NAMED, DeviceStates
from hub.pages.today import Today
from tests.support.helpers import capture_result

BERLIN = ZoneInfo("Europe/Berlin")


class Kept:
    """Records of one kind as a list of (when, place, read); counts how often it was asked for an hour."""

    def __init__(self) -> None:
        self.rows: list[tuple[float, str, bool]] = []
        self.hours = 0

    def newest(self) -> int:
        return len(self.rows)

    def hour(self, since, until, newest):
        self.hours += 1
        return self._counts([row for row in self.rows[:newest] if since <= row[0] < until])

    def added(self, since, until, after, newest):
        return [
            (int((row[0] - since) / 3600), count)
            for row in self.rows[after:newest]
            if since <= row[0] < until
            for count in self._counts([row])
        ]

    def _counts(self, rows):
        return [HourCount(place, 1, int(read)) for _, place, read in rows]


def clock(text: str):
    moment = [datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()]
    return moment, lambda: moment[0]


def test_a_day_is_counted_once_and_then_only_what_is_new() -> None:
    moment, now = clock("2026-01-28T10:00:00")
    kept = Kept()
    kept.rows = [
        (moment[0] - 3600, "north", True),
        (moment[0] - 3600, "south", False),
        (moment[0] - 86400, "north", True),
    ]
    today = Today({"captures": kept}, BERLIN, now, now)
    counts = today.counts({"captures": None})
    assert counts["day"] == "2026-01-28" and counts["totals"] == {"captures": [2, 1]}
    assert counts["hours"][9] == {"from": "2026-01-28T08:00:00.000000Z", "captures": [2, 1]}
    kept.rows.append((moment[0] + 1, "north", True))
    assert today.counts({"captures": "north"})["totals"] == {"captures": [1, 1]}, "fresh enough"
    moment[0] += 2
    assert today.counts({"captures": "north"})["totals"] == {"captures": [2, 2]}
    assert today.counts({"captures": "west"})["totals"] == {"captures": [0, 0]}
    assert kept.hours == 24
    moment[0] += 86400
    assert today.counts({"captures": None})["totals"] == {"captures": [0, 0]}


def test_a_day_may_have_23_or_25_hours() -> None:
    for day, hours in (("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)):
        _, now = clock(f"{day}T23:59:00")
        kept = Kept()
        kept.rows = [(now(), "north", True)]
        found = Today({"captures": kept}, BERLIN, now, now).counts({"captures": None})["hours"]
        assert len(found) == hours and found[-1]["captures"] == [1, 1]


def test_today_of_stored_records(client) -> None:
    now = time.time()
    for number, (station, success, at) in enumerate(
        (("north", True, now), ("north", False, now), ("south", True, now), ("north", True, now - 3 * 86400))
    ):
        body = capture_result(event_id=f"c{number}", station=station, success=success, started_ts=at, finished_ts=at)
        assert client.post("/api/captures", json=body).status_code == 201
    body = {"camera_id": "gate-1", "checkpoint_id": "in", "ocr_results": [{"text": "AB 1", "confidence": 0.9}]}
    assert client.post("/api/detection", json=body).status_code == 200
    unread = {
        "camera_id": "gate-1",
        "checkpoint_id": "in",
        "plates_count": 1,
        "plate_detections": [{"bbox": [1, 2, 3, 4]}],
    }
    assert client.post("/api/detection", json=unread).status_code == 200
    assert client.get("/api/today").json["totals"] == {"captures": [3, 2], "detections": [2, 1]}
    assert client.get("/api/today?station=north").json["totals"] == {"captures": [2, 1]}
    assert client.get("/api/today?checkpoint=in").json["totals"] == {"detections": [2, 1]}
    assert client.get("/api/today?checkpoint=out").json["totals"] == {"detections": [0, 0]}
    body = capture_result(event_id="late", station="north", success=True, started_ts=now, finished_ts=now)
    client.post("/api/captures", json=body)
    client.application.extensions["gatehouse"].part(Today)._counted_at = float("-inf")
    answer = client.get("/api/today?station=north").json
    assert answer["totals"] == {"captures": [3, 2]}
    assert sum(hour["captures"][0] for hour in answer["hours"]) == 3


def test_only_those_that_are_not_well_are_named() -> None:
    states = [
        DeviceState("camera", "gate-2", "gate-2", True, 1.0, details=DeviceDetails(trouble="lens: dirty")),
        DeviceState("camera", "gate-1", "gate-1", True, 1.0),
        DeviceState("board", "10.0.0.9", "10.0.0.9", None, 1.0),
        DeviceState("station", "north", "north", False, 1.0),
    ]
    found = DeviceStates([lambda: states]).summary()
    assert [(one["name"], one["state"], one["trouble"]) for one in found["troubled"]] == [
        ("north", "offline", ""),
        ("gate-2", "troubled", "lens: dirty"),
    ]
    assert found["kinds"]["camera"] == {"total": 2, "well": 1, "unknown": 0}
    assert found["kinds"]["board"] == {"total": 1, "well": 0, "unknown": 1}
    many = [DeviceState("camera", str(number), str(number), False, 1.0) for number in range(MAX_NAMED + 5)]
    found = DeviceStates([lambda: many]).summary()
    assert (found["troubled_count"], len(found["troubled"])) == (MAX_NAMED + 5, MAX_NAMED)


def test_states_of_a_hub(client) -> None:
    client.post("/api/stations/status", json={"station": "north", "state": "waiting"})
    found = client.get("/api/states").json
    assert found["kinds"]["station"] == {"total": 1, "well": 1, "unknown": 0} and found["troubled"] == []
