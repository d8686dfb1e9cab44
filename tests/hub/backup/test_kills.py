"""Backups and restorations that are killed, at any moment."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from hub.backup.listing import listed
from hub.backup.pace import Pace
from hub.backup.restore import restore
from hub.commands.run import finish_restore
from tests.hub.backup.conftest import Filled
from tests.hub.backup.test_restore import contents_of
from tests.support.backup import app, clean_environment, shown, start_app
from tests.support.helpers import ROOT, HubProcess, wait_for

pytestmark = pytest.mark.slow
# Runs a restoration and dies, as by a power cut, at the step of this number that changes a name.
DYING = """
import os, sys
from pathlib import Path
from hub.backup.pace import Pace
from hub.backup.restore import restore

left = int(sys.argv[3])

def dying(function):
    def step(*args, **kwargs):
        global left
        left -= 1
        if left < 0:
            os._exit(9)
        return function(*args, **kwargs)
    return step

os.replace, os.unlink, os.mkdir = dying(os.replace), dying(os.unlink), dying(os.mkdir)
restore(Path(sys.argv[1]), Path(sys.argv[2]), Pace())
"""


def old_or_new(instance: Path, old: bytes, new: bytes) -> str:
    """Which settings the folder has; its database must be the one that belongs to them."""
    settings = (instance / "hub.toml").read_bytes()
    assert settings in (old, new)
    return "new" if settings == new else "old"


def test_a_restoration_that_is_killed_at_any_step_ends_with_the_old_or_the_new_data(
    site: Filled, tmp_path: Path
) -> None:
    path, _ = site.backup()
    new = (site.instance / "hub.toml").read_bytes()
    restored = tmp_path / "whole"
    restore(path, restored, Pace())
    wanted = {name: data for name, data in contents_of(restored).items() if not name.startswith("hub.db-")}
    steps, ends = 0, set()
    while True:
        instance = tmp_path / f"at-{steps}"
        restore(path, instance, Pace())
        (instance / "hub.toml").write_bytes(b"# old\n")
        (instance / "only_old").write_bytes(b"old")
        command = [sys.executable, "-c", DYING, str(path), str(instance), str(steps)]
        ended = subprocess.run(command, cwd=ROOT, env={**clean_environment(), "PYTHONPATH": str(ROOT)}, timeout=60)
        finish_restore(instance)
        with closing(sqlite3.connect(instance / "hub.db")) as connection:
            assert connection.execute("SELECT count(*) FROM captures").fetchone() == (len(site.shown) // 2,)
        end = old_or_new(instance, b"# old\n", new)
        ends.add(end)
        assert (instance / "only_old").exists() == (end == "old")
        assert not (instance / "restore.json").exists()
        found = contents_of(instance)
        assert all(found[name] == data for name, data in wanted.items() if name.startswith(("images/", "pictures/")))
        if ended.returncode == 0:
            break
        assert ended.returncode == 9
        steps += 2
    assert steps > 15 and ends == {"old", "new"}


def test_a_backup_that_is_killed_leaves_no_backup(site: Filled) -> None:
    folder = site.instance / "backups"
    for delay in (0.1, 0.3, 0.5):
        process = start_app(site.instance, "backup", HUB_BACKUP_MB_PER_SECOND="1")
        try:
            wait_for(lambda: list(folder.glob("*.part")), 30, "the beginning of the backup")
            end = time.monotonic() + delay
            wait_for(lambda end=end: time.monotonic() > end or not list(folder.glob("*.part")))
        finally:
            process.kill()
            process.communicate(timeout=20)
        assert [one for one in listed(folder) if one.head is None] == []
    done = app(site.instance, "backup")
    assert done.returncode == 0, done.stderr
    assert listed(folder)[0].head is not None


def test_a_backup_that_is_asked_to_end_removes_what_it_wrote(site: Filled) -> None:
    (site.instance / "pictures" / "000000.pack").write_bytes(bytes(20_000_000))
    process = start_app(site.instance, "backup", HUB_BACKUP_MB_PER_SECOND="1")
    wait_for(lambda: list((site.instance / "backups").glob("*.part")), 30, "the beginning of the backup")
    process.terminate()
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 130 and "nothing of the backup was kept" in output
    assert list((site.instance / "backups").iterdir()) == []


def test_a_hub_that_starts_over_an_interrupted_restoration_finishes_it(site: Filled, tmp_path: Path) -> None:
    path, _ = site.backup()
    command = [sys.executable, "-c", DYING, str(path), str(tmp_path / "fresh"), "12"]
    ended = subprocess.run(command, cwd=ROOT, env={**clean_environment(), "PYTHONPATH": str(ROOT)}, timeout=60)
    assert ended.returncode == 9 and (tmp_path / "fresh" / "restore.json").exists()
    with HubProcess(tmp_path / "fresh") as hub:
        assert shown(hub) == site.shown
