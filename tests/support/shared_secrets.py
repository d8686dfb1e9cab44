"""The secrets that hubs on one database share."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

SHARED = ("session_key", "device_token.txt", "apriltag_token")


def share_secrets(folder: Path, instance: Path) -> None:
    """Write the secrets that all hubs of a folder have into an instance folder."""
    instance.mkdir(parents=True, exist_ok=True)
    for name in SHARED:
        kept = folder / name
        if not kept.exists():
            _write(kept, secrets.token_hex(32))
        _write(instance / name, kept.read_text())


def copy_secrets(of: Path, to: Path) -> None:
    """Give another hub the secrets of one."""
    to.mkdir(parents=True, exist_ok=True)
    for name in SHARED:
        shutil.copy2(of / name, to / name)


def _write(path: Path, text: str) -> None:
    path.touch(0o600)
    path.write_text(text)
