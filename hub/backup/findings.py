"""What a check found: sentences, each good, a note or bad."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["good", "note", "bad"]


@dataclass(frozen=True)
class Finding:
    """One sentence; `bad`: something is damaged or missing."""

    kind: Kind
    text: str

    def shown(self) -> dict[str, str]:
        """For pages and programs."""
        return {"kind": self.kind, "text": self.text}


@dataclass
class Findings:
    """The sentences of a check in their order; `tell` is called with each at once."""

    tell: Callable[[Finding], None] = lambda finding: None
    all: list[Finding] = field(default_factory=list)

    def good(self, text: str) -> None:
        self._add(Finding("good", text))

    def note(self, text: str) -> None:
        self._add(Finding("note", text))

    def bad(self, text: str) -> None:
        self._add(Finding("bad", text))

    def _add(self, finding: Finding) -> None:
        self.all.append(finding)
        self.tell(finding)

    @property
    def whole(self) -> bool:
        """Whether nothing is damaged."""
        return all(finding.kind != "bad" for finding in self.all)
