"""Write the tables of docs/access.md from the roles that routes, sockets, events and messages declare."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from flask import Flask

from hub import close, create_app
from hub.access.declare import requirement_of
from hub.apriltag.access import BOARD_MESSAGES, READING_PATHS, SOCKET_MESSAGES
from hub.contract.roles import (
    ADMIN_ROLES,
    DEVICE_ROLES,
    OPEN,
    OPERATOR_ROLES,
    STRANGER_ROLES,
    UNDECLARED,
    VIEWER_ROLES,
    Requirement,
    Role,
)
from hub.settings.file import load

PAGE = ROOT / "docs" / "access.md"
BEGIN, END = "<!-- written by tools/write_access_docs.py -->", "<!-- end of what it writes -->"
SENDERS = {
    "stranger": STRANGER_ROLES,
    "network": DEVICE_ROLES,
    "device": DEVICE_ROLES,
    "viewer": VIEWER_ROLES,
    "operator": OPERATOR_ROLES,
    "admin": ADMIN_ROLES,
}
YES, NO, TOKEN = "yes", "no", "token"
"""Cells; `token`: the gate lets the request pass, and the route asks for the token of boards."""


class Row(NamedTuple):
    """One line: what is asked for, the role that it requires, and a cell for each of SENDERS."""

    methods: str
    name: str
    role: str
    cells: tuple[str, ...]


def row(methods: str, name: str, required: Requirement) -> Row:
    """The line of a declared requirement."""
    principals = SENDERS.values()
    allowed = [required.role in roles or (required.readers and Role.VIEWER in roles) for roles in principals]
    return Row(methods, name, required.role.value, tuple(YES if one else NO for one in allowed))


def routes(app: Flask) -> list[Row]:
    """Every route; methods of one path with one role share a line."""
    found: dict[tuple[str, Requirement], set[str]] = {}
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        required = OPEN if rule.endpoint == "static" else requirement_of(view) or UNDECLARED
        methods = {"POST"} if rule.methods is None else rule.methods - {"HEAD", "OPTIONS"}
        found.setdefault((rule.rule, required), set()).update(methods)
    lines = [row(" ".join(sorted(methods)), path, required) for (path, required), methods in found.items()]
    tokens = tuple(YES if name == "device" else TOKEN for name in SENDERS)
    return sorted(
        (line._replace(cells=tokens) if line.name in READING_PATHS else line for line in lines),
        key=lambda line: (line.name, line.methods),
    )


def sockets(app: Flask) -> list[Row]:
    """Every raw WebSocket, by its path or by port and path."""
    declared = app.extensions["gatehouse"].websockets.declared()
    return [row("", name, required) for name, required in sorted(declared.items())]


def events(app: Flask) -> list[Row]:
    """Every Socket.IO event."""
    declared = app.extensions["gatehouse"].event_access.declared
    return [row("", name, required) for name, required in sorted(declared.items())]


def messages() -> list[Row]:
    """Messages on the open WebSockets of boards and games, and datagrams."""
    lines = [row("", name, required) for name, required in SOCKET_MESSAGES.items()]
    of_board = [Row("", name, Role.DEVICE.value, _only("device")) for name in BOARD_MESSAGES]
    return [*lines, *of_board, Row("", "datagram of a board", Role.DEVICE.value, _only("network", "device"))]


def _only(*allowed: str) -> tuple[str, ...]:
    return tuple(YES if name in allowed else NO for name in SENDERS)


def tables(app: Flask) -> str:
    """The text between the two marks."""
    return "\n".join(
        (
            "### Requests\n",
            _table("request", routes(app)),
            "### Raw WebSockets\n",
            _table("port and path, or path on every port", sockets(app)),
            "### Socket.IO events\n",
            _table("event", events(app)),
            "### Messages of boards and games\n",
            _table("message", messages()),
        )
    )


def _table(title: str, lines: Iterable[Row]) -> str:
    text = f"| {title} | role | {' | '.join(SENDERS)} |\n|{'---|' * (len(SENDERS) + 2)}\n"
    for line in lines:
        name = f"`{line.methods} {line.name}`" if line.methods else f"`{line.name}`"
        text += f"| {name} | {line.role} | {' | '.join(line.cells)} |\n"
    return text


def page(old: str, app: Flask) -> str:
    """The page with new tables between its marks."""
    before, rest = old.split(BEGIN)
    return f"{before}{BEGIN}\n\n{tables(app)}\n{END}{rest.split(END)[1]}"


def written() -> str:
    """The whole page as it should be."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(load(Path(folder) / "instance", {}, {}))
        try:
            return page(PAGE.read_text("utf-8"), app)
        finally:
            close(app)


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
