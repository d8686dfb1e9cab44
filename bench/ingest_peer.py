"""The Node.js peer as a process for bench/ingest.py."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import requests

from tests.support.helpers import free_ports, wait_for

FOLDER = Path(__file__).resolve().parent / "peers" / "node"


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

    def __enter__(self) -> NodePeer:
        self.port = self.raw_port = free_ports(1)[0]
        self._process = subprocess.Popen(
            ["node", "server.js", str(self.port), str(Path(self._folder.name) / "peer.db")], cwd=FOLDER
        )
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
        return requests.get(f"http://127.0.0.1:{self.port}/api/statistics", timeout=30).json()["data"][
            "total_detections"
        ]
