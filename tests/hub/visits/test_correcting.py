"""Visits after a correction: judged again, and joined again where the value is that of another vehicle."""

from __future__ import annotations

from typing import Any

from tests.support.helpers import wait_for
from tests.support.lpr import g4
from tests.support.visit_records import BLUE, capture, decide, detect, mismatch, of, stamp, until


def test_correct_with_a_value_judges_again(client: Any) -> None:
    visit, _, seen = mismatch(client)
    value = {"kind": "detection", "id": seen, "index": 0, "value": "RR 1111"}
    answer = decide(client, visit, "correct", values=[value], note="mud")
    assert answer.status_code == 200, answer.json
    decided = answer.json["visit"]
    assert (decided["state"], decided["waits"], decided["plate"]) == ("ok", False, "RR 1111")
    made = client.get("/api/corrections", query_string={"kind": "detection", "id": seen}).json["corrections"]
    assert [(each["value"], each["note"]) for each in made] == [("RR 1111", "mud")]


def test_correct_with_a_vehicle(client: Any) -> None:
    visit, _, _ = mismatch(client)
    assert decide(client, visit, "correct", vehicle="id-nobody").status_code == 400
    decided = decide(client, visit, "correct", vehicle=BLUE.id).json["visit"]
    assert (decided["state"], decided["waits"], decided["vehicle"]["name"]) == ("ok", False, "Blue")


def test_a_correction_judges_the_visit_again_and_a_decision_stays(client: Any) -> None:
    visit, _, seen = mismatch(client)
    decide(client, visit, "reject")
    correction = {"kind": "detection", "id": seen, "value": "RR1111"}
    assert client.post("/api/corrections", json=correction).status_code == 201
    again = until(client, "detection", seen, lambda visit: visit["state"] == "ok")
    assert (again["decision"], again["plate"], again["waits"]) == ("reject", "RR1111", False)


def test_a_corrected_record_joins_the_visit_of_its_vehicle(client: Any) -> None:
    """The plate of Red was misread as that of Blue, which was weighed a moment before."""
    blue, red = capture(client, "BLUE1", 25, "222"), capture(client, "RED1", 4, "111")
    seen = detect(client, "BB2222", 2)
    of_blue, of_red = until(client, "capture", blue)["id"], until(client, "capture", red)["id"]
    wrong = until(client, "detection", seen)
    assert wrong["id"] == of_blue != of_red
    correction = {"kind": "detection", "id": seen, "value": "RR1111"}
    assert client.post("/api/corrections", json=correction).status_code == 201
    visit = until(client, "detection", seen, lambda visit: visit["id"] != wrong["id"])
    assert visit["id"] == of_red
    assert (visit["state"], visit["plate"], len(visit["evidence"])) == ("ok", "RR1111", 2)
    assert (visit["history"][-1]["cause"], bool(visit["history"][-1]["by"])) == ("correction", True)
    left = client.get(f"/api/visits/{wrong['id']}").json["visit"]
    assert (left["state"], left["plate"], [each["id"] for each in left["evidence"]]) == ("ok", "", [blue])
    assert "RR1111" in left["history"][-1]["note"]
    detect(client, "BB2222", 1)
    wait_for(lambda: client.get(f"/api/visits/{wrong['id']}").json["visit"]["plate"] == "BB2222")


def test_a_visit_that_a_correction_leaves_empty_is_marked(client: Any) -> None:
    red, seen = capture(client, "RED1", 60, "111"), detect(client, "XX7777", 2)
    alone = until(client, "detection", seen)
    assert alone["id"] != until(client, "capture", red)["id"]
    client.post("/api/corrections", json={"kind": "detection", "id": seen, "value": "RR1111"})
    visit = until(client, "detection", seen, lambda visit: visit["id"] != alone["id"])
    assert visit["id"] == of(client, "capture", red)["id"] and visit["state"] == "ok"
    empty = client.get(f"/api/visits/{alone['id']}").json["visit"]
    assert (empty["evidence"], empty["state"], empty["waits"]) == ([], "unknown", False)
    assert "another visit" in empty["reasons"][0] and "RR1111" in empty["history"][-1]["note"]
    other = detect(client, "ZZ8888", 1)
    assert until(client, "detection", other)["id"] != alone["id"]


def test_a_corrected_record_leaves_no_visit_that_a_person_has_decided(client: Any) -> None:
    visit, _, seen = mismatch(client)
    decide(client, visit, "confirm")
    blue = capture(client, "BLUE1", 0, "222")
    assert until(client, "capture", blue)["id"] != visit["id"]
    client.post("/api/corrections", json={"kind": "detection", "id": seen, "value": "BB2221"})
    again = until(client, "detection", seen, lambda visit: visit["plate"] == "BB2221")
    assert (again["id"], again["decision"]) == (visit["id"], "confirm")


def test_a_plate_that_the_camera_did_not_read_is_given_by_a_person(client: Any) -> None:
    tagged = capture(client, "RED1", 3, "111")
    body = g4(aicamera_id="cam1", checkpoint_id="north", timestamp=stamp(2), ocr_results="[]")
    seen = str(client.post("/api/detection", json=body).json["detection_id"])
    assert until(client, "detection", seen)["plate"] == ""
    correction = {"kind": "detection", "id": seen, "value": "RR1111"}
    assert client.post("/api/corrections", json=correction).status_code == 201
    visit = until(client, "detection", seen, lambda visit: visit["plate"] == "RR1111")
    assert visit["state"] == "ok" and visit["id"] == of(client, "capture", tagged)["id"]
