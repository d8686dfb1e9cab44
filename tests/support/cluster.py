"""Hubs on one PostgreSQL database and one Redis, with nginx in front of them as `deploy/nginx.conf` has it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.support import stores
from tests.support.far import PROXY, TRUSTING
from tests.support.front import Front
from tests.support.helpers import HubProcess
from tests.support.redis_server import RedisServer, redis_server

SECRETS = ("session_key", "apriltag_token", "device_token.txt", "webhook_secret")
OTHERS = "datname = '{}' AND pid <> pg_backend_pid()"


class Cluster:
    """Two or more hubs and nginx, which trust what nginx says about senders; a context manager.

    `token` is that of devices: nobody who comes through nginx from this machine is trusted by the address. `redis` is
    None where there is no such program.
    """

    def __init__(self, folder: Path, count: int = 2, *, real: bool = False, **environ: str) -> None:
        self.database = f"gatehouse_test_{secrets.token_hex(8)}"
        self.redis = RedisServer(folder / "redis") if redis_server() else None
        shared = {"HUB_STORE_URL": stores.url(self.database), **TRUSTING}
        if self.redis is not None:
            shared["HUB_LIVE_URL"] = self.redis.url
        self.hubs = [HubProcess(folder / f"hub{number}", real=real, **{**shared, **environ}) for number in range(count)]
        self.token = share_secrets(self.hubs)["device_token.txt"]
        self.front = Front(folder / "nginx", self.hubs, PROXY)
        self._stack = ExitStack()

    def __enter__(self) -> Cluster:
        with ExitStack() as stack:
            stores.server(f"CREATE DATABASE {self.database}")
            stack.callback(stores.server, f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")
            if self.redis is not None:
                stack.enter_context(self.redis)
            for hub in self.hubs:
                stack.enter_context(hub)
            stack.enter_context(self.front)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def query(self, statement: str) -> list[Any]:
        """The rows of a statement in the hubs' database."""
        return stores.server(statement, self.database)

    def cut_database(self) -> int:
        """End every connection of the hubs to PostgreSQL; how many there were."""
        rows = self.query(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OTHERS.format(self.database)}"
        )
        return len(rows)

    def database_processes(self) -> list[int]:
        """The processes of PostgreSQL that serve the hubs."""
        return [pid for (pid,) in self.query(f"SELECT pid FROM pg_stat_activity WHERE {OTHERS.format(self.database)}")]


def share_secrets(hubs: Sequence[HubProcess]) -> dict[str, str]:
    """Give hubs that never ran the same secrets (docs/several-hubs.md); the texts by the names of the files."""
    made = {name: secrets.token_hex(32) for name in SECRETS}
    for hub in hubs:
        hub.instance.mkdir(parents=True)
        for name, text in made.items():
            file = hub.instance / name
            file.write_text(text + "\n", "utf-8")
            file.chmod(0o600)
    return made
