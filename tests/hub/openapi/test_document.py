"""The OpenAPI document: complete, valid in itself, with the role of every route, and open to everybody."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from hub.access.declare import requirement_of
from hub.openapi.components import PREFIX, Components
from hub.openapi.document import build, missing, routes, unknown
from hub.openapi.operation import Answer, Operation, Operations
from hub.openapi.schema import Named, text
from tests.support.helpers import ROOT
from tests.support.senders import STRANGER_ADDRESS

STRANGER = {"REMOTE_ADDR": STRANGER_ADDRESS}


@pytest.fixture
def document(client) -> dict[str, Any]:
    return client.get("/openapi.json").json


def declared_of(app: Flask) -> Operations:
    return Operations.of(app.extensions["gatehouse"].described_in)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for one in value.values():
            yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


def test_every_route_is_described_and_nothing_else(app) -> None:
    declared = declared_of(app)
    assert missing(app, declared) == []
    assert unknown(app, declared) == []


def test_a_route_without_description_is_found(app) -> None:
    app.add_url_rule("/undescribed/<path:name>", "undescribed", lambda name: name, methods=["PUT"])
    declared = declared_of(app)
    assert missing(app, declared) == ["PUT /undescribed/{name}"]
    declared.add({"GET /nowhere": Operation("Pages", {200: Answer("Nothing.")})})
    assert unknown(app, declared) == ["GET /nowhere"]


def test_every_operation_has_the_role_that_its_view_declares(app, document) -> None:
    shown = {(method, path): one for method, path, one in operations(document)}
    asked = 0
    for method, path, rule in routes(app):
        required = requirement_of(app.view_functions[rule.endpoint])
        if required is None:
            assert rule.endpoint == "static" and shown[method, path]["x-role"] == "open"
            continue
        asked += 1
        assert shown[method, path]["x-role"] == required.role.value, path
        assert shown[method, path].get("x-readers", False) == required.readers, path
    assert asked > 80
    assert shown["GET", "/images/{name}"]["x-role"] == "device" and shown["GET", "/images/{name}"]["x-readers"] is True
    assert shown["POST", "/api/accounts"]["x-role"] == "admin"


def test_what_proves_a_role_agrees_with_the_role(document) -> None:
    schemes = document["components"]["securitySchemes"]
    used = set()
    for method, path, one in operations(document):
        names = {name for alternative in one["security"] for name in alternative}
        assert all(len(alternative) == 1 and list(alternative.values()) == [[]] for alternative in one["security"])
        used |= names
        if one["x-role"] == "open":
            asked = {"deviceToken", "deviceKey", "boardToken"} if path.startswith("/apriltag") else set()
        elif one["x-role"] == "device":
            asked = {"deviceToken", "deviceKey"} | ({"session"} if one.get("x-readers") else set())
        else:
            asked = {"session"}
        assert names == asked, (method, path)
    assert used == set(schemes)


def test_the_schemes_are_those_that_the_hub_takes(app, client, document) -> None:
    schemes = document["components"]["securitySchemes"]
    hub = app.extensions["gatehouse"]
    token = hub.settings.device_token_path.read_text("utf-8").strip()
    board = hub.settings.token_path.read_text("utf-8").strip()
    record = {"camera_id": "1", "timestamp": "2026-01-28T10:00:00Z", "ocr_results": ["ABC1234"]}
    assert schemes["deviceToken"]["type"] == "http" and schemes["deviceToken"]["scheme"] == "bearer"
    for headers in ({"Authorization": f"Bearer {token}"}, {schemes["deviceKey"]["name"]: token}):
        answer = client.post("/api/detection", json=record, headers=headers, environ_base=STRANGER)
        assert answer.status_code == 200, headers
    reading = {"tag_id": 5, "x_cm": 1, "timestamp": 60_000}
    for value, status in ((board, 200), ("another", 401)):
        headers = {schemes["boardToken"]["name"]: value}
        assert client.post("/apriltag", json=reading, headers=headers, environ_base=STRANGER).status_code == status
    cookie = app.config["SESSION_COOKIE_NAME"]
    assert (schemes["session"]["in"], schemes["session"]["name"]) == ("cookie", cookie)


def test_the_document_refers_only_to_what_it_has(document) -> None:
    used = set(references(document))
    assert used and all(one.startswith(PREFIX) for one in used)
    assert {one.removeprefix(PREFIX) for one in used} == set(document["components"]["schemas"])


def test_every_operation_can_be_read(document) -> None:
    names, tags = set(), {tag["name"] for tag in document["tags"]}
    for method, path, one in operations(document):
        names.add(one["operationId"])
        assert one["summary"].endswith("."), (method, path)
        assert one["tags"][0] in tags
        described = {parameter["name"] for parameter in one.get("parameters", []) if parameter["in"] == "path"}
        assert described == set(re.findall(r"\{([^}]+)\}", path))
        assert all(answer["description"] for answer in one["responses"].values())
    assert len(names) == len(list(operations(document)))


def test_strangers_may_read_it(client) -> None:
    answer = client.get("/openapi.json", environ_base=STRANGER)
    assert answer.status_code == 200 and answer.content_type == "application/json"
    assert answer.json["openapi"] == "3.1.0"
    page = client.get("/docs", headers={"Accept": "text/html"}, environ_base=STRANGER)
    assert page.status_code == 200 and "/static/docs.js" in page.text
    # The page may load nothing from elsewhere.
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", page.text)
    assert client.get("/api/captures", environ_base=STRANGER).status_code == 401


def test_it_is_made_at_the_first_request_and_sent_once(app, client, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr("hub.openapi.document.build", lambda *given: made.append(given) or build(*given))
    first = client.get("/openapi.json")
    assert len(made) == 1
    again = client.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and again.data == b""
    assert client.get("/openapi.json").data == first.data and len(made) == 1


def test_it_is_sent_compressed_to_those_who_can_read_that(client) -> None:
    plain = client.get("/openapi.json")
    packed = client.get("/openapi.json", headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.data) == plain.data and len(packed.data) < len(plain.data) / 5
    assert packed.headers["ETag"] != plain.headers["ETag"] and packed.headers["Vary"] == "Accept-Encoding"
    assert client.get("/openapi.json", headers={"Accept-Encoding": "gzip;q=0"}).data == plain.data


def test_the_start_imports_no_descriptions(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\n"
        "from hub import close, create_app\n"
        "from hub.settings.file import load\n"
        "app = create_app(load(pathlib.Path(sys.argv[1]), {}, {}))\n"
        "close(app)\n"
        "names = app.extensions['gatehouse'].described_in\n"
        "print([name for name in (*names, 'hub.openapi.document') if name in sys.modules], len(names) > 9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[] True"


def test_two_schemas_of_one_name_are_refused() -> None:
    components = Components()
    components.resolve(Named("One", text()))
    with pytest.raises(ValueError, match="Two schemas have the name One"):
        components.resolve(Named("One", text()))


def test_a_route_is_described_once() -> None:
    declared = Operations()
    declared.add({"GET /x": Operation("Pages", {200: Answer("x")})})
    with pytest.raises(ValueError, match="described twice: GET /x"):
        declared.add({"GET /x": Operation("Pages", {200: Answer("x")})})
