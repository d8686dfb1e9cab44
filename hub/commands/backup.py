"""`python app.py backup [FILE]`: back the instance folder up, also while the hub runs."""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import suppress
from pathlib import Path

from hub.commands.command import INTERRUPTED_STATUS, Command, setting_flags
from hub.commands.progress_line import ProgressLine
from hub.settings.file import load

MB = 1_000_000


def backup(options: argparse.Namespace) -> int:
    """Make a backup and say what it holds; 0, 1 where it cannot be made, 130 after Ctrl-C. Raises SettingsError."""
    settings = load(options.instance, setting_flags(options), write=False)
    from hub.backup.errors import IN_POSTGRESQL, BackupError
    from hub.backup.listing import new_name
    from hub.backup.make import make_backup
    from hub.backup.pace import Pace
    from hub.vision.worker_pipes import lower_priority

    if settings.store.url:
        print(IN_POSTGRESQL, file=sys.stderr)
        return 1
    target = options.file or new_name(settings.backup_path)
    line = ProgressLine()
    lower_priority()
    with suppress(ValueError, AttributeError):
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was written is removed then
    try:
        reserve = settings.store.warn_free_mb * MB
        head = make_backup(options.instance, target, Pace(settings.backup.mb_per_second, line), reserve)
    except BackupError as error:
        line.end()
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        line.end()
        print("Stopped; nothing of the backup was kept.", file=sys.stderr)
        return INTERRUPTED_STATUS
    line.end()
    for note in head.notes:
        print(f"Take note: {note}", file=sys.stderr)
    print(
        f"{target} is the backup of {options.instance.resolve()}: database {head.database_bytes / MB:,.1f} MB, "
        f"pictures {head.picture_bytes / MB:,.1f} MB, settings and secrets, {head.files} files.\n"
        "It contains every key, token and password digest of the hub: keep it where only you can read it.\n"
        "To put it back, stop the hub and run: python app.py restore "
        f'"{target.resolve()}" --instance "{options.instance.resolve()}"'
    )
    return 0


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE",
        help="the new file; without it one in the folder of the setting backup.folder",
    )


COMMAND = Command(
    "backup",
    "back up database, pictures, settings and SECRETS into FILE, also while the hub runs, and end",
    backup,
    _add_arguments,
)
