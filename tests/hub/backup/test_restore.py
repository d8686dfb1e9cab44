"""Putting backups back: every record and picture, refusals before anything is touched, the old data kept."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from hub.backup.archive import BLOCK, HEAD_BYTES, Head, read_head
from hub.backup.archive_writer import ArchiveWriter
from hub.backup.errors import ArchiveDamaged, BackupError
from hub.backup.make import LOCK_NAME
from hub.backup.pace import Pace
from hub.backup.restore import restore
from hub.backup.switch import finish
from hub.store.instance_lock import FileLock
from hub.store.migrations.revisions import REVISIONS
from tests.hub.backup.conftest import RECORDS, Filled
from tests.support.backup import app, shown
from tests.support.helpers import HubProcess

NEWEST = REVISIONS[-1].number


def contents_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, without the locks."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def crafted(path: Path, *names: str, revision: int = NEWEST) -> Path:
    """A whole archive, as this program writes it, with files of any names."""
    (path.parent / "source").write_bytes(b"content")
    writer = ArchiveWriter(path, Head(made_at=0.0, made="", revision=0, host=""), Pace())
    for name in names:
        writer.add(name, path.parent / "source")
    writer.finish(revision)
    return path


@pytest.mark.slow
def test_a_fresh_folder_gets_every_record_and_every_picture(site: Filled, tmp_path: Path) -> None:
    path, _ = site.backup()
    done = app(tmp_path / "fresh", "restore", str(path))
    assert (done.returncode, done.stderr) == (0, "") and "has the backup of" in done.stdout
    assert "was there before" not in done.stdout
    with HubProcess(tmp_path / "fresh") as hub:
        assert shown(hub) == site.shown and len(site.shown) == 2 * RECORDS
        assert (tmp_path / "fresh" / "tls" / "server.key").read_text("utf-8") == "a secret key"
        assert hub.get("/status")["warnings"] == []


def test_the_data_that_was_there_is_kept_aside(site: Filled) -> None:
    path, _ = site.backup()
    (site.instance / "hub.toml").write_text("port = 1234\n", "utf-8")
    (site.instance / "pictures" / "000002.pack").write_bytes(b"later")
    with closing(sqlite3.connect(site.instance / "hub.db", isolation_level=None)) as connection:
        connection.execute("DELETE FROM captures")
        before = contents_of(site.instance)
        head, aside = restore(path, site.instance, Pace())
    assert aside is not None and aside.parent == site.instance and aside.name.startswith("before-restore-")
    kept = contents_of(aside)
    assert (kept["hub.toml"], kept["pictures/000002.pack"]) == (b"port = 1234\n", b"later")
    assert {name: kept[name] for name in kept if name in before and not name.startswith("hub.db")} == {
        name: kept[name] for name in kept if not name.startswith("hub.db")
    }
    with closing(sqlite3.connect(aside / "hub.db")) as connection:
        assert connection.execute("SELECT count(*) FROM captures").fetchone() == (0,)
    with closing(sqlite3.connect(site.instance / "hub.db")) as connection:
        assert connection.execute("SELECT count(*) FROM captures").fetchone() == (RECORDS,)
    assert not (site.instance / "pictures" / "000002.pack").exists()
    assert (site.instance / "hub.log").exists(), "the log is neither backed up nor moved"
    assert not (site.instance / "restore.unpacked").exists() and not (site.instance / "restore.json").exists()


@pytest.mark.slow
def test_a_folder_on_which_a_hub_runs_is_refused(site: Filled) -> None:
    path, _ = site.backup()
    with HubProcess(site.instance) as hub:
        before = hub.get("/api/captures")["captures"]
        done = app(site.instance, "restore", str(path))
        assert done.returncode == 1 and "Another hub runs on the folder" in done.stderr
        assert hub.get("/api/captures")["captures"] == before


def refused(site: Filled, path: Path, error: type[BackupError], text: str) -> None:
    """Assert that the backup is refused and that nothing of the folder was touched."""
    before = contents_of(site.instance)
    with pytest.raises(error, match=text):
        restore(path, site.instance, Pace())
    assert contents_of(site.instance) == before


def test_a_backup_of_a_newer_version_is_refused(site: Filled) -> None:
    with closing(sqlite3.connect(site.instance / "hub.db")) as connection:
        connection.execute(f"PRAGMA user_version = {NEWEST + 3}")
    path, head = site.backup()
    assert head.revision == NEWEST + 3
    refused(site, path, BackupError, f"newer version .* revision {NEWEST + 3}, and this version knows .* {NEWEST}")


def test_an_archive_of_a_newer_format_is_refused(site: Filled, tmp_path: Path) -> None:
    path, head = site.backup()
    data = bytearray(path.read_bytes())
    data[BLOCK : BLOCK + HEAD_BYTES] = replace(head, format=2).encode()
    path.write_bytes(data)
    refused(site, path, BackupError, "newer version of Gatehouse .format 2")


@pytest.mark.parametrize("where", ["head", "database", "picture", "manifest", "middle of the tar", "end"])
def test_a_damaged_backup_is_refused(site: Filled, where: str) -> None:
    path, head = site.backup()
    data = bytearray(path.read_bytes())
    places = {
        "head": BLOCK + 3,
        "database": data.index(b"SQLite format 3\0") + 5000,
        "picture": data.index(b"number 3"),
        "manifest": head.manifest_at + 10,
        "middle of the tar": data.index(b"pictures/000001.pack") + 2,
        "end": len(data) - 2 * BLOCK,
    }
    if where == "end":
        del data[places[where] :]
    else:
        data[places[where]] ^= 0xFF
    path.write_bytes(data)
    refused(site, path, ArchiveDamaged, "damaged|only a part|not a backup")


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 100_000])
def test_a_file_that_is_no_backup_is_refused(site: Filled, content: bytes) -> None:
    path = site.instance.parent / "b.tar"
    path.write_bytes(content)
    refused(site, path, ArchiveDamaged, "is not a backup of Gatehouse")


@pytest.mark.parametrize(
    "name",
    ["../escaped", "/elsewhere/escaped", "images/../../escaped", "tls/../escaped", "a/b", "hub.lock", "hub.db-wal"],
)
def test_names_of_a_backup_are_never_used_as_paths_unchecked(site: Filled, name: str) -> None:
    refused(site, crafted(site.instance.parent / "b.tar", name), ArchiveDamaged, "which no backup has")
    assert not (site.instance.parent / "escaped").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_links_and_other_files_of_an_archive_are_refused(site: Filled, kind: bytes) -> None:
    path = crafted(site.instance.parent / "b.tar", "hub.toml")
    data = path.read_bytes()
    link = tarfile.TarInfo("images/x.jpg")
    link.type, link.linkname = kind, "/etc/passwd"
    place = data.index(b"hub.toml\0")
    path.write_bytes(data[:place] + link.tobuf() + data[place + BLOCK :])
    refused(site, path, ArchiveDamaged, "is not a plain file")


def test_a_file_twice_is_refused(site: Filled) -> None:
    path = crafted(site.instance.parent / "b.tar", "hub.db", "hub.db")
    refused(site, path, BackupError, "hub.db")


def test_an_archive_without_a_database_is_refused(site: Filled) -> None:
    refused(site, crafted(site.instance.parent / "b.tar", "hub.toml"), ArchiveDamaged, "or no database")


def test_a_backup_of_a_damaged_database_is_refused(site: Filled) -> None:
    path, _ = site.backup()
    data = (site.instance / "hub.db").read_bytes()
    copy = site.instance.parent / "copy"
    shutil.copytree(site.instance, copy)
    (site.instance / "hub.db").write_bytes(data[:8192] + b"\xee" * 8192 + data[16384:])
    damaged, _ = site.backup("damaged.tar")
    (site.instance / "hub.db").write_bytes(data)
    refused(site, damaged, ArchiveDamaged, "The database in .* is damaged")


def test_a_database_alone_takes_the_place_of_the_database(site: Filled) -> None:
    with closing(sqlite3.connect(site.instance.parent / "old.db")) as target:
        with closing(sqlite3.connect(site.instance / "hub.db")) as source:
            source.backup(target)
        target.execute("DELETE FROM captures")
        target.commit()
    done = app(site.instance, "restore", str(site.instance.parent / "old.db"))
    assert done.returncode == 0 and "the database alone" in done.stdout
    with closing(sqlite3.connect(site.instance / "hub.db")) as connection:
        assert connection.execute("SELECT count(*) FROM captures").fetchone() == (0,)
    assert (site.instance / "pictures" / "000001.pack").exists() and (site.instance / "hub.toml").exists()
    (aside,) = site.instance.glob("before-restore-*")
    assert [path.name for path in aside.iterdir()] == ["hub.db"]


def test_a_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    done = app(tmp_path / "instance", "restore", str(tmp_path / "no.tar"))
    assert done.returncode == 1 and "There is no file" in done.stderr and not (tmp_path / "instance").exists()


def broken_heads() -> list[Callable[[dict[str, object]], object]]:
    return [
        lambda told: told.pop("files"),
        lambda told: told.update(manifest_at=-5),
        lambda told: told.update(manifest_at=10**15),
        lambda told: told.update(manifest_bytes="many"),
        lambda told: told.update(complete="yes"),
        lambda told: told.update(complete=False),
        lambda told: told.update(format=None),
    ]


@pytest.mark.parametrize("change", broken_heads())
def test_heads_with_odd_values_are_refused(site: Filled, change: Callable[[dict[str, object]], object]) -> None:
    path, _ = site.backup()
    data = path.read_bytes()
    told = json.loads(data[BLOCK : BLOCK + HEAD_BYTES])
    change(told)
    with path.open("r+b") as file:
        file.seek(BLOCK)
        file.write(json.dumps(told).encode().ljust(HEAD_BYTES))
    with pytest.raises(BackupError):
        read_head(path)


def test_an_archive_can_be_read_by_any_tar(site: Filled) -> None:
    path, head = site.backup()
    with tarfile.open(fileobj=io.BytesIO(path.read_bytes())) as tar:
        assert len(tar.getnames()) == head.files + 2


def test_holes_of_a_pack_are_holes_again(site: Filled, tmp_path: Path) -> None:
    """A pack from which pictures were deleted has holes; its length and every other byte stay."""
    pack = site.instance / "pictures" / "000000.pack"
    with pack.open("wb") as file:
        file.write(b"begin")
        file.truncate(20_000_000)
        file.seek(10_000_000)
        file.write(b"middle")
    (site.instance / "pictures" / "000000.thin").write_bytes(b"being written")
    path, _ = site.backup()
    restore(path, tmp_path / "fresh", Pace())
    restored = tmp_path / "fresh" / "pictures" / "000000.pack"
    assert restored.read_bytes() == pack.read_bytes()
    assert not restored.with_suffix(".thin").exists()
    if os.name == "posix":
        assert restored.stat().st_blocks * 512 < 5_000_000


def test_an_exchange_that_fails_is_finished_later(site: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that holds a file, as on Windows, stops the exchange: both the old and the new data stay."""
    path, _ = site.backup()
    replace_file, left = os.replace, 6

    def held(source: Path, target: Path) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise PermissionError(13, "held by another program", str(source))
        replace_file(source, target)

    (site.instance / "hub.toml").write_text("# old\n", "utf-8")
    monkeypatch.setattr(os, "replace", held)
    with pytest.raises(BackupError, match="held by another program.*Nothing is lost"):
        restore(path, site.instance, Pace())
    with pytest.raises(BackupError, match="A restoration was interrupted"):
        site.backup("other.tar")
    finish(site.instance)
    (aside,) = site.instance.glob("before-restore-*")
    assert (aside / "hub.toml").read_text("utf-8") == "# old\n" and (aside / "hub.db").exists()
    assert "# old" not in (site.instance / "hub.toml").read_text("utf-8")
    assert len(list((site.instance / "images").glob("*.jpg"))) == RECORDS
    assert len(list((aside / "images").glob("*.jpg"))) == RECORDS


def test_a_restoration_waits_for_no_backup(site: Filled) -> None:
    path, _ = site.backup()
    lock = FileLock(site.instance / LOCK_NAME)
    assert lock.acquire()
    refused(site, path, BackupError, "Another backup of this folder")
    lock.release()
