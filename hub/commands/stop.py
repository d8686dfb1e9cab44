"""`python app.py stop`: end the hub that runs on the instance folder."""

from __future__ import annotations

import argparse

from hub.commands.command import Command
from hub.commands.install_service import KIND, is_running
from tools.boot.commands import stop as stop_program


def stop(options: argparse.Namespace) -> int:
    """End the hub in order and wait for that; 0, or 1 where it goes on."""
    instance = options.instance.absolute()
    return stop_program(KIND, instance, lambda: is_running(instance))


COMMAND = Command("stop", "end the hub that runs on the folder, in order", stop)
