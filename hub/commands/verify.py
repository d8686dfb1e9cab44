"""`python app.py verify [BACKUP]`: check everything that is stored, or one backup, also while the hub runs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hub.commands.command import INTERRUPTED_STATUS, Command, setting_flags
from hub.commands.progress_line import ProgressLine
from hub.settings.file import load

MARKS = {"good": "ok   ", "note": "note ", "bad": "BAD  "}


def verify(options: argparse.Namespace) -> int:
    """Print a sentence for each thing that was checked; 0, 1 where something is damaged, 130 after Ctrl-C."""
    from hub.backup.errors import IN_POSTGRESQL, BackupError
    from hub.backup.findings import Finding, Findings
    from hub.backup.pace import Pace
    from hub.backup.restore import check
    from hub.backup.restore import describe as describe_backup
    from hub.backup.verify import verify as check_folder

    line = ProgressLine()

    def tell(finding: Finding) -> None:
        line.end()
        print(f"{MARKS[finding.kind]} {finding.text}", flush=True)

    findings, pace = Findings(tell), Pace(report=line)
    try:
        if options.file is not None:
            head = check(options.file, pace)
            findings.good(f"{options.file} is whole: {describe_backup(head)}, schema revision {head.revision}.")
        else:
            settings = load(options.instance, setting_flags(options), write=False)
            if settings.store.url:
                raise BackupError(IN_POSTGRESQL)
            check_folder(options.instance, settings.backup_path, findings, pace)
    except BackupError as error:
        findings.bad(str(error))
    except OSError as error:
        findings.bad(f"{error.filename or options.instance} cannot be read: {error.strerror or error}.")
    except KeyboardInterrupt:
        line.end()
        print("Stopped before everything was checked.", file=sys.stderr)
        return INTERRUPTED_STATUS
    line.end()
    print(
        "Everything that was checked is whole." if findings.whole else "Something is damaged or missing: see BAD above."
    )
    return 0 if findings.whole else 1


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", nargs="?", type=Path, metavar="BACKUP", help="a backup to be read whole, instead of the instance folder"
    )


COMMAND = Command(
    "verify",
    "check the database, every picture and the backups, or one BACKUP, also while the hub runs, and end",
    verify,
    _add_arguments,
)
