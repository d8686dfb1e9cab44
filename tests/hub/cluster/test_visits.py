"""Visits at two hubs in one process: one joins, people decide at either, and no decision is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gevent
import pytest

from hub.contract.roles import LOCAL
from hub.visits.decisions import Decisions
from hub.visits.service import VisitService
from tests.support import stores
from tests.support.lpr import g4
from tests.support.shared_secrets import share_secrets

pytestmark = pytest.mark.skipif(not stores.has_server(), reason=stores.NO_SERVER)


@pytest.fixture
def apps(tmp_path: Path) -> Iterator[list[Any]]:
    from hub import close, create_app
    from hub.settings.file import load

    made: list[Any] = []
    with stores.using("postgresql"):
        environ = stores.environ(tmp_path / "hub0")
        for number in range(2):
            instance = tmp_path / f"hub{number}"
            share_secrets(tmp_path, instance)
            made.append(create_app(load(instance, {}, environ)))
        yield made
        for app in reversed(made):
            close(app)


def _until(condition: Any, what: str) -> Any:
    with gevent.Timeout(30, AssertionError(f"{what} did not come true")):
        while not (found := condition()):
            gevent.sleep(0.02)
        return found


def _visits(app: Any) -> list[dict[str, Any]]:
    return app.test_client().get("/api/visits").json["visits"]


def test_a_decision_at_the_hub_that_does_not_join_is_kept_by_the_one_that_does(apps: list[Any]) -> None:
    first, second = apps
    hubs = [app.extensions["gatehouse"] for app in apps]
    assert [hub.leading.leads for hub in hubs] == [True, False]
    client = second.test_client()
    vehicle = {"name": "stop", "plates": ["กข 1234"], "permission": "deny"}
    assert client.post("/api/vehicles", json=vehicle).status_code == 201
    assert client.post("/api/statistics", json=g4(event_id="v1")).status_code == 200
    visit = _until(lambda: next(iter(_visits(first)), None), "the visit of a record of the other hub")
    assert visit["state"] == "denied" and visit["waits"]
    hubs[1].part(Decisions).decide(visit["id"], {"decision": "confirm"}, LOCAL)
    service = hubs[0].part(VisitService)
    with service.lock:  # the hub that joins has had no time to hear of it
        cached = service.find(visit["id"])
        if cached.decision is None:
            with pytest.raises(Exception, match="at the same moment"):
                service.save([cached])
    _until(lambda: service.find(visit["id"]).decision is not None, "the decision at the other hub")
    assert _visits(first)[0]["decision"] == "confirm" == _visits(second)[0]["decision"]
