"""What a test of limits finds at each door, compared with the column of docs/limits.md."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.helpers import wait_for
from tests.support.limit_doors import Datagrams, LimitHub, Polling, SocketIo, shown
from tests.support.limit_tables import cells

POLLING, SOCKET_IO, DATAGRAM = "Socket.IO by polling", "Socket.IO by WebSocket", "datagram"
ENGINE: dict[str, type[Polling | SocketIo]] = {POLLING: Polling, SOCKET_IO: SocketIo}


def differences(column: str, found: Callable[[str, str], str]) -> list[tuple[str, str, str]]:
    """Door, cell and what happened instead; `found(door, cell)` is asked where the cell is no dash."""
    wrong = []
    for door, cell in cells(column):
        observed = found(door, cell) if cell != "-" else cell
        if observed != cell:
            wrong.append((door, cell, observed))
    return wrong


def ignored_datagram(hub: LimitHub, reason: str, *datagrams: bytes) -> str:
    """What becomes of datagrams that the hub counts as ignored for this reason."""
    before = shown(hub, "/status")["udp"]["ignored"].get(reason, 0)
    with Datagrams(hub) as sock:
        for data in datagrams:
            sock.send(data)
        wait_for(lambda: shown(hub, "/status")["udp"]["ignored"].get(reason, 0) > before, what=reason)
    return "ignored"


def ignored(hub: LimitHub, reason: str) -> int:
    """Messages of boards that were ignored for a reason with these words."""
    counts = shown(hub, "/status")["apriltag"]["ignored"]
    return sum(count for key, count in counts.items() if reason in key)
