"""The open video sources: one process for all users of the same one, and a limit of sources."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from gevent.event import AsyncResult

from hub.vision.capture.errors import CLOSED, SourceError
from hub.vision.capture.source import VideoSource

log = logging.getLogger(__name__)


@dataclass
class _Shared:
    """A source with its users; `opened` has True, or raises why it could not be opened."""

    key: str
    target: int | str
    source: VideoSource
    users: int = 0
    opened: AsyncResult[bool] = field(default_factory=AsyncResult)


class Sources:
    """Opens each source once. A source that has ended or failed is opened again for the next user."""

    def __init__(self, max_sources: int, open_seconds: float) -> None:
        self._max_sources, self._open_seconds = max_sources, open_seconds
        self._shared: list[_Shared] = []
        self._closed = False

    def __len__(self) -> int:
        return len(self._shared)

    @contextmanager
    def use(self, key: str, target: int | str) -> Iterator[VideoSource]:
        """The open source while the block runs. Raises SourceError where it cannot be opened."""
        source = self.acquire(key, target)
        try:
            yield source
        finally:
            self.release(source)

    def acquire(self, key: str, target: int | str) -> VideoSource:
        """The open source of this key, opened for the first user; each needs a `release`. Raises SourceError."""
        if self._closed:
            raise SourceError.of(CLOSED)
        shared = self._find(key, target)
        if shared is not None:
            shared.users += 1
            try:
                shared.opened.get()
            except BaseException:
                self._leave(shared)
                raise
            return shared.source
        if len(self._shared) >= self._max_sources:
            raise SourceError(
                f"{self._max_sources} video sources are open already; close one, or raise tracking.max_sources."
            )
        shared = _Shared(key, target, VideoSource(target, self._open_seconds), users=1)
        self._shared.append(shared)
        try:
            shared.source.open()
        except BaseException as error:
            shared.opened.set_exception(error if isinstance(error, SourceError) else SourceError.of(CLOSED))
            self._leave(shared)
            raise
        shared.opened.set(True)
        return shared.source

    def release(self, source: VideoSource) -> None:
        """End the use of a source; the last user closes it."""
        for shared in self._shared:
            if shared.source is source:
                self._leave(shared)
                return

    def close(self) -> None:
        """Close every source; their users get SourceError."""
        self._closed = True
        for shared in list(self._shared):
            shared.source.close()

    def status(self) -> list[dict[str, Any]]:
        """One row for each open source; no addresses."""
        return [{"name": one.key, "users": one.users, "pid": one.source.pid} for one in self._shared]

    def _find(self, key: str, target: int | str) -> _Shared | None:
        return next(
            (
                one
                for one in self._shared
                if one.key == key and one.target == target and not one.source.is_over and not one.opened.exception
            ),
            None,
        )

    def _leave(self, shared: _Shared) -> None:
        shared.users -= 1
        if shared.users == 0:
            self._shared.remove(shared)
            shared.source.close()
