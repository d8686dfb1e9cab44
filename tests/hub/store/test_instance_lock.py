"""One owner of an instance folder."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hub import close, create_app
from hub.settings.file import load
from hub.store import instance_lock
from hub.store.instance_lock import FILE_NAME, InstanceInUse, InstanceLock


def test_the_second_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    first, second = InstanceLock(tmp_path / "instance"), InstanceLock(tmp_path / "instance")
    first.acquire()
    with pytest.raises(InstanceInUse, match=rf"instance \(process {os.getpid()}, since 20.*--instance"):
        second.acquire()
    first.write_port(5000)
    with pytest.raises(InstanceInUse, match=rf"process {os.getpid()}, main port 5000, since 20"):
        second.acquire()
    first.release()
    first.release()
    second.acquire(4)
    assert json.loads((tmp_path / "instance" / FILE_NAME).read_text("utf-8"))["port"] == 4
    second.release()


@pytest.mark.parametrize("text", ["", "{}", "[1]", "\x00" * 300, '{"pid": "x", "port": 1, "since": ""}'])
def test_a_text_that_cannot_be_read_names_nobody(tmp_path: Path, text: str) -> None:
    first, second = InstanceLock(tmp_path), InstanceLock(tmp_path)
    first.acquire()
    (tmp_path / FILE_NAME).write_text(text, "utf-8")
    with pytest.raises(InstanceInUse, match="Another hub runs on the folder") as caught:
        second.acquire()
    assert "process" not in str(caught.value)
    first.release()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL])
def test_a_file_system_without_locks_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refused(file: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(instance_lock, "_lock", refused)
    app = create_app(load(tmp_path / "instance", {}, {}))
    (warning,) = app.test_client().get("/status").json["warnings"]
    assert "could not be locked" in warning and "second hub" in warning
    close(app)


def test_a_lock_file_that_cannot_be_made_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    lock = InstanceLock(tmp_path)
    lock.acquire()
    assert "could not be locked" in lock.warning
    lock.write_port(1)
    lock.release()


def test_an_app_holds_the_folder_until_it_is_closed(tmp_path: Path) -> None:
    settings = load(tmp_path / "instance", {}, {})
    app = create_app(settings)
    with pytest.raises(InstanceInUse):
        create_app(settings)
    assert app.test_client().get("/status").json["warnings"] == []
    close(app)
    close(create_app(settings))


def test_an_app_that_cannot_be_made_releases_the_folder(tmp_path: Path) -> None:
    settings = load(tmp_path / "instance", {}, {})
    with closing(sqlite3.connect(settings.database_path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(Exception, match="written by a newer version"):
        create_app(settings)
    settings.database_path.unlink()
    close(create_app(settings))
