"""What a command of the hub's command line declares."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

USAGE_STATUS = 2
INTERRUPTED_STATUS = 130


def _no_arguments(parser: argparse.ArgumentParser) -> None:
    pass


@dataclass(frozen=True)
class Command:
    """A command: its name, a line for `--help`, and what it does.

    `run` gets the parsed options (`instance`: Path; `host` and `port`, None where not given; and what `add_arguments`
    declares) and returns the exit status. It may raise SettingsError (status 2) and InstanceInUse (status 1), whose
    sentences are printed. Heavy modules are imported inside it, so that `--help` is fast.
    """

    name: str
    summary: str
    run: Callable[[argparse.Namespace], int]
    add_arguments: Callable[[argparse.ArgumentParser], None] = _no_arguments


def setting_flags(options: argparse.Namespace) -> dict[str, Any]:
    """Settings given as flags, over those of the settings file."""
    return {"host": options.host, "port": options.port}
