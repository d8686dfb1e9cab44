"""The task of Windows: its definition, as the Task Scheduler's schema wants it, and the commands around it.

Nothing here runs Windows' own programs: Wine's Task Scheduler service does not start.
"""

from __future__ import annotations

import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path, PureWindowsPath

import pytest

from tools.boot.program import BootError, Program
from tools.boot.steps import RemoveFile, Run, WriteFile, show, take
from tools.boot.windows_task import (
    base_python,
    disable_steps,
    install_steps,
    remove_steps,
    require_administrator,
    require_plain_python,
    xml,
)

SPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
USER = "GATE-PC\\Jo & Co"


def program(name: str = "gatehouse-hub") -> Program:
    return Program(
        "hub",
        "app.py",
        PureWindowsPath("D:\\Gate <1> & yard\\instance"),
        name,
        ("--port", "5000"),
        root=PureWindowsPath("C:\\Gate house"),
        python=PureWindowsPath("C:\\Gate house\\.venv\\Scripts\\python.exe"),
    )


def definition(tmp_path: Path) -> ElementTree.Element:
    """What a reader of the written file finds."""
    file = tmp_path / "task.xml"
    take([WriteFile(file, xml(program(), USER), "utf-16")])
    assert file.read_bytes()[:2] in (b"\xff\xfe", b"\xfe\xff"), "schtasks reads UTF-16 with its mark"
    return ElementTree.fromstring(file.read_bytes())


def text(root: ElementTree.Element, path: str) -> str:
    found = root.find("/".join(SPACE + name for name in path.split("/")))
    assert found is not None, path
    return found.text or ""


def test_it_needs_no_user_and_has_no_limit_of_time(tmp_path: Path) -> None:
    root = definition(tmp_path)
    assert text(root, "Principals/Principal/LogonType") == "S4U"
    assert text(root, "Principals/Principal/RunLevel") == "LeastPrivilege"
    assert text(root, "Principals/Principal/UserId") == USER
    assert text(root, "Settings/ExecutionTimeLimit") == "PT0S"
    for name in ("DisallowStartIfOnBatteries", "StopIfGoingOnBatteries", "RunOnlyIfIdle", "RunOnlyIfNetworkAvailable"):
        assert text(root, f"Settings/{name}") == "false"


def test_it_starts_at_boot_and_again_within_a_minute(tmp_path: Path) -> None:
    root = definition(tmp_path)
    for trigger in ("BootTrigger", "TimeTrigger"):
        assert text(root, f"Triggers/{trigger}/Repetition/Interval") == "PT1M"
        repetition = root.find(f"{SPACE}Triggers/{SPACE}{trigger}/{SPACE}Repetition")
        assert [child.tag for child in repetition] == [f"{SPACE}Interval", f"{SPACE}StopAtDurationEnd"], "for ever"
    assert text(root, "Settings/MultipleInstancesPolicy") == "IgnoreNew"
    assert 1 <= int(text(root, "Settings/RestartOnFailure/Count")) <= 255


def test_the_order_is_that_of_the_schema(tmp_path: Path) -> None:
    root = definition(tmp_path)
    names = [child.tag.removeprefix(SPACE) for child in root]
    assert names == ["RegistrationInfo", "Triggers", "Principals", "Settings", "Actions"]
    base = ["Repetition", "StartBoundary", "EndBoundary", "ExecutionTimeLimit", "Enabled", "Delay"]
    for trigger in root.find(f"{SPACE}Triggers"):
        found = [child.tag.removeprefix(SPACE) for child in trigger]
        assert found == sorted(found, key=base.index)


def test_the_command_line_keeps_its_arguments(tmp_path: Path) -> None:
    root = definition(tmp_path)
    assert text(root, "Actions/Exec/Command") == "C:\\Gate house\\.venv\\Scripts\\python.exe"
    assert text(root, "Actions/Exec/WorkingDirectory") == "C:\\Gate house"
    assert text(root, "Actions/Exec/Arguments") == (
        '"C:\\Gate house\\app.py" --instance "D:\\Gate <1> & yard\\instance" --port 5000'
    )


def test_the_steps_leave_no_file_behind() -> None:
    first, create, remove, run = install_steps(program("gate-7"), USER)
    assert isinstance(first, WriteFile) and remove == RemoveFile(first.path)
    assert create == Run(("schtasks", "/Create", "/TN", "gate-7", "/XML", str(first.path), "/F"))
    assert run == Run(("schtasks", "/Run", "/TN", "gate-7"))
    shown = show([*disable_steps("gate-7"), *remove_steps("gate-7")])
    assert [line.split()[2] for line in shown.splitlines()] == ["/Change", "/End", "/Delete"]


def test_a_python_of_the_store_is_refused() -> None:
    with pytest.raises(BootError, match="Python install manager"):
        require_plain_python("C:\\Users\\Jo\\AppData\\Local\\Microsoft\\WindowsApps\\python.exe")
    require_plain_python("C:\\Python314\\python.exe")
    require_plain_python(base_python())


@pytest.mark.skipif(os.name == "nt", reason="the other way round there")
def test_without_rights_the_sentence_says_what_to_click() -> None:
    with pytest.raises(BootError, match="administrator's window: right-click the Start button"):
        require_administrator()
