"""The commands `install-service`, `remove-service` and `stop`, as hub and agent share them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tools.boot import firewall, systemd, windows_task
from tools.boot.firewall import Ports
from tools.boot.program import BootError, Program, default_name
from tools.boot.steps import RemoveFile, Step, show, take
from tools.boot.stop_request import StopRequest

ON_WINDOWS = os.name == "nt"


def add_arguments(parser: argparse._ActionsContainer) -> None:
    """The flags of install-service and remove-service."""
    parser.add_argument("--name", metavar="NAME", help="name of the unit or task (default: gatehouse-hub, -agent)")
    parser.add_argument("--print", dest="show", action="store_true", help="show what would be done, and do nothing")
    if not ON_WINDOWS:
        parser.add_argument("--user", metavar="NAME", help="as root: the account that the service runs as")
        parser.add_argument(
            "--root", type=Path, metavar="DIR", help="write into the files of another system below DIR, start nothing"
        )


def add_firewall_argument(parser: argparse.ArgumentParser) -> None:
    """The flag of the program that others connect to."""
    if ON_WINDOWS:
        parser.add_argument(
            "--firewall", choices=("ask", "yes", "no"), default="ask", help="add the rule for its ports (default: ask)"
        )


def install(
    program: Program, options: argparse.Namespace, is_running: Callable[[], bool], ports: Ports | None = None
) -> int:
    """Let a program start with the machine, and now; the exit status.

    `is_running`: whether the program runs on the instance folder. `ports`: what others connect to, or None.
    """
    try:
        if ON_WINDOWS:
            return install_on_windows(program, options, ports)
        return _install_on_linux(program, options, is_running)
    except BootError as error:
        print(error, file=sys.stderr)
        return 1


def _install_on_linux(program: Program, options: argparse.Namespace, is_running: Callable[[], bool]) -> int:
    where = systemd.place(options.user or "", options.root)
    if options.show:
        return _show(systemd.install_steps(program, where))
    if where.root is None:
        systemd.require_running()
        if is_running() and not systemd.is_active(program.name, where):
            raise BootError(
                f"The {program.kind} already runs on {program.instance}, and not as this service: end it first, with "
                f"`python {program.script} stop` or where it was started."
            )
    take(systemd.install_steps(program, where))
    print(f"{where.file(program.name)} was written{f'; it runs as {where.user}' if where.user else ''}.")
    if where.user == "root":
        print("--user NAME lets it run as an account with fewer rights, which must own the instance folder.")
    if where.root is None:
        scope = "" if where.user else " --user"
        print(f"The {program.kind} runs now and is started with the machine, and again whenever it fails.")
        print(f"  look at it:  systemctl{scope} status {program.name}")
        print(f"  its words:   journalctl{scope} -u {program.name}")
        print(f"  remove it:   {program.removal}")
        if not where.user and (sentence := systemd.linger_sentence()):
            print(sentence)
    return 0


def install_on_windows(program: Program, options: argparse.Namespace, ports: Ports | None) -> int:
    """Register and start the task, after the question for the firewall. Raises BootError."""
    steps = windows_task.install_steps(program, windows_task.current_user())
    if options.show:
        rules = firewall.add_steps(program.name, ports) if ports is not None and options.firewall != "no" else []
        return _show([*steps, *rules])
    windows_task.require_administrator()
    windows_task.require_plain_python(windows_task.base_python())
    if ports is not None and _wants_rules(ports, program.instance, options.firewall):
        take(firewall.add_steps(program.name, ports))
        print(f"Windows' firewall has the rules: {ports.sentence}.")
    elif ports is not None:
        print("Windows' firewall was not changed; docs/windows.md says what to click.")
    take(steps)
    print(f"The task {program.name} starts the {program.kind} with the machine, and again within a minute.")
    print(f"  look at it:  schtasks /Query /TN {program.name} /V /FO LIST")
    print(f"  its words:   {program.instance / program.kind}.log")
    print(f"  remove it:   {program.removal}")
    return 0


def _wants_rules(ports: Ports, instance: Path, choice: str) -> bool:
    try:
        if choice == "ask":
            return firewall.is_allowed(ports, instance, input if sys.stdin and sys.stdin.isatty() else None)
        firewall.remember(ports, instance, choice == "yes")
    except OSError as error:
        raise BootError(f"{instance} cannot be written ({error.strerror or error}).") from error
    return choice == "yes"


def remove(
    kind: str,
    script: str,
    instance: Path,
    options: argparse.Namespace,
    is_running: Callable[[], bool],
    has_rules: bool = False,
) -> int:
    """End the program and start it with the machine no longer; the exit status.

    `is_running`: whether the program runs on the instance folder. `has_rules`: its installation asks for rules of
    Windows' firewall.
    """
    name = options.name or default_name(kind)
    try:
        Program(kind, script, instance, name)  # checks the name
        if ON_WINDOWS:
            return remove_on_windows(name, kind, instance, options, is_running, has_rules)
        steps = systemd.remove_steps(name, systemd.place(options.user or "", options.root))
        if options.show:
            return _show(steps)
        take(steps)
    except BootError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The service {name} is removed; settings and data stay in {instance}.")
    return 0


def remove_on_windows(
    name: str,
    kind: str,
    instance: Path,
    options: argparse.Namespace,
    is_running: Callable[[], bool],
    has_rules: bool,
) -> int:
    """Keep the task from starting the program, end that in order, delete task and rules. Raises BootError."""
    first = windows_task.disable_steps(name)
    last = [*windows_task.remove_steps(name), *(firewall.remove_steps(name) if has_rules else [])]
    if options.show:
        return _show([*first, *last])
    windows_task.require_administrator()
    take(first)
    stop(kind, instance, is_running)
    take(last)
    if has_rules:
        take([RemoveFile(instance / firewall.ANSWER_FILE)])
    print(f"The task {name} is removed, with its rules of the firewall; settings and data stay in {instance}.")
    return 0


def stop(kind: str, instance: Path, is_running: Callable[[], bool]) -> int:
    """End the program that runs on the folder, in order; the exit status: 0 also where none runs."""
    if not is_running():
        print(f"No {kind} runs on {instance}.")
        return 0
    try:
        ended = StopRequest(instance, kind).end_program(is_running)
    except OSError as error:
        print(f"{instance} cannot be written ({error.strerror or error}), so nothing was stopped.", file=sys.stderr)
        return 1
    if not ended:
        print(f"The {kind} on {instance} has not ended yet; its log says what it does.", file=sys.stderr)
        return 1
    print(f"The {kind} on {instance} has ended.")
    return 0


def _show(steps: Sequence[Step]) -> int:
    print(show(steps))
    return 0
