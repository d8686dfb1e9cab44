"""The start text: devices' addresses in their order, access notes, warnings and files."""

from __future__ import annotations

from pathlib import Path

from hub import close, create_app
from hub.context import Hub
from hub.http.start_text import start_text
from hub.settings.file import load


def test_addresses_of_open_listeners_in_their_order(tmp_path: Path) -> None:
    settings = load(tmp_path, {"host": "::1", "port": 5000}, {})
    app = create_app(settings)
    try:
        hub: Hub = app.extensions["gatehouse"]
        hub.addresses.update({"images": 3000, "main": 5000, "udp": 5200, "apriltag": 5100, "results": 2020})
        hub.warnings.append("A port is taken.")
        rows = start_text(hub, settings, "http://127.0.0.1:5000/").splitlines()
    finally:
        close(app)
    assert rows[0].endswith(" s. Open http://127.0.0.1:5000/ in a browser.")
    assert rows[2:10] == [
        "Addresses to type into devices:",
        "  ::1",
        "    hub, agents, REST, Socket.IO   http://[::1]:5000",
        "    AprilTag boards and games      ws://[::1]:5100",
        "    capture results                ws://[::1]:2020",
        "    pictures                       http://[::1]:3000/images/NAME",
        "    AprilTag boards over UDP       udp://[::1]:5200",
        "  Devices of other machines wait on http://127.0.0.1:5000/devices until they are let in (docs/access.md).",
    ]
    assert "Warning: A port is taken." in rows and rows[-1] == "Stop with Ctrl-C."
