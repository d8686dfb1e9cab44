"""Hubs on one PostgreSQL database, with nginx in front of them as `deploy/nginx.conf` has it."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from pathlib import Path

import requests

from tests.support import stores
from tests.support.far import PROXY, TRUSTING
from tests.support.front import Front
from tests.support.helpers import HubProcess


class Cluster:
    """Two or more hubs and nginx, which trust what nginx says about senders; a context manager.

    `token` is that of a device: nobody who comes through nginx from this machine is trusted by the address.
    """

    def __init__(self, folder: Path, count: int = 2, **environ: str) -> None:
        self.database = f"gatehouse_test_{secrets.token_hex(8)}"
        environ = {"HUB_STORE_URL": stores.url(self.database), **TRUSTING, **environ}
        self.hubs = [HubProcess(folder / f"hub{number}", **environ) for number in range(count)]
        self.front = Front(folder / "nginx", self.hubs, PROXY)
        self.token = ""
        self._stack = ExitStack()

    def __enter__(self) -> Cluster:
        with ExitStack() as stack:
            stores.server(f"CREATE DATABASE {self.database}")
            stack.callback(stores.server, f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")
            first, *others = self.hubs
            stack.enter_context(first)
            self.token = made_token(first)
            for hub in others:
                stack.enter_context(hub)
            stack.enter_context(self.front)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def made_token(hub: HubProcess) -> str:
    """A token for devices."""
    answer = requests.post(f"{hub.url}/api/access/tokens", json={"name": "a device"}, timeout=10)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])
