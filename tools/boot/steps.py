"""The steps of an installation: files and commands, which can be shown instead of taken."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from tools.boot.program import BootError


@dataclass(frozen=True)
class WriteFile:
    """Write a text file, in the folder that is made where it is missing."""

    path: Path
    text: str
    encoding: str = "utf-8"


@dataclass(frozen=True)
class RemoveFile:
    """Delete a file."""

    path: Path


@dataclass(frozen=True)
class Run:
    """Run a command. `hint` follows the reason where it fails; `may_fail`: then the rest goes on without a word."""

    command: tuple[str, ...]
    hint: str = ""
    may_fail: bool = False


Step: TypeAlias = WriteFile | RemoveFile | Run


def show(steps: Sequence[Step]) -> str:
    """The steps as text: each file with its content, each command as a line."""
    return "\n".join(_shown(step) for step in steps)


def _shown(step: Step) -> str:
    if isinstance(step, WriteFile):
        return f"# {step.path}\n{step.text}"
    if isinstance(step, RemoveFile):
        return f"# delete {step.path}"
    return f"> {line_of(step.command)}"


def line_of(command: Sequence[str]) -> str:
    """A command as a line for the shell of this system."""
    if os.name == "nt":
        return subprocess.list2cmdline(command)
    import shlex

    return shlex.join(command)


def take(steps: Sequence[Step]) -> None:
    """Take each step in order. Raises BootError at the first that fails."""
    for step in steps:
        if isinstance(step, Run):
            _run(step)
            continue
        try:
            if isinstance(step, WriteFile):
                step.path.parent.mkdir(parents=True, exist_ok=True)
                step.path.write_text(step.text, encoding=step.encoding)
            else:
                step.path.unlink(missing_ok=True)
        except OSError as error:
            raise BootError(f"{step.path} cannot be changed ({error.strerror or error}).") from error


def _run(step: Run) -> None:
    try:
        done = subprocess.run(
            step.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except OSError as error:
        if step.may_fail:
            return
        raise BootError(f"{step.command[0]} cannot be run ({error.strerror or error}). {step.hint}".strip()) from error
    if done.returncode and not step.may_fail:
        reason = " ".join(done.stdout.decode("utf-8", "replace").split())[:500] or "no reason was given"
        raise BootError(
            f"`{line_of(step.command)}` failed with status {done.returncode} ({reason}). {step.hint}".strip()
        )
