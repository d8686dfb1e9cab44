"""Checks pictures off the event loop: ordinary ones at once, large ones one after the other on a lane of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.runtime.lanes import Lanes
from hub.store.examine import DecodeLimits, check, inspect
from hub.store.pictures import Head, Picture, PictureError

Checked = Picture | PictureError
LARGE_PIXELS, LARGE_MEMORY, LARGE_BLOCKS = 8_000_000, 32 * 1024 * 1024, 3_000_000


class Examiner:
    """`examine` of whole records' pictures. At most three are decoded at a time, one of them large."""

    def __init__(self, lanes: Lanes, limits: DecodeLimits) -> None:
        self._lanes, self.limits = lanes, limits
        self.shown = self.refused = 0

    def examine(self, pictures: Mapping[str, bytes]) -> dict[str, Checked]:
        """Each picture by its name, or why it cannot be shown. Raises LaneBusy when too many are pending."""
        if not pictures:
            return {}
        size = sum(len(data) for data in pictures.values())
        with self._lanes.pictures.admitted(size):
            found = self._lanes.pictures.resume(self._ordinary, pictures)
        large = {name: head for name, head in found.items() if isinstance(head, Head)}
        checked: dict[str, Checked] = {name: each for name, each in found.items() if not isinstance(each, Head)}
        if large:
            lane = self._lanes.large_pictures
            with lane.admitted(size):
                for name, head in large.items():
                    checked[name] = lane.resume(_checked, pictures[name], head)
        refused = sum(isinstance(each, PictureError) for each in checked.values())
        self.refused += refused
        self.shown += len(checked) - refused
        return checked

    def _ordinary(self, pictures: Mapping[str, bytes]) -> dict[str, Checked | Head]:
        """On a native thread: check what is not large; the head of what is."""
        found: dict[str, Checked | Head] = {}
        for name, data in pictures.items():
            try:
                head = inspect(data, self.limits)
            except PictureError as error:
                found[name] = error
                continue
            found[name] = head if is_large(head) else _checked(data, head)
        return found

    def status(self) -> dict[str, Any]:
        """For the status page: pictures of captures that are shown, and those that were kept and are not."""
        return {"shown": self.shown, "not_shown": self.refused}


def is_large(head: Head) -> bool:
    """Whether a picture is decoded one at a time, on the lane of large ones."""
    return head.width * head.height > LARGE_PIXELS or head.memory > LARGE_MEMORY or head.blocks > LARGE_BLOCKS


def _checked(data: bytes, head: Head) -> Checked:
    try:
        return check(data, head)
    except PictureError as error:
        return error
