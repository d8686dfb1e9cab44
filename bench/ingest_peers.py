"""The servers of bench/ingest.py, each over a temporary folder, and what their databases have stored."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import requests

from tests.support import stores
from tests.support.helpers import HubProcess, free_ports, wait_for

FOLDER = Path(__file__).resolve().parent / "peers" / "node"


class Peer(Protocol):
    """A server that is measured."""

    name: str
    port: int
    raw_port: int  # of raw WebSocket
    pid: int

    def __init__(self) -> None: ...

    def __enter__(self) -> Peer: ...

    def __exit__(self, *_: object) -> None: ...

    def stored(self) -> int:
        """How many records the database has."""

    def missing(self, ids: set[bytes], pictured: bool) -> int:
        """How many of these records the database has not, and how many it has without their picture."""


class HubPeer:
    """The hub over a temporary folder."""

    name = "hub"
    store = "sqlite"

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._using = stores.using(self.store)
        self._using.__enter__()
        self._hub = HubProcess(Path(self._folder.name) / "instance")

    def __enter__(self) -> HubPeer:
        self._hub.start()
        self.port, self.raw_port, self.pid = self._hub.port, self._hub.side["lpr"], self._hub.process.pid
        return self

    def __exit__(self, *_: object) -> None:
        self._hub.stop()
        self._using.__exit__(None, None, None)
        self._folder.cleanup()

    def stored(self) -> int:
        return self._rows("SELECT count(*) FROM lpr_records")[0][0]

    def missing(self, ids: set[bytes], pictured: bool) -> int:
        rows = dict(self._rows("SELECT id, picture_bytes FROM lpr_records"))
        found = [rows.get(name.decode()) for name in ids]
        return sum(size is None or (pictured and not size) for size in found)

    def _rows(self, statement: str) -> list[Any]:
        return _read(self._hub.instance / "hub.db", statement)


class PostgresPeer(HubPeer):
    """The hub over a database of its own at the PostgreSQL server of this machine."""

    name = "pg"
    store = "postgresql"

    def _rows(self, statement: str) -> list[Any]:
        return stores.server(statement, stores.database(self._hub.instance))


class NodePeer:
    """`node bench/peers/node/server.js` over a temporary folder; its npm packages are installed at first use."""

    name = "node"

    def __init__(self) -> None:
        if shutil.which("node") is None or shutil.which("npm") is None:
            sys.exit("node and npm are needed for --against node; install Node.js 20 or newer.")
        if not (FOLDER / "node_modules").is_dir():
            print("Installing the peer's packages with npm ...", file=sys.stderr, flush=True)
            subprocess.run(
                ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"],
                cwd=FOLDER,
                check=True,
            )
        self._folder = tempfile.TemporaryDirectory()
        self._database = Path(self._folder.name) / "peer.db"

    def __enter__(self) -> NodePeer:
        self.port = self.raw_port = free_ports(1)[0]
        self._process = subprocess.Popen(["node", "server.js", str(self.port), str(self._database)], cwd=FOLDER)
        self.pid = self._process.pid
        wait_for(self._up, 20, "the peer's being ready")
        return self

    def _up(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/api/statistics", timeout=1).ok
        except requests.ConnectionError:
            return False

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)
        self._folder.cleanup()

    def stored(self) -> int:
        return _read(self._database, "SELECT count(*) FROM records")[0][0]

    def missing(self, ids: set[bytes], pictured: bool) -> int:
        rows = dict(
            _read(self._database, "SELECT id, length(data) FROM records LEFT JOIN pictures ON record_seq = seq")
        )
        found = [rows.get(name.decode(), -1) for name in ids]
        return sum(size == -1 or (pictured and not size) for size in found)


def _read(database: Path, statement: str) -> list[Any]:
    """The rows of a statement, by a connection of its own: they are committed."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(statement).fetchall()
