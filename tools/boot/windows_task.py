"""A task of Windows' Task Scheduler that starts at boot without a logged-in user, and again within a minute.

Sources: the task schema (Microsoft, "Task Scheduler Schema") and schtasks(1). A task and not a service: it runs as the
person who installed it (logon type S4U, without a stored password), who owns the folder and often the Python as well.
`RestartOnFailure` alone is not enough, since the scheduler counts a program that ended with a failure as completed: so
both triggers repeat each minute, and `IgnoreNew` drops the start while the program runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

from tools.boot.program import BootError, Program
from tools.boot.steps import RemoveFile, Run, Step, WriteFile

AUTHOR = "Gatehouse"
MAX_RESTARTS = 255  # the schema's unsignedByte

XML = """\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Author>{author}</Author>
    <Description>{description}</Description>
  </RegistrationInfo>
  <Triggers>
    <BootTrigger>
      <Repetition>
        <Interval>PT1M</Interval>
        <StopAtDurationEnd>false</StopAtDurationEnd>
      </Repetition>
      <Enabled>true</Enabled>
      <Delay>PT10S</Delay>
    </BootTrigger>
    <TimeTrigger>
      <Repetition>
        <Interval>PT1M</Interval>
        <StopAtDurationEnd>false</StopAtDurationEnd>
      </Repetition>
      <StartBoundary>2020-01-01T00:00:00</StartBoundary>
      <Enabled>true</Enabled>
    </TimeTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{user}</UserId>
      <LogonType>S4U</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <AllowHardTerminate>true</AllowHardTerminate>
    <StartWhenAvailable>true</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>
    <IdleSettings>
      <StopOnIdleEnd>false</StopOnIdleEnd>
      <RestartOnIdle>false</RestartOnIdle>
    </IdleSettings>
    <AllowStartOnDemand>true</AllowStartOnDemand>
    <Enabled>true</Enabled>
    <Hidden>false</Hidden>
    <RunOnlyIfIdle>false</RunOnlyIfIdle>
    <WakeToRun>false</WakeToRun>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>5</Priority>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>{restarts}</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{command}</Command>
      <Arguments>{arguments}</Arguments>
      <WorkingDirectory>{folder}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""


def xml(program: Program, user: str) -> str:
    """The definition of the task, which runs as `user` (DOMAIN\\name)."""
    command, *arguments = program.command
    return XML.format(
        author=AUTHOR,
        description=escape(program.description),
        user=escape(user),
        restarts=MAX_RESTARTS,
        command=escape(command),
        arguments=escape(subprocess.list2cmdline(arguments)),
        folder=escape(str(program.root)),
    )


def current_user() -> str:
    """The account of this process, as DOMAIN\\name."""
    import getpass

    domain = os.environ.get("USERDOMAIN") or os.environ.get("COMPUTERNAME") or "."
    return f"{domain}\\{getpass.getuser()}"


def require_administrator() -> None:
    """Raise BootError where this process may not change the machine's tasks and firewall."""
    if sys.platform == "win32":
        import ctypes

        if ctypes.windll.shell32.IsUserAnAdmin():
            return
    raise BootError(
        "This needs an administrator's window: right-click the Start button, choose Terminal (Admin) or Command Prompt "
        "(Admin), change to this folder and run the same line again."
    )


def require_plain_python(base: str) -> None:
    """Raise BootError where the Python is one of the Microsoft Store's, which only a logged-in user can start.

    `base` is the executable that the virtual environment was made from.
    """
    if "windowsapps" in base.lower():
        raise BootError(
            f"The Python in {base} came as an app of the Microsoft Store, and such an app starts for a logged-in user "
            "only. Install one with the Python install manager (docs/windows.md), delete the folder .venv, start the "
            "system once and run this again."
        )


def base_python() -> str:
    """The executable that this virtual environment was made from; its own outside of one."""
    return str(getattr(sys, "_base_executable", "") or sys.executable)


def install_steps(program: Program, user: str) -> list[Step]:
    """Register the task, which replaces one of the same name, and start it."""
    file = Path(tempfile.gettempdir(), f"{program.name}.{os.getpid()}.xml")
    return [
        WriteFile(file, xml(program, user), "utf-16"),
        Run(("schtasks", "/Create", "/TN", program.name, "/XML", str(file), "/F")),
        RemoveFile(file),
        Run(("schtasks", "/Run", "/TN", program.name)),
    ]


def disable_steps(name: str) -> list[Step]:
    """Keep the task from starting the program again, before it is stopped."""
    hint = f"Is there a task {name}? `schtasks /Query /TN {name}` shows it."
    return [Run(("schtasks", "/Change", "/TN", name, "/DISABLE"), hint)]


def remove_steps(name: str) -> list[Step]:
    """End what still runs and delete the task."""
    return [
        Run(("schtasks", "/End", "/TN", name), may_fail=True),
        Run(("schtasks", "/Delete", "/TN", name, "/F")),
    ]
