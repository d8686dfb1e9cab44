"""A unit of systemd: for the system where root installs it, else for the user's own services."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tools.boot.program import BootError, Program
from tools.boot.steps import RemoveFile, Run, Step, WriteFile

MARK = "# Written by `install-service` of Gatehouse, which `remove-service` deletes."
SYSTEM_FOLDER = Path("/etc/systemd/system")
RESTART_SECONDS = 5
STOP_SECONDS = 60  # before what is left is killed
WATCHDOG_SECONDS = 60  # how long the event loop may be blocked before the hub is restarted

# What takes no device away: no PrivateDevices and DevicePolicy (USB cameras), no MemoryDenyWriteExecute (torch), no
# ProtectHome (the project may stand there).
FOR_ALL = ("NoNewPrivileges=true", "LockPersonality=true", "RestrictSUIDSGID=true", "RestrictRealtime=true")
FOR_THE_SYSTEM = (
    "ProtectSystem=full",
    "ProtectKernelTunables=true",
    "ProtectKernelModules=true",
    "ProtectKernelLogs=true",
    "ProtectControlGroups=true",
    "ProtectHostname=true",
    "PrivateTmp=true",
    "RestrictNamespaces=true",
)


@dataclass(frozen=True)
class Place:
    """Where units go: `user` is the account that a system unit runs as, "" for a unit of the user's own services.

    `root`: a folder that holds another system's files, whose services are not started here; None for this system.
    """

    folder: Path
    user: str = ""
    root: Path | None = None

    @property
    def systemctl(self) -> tuple[str, ...]:
        """The start of each command."""
        if self.root is not None:
            return ("systemctl", f"--root={self.root}")
        return ("systemctl",) if self.user else ("systemctl", "--user")

    def file(self, name: str) -> Path:
        """The unit's file."""
        return self.folder / f"{name}.service"


def place(user: str = "", root: Path | None = None) -> Place:
    """The place for this caller: root installs for the system, anybody else for themselves. Raises BootError.

    `user` is the account that a system unit runs as; without it, the one that called sudo, else the project's owner.
    """
    if root is None and not shutil.which("systemctl"):
        raise BootError(
            "This system has no systemd: let its own service manager start the command that --print shows, "
            "from the folder of the project."
        )
    if root is not None:
        return Place(root / SYSTEM_FOLDER.relative_to("/"), user or _project_owner(), root)
    if os.geteuid() == 0:
        account = user or os.environ.get("SUDO_USER", "") or _project_owner()
        _require_account(account)
        return Place(SYSTEM_FOLDER, account)
    if user:
        raise BootError(f"Only root can install a service for {user}: run this with sudo, or without --user.")
    config = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Place(Path(config) / "systemd" / "user")


def _project_owner() -> str:
    from tools.boot.program import ROOT

    return ROOT.owner()


def _require_account(name: str) -> None:
    import pwd

    try:
        pwd.getpwnam(name)
    except KeyError as error:
        raise BootError(f"There is no account {name} on this machine; choose another with --user.") from error


def unit(program: Program, where: Place) -> str:
    """The text of the unit."""
    for_system = bool(where.user)
    lines = [
        MARK,
        "[Unit]",
        f"Description={_text(program.description)}",
        *(["Wants=network-online.target", "After=network-online.target time-sync.target"] if for_system else []),
        *(["After=gatehouse-hub.service"] if program.kind == "agent" else []),
        "# It is restarted for as long as the machine runs, however often that was needed before.",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        *(_notify_lines() if program.tells_when_ready else ["Type=exec"]),
        f"ExecStart={' '.join(map(_argument, program.command))}",
        f"WorkingDirectory={_text(str(program.root))}",
        *([f"User={where.user}"] if for_system else []),
        "Environment=PYTHONUNBUFFERED=1 PYTHONFAULTHANDLER=1",
        "Restart=on-failure",
        f"RestartSec={RESTART_SECONDS}",
        "# SIGTERM goes to the program only, which ends its own children.",
        "KillMode=mixed",
        f"TimeoutStopSec={STOP_SECONDS}",
        "LimitNOFILE=65536",
        "LimitCORE=0",
        *FOR_ALL,
        *(FOR_THE_SYSTEM if for_system else ()),
        "",
        "[Install]",
        f"WantedBy={'multi-user' if for_system else 'default'}.target",
    ]
    return "\n".join(lines) + "\n"


def _notify_lines() -> list[str]:
    return [
        "Type=notify",
        "NotifyAccess=main",
        "# A new version may first have to change a large database.",
        "TimeoutStartSec=infinity",
        "# A hub whose event loop stands still is restarted; SIGABRT makes Python say where it stood.",
        f"WatchdogSec={WATCHDOG_SECONDS}",
        "WatchdogSignal=SIGABRT",
        "TimeoutAbortSec=10",
    ]


def _text(value: str) -> str:
    return value.replace("%", "%%")


def _argument(value: str) -> str:
    """One argument of ExecStart=, quoted as systemd reads it (systemd.service(5), "Command lines")."""
    quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{quoted}"'


def install_steps(program: Program, where: Place) -> list[Step]:
    """Write the unit, start it now and at every boot. Raises BootError where the name belongs to another service."""
    file = where.file(program.name)
    text = unit(program, where)
    _require_own(file, program)
    steps: list[Step] = [WriteFile(file, text)]
    if where.root is not None:
        return [*steps, Run((*where.systemctl, "enable", file.name))]
    journal = "journalctl" if where.user else "journalctl --user"
    steps += [
        Run((*where.systemctl, "daemon-reload")),
        Run((*where.systemctl, "enable", file.name)),
        Run((*where.systemctl, "restart", file.name), f"`{journal} -u {program.name}` says more."),
    ]
    return steps


def require_running() -> None:
    """Raise BootError where this machine was not started with systemd, as in most containers."""
    if not Path("/run/systemd/system").is_dir():
        raise BootError(
            "This machine was not started with systemd, so no service can be started; `--root /` writes the unit for "
            "a later start, --print shows it."
        )


def is_active(name: str, where: Place) -> bool:
    """Whether the unit runs, or is about to."""
    state = subprocess.run(
        [*where.systemctl, "is-active", where.file(name).name],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return state.stdout.strip() in ("active", "activating", "reloading")


def _require_own(file: Path, program: Program) -> None:
    """Raise BootError where the unit is somebody else's, or ours for another folder."""
    try:
        before = file.read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return
    except OSError as error:
        raise BootError(f"{file} cannot be read ({error.strerror or error}).") from error
    if not before.startswith(MARK):
        raise BootError(f"{file} is not Gatehouse's; choose another name with --name.")
    if f"\nDescription={_text(program.description)}\n" not in before:
        raise BootError(
            f"{file} starts the {program.kind} on another instance folder; choose another name with --name, or remove "
            f"that service first: {program.removal}"
        )


def remove_steps(name: str, where: Place) -> list[Step]:
    """Stop the unit in order and delete it. Raises BootError where there is none of ours."""
    file = where.file(name)
    try:
        before = file.read_text("utf-8", errors="replace")
    except OSError as error:
        raise BootError(
            f"There is no service {name} ({file} cannot be read: {error.strerror or error})."
            + ("" if where.user else " One that was installed with sudo is removed with sudo.")
        ) from error
    if not before.startswith(MARK):
        raise BootError(f"{file} is not Gatehouse's and stays.")
    if where.root is not None:
        return [Run((*where.systemctl, "disable", file.name)), RemoveFile(file)]
    return [
        Run((*where.systemctl, "stop", file.name), may_fail=True),
        Run((*where.systemctl, "disable", file.name)),
        RemoveFile(file),
        Run((*where.systemctl, "daemon-reload"), may_fail=True),
        Run((*where.systemctl, "reset-failed", file.name), may_fail=True),
    ]


def linger_sentence() -> str:
    """What a user has to do so that their services run without them, or "" where it is done."""
    if sys.platform == "win32" or os.geteuid() == 0:
        return ""
    import pwd

    account = pwd.getpwuid(os.getuid()).pw_name
    if Path("/var/lib/systemd/linger", account).exists():
        return ""
    return (
        "It starts when you log in and ends when you log out, until you let your services run without you, once: "
        f"sudo loginctl enable-linger {account}"
    )
