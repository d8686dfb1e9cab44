"""Each switch of `fast_paths` switches, and only its own way."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request

from hub import close, create_app
from hub.settings.file import load
from tests.support.tags import TOKEN

REST = (
    "/api/data",
    "/api/detection",
    "/api/health",
    "/api/statistics",
    "/api/cameras/register",
    "/apriltag",
    "/apriltag/",
)
RECORD = {"camera_id": "switch", "timestamp": "2026-03-04T10:00:00", "license_plate": "SW 1"}
MakeApp = Callable[..., Flask]


@pytest.fixture
def make_app(tmp_path: Path) -> Iterator[MakeApp]:
    """`make_app(rest="false")`: an app with this switch so and the others as they are by default."""
    made: list[Flask] = []

    def make(**switches: str) -> Flask:
        environ = {f"HUB_FAST_PATHS_{name.upper()}": value for name, value in switches.items()}
        environ |= {"HUB_APRILTAG_TOKEN": TOKEN, "HUB_VISITS_ENABLED": "false"}  # they would write in between
        made.append(create_app(load(tmp_path / f"hub{len(made)}", {}, environ)))
        return made[-1]

    yield make
    for app in made:
        close(app)


def seen_by_flask(app: Flask) -> list[str]:
    """The paths that Flask routes from now on."""
    paths: list[str] = []

    @app.before_request
    def note() -> None:
        paths.append(request.path)

    return paths


def post_all(app: Flask) -> list[int]:
    headers = {"Authorization": TOKEN}
    return [app.test_client().post(path, json=RECORD, headers=headers).status_code for path in REST]


@pytest.mark.parametrize("switches", [{}, {"rest": "true"}, {"socketio": "false", "commit": "false"}])
def test_rest_is_answered_before_flask(make_app: MakeApp, switches: dict[str, str]) -> None:
    app = make_app(**switches)
    paths = seen_by_flask(app)
    assert post_all(app) == [200] * len(REST)
    assert app.test_client().get("/api/statistics").status_code == 200
    assert paths == []


def test_rest_is_answered_by_flask(make_app: MakeApp) -> None:
    app = make_app(rest="false")
    paths = seen_by_flask(app)
    assert post_all(app) == [200] * len(REST)
    assert app.test_client().get("/api/statistics").status_code == 200
    assert paths == [*REST, "/api/statistics"]


def test_flask_answers_what_has_no_fast_route(make_app: MakeApp) -> None:
    app = make_app(rest="true")
    paths = seen_by_flask(app)
    client = app.test_client()
    posted = ["/api/detection/", "/api/v1/detection", "/api/captures"]
    for path in posted:
        client.post(path, json=RECORD)
    client.get("/api/health")
    client.put("/api/detection")
    client.head("/api/statistics")
    assert paths == [*posted, "/api/health", "/api/detection", "/api/statistics"]


@pytest.mark.parametrize("rest", ["true", "false"])
def test_a_stopping_hub_says_when_to_come_again(make_app: MakeApp, rest: str) -> None:
    app = make_app(rest=rest)
    app.extensions["gatehouse"].writer.close()
    for path in REST[:5]:
        answer = app.test_client().post(path, json={**RECORD, "camera_id": path})
        assert (answer.status, answer.headers["Retry-After"]) == ("503 Service Unavailable", "2")
        assert sorted(answer.headers.keys()) == ["Content-Length", "Content-Type", "Retry-After"]
        assert answer.get_json()["retry_after"] == 2


@pytest.mark.parametrize("rest", ["true", "false"])
def test_a_failure_of_the_hub_is_the_error_body(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, rest: str
) -> None:
    app = make_app(rest=rest)
    monkeypatch.setattr(app.extensions["gatehouse"].bus, "publish", lambda *_: 1 / 0)
    for path in ("/api/data", "/apriltag"):
        answer = app.test_client().post(path, json=RECORD, headers={"Authorization": TOKEN})
        assert answer.status == "500 Internal Server Error"
        assert answer.get_json()["message"].startswith("The hub failed at this request")
        assert sorted(answer.headers.keys()) == ["Content-Length", "Content-Type"]
        assert f"POST {path} failed" in caplog.text
    assert caplog.text.count("ZeroDivisionError") == 2


@pytest.mark.parametrize(("socketio", "decoded"), [("true", 0), ("false", 1)])
def test_socketio(make_app: MakeApp, caplog: pytest.LogCaptureFixture, socketio: str, decoded: int) -> None:
    """python-socketio logs each event that it decodes itself."""
    app = make_app(socketio=socketio)
    hub = app.extensions["gatehouse"]
    client = hub.socketio.test_client(app)
    caplog.set_level(logging.INFO, "socketio.server")
    hub.socketio.server.eio.handlers["message"](client.eio_sid, '2["lpr_data",{"type":"test"}]')
    assert caplog.text.count('received event "lpr_data"') == decoded
    client.disconnect()


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What SQLite runs on every connection that is opened from now on."""
    run: list[str] = []
    connect = sqlite3.connect

    def traced(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection = connect(*args, **kwargs)
        connection.set_trace_callback(run.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced)
    return run


@pytest.mark.parametrize("commit", ["true", "false"])
def test_commit(make_app: MakeApp, statements: list[str], commit: str) -> None:
    """A new record of a known camera is one statement that commits itself, or one of several in a transaction."""
    client = make_app(commit=commit).test_client()
    # After those of the start, which looks for the schema's version and for expired rows.
    assert client.post("/api/data", json={**RECORD, "event_id": "known"}).status_code == 200
    statements.clear()
    for event_id in ("first", "second"):
        assert client.post("/api/data", json={**RECORD, "event_id": event_id}).status_code == 200
    own = [text for text in statements if not text.startswith("--")]  # a trigger's are comments
    before = own[: next(place for place, text in enumerate(own) if "second" in text)]
    assert before.count("BEGIN IMMEDIATE") - before.count("COMMIT") == (0 if commit == "true" else 1)
