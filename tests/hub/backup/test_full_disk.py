"""A disk that becomes full while a backup is written: a sentence, nothing left; a small tmpfs of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub.backup.conftest import Filled
from tests.support.backup import app, start_app
from tests.support.helpers import wait_for

MB = 1_000_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 40 MB; skipped where mounting is not allowed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not sys.platform.startswith("linux") or shutil.which("mount") is None:
        pytest.skip("a tmpfs can be mounted on Linux only")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a tmpfs is not allowed here (run the test as root)")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_backup_that_does_not_fit_is_refused_before_it_begins(site: Filled, small_disk: Path) -> None:
    (site.instance / "pictures" / "000000.pack").write_bytes(bytes(60 * MB))
    done = app(site.instance, "backup", str(small_disk / "b.tar"))
    assert done.returncode == 1 and "MB free and the backup needs" in done.stderr and "Traceback" not in done.stderr
    assert list(small_disk.iterdir()) == []


@pytest.mark.slow
def test_a_disk_that_becomes_full_meanwhile(site: Filled, small_disk: Path) -> None:
    (site.instance / "pictures" / "000000.pack").write_bytes(os.urandom(20 * MB))
    process = start_app(site.instance, "backup", str(small_disk / "b.tar"), HUB_BACKUP_MB_PER_SECOND="5")
    wait_for(lambda: list(small_disk.glob("*.part")), 30, "the beginning of the backup")
    with (small_disk / "of somebody else").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(MB)) == MB:
                pass
        except OSError:
            pass
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1 and "is full: free some space" in output and "Traceback" not in output
    assert [path.name for path in small_disk.iterdir()] == ["of somebody else"]


@pytest.mark.slow
def test_a_restoration_without_room_touches_nothing(site: Filled, small_disk: Path) -> None:
    (site.instance / "pictures" / "000000.pack").write_bytes(os.urandom(30 * MB))
    assert app(site.instance, "backup", str(site.instance.parent / "b.tar")).returncode == 0
    target = small_disk / "instance"
    target.mkdir()
    (target / "hub.toml").write_text("# mine\n", "utf-8")
    (target / "filler").write_bytes(bytes(12 * MB))
    done = app(target, "restore", str(site.instance.parent / "b.tar"))
    assert done.returncode == 1 and "MB free and the backup needs" in done.stderr
    assert {path.name for path in target.iterdir()} == {"hub.toml", "filler", "hub.lock", "backup.lock"}


def test_a_folder_of_pictures_that_is_a_disk_is_not_moved(site: Filled, small_disk: Path) -> None:
    assert app(site.instance, "backup", str(site.instance.parent / "b.tar")).returncode == 0
    target = small_disk.parent / "other"
    (target / "pictures").mkdir(parents=True)
    if subprocess.run(["mount", "--bind", str(small_disk), str(target / "pictures")], capture_output=True).returncode:
        pytest.skip("a folder cannot be mounted here")
    try:
        done = app(target, "restore", str(site.instance.parent / "b.tar"))
    finally:
        subprocess.run(["umount", "-l", str(target / "pictures")], check=True)
    assert done.returncode == 1 and "is a disk of its own" in done.stderr
    assert {path.name for path in target.iterdir()} == {"pictures", "hub.lock", "backup.lock"}
