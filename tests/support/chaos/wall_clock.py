"""The wall clock of other processes, which a test sets (wall_clock.c)."""

from __future__ import annotations

import struct
from pathlib import Path

from tests.support.native import compile_library

SOURCE = Path(__file__).with_name("wall_clock.c")


class WallClock:
    """Processes started with `environ` have a wall clock that is `set` seconds ahead; their monotonic clock is true."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "wall_clock"
        self._path.write_bytes(bytes(8))
        self.environ = {"LD_PRELOAD": str(compile_library(SOURCE)), "WALL_CLOCK_FILE": str(self._path)}

    def set(self, ahead: int) -> None:
        """Set the clock so many seconds ahead of the true time; negative: back."""
        with self._path.open("r+b") as file:
            file.write(struct.pack("<q", ahead))
