"""Pages of visits: what their templates get, who may read them."""

from __future__ import annotations

import re
import time
from typing import Any

from hub.live.events import WEIGHT_SETTLED, WeightSettled
from tests.support.helpers import wait_for
from tests.support.visit_records import capture, hub_of, until

PAGE = {"Accept": "text/html"}


def text_of(client: Any, path: str) -> str:
    answer = client.get(path, headers=PAGE)
    assert answer.status_code == 200, answer.text
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def test_the_list_and_a_visit_are_pages(client: Any) -> None:
    visit = until(client, "capture", capture(client, "RED1"))
    assert "Further filters" in text_of(client, "/visits")
    page = client.get(f"/visits/{visit['id']}", headers=PAGE)
    assert f'data-id="{visit["id"]}"' in page.text
    assert 'id="confirm"' in page.text
    strange = client.get("/visits/%22%3E%3Cscript%3E", headers=PAGE)
    assert strange.status_code == 200
    assert 'data-id="&#34;&gt;&lt;script&gt;"' in strange.text


def test_a_ticket_has_both_weights_and_the_net_weight(app: Any, client: Any) -> None:
    for device, facing in (("entry", "in"), ("exit", "out")):
        body = {"kind": "station", "id": device, "checkpoint": device, "facing": facing}
        assert client.put("/api/devices/labels", json=body).status_code < 300
    came = until(client, "capture", capture(client, "RED1", 600, station="entry"))
    bus = hub_of(app).bus
    bus.publish(WEIGHT_SETTLED, WeightSettled("s1", "entry", 41_000.0, time.time() - 595, "41000"))
    wait_for(lambda: client.get(f"/api/visits/{came['id']}").json["visit"]["weight"], what="the first weight")
    bus.publish(WEIGHT_SETTLED, WeightSettled("s2", "exit", 15_500.0, time.time() - 12, "15500"))
    left = until(client, "capture", capture(client, "RED1", 10, station="exit"), lambda visit: visit["net"])
    for visit in (came, left):
        text = text_of(client, f"/visits/{visit['id']}/ticket")
        first, second = text.index("First weight"), text.index("Second weight")
        assert first < text.index("gross 41000 kg") < second < text.index("tare 15500 kg") < text.index("25500 kg")
        assert "Red" in text
        assert "RED1" in text


def test_a_ticket_of_no_visit_is_not_found(client: Any) -> None:
    assert client.get("/visits/none/ticket", headers=PAGE).status_code == 404
