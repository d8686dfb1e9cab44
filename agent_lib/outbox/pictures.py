"""The pictures of pending results, as files beside the records."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

from agent_lib.outbox.files import remove
from agent_lib.runtime.durable_files import write_durably
from agent_lib.station.result import ROLES

log = logging.getLogger(__name__)


def picture_lost(role: str) -> str:
    """The sentence in `errors` for a picture that was stored and cannot be read."""
    return f"The {role} picture is lost: the agent cannot read it any more"


class PictureFiles:
    """`{event_id}_{role}.jpg` of each pending result."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, event_id: str, pictures: Mapping[str, bytes]) -> None:
        """Write JPEG bytes by role, durably but for their directory entries. Raises OSError."""
        for role, data in pictures.items():
            write_durably(self._path(event_id, role), data)

    def read(self, event_id: str, roles: Iterable[str]) -> tuple[dict[str, bytes], list[str]]:
        """JPEG bytes by role, and the roles whose picture cannot be read, which are logged."""
        pictures, lost = {}, []
        for role in roles:
            try:
                pictures[role] = self._path(event_id, role).read_bytes()
            except OSError as error:
                log.error("%s (%s).", picture_lost(role), error)
                lost.append(role)
        return pictures, lost

    def remove(self, event_id: str) -> None:
        """Remove the pictures of a settled result, after its row."""
        for role in ROLES:
            remove(self._path(event_id, role))

    def _path(self, event_id: str, role: str) -> Path:
        return self._folder / f"{event_id}_{role}.jpg"
