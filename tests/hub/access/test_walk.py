"""Every route as every kind of sender, compared with the tables of docs/access.md, which the declarations generate."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from hub import close, create_app
from hub.settings.file import load
from tests.support.access_tables import NO, TOKEN, tables
from tests.support.helpers import ROOT
from tests.support.senders import NETWORKS, SENDERS, KnownTokens, address_of, headers_of

REFUSED = (401, 403)


class UnreadBody:
    """A body that must not be read."""

    def read(self, *_: object) -> bytes:
        raise AssertionError("the body of a refused request was read")

    readline = readlines = readinto = __iter__ = read

    def close(self) -> None:
        """Nothing to close."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    environ = {"HUB_TRUSTED_NETWORKS": NETWORKS, "HUB_ACCESS_LOCAL_ADMIN": "false"}
    app = create_app(load(tmp_path_factory.mktemp("walk") / "instance", {}, environ))
    app.extensions["gatehouse"].gate.add_identifier(KnownTokens())
    yield app
    close(app)


def test_the_page_shows_what_is_declared() -> None:
    code = "import write_access_docs as docs; print(docs.written(), end='')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "tools", capture_output=True, text=True, encoding="utf-8", check=True
    )
    shown = (ROOT / "docs" / "access.md").read_text("utf-8")
    assert shown == done.stdout, "write docs/access.md again with: python tools/write_access_docs.py"


def test_the_tables_have_every_route_socket_and_event(site) -> None:
    hub = site.extensions["gatehouse"]
    shown = tables()
    asked = {(method, path) for name, _ in shown["Requests"] for *methods, path in [name.split()] for method in methods}
    served = {
        (method, rule.rule)
        for rule in site.url_map.iter_rules()
        for method in (rule.methods or {"POST"}) - {"HEAD", "OPTIONS"}
    }
    assert asked == served
    assert {name for name, _ in shown["Raw WebSockets"]} == set(hub.websockets.declared())
    events = set(hub.socketio.server.handlers["/"]) - {"connect"}
    assert {name for name, _ in shown["Socket.IO events"]} == events


@pytest.mark.parametrize("sender", SENDERS)
def test_every_route(site, sender: str) -> None:
    wrong, asked = [], 0
    for name, cells in tables()["Requests"]:
        *methods, rule = name.split()
        for method in (*methods, "HEAD") if "GET" in methods else methods:
            asked += 1
            status = _status(site, sender, method, re.sub("<[^>]+>", "x", rule), cells[sender] == NO)
            allowed = status not in REFUSED
            if cells[sender] == TOKEN:
                allowed = not allowed  # without the token of boards the route itself refuses
            crashed = status >= 500 and (rule, status) != ("/readyz", 503)  # this app has no listener: it is not ready
            if allowed != (cells[sender] != NO) or crashed or (cells[sender] == NO and status == 404):
                wrong.append((method, rule, status, cells[sender]))
    assert wrong == [] and asked > 80


def _status(site: object, sender: str, method: str, path: str, refused: bool) -> int:
    """The status of a request; the body of one that is to be refused cannot be read."""
    body = {"wsgi.input": UnreadBody(), "CONTENT_LENGTH": "10000000"} if refused else {}
    with site.test_client().open(
        path,
        method=method,
        base_url="http://127.0.0.1",
        headers=headers_of(sender),
        environ_base={"REMOTE_ADDR": address_of(sender)},
        environ_overrides=body,
    ) as answer:
        return answer.status_code


@pytest.mark.parametrize("path", ["/nothing", "/api/nothing", "/images/../hub.toml", "/api/captures/x/y", "//", "/%00"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "BREW"])
def test_a_stranger_does_not_learn_what_exists(site, path: str, method: str) -> None:
    assert _status(site, "stranger", method, path, True) == 401
