"""Files of the outbox that belong to no result: kept aside for a person to look at, within a limit."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from agent_lib.outbox.files import remove

log = logging.getLogger(__name__)

_COUNT_SECONDS = 30.0


class Unclaimed:
    """The folder `unclaimed` in the outbox folder, of at most `max_bytes`; the oldest files are given up last."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.folder = folder
        self._max_bytes = max_bytes
        self._counted_at: float | None = None
        self._count = 0

    def keep(self, path: Path) -> bool:
        """Move a file here, never over another one; False (logged) if that fails and it stays where it is."""
        try:
            self.folder.mkdir(exist_ok=True)
            target, number = self.folder / path.name, 1
            while target.exists():
                target, number = self.folder / f"{path.stem}-{number}{path.suffix}", number + 1
            path.rename(target)
        except OSError as error:
            log.warning("%s cannot be moved to %s (%s).", path, self.folder, error)
            return False
        self._counted_at = None
        return True

    def limit(self) -> None:
        """Remove the newest files beyond the limit."""
        files = sorted(((path.stat().st_mtime, path.name, path) for path in self._files()), reverse=True)
        total = sum(path.stat().st_size for _, _, path in files)
        given_up = 0
        while total > self._max_bytes and given_up < len(files):
            path = files[given_up][2]
            total -= path.stat().st_size
            remove(path)
            given_up += 1
        if given_up:
            self._counted_at = None
            log.error(
                "%s is over the limit of %d MB: its newest %d files were deleted. Empty it, or raise max_mb under "
                "[outbox].",
                self.folder,
                self._max_bytes // 1_000_000,
                given_up,
            )

    @property
    def count(self) -> int:
        """Number of files here, counted twice a minute."""
        now = time.monotonic()
        if self._counted_at is None or now - self._counted_at > _COUNT_SECONDS:
            self._count, self._counted_at = len(self._files()), now
        return self._count

    def _files(self) -> list[Path]:
        try:
            return [path for path in self.folder.iterdir() if path.is_file()]
        except FileNotFoundError:
            return []
        except OSError as error:
            log.warning("%s cannot be read (%s).", self.folder, error)
            return []
