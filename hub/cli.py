"""The hub's command line: `python app.py [COMMAND] [--instance DIR]`.

Each command is one module of hub/commands/ and one line in `COMMANDS`.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

from hub.commands import (
    backup,
    check_config,
    check_models,
    copy_store,
    doctor,
    install_service,
    make_cert,
    reset_password,
    restore,
    retention,
    run,
    stop,
    verify,
)
from hub.commands.command import USAGE_STATUS, Command
from hub.settings.file import SettingsError
from hub.store.instance_lock import InstanceInUse

ROOT = Path(__file__).resolve().parent.parent
COMMANDS: tuple[Command, ...] = (
    run.COMMAND,
    stop.COMMAND,
    install_service.INSTALL,
    install_service.REMOVE,
    check_config.COMMAND,
    check_models.COMMAND,
    doctor.COMMAND,
    make_cert.COMMAND,
    reset_password.COMMAND,
    backup.COMMAND,
    restore.COMMAND,
    verify.COMMAND,
    retention.COMMAND,
    copy_store.COMMAND,
)


def main(argv: list[str]) -> int:
    """Run a command; the exit status: 0 after an orderly end, 1 where the hub cannot run, 2 for invalid settings."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    options = _parser().parse_args(argv)
    command: Command = options.declared
    try:
        return command.run(options)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return USAGE_STATUS
    except InstanceInUse as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="app.py", description="The Gatehouse hub.")
    _add_flags(parser)
    run.add_arguments(parser)
    parser.set_defaults(declared=run.COMMAND, instance=ROOT / "instance", host=None, port=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in COMMANDS:
        one = commands.add_parser(
            command.name, help=command.summary, description=f"{command.summary[0].upper()}{command.summary[1:]}."
        )
        _add_flags(one)
        command.add_arguments(one)
        one.set_defaults(declared=command)
    return parser


def _add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of every command, which may stand before or after it: hence no defaults here."""
    parser.add_argument(
        "--instance",
        type=Path,
        default=argparse.SUPPRESS,
        metavar="DIR",
        help="folder of settings and data (default: instance)",
    )
    parser.add_argument(
        "--host", default=argparse.SUPPRESS, metavar="H", help="address to listen on, over the setting `host`"
    )
    parser.add_argument(
        "--port", type=int, default=argparse.SUPPRESS, metavar="N", help="main port, over the setting `port`"
    )
