"""What a check found, and what a check is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.doctor.case import Case


class Level(StrEnum):
    """How bad it is: WARN is to be seen to, FAIL keeps the hub from its work or loses something."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Finding:
    """A sentence for the operator, with the next step where something is wrong."""

    level: Level
    sentence: str


def ok(sentence: str) -> Finding:
    """All is well."""
    return Finding(Level.OK, sentence)


def warn(sentence: str) -> Finding:
    """Something is to be seen to."""
    return Finding(Level.WARN, sentence)


def fail(sentence: str) -> Finding:
    """The hub cannot do its work, or something is lost."""
    return Finding(Level.FAIL, sentence)


@dataclass(frozen=True)
class Check:
    """A check by its name; `run` writes nothing that stays."""

    name: str
    run: Callable[[Case], Iterable[Finding]]
