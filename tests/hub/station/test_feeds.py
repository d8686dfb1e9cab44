"""Captures as a feed, and the states of stations and their devices."""

from __future__ import annotations

from hub.station.feeds import station_states
from hub.station.stations import SILENT_SECONDS, Stations
from tests.support.helpers import capture_result


def send(client, number: int) -> None:
    assert client.post("/api/captures", json=capture_result(event_id=f"{number}")).status_code == 201


def test_captures_come_in_the_order_of_their_commit_from_any_position(app, client) -> None:
    feed = app.extensions["gatehouse"].feeds["captures"]
    assert feed.newest() == 0 and feed.after(0, 10).items == []
    for number in range(5):
        send(client, number)
    page = feed.after(0, 3)
    assert [item.body["event_id"] for item in page.items] == ["0", "1", "2"]
    assert [item.body["event_id"] for item in feed.after(page.end, 3).items] == ["3", "4"]
    assert feed.after(feed.newest(), 3).items == []
    listed = {row["id"]: row for row in client.get("/api/captures").json["captures"]}
    shown = page.items[0].body
    assert {key: value for key, value in shown.items() if "image" not in key} == {
        key: value for key, value in listed[shown["id"]].items() if "image" not in key and key != "corrected_number"
    }


def test_a_row_that_cannot_be_read_is_passed_over(app, client) -> None:
    hub = app.extensions["gatehouse"]
    for number in range(3):
        send(client, number)
    hub.writer.write(lambda transaction: transaction.execute("UPDATE captures SET tags = '{' WHERE event_id = '1'", {}))
    page = hub.feeds["captures"].after(0, 10)
    assert ([item.body["event_id"] for item in page.items], page.end) == (["0", "2"], 3)


def test_a_station_tells_of_its_devices_while_it_is_online(app, client) -> None:
    stations = app.extensions["gatehouse"].part(Stations)
    status = {
        "station": "north",
        "reader": {"role": "reader", "state": "silent", "error": "No answer yet"},
        "cameras": [{"role": "primary", "state": "ok"}, {"state": "failed", "error": "Stream timeout"}],
    }
    assert client.post("/api/stations/status", json=status).status_code == 200
    assert [(one.kind, one.id, one.parent, one.online) for one in station_states(stations)] == [
        ("station", "north", "", True),
        ("device", "north:reader", "north", True),
        ("device", "north:primary", "north", True),
        ("device", "north:camera 2", "north", False),
    ]
    for known in stations.newest_first():
        known.heard -= SILENT_SECONDS + 1
    assert [one.online for one in station_states(stations)] == [False, None, None, None]
