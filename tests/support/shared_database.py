"""Real hubs on one PostgreSQL database, with the same secrets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support import stores
from tests.support.helpers import HubProcess
from tests.support.shared_secrets import share_secrets


@contextmanager
def hubs(folder: Path, count: int = 2, toml: str = "", **environ: str) -> Iterator[list[HubProcess]]:
    """Hubs that have begun, one after the other, with `toml` as hub.toml; the database is dropped at the end."""
    made: list[HubProcess] = []
    with stores.using("postgresql"):
        first = folder / "hub0"
        url = stores.environ(first)["HUB_STORE_URL"]
        try:
            for number in range(count):
                instance = folder / f"hub{number}"
                share_secrets(folder, instance)
                (instance / "hub.toml").write_text(toml, "utf-8")
                made.append(HubProcess(instance, **{"HUB_STORE_URL": url, **environ}).start())
            yield made
        finally:
            for hub in made:
                if hub.process is not None and hub.process.poll() is None:
                    hub.stop()


def leader(hub: HubProcess) -> dict[str, Any]:
    """The part `leader` of /status."""
    return hub.get("/status")["leader"]
