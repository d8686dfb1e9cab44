"""Several real hubs on one PostgreSQL database and one Redis."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from tests.support import stores
from tests.support.helpers import HubProcess, wait_for
from tests.support.shared_secrets import share_secrets

REDIS = "redis://127.0.0.1:6379/0"
Hub = TypeVar("Hub", bound=HubProcess)
NO_REDIS = "needs Redis at 127.0.0.1:6379"


def has_redis() -> bool:
    """Whether a Redis answers at REDIS."""
    try:
        with socket.create_connection(("127.0.0.1", 6379), 1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(5) == b"+PONG"
    except OSError:
        return False


@contextmanager
def hubs(folder: Path, redis_url: str, count: int = 2, **environ: str) -> Iterator[list[HubProcess]]:
    """Hubs on one database with the same secrets, started; the database is dropped at the end."""
    name = stores.new_database()
    made = [one_hub(folder, index, name, redis_url, **environ) for index in range(count)]
    try:
        for hub in made:
            hub.start()
        yield made
    finally:
        for hub in made:
            if hub.process is not None and hub.process.poll() is None:
                hub.stop()
        stores.server(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def one_hub(
    folder: Path,
    index: int,
    database: str,
    redis_url: str,
    *,
    kind: Callable[..., Hub] = HubProcess,  # type: ignore[assignment]  # a default of a type variable
    **environ: str,
) -> Hub:
    """A hub that is not started yet. Hubs of one folder have the same secrets and the same prefix in Redis."""
    instance = folder / f"hub{index}"
    instance.mkdir()  # new: no hub of another test is meant
    share_secrets(folder, instance)
    live = {"HUB_STORE_URL": stores.url(database), "HUB_LIVE_URL": redis_url, "HUB_LIVE_PREFIX": prefix(folder)}
    return kind(instance, **{**live, "HUB_STORE_SYNCHRONOUS": "NORMAL", **environ})


def prefix(folder: Path) -> str:
    """The prefix of the hubs of a folder in Redis."""
    stored = folder / "prefix"
    if not stored.exists():
        stored.write_text(f"gatehouse-test-{secrets.token_hex(6)}")
    return stored.read_text()


def live(hub: HubProcess) -> dict[str, Any]:
    """The part `live` of /status."""
    return hub.get("/status")["live"]


def know_each_other(*some: HubProcess) -> None:
    """Wait until every hub knows the others."""
    for hub in some:
        wait_for(lambda hub=hub: len(live(hub)["hubs"]) == len(some) - 1, what="the hubs' knowing each other")
