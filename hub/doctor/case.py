"""What the doctor examines: an instance folder with its settings, and the hub that runs on it."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from hub.settings.model import Settings
from hub.store.instance_lock import FILE_NAME as LOCK_FILE

READY_FILE = "hub.ready.json"
SLACK_SECONDS = 2.0  # between the clocks of processes and of files
EVERYWHERE = ("0.0.0.0", "::", "")


@dataclass(frozen=True)
class Running:
    """The hub that runs: its process, and its open ports by listener."""

    pid: int
    ports: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """The settings of the folder, and the hub that runs on it; None where none does."""

    settings: Settings
    running: Running | None

    @property
    def folder(self) -> Path:
        """The instance folder."""
        return self.settings.instance

    @property
    def url(self) -> str:
        """The address of the running hub for programs of this machine."""
        host = "127.0.0.1" if self.settings.host in EVERYWHERE else self.settings.host
        port = self.running.ports.get("main", self.settings.port) if self.running else self.settings.port
        return f"{self.settings.scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    def database(self) -> sqlite3.Connection:
        """A connection that only reads. Raises sqlite3.Error.

        SQLite wants to make a file beside the database; on a full disk the database is read as it is, where nothing
        waits in its WAL.
        """
        path = self.settings.database_path.resolve()
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError:
            connection.close()
            wal = path.with_name(f"{path.name}-wal")
            if self.running is not None or (wal.exists() and wal.stat().st_size):
                raise
            return sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
        except sqlite3.Error:
            connection.close()
            raise
        return connection


def running_hub(folder: Path) -> Running | None:
    """The hub that runs on a folder, by the files that it writes; a number that another process has now is none."""
    for name in (READY_FILE, LOCK_FILE):  # the first one cannot be written on a full disk
        try:
            path = folder / name
            found = json.loads(path.read_text("utf-8"))
            pid, ports = int(found["pid"]), _ports(found)
            began = psutil.Process(pid).create_time()
            if began <= path.stat().st_mtime + SLACK_SECONDS:
                return Running(pid, ports)
        except (OSError, ValueError, KeyError, TypeError, psutil.Error):
            continue
    return None


def _ports(found: dict[str, Any]) -> dict[str, int]:
    if "ports" in found:
        return {str(name): int(port) for name, port in found["ports"].items()}
    return {"main": int(found["port"])} if found["port"] else {}
