"""What went wrong with packs, for the log and the status page: each pack is named once, the pictures are counted."""

from __future__ import annotations

import logging
from typing import Any

log = logging.getLogger(__name__)

MAX_SHOWN = 5  # packs that a warning names; there may be thousands


class PackFaults:
    """Packs that were changed by another program while the hub ran, and packs whose pictures are not intact."""

    def __init__(self) -> None:
        self.replaced: list[str] = []  # packs that are not appended to any more, newest last
        self.lost_pictures = 0  # stored pictures whose bytes are gone, as far as they can be counted
        self.corrupt: dict[str, int] = {}  # pack -> failed reads
        self.unreadable = 0  # failed reads of all packs

    def report_replaced(self, pack: str, reason: str, lost: int) -> None:
        """A pack is no longer what was appended to it; `lost` pictures in it are gone."""
        self.replaced.append(pack)
        self.lost_pictures += lost
        log.error(
            "The picture file %s %s while the hub runs: %d pictures of stored records are lost. "
            "New pictures go into another file.",
            pack,
            reason,
            lost,
        )

    def report_corrupt(self, pack: str, reason: str) -> None:
        """A picture was read that is not intact; called on native threads."""
        first = pack not in self.corrupt
        self.corrupt[pack] = self.corrupt.get(pack, 0) + 1
        self.unreadable += 1
        if first:
            log.error("The picture file %s is damaged: %s. Its other pictures are served as before.", pack, reason)

    def warnings(self) -> list[str]:
        """Sentences for the operator."""
        found = []
        if self.replaced:
            found.append(
                f"The picture files {_names(self.replaced)} were changed by another program while the hub ran; "
                f"{self.lost_pictures} pictures of stored records are lost. Find out what changes files in pictures/, "
                "and put the files back from a backup."
            )
        if self.corrupt:
            found.append(
                f"The picture files {_names(list(self.corrupt))} are damaged: {self.unreadable} pictures could not be "
                "shown. Check the disk, and put the files back from a backup."
            )
        return found

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return {
            "replaced": self.replaced[-MAX_SHOWN:],
            "lost_pictures": self.lost_pictures,
            "corrupt": len(self.corrupt),
            "unreadable_pictures": self.unreadable,
        }


def _names(packs: list[str]) -> str:
    more = f" and {len(packs) - MAX_SHOWN} more" if len(packs) > MAX_SHOWN else ""
    return ", ".join(packs[-MAX_SHOWN:]) + more
