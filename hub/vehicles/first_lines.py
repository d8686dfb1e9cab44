"""In which line of a file each tag, number or plate is first."""

from __future__ import annotations

SHARDS = 256


class FirstLines:
    """One large dict would stop the event loop while it grows and while it is freed; these are small."""

    def __init__(self) -> None:
        self._shards: list[dict[str, int]] = [{} for _ in range(SHARDS)]

    def first(self, key: str, line: int) -> int:
        """The first line that has this key; `line` where none had it before."""
        return self._shards[hash(key) % SHARDS].setdefault(key, line)

    def clear(self) -> None:
        """Free them one by one."""
        for shard in self._shards:
            shard.clear()
