"""Real hubs on one PostgreSQL database, with the same secrets."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support import stores
from tests.support.helpers import HubProcess

SHARED = ("session_key", "device_token.txt", "apriltag_token")


def share_secrets(folder: Path, instance: Path) -> None:
    """Write the secrets that all hubs of a folder have into an instance folder."""
    instance.mkdir(parents=True, exist_ok=True)
    for name in SHARED:
        kept = folder / name
        if not kept.exists():
            kept.write_text(secrets.token_hex(32))
        (instance / name).write_text(kept.read_text())
        (instance / name).chmod(0o600)


def copy_secrets(of: Path, to: Path) -> None:
    """Give another hub the secrets of one."""
    to.mkdir(parents=True, exist_ok=True)
    for name in SHARED:
        shutil.copy2(of / name, to / name)


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
                if hub.process.poll() is None:
                    hub.stop()


def leader(hub: HubProcess) -> dict[str, Any]:
    """The part `leader` of /status."""
    return hub.get("/status")["leader"]
