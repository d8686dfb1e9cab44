"""Visits of a whole hub: stored evidence joined, judged, published, decided, paired, weighed."""

from __future__ import annotations

import time
from typing import Any

import gevent
import pytest

from hub import close
from hub.contract.visits import ALARM_SECONDS
from hub.live.events import (
    VEHICLE_ARRIVED,
    VEHICLE_LEFT,
    VISIT_CHANGED,
    WEIGHT_SETTLED,
    Vehicle,
    VehicleArrived,
    VehicleLeft,
    WeightSettled,
)
from hub.visits.joining import Joining
from hub.visits.service import VisitService
from tests.support.helpers import capture_result, wait_for
from tests.support.visit_records import RED, capture, decide, detect, hub_of, mismatch, of, stamp, start, until


def test_tag_and_plate_are_one_visit_that_is_announced_and_updated(app: Any, client: Any) -> None:
    heard: list[Any] = []
    hub_of(app).bus.subscribe(VISIT_CHANGED, heard.append)
    tagged = capture(client, "RED1", 3, "111")
    first = until(client, "capture", tagged)
    assert (first["state"], first["waits"], first["vehicle"]["name"], first["checkpoint"]) == (
        "ok",
        False,
        "Red",
        "scale",
    )
    seen = detect(client, "BB2222", 1)
    visit = until(client, "detection", seen, lambda visit: visit["state"] == "mismatch")
    assert visit["id"] == first["id"] and visit["waits"] and visit["change"] > first["change"]
    assert [(each["kind"], each["agrees"]) for each in visit["evidence"]] == [("capture", True), ("detection", False)]
    wait_for(lambda: client.get("/api/visits") and len(heard) == 2)  # a request lets the hub go on
    assert [(each.new, each.before, each.shown["state"]) for each in heard] == [
        (True, "", "ok"),
        (False, "ok", "mismatch"),
    ]


def test_a_station_without_a_name_at_the_first_moment_of_all_is_read_again(app: Any, client: Any) -> None:
    body = capture_result("RED1", tags=["RED1"], station="", started_ts=0.0, finished_ts=0.0)
    tagged = str(client.post("/api/captures", json=body).json["id"])
    visit = until(client, "capture", tagged)
    assert client.get(f"/api/visits/{visit['id']}").json["visit"]["evidence"][0]["device"] == ""
    assert not hub_of(app).reader.unreadable.counts()


def test_lists_filters_and_what_has_changed_since(client: Any) -> None:
    known = until(client, "capture", capture(client, "RED1", 100))
    strange = until(client, "capture", capture(client, "NOBODY", 10))

    def ids(**query: Any) -> list[str]:
        answer = client.get("/api/visits", query_string=query)
        assert answer.status_code == 200, answer.json
        return [each["id"] for each in answer.json["visits"]]

    assert ids() == [strange["id"], known["id"]]
    assert ids(state="unknown") == ids(tag="no body") == ids(since=stamp(50)) == [strange["id"]]
    assert ids(state="ok") == ids(vehicle=RED.id) == ids(until=stamp(50)) == ids(tag="RED1") == [known["id"]]
    assert ids(waits="true") == ids(checkpoint="elsewhere") == []
    assert len(ids(checkpoint=" SCALE")) == 2
    page = client.get("/api/visits?limit=1").json
    assert ids(cursor=page["next_cursor"]) == [known["id"]]
    changed = client.get("/api/visits", query_string={"after": known["change"]}).json
    assert [each["id"] for each in changed["visits"]] == [strange["id"]]
    assert changed["next_after"] == str(strange["change"])
    assert client.get(f"/api/visits/{known['id']}").json["visit"]["id"] == known["id"]
    assert client.get("/api/visits/none").status_code == 404
    assert client.get("/api/visits?state=bad").status_code == client.get("/api/visits/of").status_code == 400
    assert "after is the next_after of the page before" in client.get("/api/visits?after=x").json["message"]


def test_the_second_who_decides_is_told_of_the_first(client: Any) -> None:
    visit, _, _ = mismatch(client)
    answer = decide(client, visit, "confirm", note="New plate")
    assert answer.status_code == 200, answer.json
    decided = answer.json["visit"]
    assert (decided["decision"], decided["note"], decided["waits"], decided["state"]) == (
        "confirm",
        "New plate",
        False,
        "mismatch",
    )
    second = decide(client, visit, "reject")
    assert second.status_code == 409
    assert decided["decided_by"] in second.json["message"] and decided["decided_at"][:19] in second.json["message"]
    assert f"at: {decided['decided_at']}" in second.json["errors"]
    audit = client.get("/api/audit").json["audit"]
    assert [each["action"] for each in audit if each["action"].startswith("visit.")] == ["visit.confirm"]


def test_a_visit_that_does_not_wait_is_not_decided(client: Any) -> None:
    visit = until(client, "capture", capture(client, "RED1"))
    assert decide(client, visit, "confirm").status_code == 409
    assert decide(client, visit, "whatever").status_code == 400
    assert decide(client, visit, "correct").status_code == 400
    assert decide(client, {"id": "none"}, "confirm").status_code == 404


def test_what_has_changed_meanwhile_is_not_decided(client: Any) -> None:
    visit, _, _ = mismatch(client)
    assert decide(client, visit, "confirm", seen_state="denied").status_code == 409
    assert decide(client, visit, "confirm", seen_state="mismatch").status_code == 200


def test_denied_is_an_alert_once(app: Any, client: Any) -> None:
    detect(client, "QQ5555")
    alert = wait_for(
        lambda: [each for each in client.get("/api/alerts").json["alerts"] if each["kind"] == "visit_denied"]
    )
    assert len(alert) == 1 and "Barred" in alert[0]["sentence"] and alert[0]["details"]["visit_id"]
    assert client.get("/api/alerts/unseen").json["count"] == 1


def alerts_of(client: Any, kind: str) -> list[Any]:
    return [each for each in client.get("/api/alerts").json["alerts"] if each["kind"] == kind]


def test_a_mismatch_is_an_alert_once_it_has_lasted(app: Any, client: Any) -> None:
    """Evidence that is taken for that of the vehicle before, until the rest of it arrives, alarms nobody."""
    visit, tagged, seen = mismatch(client)

    def correct(plate: str, state: str) -> None:
        client.post("/api/corrections", json={"kind": "detection", "id": seen, "value": plate})
        until(client, "capture", tagged, lambda visit: visit["state"] == state)

    correct("RR1111", "ok")
    app.extensions["gatehouse"].notable["visits"]._settle = 0.01
    time.sleep(3.0)  # longer than alerts wait between two looks
    assert alerts_of(client, "visit_mismatch") == []
    correct("BB2222", "mismatch")
    [alert] = wait_for(lambda: alerts_of(client, "visit_mismatch"), what="the alert")
    assert alert["details"]["visit_id"] == visit["id"]


def test_the_list_of_plates_to_stop_denies(client: Any) -> None:
    client.post("/api/watchlist", json={"plate": "LL7777", "action": "deny", "reason": "stolen"})
    visit = until(client, "detection", detect(client, "LL7777"))
    assert visit["state"] == "denied" and "stolen" in visit["reasons"][0]
    wait_for(lambda: client.get("/api/alerts").json["alerts"])
    time.sleep(0.1)
    assert [each["kind"] for each in client.get("/api/alerts").json["alerts"]] == ["watchlist_hit"]


def test_a_camera_of_another_checkpoint_has_its_own_visits(client: Any) -> None:
    for kind, device, checkpoint, facing in (
        ("station", "scale", "South", "in"),
        ("camera", "cam1", " north ", "out"),
        ("camera", "cam2", "SOUTH", ""),
    ):
        body = {"kind": kind, "id": device, "checkpoint": checkpoint, "facing": facing}
        assert client.put("/api/devices/labels", json=body).status_code < 300
    tagged = capture(client, "NOBODY", 5)
    there, here = detect(client, "XX1111", 4), detect(client, "XX1111", 3, "cam2")
    south = until(client, "detection", here)
    assert (south["checkpoint"], south["direction"]) == ("South", "in")
    assert until(client, "capture", tagged)["id"] == south["id"]
    north = until(client, "detection", there)
    assert (north["checkpoint"], north["direction"]) == ("north", "out")


def test_in_and_out_are_a_stay_and_two_weights_are_net(app: Any, client: Any) -> None:
    for device, facing in (("entry", "in"), ("exit", "out")):
        body = {"kind": "station", "id": device, "checkpoint": device, "facing": facing}
        assert client.put("/api/devices/labels", json=body).status_code < 300
    came = until(client, "capture", capture(client, "RED1", 600, station="entry"))
    bus = hub_of(app).bus
    bus.publish(WEIGHT_SETTLED, WeightSettled("s1", "entry", 41_000.0, time.time() - 595, "41000"))
    bus.publish(WEIGHT_SETTLED, WeightSettled("s1", "entry", 12_000.0, time.time() - 594, "12000"))
    bus.publish(WEIGHT_SETTLED, WeightSettled("s1", "entry", 0.0, time.time() - 590, "0"))
    bus.publish(WEIGHT_SETTLED, WeightSettled("s1", "entry", 50_000.0, time.time() - 580, "50000"))
    wait_for(lambda: client.get(f"/api/visits/{came['id']}").json["visit"]["weight"])
    bus.publish(WEIGHT_SETTLED, WeightSettled("s2", "exit", 15_500.0, time.time() - 12, "15500"))
    left = until(client, "capture", capture(client, "RED1", 10, station="exit"), lambda visit: visit["net"])
    came = client.get(f"/api/visits/{came['id']}").json["visit"]
    assert came["weight"]["kg"] == 41_000.0 and (came["weight"]["kind"], left["weight"]["kind"]) == ("gross", "tare")
    assert came["net"] == {"kg": 25_500.0, "visit": left["id"]} and left["net"]["visit"] == came["id"]
    assert came["stay"]["visit"] == left["id"] and left["stay"]["visit"] == came["id"]
    assert left["stay"]["seconds"] == pytest.approx(590, abs=15)


def test_the_same_weight_twice_is_no_net_weight(app: Any, client: Any) -> None:
    """A full vehicle that is weighed again before it is emptied."""
    bus, kinds = hub_of(app).bus, list[dict[str, Any]]()
    for station, ago, kg in (("first", 300, 41_000.0), ("again", 200, 41_000.0), ("empty", 100, 15_500.0)):
        bus.publish(WEIGHT_SETTLED, WeightSettled(station, station, kg, time.time() - ago - 2, f"{kg}"))
        record = capture(client, "RED1", ago, station=station)
        kinds.append(until(client, "capture", record, lambda visit: visit["weight"]))
    full, again, empty = (client.get(f"/api/visits/{each['id']}").json["visit"] for each in kinds)
    assert full["net"] is None and again["net"] == {"kg": 25_500.0, "visit": empty["id"]}
    assert (again["weight"]["kind"], empty["weight"]["kind"]) == ("gross", "tare")


def test_presence_is_evidence_and_its_end_ends_the_visit(app: Any, client: Any) -> None:
    bus, now = hub_of(app).bus, time.time()
    shown = Vehicle("truck", 0.9, (0, 0, 9, 9), 10, 10)
    body = {"kind": "camera", "id": "cam1", "checkpoint": "north"}
    assert client.put("/api/devices/labels", json=body).status_code < 300
    bus.publish(VEHICLE_ARRIVED, VehicleArrived("stay", "cam1", now - 100, now - 101, shown, True))
    visit = until(client, "detection", detect(client, "RR1111", 99), lambda visit: visit["evidence_count"] == 2)
    assert [each["kind"] for each in visit["evidence"]] == ["presence", "detection"]
    bus.publish(VEHICLE_LEFT, VehicleLeft("stay", "cam1", now - 60, now - 101, now - 62, 39.0, "truck", "not seen"))
    again = until(client, "detection", detect(client, "RR1111", 20))
    assert again["id"] != visit["id"]


def test_nothing_is_lost_or_doubled_over_a_restart(tmp_path: Any) -> None:
    first = start(tmp_path)
    one = capture(first.test_client(), "RED1", 20)
    visit = until(first.test_client(), "capture", one)
    close(first)
    off = start(tmp_path)
    hub_of(off).part(VisitService).step = lambda: False  # as if it ended before
    two = capture(off.test_client(), "RED1", 10)
    assert of(off.test_client(), "capture", two) is None
    close(off)
    again = start(tmp_path)
    client = again.test_client()
    assert until(client, "capture", two)["id"] == visit["id"]
    assert len(client.get("/api/visits").json["visits"]) == 1
    assert of(client, "capture", one)["evidence_count"] == 2
    close(again)


def test_a_hub_without_visits_joins_nothing(tmp_path: Any) -> None:
    app = start(tmp_path, HUB_VISITS_ENABLED="false")
    stored = capture(app.test_client(), "RED1")
    assert of(app.test_client(), "capture", stored) is None
    assert app.test_client().get("/api/visits").json["visits"] == []
    close(app)


def test_a_visit_that_cannot_be_read_is_left_out(app: Any, client: Any) -> None:
    good, bad = (until(client, "capture", capture(client, tag, 5)) for tag in ("RED1", "NOBODY"))
    backend = hub_of(app).backend
    connection = backend.connect()
    connection.execute("UPDATE visits SET body = '{' WHERE id = :id", {"id": bad["id"]})
    connection.close()
    assert [each["id"] for each in client.get("/api/visits").json["visits"]] == [good["id"]]
    assert client.get(f"/api/visits/{bad['id']}").status_code == 404


def test_many_records_of_one_moment_leave_the_event_loop_to_others(
    app: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits = hub_of(app).part(VisitService)
    join, joined, seen = Joining.join, 0, []

    def slow(self: Joining, member: Any, *more: Any) -> None:
        nonlocal joined
        joined += 1
        until = time.perf_counter() + 0.01
        while time.perf_counter() < until:
            pass
        join(self, member, *more)

    def other() -> None:
        while True:
            seen.append(joined)
            gevent.sleep(0.001)

    monkeypatch.setattr(Joining, "join", slow)
    with visits.lock:  # so that all of them wait
        for number in range(30):
            detect(client, f"MM{number:04}")
        task = gevent.spawn(other)
        visits.wake("detections")
        visits.step()
        task.kill()
    assert joined == 30
    beside = [later - earlier for earlier, later in zip(seen, [*seen[1:], joined], strict=True)]
    assert max(beside) <= 2, f"records that are joined between two turns of others: {beside}"


def test_a_mismatch_that_comes_too_late_for_an_alert_counts_as_told(app: Any, client: Any) -> None:
    late = until(client, "capture", capture(client, "RED1", ALARM_SECONDS + 100, "222"))
    assert late["state"] == "mismatch"
    assert hub_of(app).part(VisitService).find(late["id"]).alarmed == "mismatch"
