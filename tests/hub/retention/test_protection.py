"""Protecting captures and detections: by operators, audited, shown in lists, and kept by retention."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.expiring_rows import START, set_received, store_capture, store_detection
from tests.support.helpers import wait_for
from tests.support.retention import DAY, retention_of


@pytest.mark.parametrize(
    ("path", "key", "store"),
    [
        ("/api/captures", "captures", store_capture),
        ("/api/records", "records", store_detection),
    ],
)
def test_it_is_shown_audited_and_taken_back(client: Any, path: str, key: str, store: Any) -> None:
    made = store(client, 1)
    noun = "capture" if key == "captures" else "detection"
    assert client.get(path).json[key][0]["protected"] is False
    for _ in range(2):
        answer = client.post(f"{path}/{made}/protect")
        assert (answer.status_code, answer.json["protected"]) == (200, True)
    assert client.get(path).json[key][0]["protected"] is True
    one = client.get(f"{path}/{made}").json
    assert one[key.removesuffix("s")]["protected"] is True
    assert client.delete(f"{path}/{made}/protect").json["protected"] is False
    assert client.get(path).json[key][0]["protected"] is False
    actions = [row["action"] for row in client.get(f"/api/audit?what={noun}.").json["audit"]]
    assert actions == [f"{noun}.release", f"{noun}.protect", f"{noun}.protect"]


@pytest.mark.parametrize("path", ["/api/captures", "/api/records"])
def test_an_unknown_id_is_404(client: Any, path: str) -> None:
    for method in (client.post, client.delete):
        answer = method(f"{path}/nobody/protect")
        assert answer.status_code == 404 and "nobody" in answer.json["message"]


def test_what_is_protected_between_preview_and_run_stays(parts: Any, client: Any) -> None:
    made = [store_capture(client, number) for number in range(5)]
    set_received(parts, "captures", [START + number for number in range(5)])
    retention = retention_of(parts, {"captures": 1}, lambda: START + 9 * DAY)
    plan = retention._plan(retention._ahead)
    assert plan.records == 5
    client.post(f"/api/captures/{made[2]}/protect")
    assert sum(retention._delete(each) for each in plan.kinds) == 4
    assert [row["id"] for row in client.get("/api/captures").json["captures"]] == [made[2]]
    assert wait_for(lambda: client.get("/status").json["captures"])
