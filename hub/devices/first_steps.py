"""The page of first steps: what to type into each kind of device, with the addresses and ports of this hub."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from flask import Blueprint, Response

from hub.access.declare import role
from hub.access.networks import is_address, is_loopback
from hub.context import Hub
from hub.contract.roles import Role
from hub.http.answers import current_hub, reader_host
from hub.http.page import page
from hub.http.start_text import EVERY_NETWORK
from hub.net.own_addresses import network_addresses
from hub.settings.file import FILE_NAME

first_steps = Blueprint("first_steps", __name__)

PREFIX = 24  # bits of the network that is proposed: that of most sites


@dataclass(frozen=True)
class Own:
    """An address of this machine and the network that it is probably in."""

    address: str
    network: str


@first_steps.get("/first-steps")
@role(Role.VIEWER)
def show() -> Response:
    """What to do to connect a first device of each kind; what is tested comes from /api/devices/overview."""
    return page("first_steps.html", **facts(current_hub(), reader_host()))


def facts(hub: Hub, host: str) -> dict[str, Any]:
    """What the page says of this hub. `host`: the name by which the reader has reached it."""
    settings = hub.settings
    only_here = settings.host not in EVERY_NETWORK and (settings.host == "localhost" or is_loopback(settings.host))
    main = hub.addresses.get("main", settings.port)
    return {
        "own": own_addresses(settings.host, host),
        "only_here": only_here,
        "listens_on": settings.host,
        "networks": settings.trusted_networks,
        "settings_file": str(settings.instance.resolve() / FILE_NAME),
        "tls": settings.uses_tls,
        "http": "https" if settings.uses_tls else "http",
        "ws": "wss" if settings.uses_tls else "ws",
        "ports": {name: hub.addresses.get(name, main) for name in ("main", "lpr", "apriltag")},
        "udp": hub.addresses.get("udp"),
        "board_token_file": settings.token_path.name,
        "device_token_file": settings.device_token_path.name,
    }


def own_addresses(listens_on: str, host: str) -> list[Own]:
    """The addresses to type into devices: the one by which the reader came first, loopback only where it is alone."""
    found = network_addresses() if listens_on in EVERY_NETWORK else [listens_on]
    outside = [address for address in found if not is_loopback(address)] or found
    host = host.strip("[]")
    if host in outside:
        outside = [host, *(address for address in outside if address != host)]
    return [Own(address, _network(address)) for address in outside]


def _network(address: str) -> str:
    if not is_address(address) or ip_address(address).version != 4 or is_loopback(address):
        return "192.168.1.0/24"
    return str(ip_network(f"{address}/{PREFIX}", strict=False))
