"""Visits that are judged again since the register of vehicles has changed, and their history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hub import close, create_app
from hub.live.events import VISIT_CHANGED
from hub.settings.file import load
from tests.support.helpers import wait_for
from tests.support.visit_records import capture, decide, detect, hub_of, until


@pytest.fixture(scope="module")
def app(tmp_path_factory: Any) -> Iterator[Any]:
    made = create_app(load(tmp_path_factory.mktemp("hub") / "instance", {}, {"HUB_TIMEZONE": "UTC"}))
    yield made
    close(made)


@pytest.fixture(scope="module")
def client(app: Any) -> Any:
    return app.test_client()


def register(client: Any, **fields: Any) -> str:
    answer = client.post("/api/vehicles", json=fields)
    assert answer.status_code == 201, answer.json
    return str(answer.json["vehicle"]["id"])


def runs_of(app: Any, client: Any) -> int:
    """How often visits were judged again; the hub goes on meanwhile."""
    assert client.get("/api/visits?limit=1").status_code == 200
    return int(hub_of(app).status["visits"]()["register_runs"])


def changes(visit: dict[str, Any]) -> list[tuple[str, ...]]:
    return [(each["what"], each["cause"], each["before"], each["after"]) for each in visit["history"]]


def test_a_truck_that_is_registered_from_its_capture_turns_its_visit_to_ok(app: Any, client: Any) -> None:
    heard: list[Any] = []
    hub_of(app).bus.subscribe(VISIT_CHANGED, heard.append)
    tagged = capture(client, "NEW1", number="901", station="one")
    visit = until(client, "capture", tagged)
    assert (visit["state"], visit["history"]) == ("unknown", [])
    vehicle = register(client, name="New", tags=["NEW1"], numbers=["901"])
    again = until(client, "capture", tagged, lambda visit: visit["state"] == "ok")
    assert (again["id"], again["vehicle"]["id"], again["change"] > visit["change"]) == (visit["id"], vehicle, True)
    assert changes(again) == [("judged", "register", "unknown", "ok")] and again["history"][0]["by"]
    wait_for(lambda: client.get("/api/visits") and len(heard) == 2)  # a request lets the hub go on
    assert [(each.new, each.before, each.shown["state"]) for each in heard] == [
        (True, "", "unknown"),
        (False, "unknown", "ok"),
    ]
    client.put(f"/api/vehicles/{vehicle}", json={"permission": "deny", "reason": "unpaid"})
    denied = until(client, "capture", tagged, lambda visit: visit["state"] == "denied")
    assert denied["waits"] and "unpaid" in denied["reasons"][0]
    client.put(f"/api/vehicles/{vehicle}", json={"permission": "allow"})
    client.delete(f"/api/vehicles/{vehicle}")
    until(client, "capture", tagged, lambda visit: visit["state"] == "unknown")


def test_what_a_person_has_decided_stays_and_its_history_says_so(client: Any) -> None:
    red = register(client, name="Red", tags=["DEC1"], plates=["DC1111"])
    blue = register(client, name="Blue", plates=["DC9999"])
    tagged, seen = capture(client, "DEC1", 3, station="two"), ""
    until(client, "capture", tagged)
    client.put("/api/devices/labels", json={"kind": "camera", "id": "cam2", "checkpoint": "two"})
    seen = detect(client, "DC9999", 1, "cam2")
    visit = until(client, "detection", seen, lambda visit: visit["state"] == "mismatch")
    assert changes(visit) == [("judged", "evidence", "ok", "mismatch")] and visit["history"][0]["by"] == ""
    decided = decide(client, visit, "confirm", note="New plate").json["visit"]
    last = decided["history"][-1]
    assert changes(decided)[-1] == ("confirm", "decision", "mismatch", "mismatch")
    assert (last["note"], last["by"], last["at"]) == ("New plate", decided["decided_by"], decided["decided_at"])
    waits = capture(client, "OTHER1", station="three")
    until(client, "capture", waits)
    client.put(f"/api/vehicles/{red}", json={"permission": "deny"})
    client.delete(f"/api/vehicles/{blue}")
    register(client, name="Other", tags=["OTHER1"])
    until(client, "capture", waits, lambda visit: visit["state"] == "ok")  # judged again by now
    kept = client.get(f"/api/visits/{visit['id']}").json["visit"]
    assert (kept["state"], kept["decision"], kept["waits"]) == ("mismatch", "confirm", False)
    correction = {"kind": "detection", "id": seen, "value": "DC1111"}
    assert client.post("/api/corrections", json=correction).status_code == 201
    corrected = until(client, "detection", seen, lambda visit: visit["state"] != "mismatch")
    assert changes(corrected)[-1] == ("judged", "correction", "mismatch", "denied")
    assert corrected["history"][-1]["by"]
    denied = decide(client, corrected, "reject").json["visit"]
    assert [each["what"] for each in denied["history"]] == ["judged", "confirm", "judged", "reject"]


def test_an_import_judges_again_and_many_changes_judge_in_few_runs(app: Any, client: Any) -> None:
    visits = [capture(client, f"IMP{number}", station=f"far{number}") for number in range(3)]
    for each in visits:
        until(client, "capture", each)
    lines = "".join(f"Truck {number},IMP{number}\n" for number in range(400))
    runs = runs_of(app, client)
    assert client.post("/api/vehicles/import", data=f"name,tags\n{lines}".encode()).status_code == 201
    for each in visits:
        until(client, "capture", each, lambda visit: visit["state"] == "ok")
    vehicle = register(client, name="Last", tags=["LAST"])
    for turn in range(30):
        client.put(f"/api/vehicles/{vehicle}", json={"note": str(turn)})
    wait_for(lambda: runs_of(app, client) > runs + 1)
    assert runs_of(app, client) < runs + 32


def test_only_the_newest_visits_are_judged_again(app: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many visits there are, a change judges so many."""
    monkeypatch.setattr("hub.visits.rejudging.STEP", 2)
    monkeypatch.setattr("hub.visits.rejudging.MAX_RECENT", 4)
    tags = [f"BOUND{number}" for number in range(6)]
    visits = [until(client, "capture", capture(client, tag, station=f"bound {tag}")) for tag in tags]
    register(client, name="Fleet", tags=tags)

    def states() -> list[str]:
        return [client.get(f"/api/visits/{visit['id']}").json["visit"]["state"] for visit in visits]

    wait_for(lambda: states()[2:] == ["ok"] * 4)
    runs = runs_of(app, client)
    register(client, name="More", tags=["BOUND-NONE"])
    wait_for(lambda: runs_of(app, client) > runs)
    assert states()[:2] == ["unknown"] * 2
