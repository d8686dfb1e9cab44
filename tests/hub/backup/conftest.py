"""An instance folder with records, made once, and a copy of it for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hub.backup.archive import Head
from hub.backup.make import make_backup
from hub.backup.pace import Pace
from tests.support.backup import filled

RECORDS = 12


class Filled(NamedTuple):
    """An instance folder and what its hub showed."""

    instance: Path
    shown: dict[str, Any]

    def backup(self, name: str = "backup.tar") -> tuple[Path, Head]:
        """A backup of the folder, and its head."""
        target = self.instance.parent / name
        return target, make_backup(self.instance, target, Pace())


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    instance = tmp_path_factory.mktemp("filled") / "instance"
    shown = filled(instance, RECORDS)
    (instance / "tls").mkdir()
    (instance / "tls" / "server.key").write_text("a secret key", "utf-8")
    yield Filled(instance, shown)


@pytest.fixture
def site(made_once: Filled, tmp_path: Path) -> Filled:
    """A copy of the folder that a test may change."""
    instance = tmp_path / "instance"
    shutil.copytree(made_once.instance, instance)
    return Filled(instance, made_once.shown)
