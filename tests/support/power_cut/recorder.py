"""A program under recorder.c: everything that it writes below a folder is recorded, in order."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

from tests.support.helpers import ROOT
from tests.support.native import compile_library

SOURCE = Path(__file__).with_name("recorder.c")
HEADER = struct.Struct(
    "<2sccIIIQQ"
)  # as in recorder.c: magic, kind, flag, lengths of path, path2 and data, inode, number


def acknowledge(data: bytes) -> None:
    """Record a promise from within a recorded program."""
    handle = os.open(os.environ["POWER_CUT_LOG"], os.O_WRONLY | os.O_APPEND)
    try:
        os.write(handle, HEADER.pack(b"PC", b"A", b"\0", 0, 0, len(data), 0, 0) + data)
    finally:
        os.close(handle)


class Recorder:
    """Records what processes with `environ` write below `root`; `acknowledge` puts a mark between their records."""

    def __init__(self, root: Path, log: Path, flush_ms: float = 0.0, fail_every: int = 0) -> None:
        """What lies in `root` is recorded first. flush_ms: how long a flush takes.

        fail_every: one flush of so many fails, on average; 0: none.
        """
        self.root, self.log = root.resolve(), log
        self.root.mkdir(parents=True, exist_ok=True)
        self._handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for path in (self.root, *sorted(self.root.rglob("*"))):
            data = b"" if path.is_dir() else path.read_bytes()
            self._record(b"J" if path.is_dir() else b"I", data, str(path), path.stat().st_ino)
        self.environ = {
            "LD_PRELOAD": str(compile_library(SOURCE)),
            "POWER_CUT_ROOT": str(self.root),
            "POWER_CUT_LOG": str(log),
            "POWER_CUT_FLUSH_US": str(int(flush_ms * 1000)),
            "POWER_CUT_FAIL_EVERY": str(fail_every),
        }

    def acknowledge(self, data: bytes) -> None:
        """Record that the program promised `data`; before a record that follows it was written."""
        self._record(b"A", data)

    def _record(self, kind: bytes, data: bytes, path: str = "", inode: int = 0) -> None:
        name = path.encode("utf-8", "surrogateescape")
        os.write(self._handle, HEADER.pack(b"PC", kind, b"\0", len(name), 0, len(data), inode, 0) + name + data)

    def run(self, *command: str, timeout: float = 60.0) -> None:
        """Run a Python program to its end; it may call `acknowledge` of this module. Raises CalledProcessError."""
        subprocess.run(
            [sys.executable, *command], cwd=ROOT, env={**os.environ, **self.environ}, check=True, timeout=timeout
        )

    def close(self) -> None:
        os.close(self._handle)
