"""The outbox killed at each of its steps, with and without a damaged database after it: nothing lost, nothing twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agent_lib.outbox import Outbox
from tests.support.agent import ROOT
from tests.support.devices import jpeg
from tests.support.outbox import drain, files, records

PICTURES = {"primary": jpeg(1), "secondary": jpeg(2), "label": jpeg(3)}
DATABASE = ("outbox.db", "outbox.db-wal", "outbox.db-shm")


def whole(folder: Path) -> None:
    """Leave the database as it is."""


def missing(folder: Path) -> None:
    for name in DATABASE:
        (folder / name).unlink(missing_ok=True)


def empty(folder: Path) -> None:
    (folder / "outbox.db").write_bytes(b"")


def without_log(folder: Path) -> None:
    for name in DATABASE[1:]:
        (folder / name).unlink(missing_ok=True)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The folders of all killed processes; the last one was not killed."""
    folder = tmp_path_factory.mktemp("kills")
    subprocess.run([sys.executable, "-m", "tests.support.outbox_kills", str(folder)], cwd=ROOT, check=True, timeout=120)
    return sorted(folder.iterdir(), key=lambda path: int(path.name))


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
@pytest.mark.parametrize(("damage", "every"), [(whole, 1), (missing, 1), (empty, 4), (without_log, 4)])
def test_killed_at_every_step(
    killed: list[Path], tmp_path: Path, damage: Callable[[Path], None], every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A killed process needs no flushed disk, and this opens some hundred databases.
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    assert len(killed) > 60
    for source in killed[::every]:
        folder = tmp_path / source.name
        shutil.copytree(source, folder)
        damage(folder)
        _check(folder, f"step {source.name}")
        shutil.rmtree(folder)


def _check(folder: Path, where: str) -> None:
    lines = [json.loads(line) for line in (folder / "said.jsonl").read_text().splitlines()]
    ids = {tag: event_id for what, tag, event_id in lines if what == "put"}
    has = [tag for what, tag, _ in lines if what == "has"]
    settling = {tag: what for what, tag, _ in lines if what in ("deliver", "shelve")}
    done = {tag for what, tag, _ in lines if what == "done"}
    _open(folder).close()  # a second start finds the same
    box = _open(folder)
    shelved = {row["event_id"] for row in box.counts()["shelf"]}
    entries = drain(box)
    box.close()
    tags = [entry.fields["tag"] for entry in entries]
    assert tags == sorted(set(tags)), f"{where}: in order, each once"
    for tag, event_id in ids.items():
        here = (tag in tags) + (event_id in shelved)
        if tag in done:
            assert here == (settling[tag] == "shelve") and tag not in tags, f"{where}: {tag} is settled"
        elif tag in has:
            assert here == 1 or settling.get(tag) == "deliver", f"{where}: {tag} is not lost"
        assert here <= 1, where
    for entry in entries:
        tag = entry.fields["tag"]
        assert entry.event_id == ids[tag] and entry.fields["number"] == "12345", where
        assert {role: PICTURES[role] for role in entry.pictures} == entry.pictures, where
        if tag in has:
            assert entry.pictures == PICTURES and entry.fields["errors"] == [], f"{where}: {tag} has its pictures"
        else:
            assert len(entry.pictures) + len(entry.fields["errors"]) == 3, where
    left = 3 * len(shelved)
    assert len(files(folder)) == left and set(records(folder)) <= {f"{event_id}.json" for event_id in shelved} | {
        "unclaimed"
    }, where


def _open(folder: Path) -> Outbox:
    box = Outbox(folder, 10**9, 100)
    box._db.execute("PRAGMA synchronous=OFF")
    return box
