"""What is started at boot: one of the two programs on one instance folder."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,80}", re.IGNORECASE)


class BootError(Exception):
    """It cannot be installed or removed; the text is a sentence that says why and what to do."""


@dataclass(frozen=True)
class Program:
    """The hub (`kind` "hub", `script` "app.py") or the agent ("agent", "agent.py") on an instance folder.

    `name` is that of the unit or task. `arguments` follow `--instance` on the command line. `tells_when_ready`: it
    speaks systemd's notify protocol.
    """

    kind: str
    script: str
    instance: Path
    name: str
    arguments: tuple[str, ...] = ()
    tells_when_ready: bool = False
    root: Path = ROOT
    python: Path = field(default_factory=lambda: Path(sys.executable))

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise BootError(f"{self.name[:80]!r} is no name for a service: use letters, digits, points and hyphens.")
        for text in map(str, (*self.command, self.root)):
            if any(ord(letter) < 32 for letter in text):
                raise BootError(f"{text!r} has a line break or another control character; choose another folder.")

    @property
    def command(self) -> list[str]:
        """The command line, with absolute paths."""
        return [str(self.python), str(self.root / self.script), "--instance", str(self.instance), *self.arguments]

    @property
    def description(self) -> str:
        """One line for people."""
        return f"Gatehouse {self.kind} ({self.instance})"

    @property
    def removal(self) -> str:
        """The command that removes the service again."""
        own_name = "" if self.name == default_name(self.kind) else f" --name {self.name}"
        return f"python {self.script} remove-service{own_name}"


def default_name(kind: str) -> str:
    """The name of the service where none is given."""
    return f"gatehouse-{kind}"
