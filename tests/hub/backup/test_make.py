"""Making backups: what they hold, who may read them, what is left of one that fails."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from hub.backup import contents
from hub.backup.archive import MANIFEST_NAME, read_head
from hub.backup.errors import ArchiveDamaged, BackupError, Stopped
from hub.backup.listing import listed, new_name, newest, remove_old
from hub.backup.make import LOCK_NAME, make_backup
from hub.backup.pace import Pace
from hub.store.instance_lock import FileLock
from tests.hub.backup.conftest import RECORDS, Filled
from tests.support.backup import app

SECRETS = {"admin_password.txt", "apriltag_token", "device_token.txt", "tls/server.key"}


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {info.name: tar.extractfile(info).read() for info in tar}


def test_a_backup_holds_database_pictures_settings_and_secrets_and_says_so(site: Filled) -> None:
    done = app(site.instance, "backup", str(site.instance.parent / "b.tar"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "database" in done.stdout and "settings and secrets" in done.stdout
    assert "contains every key, token and password digest" in done.stdout and "app.py restore" in done.stdout
    held = members(site.instance.parent / "b.tar")
    assert {"hub.db", "hub.toml", "pictures/000001.pack", *SECRETS} <= set(held)
    assert len([name for name in held if name.startswith("images/")]) == RECORDS
    assert not [name for name in held if name.startswith("hub.log") or name.endswith((".lock", "-wal", "-shm"))]
    for name in set(held) - {"backup.json", MANIFEST_NAME, "hub.db"}:
        assert held[name] == (site.instance / name).read_bytes()
    assert b"SECRETS" in held["backup.json"]


def test_the_manifest_is_one_that_sha256sum_checks(site: Filled) -> None:
    path, head = site.backup()
    held = members(path)
    lines = held[MANIFEST_NAME].decode().splitlines()
    assert [line.partition("  ")[2] for line in lines] == list(held)[1:-1] and len(lines) == head.files
    for line in lines:
        digest, _, name = line.partition("  ")
        assert hashlib.sha256(held[name]).hexdigest() == digest


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes; the folder's permissions apply.")
def test_only_the_user_of_the_hub_may_read_a_backup(site: Filled) -> None:
    path, _ = site.backup()
    assert path.stat().st_mode & 0o777 == 0o600


def test_files_of_the_agent_and_links_are_left_out(site: Filled) -> None:
    for name in ("agent.toml", "agent.log", "outbox.db", "outbox.db-wal", "old.tar", "hub.db.damaged-1", "hub.log.1"):
        (site.instance / name).write_text("not the hub's", "utf-8")
    if os.name == "posix":
        (site.instance / "link.txt").symlink_to("/etc/hostname")
    (site.instance / "added_later_secret").write_text("kept", "utf-8")
    path, _ = site.backup()
    held = set(members(path))
    assert "added_later_secret" in held
    assert not held & {"agent.toml", "agent.log", "outbox.db", "outbox.db-wal", "old.tar", "link.txt", "hub.log.1"}
    assert not [name for name in held if "damaged" in name]


def test_other_databases_of_the_folder_are_copied_as_databases(site: Filled) -> None:
    with closing(sqlite3.connect(site.instance / "queue.db")) as connection:
        connection.executescript(
            "PRAGMA journal_mode=WAL; CREATE TABLE waiting (text); INSERT INTO waiting VALUES ('x')"
        )
        path, _ = site.backup()  # what is in its WAL belongs to it
    (site.instance.parent / "copy.db").write_bytes(members(path)["queue.db"])
    with closing(sqlite3.connect(site.instance.parent / "copy.db")) as connection:
        assert connection.execute("SELECT text FROM waiting").fetchall() == [("x",)]


def test_a_file_that_exists_is_not_overwritten(site: Filled) -> None:
    target = site.instance.parent / "b.tar"
    target.write_text("somebody's", "utf-8")
    done = app(site.instance, "backup", str(target))
    assert done.returncode == 1 and "exists already" in done.stderr and target.read_text("utf-8") == "somebody's"


def test_a_folder_without_a_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "instance").mkdir()
    done = app(tmp_path / "instance", "backup", str(tmp_path / "b.tar"))
    assert done.returncode == 1 and "nothing to back up" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "b.tar").exists() and list((tmp_path / "instance").iterdir()) == []


def test_two_backups_of_a_folder_at_once_are_refused(site: Filled) -> None:
    lock = FileLock(site.instance / LOCK_NAME)
    assert lock.acquire()
    with pytest.raises(BackupError, match="Another backup of this folder"):
        site.backup()
    lock.release()
    site.backup()


def test_a_backup_that_is_stopped_leaves_nothing(site: Filled) -> None:
    asked = iter([False] * 4)
    with pytest.raises(Stopped):
        make_backup(site.instance, site.instance.parent / "b.tar", Pace(stopping=lambda: next(asked, True)))
    assert [path.name for path in site.instance.parent.iterdir()] == ["instance"]


def test_a_backup_is_refused_before_it_fills_the_disk_of_the_hub(site: Filled) -> None:
    with pytest.raises(BackupError, match=r"MB free and the backup needs .* MB"):
        make_backup(site.instance, site.instance.parent / "b.tar", Pace(), reserve_bytes=1 << 60)
    assert not (site.instance.parent / "b.tar").exists()


def test_a_damaged_database_fails_with_a_sentence(site: Filled) -> None:
    (site.instance / "hub.db").write_bytes(b"no database, " * 1000)
    done = app(site.instance, "backup", str(site.instance.parent / "b.tar"))
    assert done.returncode == 1 and "app.py verify" in done.stderr and "Traceback" not in done.stderr
    assert [path.name for path in site.instance.parent.iterdir()] == ["instance"]


def test_a_cut_file_is_no_backup(site: Filled) -> None:
    path, _ = site.backup()
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 512)
    with pytest.raises(ArchiveDamaged, match="only a part of a backup"):
        read_head(path)


def test_the_head_has_room_for_many_long_notes(site: Filled) -> None:
    for number in range(60):
        (site.instance / (f"{number}" + "ก" * 60 + ".")).write_text("x", "utf-8")
    path, head = site.backup()
    assert len(head.notes) == 60 and len(read_head(path).notes) == 20


def test_old_backups_are_deleted_and_never_the_new_one(site: Filled) -> None:
    folder = site.instance / "backups"
    made = []
    for number in range(4):
        path = new_name(folder, 1_700_000_000 + 86_400 * number)
        make_backup(site.instance, path, Pace())
        made.append(path)
    (folder / "gatehouse-20200101-000000.tar").write_text("damaged", "utf-8")
    (folder / "gatehouse-20200101-000001.tar.part").write_text("left by a crash", "utf-8")
    (folder / "mine.tar").write_text("not made by the hub", "utf-8")
    assert newest(folder).path == made[3]
    remove_old(folder, 2, made[0])
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [made[0].name, made[3].name, "gatehouse-20200101-000000.tar", "mine.tar"]
    )
    assert [one.head is None for one in listed(folder)] == [False, False, True]


@pytest.mark.parametrize(
    "name",
    [
        "../hub.db",
        "/etc/passwd",
        "images/../../x",
        "C:/x",
        "images\\x.jpg",
        "a/b",
        "images/a/b.jpg",
        "",
        ".",
        "..",
        "images/",
    ]
    + [
        "nul",
        "tls/CON.pem",
        "a:b",
        "images/x.",
        " x",
        "hub.lock",
        "hub.db-wal",
        "restore.json",
        "x\x00y",
        "x\ny",
        "y" * 201,
    ],
)
def test_names_that_a_backup_may_not_have(name: str) -> None:
    assert not contents.is_safe(name)


@pytest.mark.parametrize(
    "name", ["hub.db", "hub.toml", "images/T_primary_1.jpg", "images/unread/0f.bin", "tls/server.key"]
)
def test_names_that_a_backup_has(name: str) -> None:
    assert contents.is_safe(name)
