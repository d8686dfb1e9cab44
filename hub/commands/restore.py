"""`python app.py restore FILE`: put a backup in the place of what the instance folder holds."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hub.commands.command import INTERRUPTED_STATUS, Command
from hub.commands.progress_line import ProgressLine
from hub.store.instance_lock import InstanceLock


def restore(options: argparse.Namespace) -> int:
    """Restore a backup and say where the old data is; 0, 1 where it is refused, 130 after Ctrl-C.

    Raises InstanceInUse.
    """
    from hub.backup import restore as restoring
    from hub.backup.errors import BackupError
    from hub.backup.pace import Pace

    if not options.file.is_file():
        print(f"There is no file {options.file}; name the backup that is to be put back.", file=sys.stderr)
        return 1
    lock = InstanceLock(options.instance)
    lock.acquire()
    line = ProgressLine()
    try:
        head, aside = restoring.restore(options.file, options.instance, Pace(report=line))
    except BackupError as error:
        line.end()
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        line.end()
        print(
            "Stopped. Run the command again, or start the hub: it has the old data or the new, whole.", file=sys.stderr
        )
        return INTERRUPTED_STATUS
    finally:
        lock.release()
    line.end()
    print(f"{options.instance.resolve()} has {restoring.describe(head)} now.")
    if aside is not None:
        print(f"What was there before is in {aside.resolve()}; delete it when you do not need it any more.")
    return 0


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a backup, or a copy of a database (.db)")


COMMAND = Command(
    "restore",
    "put the backup FILE in the place of the data of the instance folder, which is kept aside, and end",
    restore,
    _add_arguments,
)
