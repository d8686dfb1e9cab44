"""`python app.py doctor`: examine settings, disk, clock, ports, database, backups and versions."""

from __future__ import annotations

import argparse

from hub.commands.command import INTERRUPTED_STATUS, Command, setting_flags
from hub.settings.file import load


def doctor(options: argparse.Namespace) -> int:
    """Print a sentence for each check, also while the hub runs; 0 where none fails, 1 where one does.

    Raises SettingsError.
    """
    settings = load(options.instance, setting_flags(options), write=False)
    from hub.doctor.case import Case, running_hub
    from hub.doctor.report import show

    try:
        case = Case(settings, running_hub(options.instance))
        return 0 if show(case, options.json, lambda line: print(line, flush=True)) else 1
    except KeyboardInterrupt:
        return INTERRUPTED_STATUS


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as one JSON object, for programs")


COMMAND = Command(
    "doctor", "say whether all is well: settings, disk, clock, ports, database, backups", doctor, _add_arguments
)
