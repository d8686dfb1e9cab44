"""Every schema revision, in order. A new one is one module and one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hub.store.migrations import (
    revision_0001,
    revision_0002,
    revision_0003,
    revision_0004,
    revision_0005,
    revision_0006,
    revision_0007,
    revision_0008,
    revision_0009,
    revision_0010,
    revision_0011,
    revision_0012,
    revision_0013,
    revision_0014,
    revision_0015,
)
from hub.store.migrations.schema import Schema


@dataclass(frozen=True)
class Revision:
    """A step of the schema: `number` counts from 1 without gaps."""

    number: int
    upgrade: Callable[[Schema], None]


REVISIONS: tuple[Revision, ...] = (
    Revision(1, revision_0001.upgrade),
    Revision(2, revision_0002.upgrade),
    Revision(3, revision_0003.upgrade),
    Revision(4, revision_0004.upgrade),
    Revision(5, revision_0005.upgrade),
    Revision(6, revision_0006.upgrade),
    Revision(7, revision_0007.upgrade),
    Revision(8, revision_0008.upgrade),
    Revision(9, revision_0009.upgrade),
    Revision(10, revision_0010.upgrade),
    Revision(11, revision_0011.upgrade),
    Revision(12, revision_0012.upgrade),
    Revision(13, revision_0013.upgrade),
    Revision(14, revision_0014.upgrade),
    Revision(15, revision_0015.upgrade),
)
