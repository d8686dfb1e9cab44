"""The text that the hub prints at its start: addresses to type into devices; where settings, data and log are."""

from __future__ import annotations

import os
import time

import psutil

from hub.context import Hub
from hub.net.device_address import DeviceAddress
from hub.net.own_addresses import network_addresses
from hub.settings.file import FILE_NAME
from hub.settings.model import Settings

MAIN = DeviceAddress("main", "hub, agents, REST, Socket.IO", "http")
EVERY_NETWORK = ("0.0.0.0", "::")


def start_text(hub: Hub, settings: Settings, url: str) -> str:
    """The start text of a hub that listens. `url`: its address for a browser of this machine, with a final "/"."""
    hosts = network_addresses() if settings.host in EVERY_NETWORK else [settings.host]
    seconds = time.time() - psutil.Process().create_time()
    rows = [
        f"Gatehouse hub: ready after {seconds:.1f} s. Open {url} in a browser.",
        "",
        "Addresses to type into devices:",
    ]
    for host in hosts:
        rows += [f"  {host}", *_device_rows(hub, host, settings.uses_tls)]
    if any(host != "127.0.0.1" for host in hosts):
        rows.append(f"  {_who_is_served(settings, url)}")
    for note in hub.start_notes:
        rows += ["", note]
    rows += [f"Warning: {text}" for text in hub.warnings]
    rows += [
        "",
        f"Settings  {settings.instance.resolve() / FILE_NAME}",
        f"Data      {_data(hub, settings)}",
        f"Log       {settings.log_path.resolve()}",
        *hub.start_paths,
        "Stop with Ctrl-C.",
    ]
    return "\n".join(rows)


def _data(hub: Hub, settings: Settings) -> str:
    """Where records and pictures are."""
    if settings.store.url:
        return hub.backend.address
    return f"{settings.database_path.resolve()} and {settings.images_path.resolve()}{os.sep}"


def _who_is_served(settings: Settings, url: str) -> str:
    """One sentence on who may use the hub from other machines."""
    page = f"{url}devices"
    if settings.trusted_networks:
        networks = ", ".join(settings.trusted_networks)
        return f"Devices of {networks} are served as they are; others wait on {page} until they are let in."
    return f"Devices of other machines wait on {page} until they are let in (docs/access.md)."


def _device_rows(hub: Hub, host: str, tls: bool) -> list[str]:
    """A row for each open listener that devices connect to."""
    addresses = [MAIN, *sorted(hub.device_addresses, key=lambda address: address.position)]
    return [
        f"    {address.description:<30} {address.url(host, hub.addresses[address.listener], tls)}"
        for address in addresses
        if address.listener in hub.addresses
    ]
