"""The event of doorbells, with Flask-SocketIO's test client."""

from __future__ import annotations


def test_an_event_is_acknowledged_and_stored(app, client) -> None:
    socket = app.extensions["gatehouse"].socketio.test_client(app)
    reply = socket.emit("doorbell_ring", {"bell": "south"}, callback=True)
    assert reply["success"] is True
    rings = client.get("/api/doorbells/rings").json["rings"]
    assert [(ring["id"], ring["bell"]) for ring in rings] == [(reply["id"], "south")]


def test_what_is_no_ring_gets_the_error_body(app) -> None:
    socket = app.extensions["gatehouse"].socketio.test_client(app)
    assert socket.emit("doorbell_ring", {}, callback=True)["message"] == "This is no ring."
    assert [message["name"] for message in socket.get_received()] == ["error"]
