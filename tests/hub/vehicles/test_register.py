"""The register over REST: add, find, change, retire, restore, history, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from hub import close, create_app
from hub.contract.vehicles import NUMBER, PLATE, TAG, Identifier
from hub.settings.file import load
from hub.vehicles.service import Vehicles
from tests.support.lpr import g4

TRUCK = {"name": "Truck 12", "owner": "North Haulage", "tags": ["e280 1170"], "numbers": ["No. 00451"]}


def add(client: Any, **fields: Any) -> dict[str, Any]:
    answer = client.post("/api/vehicles", json=fields)
    assert answer.status_code == 201, answer.json
    return dict(answer.json["vehicle"])


def found(client: Any, **query: Any) -> list[str]:
    body = client.get("/api/vehicles", query_string=query).json
    return [row["name"] for row in body["vehicles"]]


def known(app: Any, kind: str, value: str) -> list[str]:
    identifier = Identifier(kind, value)
    return [vehicle.name for vehicle in app.extensions["gatehouse"].vehicles.find([identifier])[identifier]]


def test_a_vehicle_is_found_by_each_of_its_identifiers(app: Any, client: Any) -> None:
    made = add(client, **TRUCK, plates=["กข ๑๒๓๔", "AB-1234"], valid_from="2026-01-01", valid_until="2026-12-31")
    assert (made["tags"], made["numbers"], made["plates"]) == (["e280 1170"], ["No. 00451"], ["กข ๑๒๓๔", "AB-1234"])
    assert (made["permission"], made["match"], made["retired_at"]) == ("allow", "similar", None)
    for kind, value in ((TAG, "E2801170"), (NUMBER, "00451"), (PLATE, "กข1234"), (PLATE, "AB1234")):
        assert known(app, kind, value) == ["Truck 12"], value
    assert known(app, NUMBER, "451") == [] and known(app, PLATE, "E2801170") == []
    for text in ("ruck 1", "haulage", "80 11", "0045", "ข๑๒", "b12"):
        assert found(client, q=text) == ["Truck 12"], text
    assert found(client, q="nothing") == []
    assert client.get(f"/api/vehicles/{made['id']}").json["vehicle"] == made


@pytest.mark.parametrize(
    ("read", "names"),
    [
        ("AB1234", ["right"]),
        ("A81234", ["right"]),  # a look-alike
        ("AB1Z34", ["right"]),
        ("AB1934", ["right"]),  # one other
        ("AB134", ["right"]),  # one fewer
        ("AB12344", ["right"]),  # one more
        ("AB1943", []),  # two others
        ("BA1234", []),  # two in each other's place
        ("XY9999", []),
        ("PQ0001", []),  # the vehicle wants its plate exactly
    ],
)
def test_a_misread_plate_finds_what_differs_in_one_character(
    app: Any, client: Any, read: str, names: list[str]
) -> None:
    add(client, name="right", plates=["AB 1234"])
    add(client, name="exact", plates=["PQ 0000"], match="exact")
    assert known(app, PLATE, read) == names


def test_the_same_characters_count_before_look_alikes_and_these_before_one_other(app: Any, client: Any) -> None:
    for name, plate in (("zero", "AB 1230"), ("other", "AB 1238")):
        add(client, name=name, plates=[plate])
    assert known(app, PLATE, "AB1230") == ["zero"]
    assert known(app, PLATE, "AB123O") == ["zero"]
    assert sorted(known(app, PLATE, "AB1239")) == ["other", "zero"]


def test_many_identifiers_are_found_at_once(app: Any, client: Any) -> None:
    for number in range(300):
        add(client, name=f"n{number}", tags=[f"T{number}"])
    wanted = [Identifier(TAG, f"T{number}") for number in range(300)]
    answer = app.extensions["gatehouse"].vehicles.find(wanted)
    assert [[each.name for each in answer[one]] for one in wanted] == [[f"n{number}"] for number in range(300)]


def test_an_identifier_belongs_to_one_vehicle_that_is_not_retired(app: Any, client: Any) -> None:
    first = add(client, name="first", tags=["T1"])
    again = client.post("/api/vehicles", json={"name": "second", "tags": ["t 1"]})
    assert again.status_code == 409 and "belongs to first" in again.json["message"]
    second = add(client, name="second", tags=["T2"])
    taking = client.put(f"/api/vehicles/{second['id']}", json={"tags": ["T2", "T1"]})
    assert taking.status_code == 409 and known(app, TAG, "T2") == ["second"]
    assert client.delete(f"/api/vehicles/{first['id']}").json["vehicle"]["state"] == "retired"
    assert known(app, TAG, "T1") == []
    assert client.put(f"/api/vehicles/{first['id']}", json={"name": "x"}).status_code == 409
    third = add(client, name="third", tags=["T1"])
    assert client.post(f"/api/vehicles/{first['id']}/restore").status_code == 409
    client.delete(f"/api/vehicles/{third['id']}")
    assert client.post(f"/api/vehicles/{first['id']}/restore").json["vehicle"]["state"] == "valid"
    assert known(app, TAG, "T1") == ["first"]
    assert found(client) == ["second", "first"]
    assert found(client, retired="true") == ["third"] and found(client, retired="all") == ["third", "second", "first"]


def test_every_change_is_kept_with_who_and_what(client: Any) -> None:
    made = add(client, name="van", plates=["AB 1"], note="blue")
    address = f"/api/vehicles/{made['id']}"
    client.put(address, json={"permission": "deny", "reason": "Unpaid", "note": "blue"})
    client.put(address, json={"note": "blue"})  # changes nothing
    client.delete(address)
    client.post(f"{address}/restore")
    changes = client.get(f"{address}/history").json["changes"]
    assert [(row["action"], row["who"]) for row in changes] == [
        (action, "this machine") for action in ("restore", "retire", "change", "add")
    ]
    assert changes[2]["before"] == {"permission": "allow", "reason": ""}
    assert changes[2]["after"] == {"permission": "deny", "reason": "Unpaid"}
    assert changes[3]["before"] == {} and changes[3]["after"]["plates"] == ["AB 1"]
    page = client.get(f"{address}/history?limit=3").json
    rest = client.get(f"{address}/history?limit=3&cursor={page['next_cursor']}").json
    assert page["changes"] + rest["changes"] == changes and rest["next_cursor"] is None
    actions = [row["action"] for row in client.get("/api/audit?what=vehicle").json["audit"]]
    assert set(actions) == {"vehicle.add", "vehicle.change", "vehicle.retire", "vehicle.restore"}


def test_filters_and_pages(client: Any) -> None:
    add(client, name="old", tags=["A"], valid_until="2020-01-01")
    add(client, name="soon", tags=["B"], valid_from="2999-01-01")
    add(client, name="now", tags=["C"], permission="watch")
    assert [found(client, state=state) for state in ("valid", "early", "expired")] == [["now"], ["soon"], ["old"]]
    assert found(client, permission="watch") == ["now"] and found(client, permission="deny") == []
    first = client.get("/api/vehicles?limit=2").json
    second = client.get(f"/api/vehicles?limit=2&cursor={first['next_cursor']}").json
    assert [row["name"] for row in first["vehicles"] + second["vehicles"]] == ["now", "soon", "old"]
    assert second["next_cursor"] is None
    for query in ("permission=maybe", "state=x", "retired=x", "cursor=x", "limit=x", "q=" + "x" * 101):
        assert client.get(f"/api/vehicles?{query}").status_code == 400, query


@pytest.mark.parametrize(
    ("sent", "named"),
    [
        ({}, "at least one"),
        ({"tags": []}, "at least one"),
        ({"plates": ["--"]}, "plates"),
        ({"numbers": ["abc"]}, "numbers"),
        ({"tags": ["T"], "permission": "maybe"}, "permission"),
        ({"tags": ["T"], "match": 1}, "match"),
        ({"tags": ["T"], "valid_from": "soon"}, "valid_from"),
        ({"tags": ["T"], "valid_from": "2026-02-01", "valid_until": "2026-01-01"}, "valid_until"),
        ({"tags": [{}]}, "tags"),
        ({"tags": ["x" * 101]}, "tags"),
        ({"tags": [f"T{number}" for number in range(21)]}, "tags"),
        ({"tags": ["T"], "name": "x" * 201}, "name"),
        ({"tags": ["T"], "name": ["x"]}, "name"),
    ],
)
def test_what_is_no_vehicle_is_refused_with_its_field(client: Any, sent: dict[str, Any], named: str) -> None:
    answer = client.post("/api/vehicles", json=sent)
    assert answer.status_code == 400 and named in " ".join(answer.json["errors"])
    assert found(client) == []


def test_what_is_not_there_is_404(client: Any) -> None:
    assert client.get("/api/vehicles/x").status_code == 404
    assert client.get("/api/vehicles/x/history").status_code == 404
    assert client.put("/api/vehicles/x", json={"name": "y"}).status_code == 404
    assert client.delete("/api/vehicles/x").status_code == 404
    assert client.post("/api/vehicles/x/restore").status_code == 404


def marked(client: Any, plate: str) -> list[tuple[str, str]]:
    sent = client.post("/api/detection", json=g4(ocr_results=[plate], plate_detections=[])).json
    record = client.get(f"/api/records/{sent['detection_id']}").json["record"]
    return [(row["plate"], row["action"]) for row in record["watchlist"]]


def test_every_plate_of_a_vehicle_to_be_stopped_or_watched_is_matched(client: Any) -> None:
    made = add(client, name="van", tags=["T"], plates=["WL B0S", "WL 2"], permission="deny")
    address = f"/api/vehicles/{made['id']}"
    assert marked(client, "WL 2") == [("WL 2", "deny")] and marked(client, "WL-8OS") == [("WL B0S", "deny")]
    client.put(address, json={"permission": "watch", "plates": ["WL 2"]})
    assert marked(client, "WL 2") == [("WL 2", "allow")] and marked(client, "WL B0S") == []
    client.put(address, json={"valid_until": "2020-01-01"})
    assert marked(client, "WL 2") == []
    client.put(address, json={"valid_until": None})
    client.delete(address)
    assert marked(client, "WL 2") == []
    client.post(f"{address}/restore")
    assert marked(client, "WL 2") == [("WL 2", "allow")]
    client.put(address, json={"permission": "allow"})
    assert marked(client, "WL 2") == []


def test_an_entry_of_the_watchlist_is_a_vehicle_and_the_other_way_round(app: Any, client: Any) -> None:
    entry = client.post("/api/watchlist", json={"plate": "WL 1", "action": "allow", "reason": "Tell me"}).json["entry"]
    vehicle = client.get(f"/api/vehicles/{entry['id']}").json["vehicle"]
    assert (vehicle["permission"], vehicle["plates"], vehicle["reason"]) == ("watch", ["WL 1"], "Tell me")
    client.put(f"/api/vehicles/{entry['id']}", json={"permission": "deny", "tags": ["T9"]})
    assert client.get(f"/api/watchlist/{entry['id']}").json["action"] == "deny"
    client.put(f"/api/watchlist/{entry['id']}", json={"plate": "WL 2"})
    vehicle = client.get(f"/api/vehicles/{entry['id']}").json["vehicle"]
    assert (vehicle["name"], vehicle["plates"], vehicle["tags"]) == ("WL 2", ["WL 2"], ["T9"])
    client.delete(f"/api/watchlist/{entry['id']}")
    vehicle = client.get(f"/api/vehicles/{entry['id']}").json["vehicle"]
    assert (vehicle["permission"], vehicle["state"]) == ("allow", "valid"), "it has a tag, so it stays in the register"
    taken = client.post("/api/watchlist", json={"plate": "WL 2"})
    assert taken.status_code == 409 and "WL 2" in taken.json["message"]
    plain = client.post("/api/watchlist", json={"plate": "WL 3"}).json["id"]
    client.delete(f"/api/watchlist/{plain}")
    assert client.get(f"/api/vehicles/{plain}").json["vehicle"]["state"] == "retired"
    assert client.post("/api/watchlist", json={"plate": "WL 3"}).status_code == 201
    assert known(app, PLATE, "WL3") == ["WL 3"]


def test_watched_plates_are_loaded_at_the_next_start(tmp_path: Any) -> None:
    settings = load(tmp_path / "instance", {}, {})
    app = create_app(settings)
    add(app.test_client(), name="van", plates=["WL 1", "WL 2"], permission="watch")
    close(app)
    app = create_app(settings)
    assert marked(app.test_client(), "WL 2") == [("WL 2", "allow")]
    close(app)


def test_of_two_who_change_a_vehicle_at_once_the_second_is_told_what_is_there_now(client: Any) -> None:
    seen = add(client, name="Truck", tags=["TWO"], owner="North")
    path = f"/api/vehicles/{seen['id']}"
    first = client.put(path, json={"owner": "South", "plates": ["A 1", "B 2"], "version": seen["version"]})
    assert first.status_code == 200 and first.json["vehicle"]["version"] > seen["version"]
    second = client.put(path, json={"owner": "East", "note": "mine", "version": seen["version"]})
    assert second.status_code == 409 and "Somebody has changed this vehicle" in second.json["message"]
    now = client.get(path).json["vehicle"]
    assert second.json["errors"] == [f"version: {now['version']}", "owner: South", "note: "]
    assert now == first.json["vehicle"]
    again = client.put(path, json={"note": "mine", "version": now["version"]}).json["vehicle"]
    assert (again["owner"], again["note"]) == ("South", "mine")
    assert client.put(path, json={"note": "old client"}).json["vehicle"]["note"] == "old client"
    for wrong in ("1", True, -1, 1.5):
        assert client.put(path, json={"note": "x", "version": wrong}).status_code == 400, wrong


def test_each_change_has_its_own_version_whatever_the_clock_says(app: Any, client: Any) -> None:
    seen, vehicles = add(client, tags=["CLOCK"]), app.extensions["gatehouse"].part(Vehicles)
    versions = [seen["version"]]
    vehicles.now = lambda: 1_700_000_000.0
    for note in ("a", "b", "c"):
        versions.append(client.put(f"/api/vehicles/{seen['id']}", json={"note": note}).json["vehicle"]["version"])
    assert versions == sorted(set(versions))
