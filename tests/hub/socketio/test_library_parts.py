"""What `hub.socketio.internals` uses of its two libraries is there: versions, attributes, signatures."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import engineio
import engineio.socket
import pytest
import socketio
from engineio.packet import Packet

from hub.socketio import internals
from tests.support.helpers import ROOT


@pytest.mark.parametrize("package", ["python-socketio", "python-engineio"])
def test_the_installed_version_is_the_pinned_one(package: str) -> None:
    assert f"{package}=={version(package)}" in (ROOT / "requirements.txt").read_text("utf-8").splitlines()


def test_only_two_modules_import_the_libraries() -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "hub").rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if line.startswith(("import engineio", "from engineio", "import socketio", "from socketio"))
    }
    assert users == {str(Path("hub/socketio/internals.py")), str(Path("hub/socketio/sessions.py"))}


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (engineio.socket.Socket.send, ["self", "pkt"]),
        (engineio.socket.Socket.close, ["self", "wait", "abort", "reason"]),
        (engineio.socket.Socket.handle_post_request, ["self", "environ"]),
        (engineio.socket.Socket.receive, ["self", "pkt"]),
        (engineio.socket.Socket._websocket_handler, ["self", "ws"]),
        (engineio.Server.create_queue, ["self", "args", "kwargs"]),
        (socketio.Server._handle_event_internal, ["self", "server", "sid", "eio_sid", "data", "namespace", "id"]),
        (engineio.Server.on, ["self", "event", "handler"]),
        (Packet.__init__, ["self", "packet_type", "data", "encoded_packet"]),
        (socketio.Manager.get_participants, ["self", "namespace", "room"]),
        (socketio.Manager.sid_from_eio_sid, ["self", "eio_sid", "namespace"]),
        (socketio.Manager.is_connected, ["self", "sid", "namespace"]),
        (socketio.Server.start_background_task, ["self", "target", "args", "kwargs"]),
    ],
    ids=lambda value: getattr(value, "__qualname__", ""),
)
def test_signatures(function: Callable[..., Any], parameters: list[str]) -> None:
    assert list(inspect.signature(function).parameters) == parameters


def test_the_poll_that_the_hub_replaces() -> None:
    source = inspect.getsource(engineio.socket)
    assert source.count("    def poll(self):\n") == 1 and source.count("packets = self.poll()\n") == 2
    assert list(inspect.signature(internals._poll).parameters) == ["self"]


def test_the_methods_that_the_hub_replaces() -> None:
    source = inspect.getsource(engineio.socket)
    for method in (
        "send(self, pkt)",
        "close(self, wait=True, abort=False, reason=None)",
        "handle_post_request(self, environ)",
        "schedule_ping(self)",
        "_websocket_handler(self, ws)",
    ):
        assert source.count(f"    def {method}:\n") == 1
    assert source.count("self.server._async['websocket'](\n            self._websocket_handler, self.server)") == 1
    assert source.count("ws.wait()") == 1 and source.count("self.queue.put(") == 5


def test_the_attributes_that_the_hub_reads(app: Any) -> None:
    server = app.extensions["gatehouse"].socketio.server
    assert isinstance(server, socketio.Server) and isinstance(server.eio, engineio.Server)
    assert server.eio.async_mode == "gevent" and isinstance(server.manager, socketio.Manager)
    for holder, name in ((server.eio, "sockets"), (server.eio, "handlers"), (server, "environ")):
        assert getattr(holder, name) == {} or name == "handlers"
    assert server._binary_packet == {} and {"message", "disconnect"} <= server.eio.handlers.keys()
    assert {"queue", "websocket"} <= server.eio._async.keys()
