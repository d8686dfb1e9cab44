"""Detections as a feed, and which of them are hits of the watchlist."""

from __future__ import annotations


def send(client, number: int, plate: str = "AB 123", **more) -> None:
    body = {"camera_id": "gate-1", "event_id": f"{number}", "ocr_results": [{"text": plate, "confidence": 0.9}], **more}
    assert client.post("/api/detection", json=body).status_code == 200


def test_detections_come_in_the_order_of_their_commit_with_their_plates(app, client) -> None:
    feed = app.extensions["gatehouse"].feeds["detections"]
    for number in range(5):
        send(client, number, f"AB {number}")
    page = feed.after(1, 3)
    assert [item.body["event_id"] for item in page.items] == ["1", "2", "3"]
    assert [item.body["plates"][0]["text"] for item in page.items] == ["AB 1", "AB 2", "AB 3"]
    assert page.items[0].subject == "gate-1" and page.items[0].body["id"] == page.items[0].body["detection_id"]
    assert (page.end, feed.newest()) == (4, 5)


def test_hits_are_found_among_records_that_only_look_like_hits(app, client) -> None:
    hits = app.extensions["gatehouse"].notable["detections"]
    client.post("/api/watchlist", json={"plate": "AB 123", "action": "deny", "reason": "Unpaid"})
    send(client, 1, "XX 1", note='"watchlist":[{"plate":"AB 123"}]')
    send(client, 2, "XX 2", watchlist=[{"plate": "AB 123", "action": "deny"}])
    send(client, 3, "XX 3", extra={"watchlist": [{"plate": "AB 123", "action": "deny"}]})
    send(client, 4)
    assert [(hit.subject, hit.details["action"]) for hit in hits.notable(0, hits.newest())] == [
        ("AB 123 at gate-1", "deny")
    ]
    assert hits.notable(0, 3) == [] and hits.notable(4, 4) == []
