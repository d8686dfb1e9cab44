"""`python app.py install-service` and `remove-service`: start the hub with the machine, or no longer."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hub.commands.check_config import check_tls
from hub.commands.command import Command, setting_flags
from hub.settings.file import load
from hub.settings.model import Settings
from hub.store.instance_lock import InstanceInUse, InstanceLock
from tools.boot.commands import add_arguments, add_firewall_argument, install, remove
from tools.boot.firewall import Ports, used
from tools.boot.program import BootError, Program, default_name

KIND, SCRIPT = "hub", "app.py"


def install_service(options: argparse.Namespace) -> int:
    """Install the service of the instance folder; the exit status. Raises SettingsError."""
    settings = load(options.instance, setting_flags(options), write=False)
    check_tls(settings)
    arguments = [
        text
        for flag, value in setting_flags(options).items()
        if value is not None
        for text in (f"--{flag}", str(value))
    ]
    try:
        program = Program(
            KIND,
            SCRIPT,
            options.instance.absolute(),
            options.name or default_name(KIND),
            tuple(arguments),
            tells_when_ready=True,
        )
    except BootError as error:
        print(error, file=sys.stderr)
        return 1
    return install(program, options, lambda: is_running(program.instance), ports(settings))


def ports(settings: Settings) -> Ports:
    """What the hub listens on, and whom the settings let in."""
    tcp = used([settings.port, *settings.side_ports.values()])
    return Ports(tcp, used([settings.apriltag.udp_port]), tuple(settings.trusted_networks))


def remove_service(options: argparse.Namespace) -> int:
    """End the hub and remove its service; the exit status."""
    instance = options.instance.absolute()
    return remove(KIND, SCRIPT, instance, options, lambda: is_running(instance), has_rules=True)


def is_running(instance: Path) -> bool:
    """Whether a hub runs on the folder."""
    lock = InstanceLock(instance)
    if not lock.path.exists():  # and none is made: it would be root's under sudo
        return False
    try:
        lock.acquire()
    except InstanceInUse:
        return True
    lock.release()
    return False


def _install_arguments(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser)
    add_firewall_argument(parser)


INSTALL = Command(
    "install-service", "start the hub with the machine, without a logged-in user", install_service, _install_arguments
)
REMOVE = Command("remove-service", "start the hub with the machine no longer", remove_service, add_arguments)
