"""`python agent.py install-service`, `remove-service` and `stop`: the agent's start with the machine, and its end."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from agent_lib.runtime.lock import InstanceBusy, InstanceLock
from agent_lib.settings import AgentSettings
from tools.boot.commands import install, remove
from tools.boot.commands import stop as stop_program
from tools.boot.program import BootError, Program, default_name

KIND, SCRIPT = "agent", "agent.py"


def install_service(settings: AgentSettings, options: argparse.Namespace) -> int:
    """Install the service of the instance folder, with the flags given here; the exit status."""
    given = {
        "--config": Path(options.config).absolute() if options.config else None,
        "--hub": options.hub,
        "--ca": Path(options.ca).absolute() if options.ca else None,
        "--seed": options.seed,
    }
    arguments = [text for flag, value in given.items() if value is not None for text in (flag, str(value))]
    if options.simulate:
        arguments.append("--simulate")
    try:
        name = options.name or default_name(KIND)
        program = Program(KIND, SCRIPT, settings.instance, name, tuple(arguments))
    except BootError as error:
        print(error, file=sys.stderr)
        return 1
    return install(program, options, lambda: is_running(program.instance))


def remove_service(settings: AgentSettings, options: argparse.Namespace) -> int:
    """End the agent and remove its service; the exit status."""
    return remove(KIND, SCRIPT, settings.instance, options, lambda: is_running(settings.instance))


def stop(settings: AgentSettings) -> int:
    """End the agent in order and wait for that; 0, or 1 where it goes on."""
    return stop_program(KIND, settings.instance, lambda: is_running(settings.instance))


def is_running(instance: Path) -> bool:
    """Whether an agent runs on the folder."""
    lock = InstanceLock(instance)
    if not lock.path.exists():  # and none is made: it would be root's under sudo
        return False
    try:
        lock.acquire()
    except InstanceBusy:
        return True
    lock.release()
    return False
