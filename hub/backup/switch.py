"""Exchanges the data of an instance folder for data that was unpacked beside it, so that a crash never mixes the two.

`restore.json` says what is being done. It is written when the new data is whole on the disk; from then on the exchange
is finished by whoever comes next: the same command, or the start of the hub. Each step may be done twice.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import time
from pathlib import Path

from hub.backup import contents
from hub.backup.errors import BackupError
from hub.runtime.durable_file import sync_folder, write_whole

log = logging.getLogger(__name__)

STAGED = "restore.unpacked"
PLAN = "restore.json"
ASIDE = "before-restore-"
DATABASE_FILES = (
    "hub.db-wal",
    "hub.db-shm",
    "hub.db-journal",
    "hub.db.rescued",  # these belong to a database that was damaged (hub.backup.damaged)
    "hub.db.suspect",
    "hub.db.damage.json",
    contents.DATABASE,
)


def check_movable(instance: Path) -> None:
    """Raise BackupError where a folder of the data is a disk of its own, which cannot be moved aside."""
    for name in _present(instance, False):
        if os.path.ismount(instance / name):
            raise BackupError(
                f"{instance / name} is a disk of its own, which cannot be moved aside. Restore into an empty folder "
                "with --instance, then copy what it has. Nothing was changed."
            )


def exchange(instance: Path, only_database: bool = False) -> Path | None:
    """Move the folder's data aside and the staged data into its place; the folder of the old data, if there was any.

    `only_database`: hub.db alone. Raises OSError.
    """
    aside = instance / time.strftime(f"{ASIDE}%Y%m%d-%H%M%S")
    while aside.exists():
        aside = aside.with_name(aside.name + "-2")
    _write(instance, {"aside": aside.name, "only_database": only_database, "step": "aside"})
    return finish(instance)


def finish(instance: Path) -> Path | None:
    """Finish an exchange that has begun, if there is one; the folder of the old data, or None. Raises OSError."""
    plan = instance / PLAN
    if not plan.exists():
        return None
    told = json.loads(plan.read_bytes())
    aside, staged = instance / Path(told["aside"]).name, instance / STAGED
    if told["step"] == "aside":
        for name in _present(instance, told["only_database"]):
            _move(instance / name, aside / name)
        _sync(aside, instance)
        _write(instance, {**told, "step": "in"})
    for name in sorted(os.listdir(staged)) if staged.exists() else ():
        if not _is_empty_folder(staged / name):
            _move(staged / name, instance / name)
    _sync(instance)
    plan.unlink()
    sync_folder(instance)
    shutil.rmtree(staged, ignore_errors=True)
    log.info("The restored data is in its place.")
    return aside if aside.exists() else None


def _present(instance: Path, only_database: bool) -> list[str]:
    """The names at the top of the folder that make place, the WAL before its database."""
    names = [name for name in DATABASE_FILES if (instance / name).exists()]
    if only_database:
        return names
    names += [name for name in contents.databases(instance) if name not in names]
    names += [name for name in contents.small_files(instance) if "/" not in name]
    tops = dict.fromkeys(folder.partition("/")[0] for folder in contents.FOLDERS)
    return names + [folder for folder in tops if (instance / folder).exists()]


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, exist_ok=True)
    os.replace(source, target)


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _sync(*folders: Path) -> None:
    for folder in folders:
        if folder.exists():
            sync_folder(folder)


def _write(instance: Path, told: dict[str, object]) -> None:
    write_whole(instance / PLAN, json.dumps(told).encode(), secret=True)
    sync_folder(instance)
