"""Whether the ports are the hub's: open where it runs, free where it does not."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from hub.doctor.case import Case
from hub.doctor.finding import Check, Finding, fail, ok, warn
from hub.net.ports import describe_bind_error, port_owner


def check(case: Case) -> Iterator[Finding]:
    """Look at each port of the settings."""
    good = []
    for name in case.settings.wanted_listeners:
        port, kind = _port(case, name), "udp" if name == "udp" else "tcp"
        shown = f"{name} {port}"
        if case.running is not None:
            if name in case.running.ports:
                good.append(f"{name} {case.running.ports[name]}")
            else:
                owner = port_owner(port, kind) or "another program, or by nobody"
                yield warn(f"The hub runs without its port {shown}; it is held by {owner}. {_step(name)}")
            continue
        reason = _taken(case.settings.host, port, kind)
        if not reason:
            good.append(shown)
        elif name == "main":
            yield fail(f"{reason}: the hub cannot start. Stop that program, or set another port in hub.toml.")
        else:
            yield warn(f"{reason}. {_step(name)}")
    if good:
        yield ok(f"{'Open' if case.running is not None else 'Free'}: {', '.join(good)}.")


def _port(case: Case, name: str) -> int:
    settings = case.settings
    return {"main": settings.port, "udp": settings.apriltag.udp_port, **settings.side_ports}[name]


def _step(name: str) -> str:
    section = "apriltag.udp_port" if name == "udp" else f"{name}.port"
    return f"Stop that program and start the hub again, or set {section} in hub.toml, to 0 where nothing uses it."


def _taken(host: str, port: int, kind: str) -> str:
    """Why a port cannot be opened; "" where it can."""
    try:
        family = socket.getaddrinfo(host, port)[0][0]
        with socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM) as tried:
            if kind == "tcp" and hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            elif kind == "tcp":
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((host, port))
            if kind == "tcp":
                tried.listen(1)
    except OSError as error:
        return describe_bind_error(error, host, port, kind)
    return ""


CHECK = Check("ports", check)
