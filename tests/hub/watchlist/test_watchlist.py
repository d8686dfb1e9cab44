"""The watchlist: entries over REST, matches and look-alikes in detections."""

from __future__ import annotations

import requests

from tests.support.helpers import HubProcess
from tests.support.lpr import g4, post, records


def test_watchlist(hub: HubProcess) -> None:
    url = f"{hub.url}/api/watchlist"
    entry = requests.post(url, json={"plate": "WL B0S", "action": "deny", "reason": "stolen"}, timeout=5)
    assert entry.status_code == 201
    entry_id = entry.json()["id"]
    assert requests.post(url, json={"plate": "wl-b0s"}, timeout=5).status_code == 409
    exact = post(hub, "/api/detection", g4(aicamera_id="w", ocr_results=["WL-B0S"], plate_detections=[])).json()
    similar = post(hub, "/api/detection", g4(aicamera_id="w", ocr_results=["WL 8OS"], plate_detections=[])).json()
    other = post(hub, "/api/detection", g4(aicamera_id="w", ocr_results=["WL B0X"], plate_detections=[])).json()
    marked = {row["detection_id"]: row["watchlist"] for row in records(hub, camera="w")["records"]}
    assert marked[other["detection_id"]] == []
    assert marked[exact["detection_id"]][0]["exact"] is True
    hit = marked[similar["detection_id"]][0]
    assert (hit["exact"], hit["action"], hit["reason"], hit["read"]) == (False, "deny", "stolen", "WL 8OS")
    assert hit["differences"] == [
        {"position": 2, "read": "8", "listed": "B"},
        {"position": 3, "read": "O", "listed": "0"},
    ]
    assert hub.get("/api/statistics")["data"]["blacklist_count"] == 1
    changed = requests.put(f"{url}/{entry_id}", json={"match": "exact", "note": "blue van"}, timeout=5).json()["entry"]
    assert (changed["match"], changed["note"], changed["reason"]) == ("exact", "blue van", "stolen")
    post(hub, "/api/detection", g4(aicamera_id="w2", ocr_results=["WL 8OS"], plate_detections=[]))
    assert records(hub, camera="w2")["records"][0]["watchlist"] == []
    requests.put(f"{url}/{entry_id}", json={"expires_at": "2020-01-01T00:00:00Z"}, timeout=5)
    post(hub, "/api/detection", g4(aicamera_id="w3", ocr_results=["WLB0S"], plate_detections=[]))
    assert records(hub, camera="w3")["records"][0]["watchlist"] == []
    assert requests.delete(f"{url}/{entry_id}", timeout=5).status_code == 200
    assert requests.get(f"{url}/{entry_id}", timeout=5).status_code == 404
    for bad in (
        {},
        {"plate": "--"},
        {"plate": "X1", "action": "maybe"},
        {"plate": "X1", "expires_at": "soon"},
        {"plate": ["X1"]},
        {"plate": "X" * 500},
    ):
        answer = requests.post(url, json=bad, timeout=5)
        assert answer.status_code == 400 and answer.json()["errors"], bad
