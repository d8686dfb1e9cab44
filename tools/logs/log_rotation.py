"""When a log file is set aside and how long old ones are kept, by size, age and number.

A file that is set aside gets the time as suffix: nothing else is renamed, so a file that another program holds open
(Windows then refuses to rename or delete it) costs neither the other files nor a line of the log.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

DAY = 86_400.0
JUMP_SECONDS = 7 * DAY  # a clock that jumps further is not believed: neither age nor deletion
RETRY_SECONDS = 60.0  # after a rename that failed
FACTOR = 4  # times max_bytes, at which a file that cannot be renamed is emptied
OLD_NAME = re.compile(r"\.(\d{1,4}|\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(-\d{1,4})?)")
FIRST_TIME = re.compile(rb"(\d{4}-\d\d-\d\d)[ T]\d\d:\d\d")
HEAD_BYTES = 200


class LogRotation:
    """The policy of one log file. `max_bytes` 0: no limit; `max_days` 0: no age; `keep`: old files at most."""

    def __init__(
        self,
        path: Path,
        max_bytes: int,
        keep: int,
        max_days: int,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._max_bytes, self._keep, self._max_days = path, max_bytes, keep, max_days
        self._now, self._monotonic = now, monotonic
        self._offset = now() - monotonic()  # to notice a jump of the clock
        self._since = self._first_time()
        self._retry_at = self._expire_at = monotonic()

    def _first_time(self) -> float:
        """When the file was begun, to the day: by its first line, else by its last change; now for a new one."""
        try:
            with self._path.open("rb") as file:
                found = FIRST_TIME.search(file.read(HEAD_BYTES))
            if found:
                return time.mktime(time.strptime(found[1].decode(), "%Y-%m-%d"))
            return self._path.stat().st_mtime
        except (OSError, ValueError, OverflowError):
            return self._now()

    @property
    def _plausible(self) -> bool:
        return abs(self._now() - self._monotonic() - self._offset) < JUMP_SECONDS

    def due(self, size: int) -> bool:
        """Whether a file of `size` bytes is to be set aside now."""
        if size == 0 or self._monotonic() < self._retry_at:
            return False
        if self._max_bytes and size >= self._max_bytes:
            return True
        return bool(self._max_days) and self._plausible and self._now() - self._since > self._max_days * DAY

    def must_empty(self, size: int) -> bool:
        """Whether a file that cannot be set aside has become too large to be left alone."""
        return bool(self._max_bytes) and size >= FACTOR * self._max_bytes

    def rotate(self) -> None:
        """Set the file, which must be closed, aside. Raises OSError; it is then left alone for a minute."""
        self._retry_at = self._monotonic() + RETRY_SECONDS
        self._path.replace(self._free_name())
        self._retry_at = self._monotonic()
        self._since = self._now()
        self.expire()

    def _free_name(self) -> Path:
        name = f"{self._path.name}.{time.strftime('%Y-%m-%d_%H-%M-%S', time.localtime(self._now()))}"
        found = self._path.with_name(name)
        for number in range(1, 10_000):
            if not found.exists():
                break
            found = self._path.with_name(f"{name}-{number}")
        return found

    def expire_at_times(self) -> None:
        """Delete what is too old or too much, once a day."""
        if self._monotonic() >= self._expire_at:
            self.expire()

    def expire(self) -> None:
        """Delete old files beyond `keep` and those not written for `max_days`; one that is in use goes later."""
        self._expire_at = self._monotonic() + DAY
        old = sorted(self._old_files(), reverse=True)
        limit = self._now() - self._max_days * DAY if self._max_days and self._plausible else 0.0
        for number, (changed, path) in enumerate(old):
            if number >= self._keep or changed < limit:
                with suppress(OSError):
                    path.unlink()

    def _old_files(self) -> list[tuple[float, Path]]:
        """Old files with the time of their last change."""
        found: list[tuple[float, Path]] = []
        with suppress(OSError):
            for path in self._path.parent.iterdir():
                if path.name.startswith(self._path.name) and OLD_NAME.fullmatch(path.name[len(self._path.name) :]):
                    with suppress(OSError):
                        found.append((path.stat().st_mtime, path))
        return found
