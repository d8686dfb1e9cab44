"""Hubs on one PostgreSQL database and one Redis, with nginx in front of them as `deploy/nginx.conf` has it."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.support import stores
from tests.support.far import PROXY, TRUSTING
from tests.support.front import Front
from tests.support.hubs import one_hub
from tests.support.redis_server import RedisServer

OTHERS = "datname = '{}' AND pid <> pg_backend_pid()"


class Cluster:
    """Two or more hubs and nginx, which trust what nginx says about senders; a context manager.

    `token` is that of devices: nobody who comes through nginx from this machine is trusted by the address. `redis` is
    None where there is no such program.
    """

    def __init__(self, folder: Path, count: int = 2, *, real: bool = False, **environ: str) -> None:
        self.database = stores.new_database()
        self.redis = RedisServer(folder) if shutil.which("redis-server") else None
        live = "" if self.redis is None else self.redis.url
        settings: dict[str, Any] = {**TRUSTING, "HUB_STORE_SYNCHRONOUS": "FULL", "real": real, **environ}
        folder.mkdir(parents=True, exist_ok=True)
        self.hubs = [one_hub(folder, number, self.database, live, **settings) for number in range(count)]
        self.token = (folder / "device_token.txt").read_text("utf-8").strip()
        self.front = Front(folder / "nginx", self.hubs, PROXY)
        self._stack = ExitStack()

    def __enter__(self) -> Cluster:
        with ExitStack() as stack:
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
