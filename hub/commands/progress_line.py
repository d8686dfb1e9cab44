"""One line of progress on the screen of a long command; nothing where the output is a file."""

from __future__ import annotations

import sys


class ProgressLine:
    """Call it with (what is done, bytes that were done, bytes in all); `end` clears the line."""

    def __init__(self) -> None:
        self._shown = 0

    def __call__(self, phase: str, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            return
        percent = f" {min(100, 100 * done // total)} %" if total else ""
        text = f"{phase} ...{percent}"
        print(f"\r{text:<{self._shown}}", end="", file=sys.stderr, flush=True)
        self._shown = len(text)

    def end(self) -> None:
        """Clear the line."""
        if self._shown:
            print(f"\r{'':<{self._shown}}\r", end="", file=sys.stderr, flush=True)
            self._shown = 0
