"""The page of doorbells, and the event that an open page receives."""

from __future__ import annotations

import json

import requests
import websocket


def test_the_page_is_served_and_linked(client) -> None:
    page = client.get("/doorbells")
    assert (page.status_code, page.content_type) == (200, "text/html; charset=utf-8")
    assert "<title>Gatehouse: doorbells</title>" in page.text and 'href="/doorbells" aria-current="page"' in page.text
    with client.get("/static/doorbells.js") as script:
        assert script.status_code == 200


def test_an_open_page_receives_a_new_ring_once(hub) -> None:
    page = websocket.create_connection(f"ws://127.0.0.1:{hub.port}/events", timeout=10)
    for event_id in ("1", "1", "2"):
        requests.post(f"{hub.url}/api/doorbells/rings", json={"bell": "north", "event_id": event_id}, timeout=10)
    received = [json.loads(page.recv()) for _ in range(2)]
    page.close()
    listed = hub.get("/api/doorbells/rings")["rings"]
    assert [message["event"] for message in received] == ["ring", "ring"]
    assert [message["ring"] for message in received] == listed[::-1]
