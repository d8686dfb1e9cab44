"""What of an instance folder belongs into a backup, and which names a backup may have.

Everything at the top of the folder belongs into it except what is named here, so that a secret that a later version
keeps there is never forgotten.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

DATABASE = "hub.db"
PACKS = "pictures"
IMAGES = "images"
UNDECODABLE = "images/unread"
PICTURE_FOLDERS = (PACKS, IMAGES, UNDECODABLE)
SMALL_FOLDERS = ("tls",)
FOLDERS = (*PICTURE_FOLDERS, *SMALL_FOLDERS)
MAX_SMALL_BYTES = 64 * 1024 * 1024  # of a file that is neither a database nor a picture
MAX_NAME = 200
UNFINISHED = (".part", ".thin")  # files that are being written
RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{name}{number}" for name in ("COM", "LPT") for number in range(10))}
FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
NOT_KEPT = (
    "hub.db-*",  # what the copy of the database contains already
    "hub.db.*",  # databases that were moved aside
    "*.db-wal",
    "*.db-shm",
    "*.db-journal",
    "*.lock",
    "*.part",
    "*.stop",
    "*.tar",
    "hub.ready.*",
    "hub.log*",
    "restore.json",
    # Of the agent, which may have the same folder and has an outbox of its own.
    "agent.*",
    "outbox.db*",
    "simulated_vehicles.jsonl",
    "simulated_vehicles.csv",
)


def is_kept(name: str) -> bool:
    """Whether a file at the top of the instance folder belongs into a backup."""
    return not any(fnmatchcase(name.lower(), pattern) for pattern in NOT_KEPT)


def is_safe(name: str) -> bool:
    """Whether a backup may have a file of this name, which is then created below the instance folder.

    At most one known folder and one plain file name that every system can have; nothing that a backup never contains.
    """
    folder, _, last = name.rpartition("/")
    plain = (
        0 < len(last) <= MAX_NAME
        and not FORBIDDEN.search(last)
        and last.strip(" ") == last
        and not last.endswith(".")
        and last.split(".")[0].upper() not in RESERVED
    )
    return plain and (folder in FOLDERS if folder else is_kept(last))


def databases(instance: Path) -> Iterator[str]:
    """The names of the databases, hub.db first where it exists."""
    names = [name for name in _files(instance, "") if name.endswith(".db")]
    yield from sorted(names, key=lambda name: (name != DATABASE, name))


def pictures(instance: Path) -> Iterator[str]:
    """The names of the files of pictures, packs first."""
    for folder in PICTURE_FOLDERS:
        yield from (name for name in _files(instance, folder) if not name.endswith(UNFINISHED))


def small_files(instance: Path) -> Iterator[str]:
    """The names of settings, secrets and the other files at the top of the folder and in small folders."""
    for folder in ("", *SMALL_FOLDERS):
        yield from (name for name in _files(instance, folder) if not name.endswith((".db", ".part")))


def _files(instance: Path, folder: str) -> Iterator[str]:
    """The files of a folder that belong into a backup, as names with / below the instance folder; no links."""
    try:
        entries = os.scandir(instance / folder)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            if not folder and not is_kept(entry.name):
                continue
            if entry.is_file(follow_symlinks=False):
                yield f"{folder}/{entry.name}" if folder else entry.name
