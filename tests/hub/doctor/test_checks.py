"""Each check of the doctor on a folder where something is wrong, through the command line."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub import close, create_app
from hub.cli import main
from hub.doctor.case import Case, Running, running_hub
from hub.doctor.checks import CHECKS
from hub.doctor.finding import Check, Level, ok
from hub.doctor.report import examine
from hub.net.certificates import make_certificates
from hub.settings.file import load
from tests.support.helpers import free_ports

DAY = 86_400


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The instance folder of a hub that has ended, with ports that are free."""
    instance = tmp_path / "instance"
    main_port, lpr = free_ports(2)
    instance.mkdir()
    ports = f"[lpr]\nport = {lpr}\n[apriltag]\nport = 0\nudp_port = 0\n[images]\nport = 0\n[results]\nport = 0\n"
    (instance / "hub.toml").write_text(f"port = {main_port}\n{ports}", "utf-8")
    close(create_app(load(instance, {}, {})))
    (instance / "hub.lock").unlink()  # it names this process, which goes on
    return instance


def examined(folder: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, dict[str, list[str]]]:
    """The exit status, and "LEVEL sentence" of each finding by its check."""
    capsys.readouterr()
    status = main(["doctor", "--instance", str(folder), "--json", *more])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    rows: dict[str, list[str]] = {}
    for row in found["checks"]:
        rows.setdefault(row["check"], []).append(f"{row['level']} {row['message']}")
    levels = [row["level"] for row in found["checks"]]
    assert (found["failed"], found["warnings"]) == (levels.count("FAIL"), levels.count("WARN"))
    assert found["success"] is (status == 0) is (found["failed"] == 0)
    return status, rows


def test_a_folder_in_order(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(folder.iterdir())
    status, rows = examined(folder, capsys)
    assert status == 0 and list(rows) == [check.name for check in CHECKS], "each check says something"
    rows.pop("backup")
    rows.pop("versions")  # those of this machine
    assert all(len(found) == 1 and found[0].startswith("OK ") for found in rows.values()), rows
    assert sorted(path for path in folder.iterdir() if not path.name.startswith("hub.db-")) == [
        path for path in before if not path.name.startswith("hub.db-")
    ]


def test_it_makes_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, rows = examined(tmp_path / "none", capsys)
    assert rows["disk speed"][0].startswith("WARN") and "no database yet" in rows["database"][0]
    assert not (tmp_path / "none").exists()


def test_lines_for_people(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--instance", str(folder), "doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"OK    settings: {folder / 'hub.toml'} is in order."
    assert lines[-1] == "All is well." or "The hub can do its work" in lines[-1]
    (folder / "hub.toml").write_text("port = 'x'\n", "utf-8")
    assert main(["--instance", str(folder), "doctor"]) == 2
    assert "port: input should be a valid integer" in capsys.readouterr().err


def test_a_damaged_database(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(folder / "hub.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray((folder / "hub.db").read_bytes())
    data[4096 * 3 : 4096 * 9] = os.urandom(4096 * 6)
    (folder / "hub.db").write_bytes(data)
    status, rows = examined(folder, capsys)
    assert status == 1 and rows["database"][0].startswith("FAIL") and "put back a backup" in rows["database"][0]
    (folder / "hub.db").write_bytes(b"no database" * 1000)
    status, rows = examined(folder, capsys)
    assert status == 1 and "is not a database" in rows["database"][0] and rows["tables"][0].startswith("FAIL")


@pytest.mark.parametrize("revision, level", [(1, "WARN"), (9999, "FAIL")])
def test_tables_of_another_version(folder: Path, capsys: pytest.CaptureFixture[str], revision: int, level: str) -> None:
    with closing(sqlite3.connect(folder / "hub.db")) as database:
        database.execute(f"PRAGMA user_version = {revision}")
    status, rows = examined(folder, capsys)
    assert rows["tables"][0].startswith(f"{level} ") and str(revision) in rows["tables"][0]
    assert status == (level == "FAIL")


def test_picture_packs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "pictures" / "000001.pack").write_bytes(b"")
    assert examined(folder, capsys)[1]["pictures"] == ["OK 1 files with pictures of cameras, 0.0 MB."]
    (folder / "pictures" / "000002.pack").write_bytes(b"x" * 100)
    status, rows = examined(folder, capsys)
    assert status == 1 and "000002.pack (no pack)" in rows["pictures"][0]


def test_backups(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert examined(folder, capsys)[1]["backup"][0].startswith("WARN There is no backup in ")
    (folder / "backups").mkdir()
    for name, days in (("gatehouse-20260101-030000.tar", 30), ("gatehouse-20260110-030000.tar", 20)):
        (folder / "backups" / name).write_bytes(bytes(1000))
        os.utime(folder / "backups" / name, (time.time() - days * DAY,) * 2)
    (found,) = examined(folder, capsys)[1]["backup"]
    assert found.startswith("WARN The newest of 2 backups is gatehouse-20260110-030000.tar") and "20.0 days" in found
    (folder / "backups" / "gatehouse-20260130-030000.tar").write_bytes(b"x")
    assert examined(folder, capsys)[1]["backup"][0].startswith("OK The newest of 3 backups")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_secrets_that_others_may_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "device_token.txt").chmod(0o644)
    (found,) = examined(folder, capsys)[1]["secrets"]
    assert found == f"WARN Others may read 1 files with secrets: chmod 600 {folder / 'device_token.txt'}"


@pytest.mark.parametrize("days, level", [(0, "OK"), (800, "WARN"), (900, "FAIL")])
def test_certificates(folder: Path, capsys: pytest.CaptureFixture[str], days: int, level: str) -> None:
    make_certificates(folder / "tls", ["localhost"], datetime.now(UTC) - timedelta(days=days))
    text = (folder / "hub.toml").read_text("utf-8")
    tls = 'tls_cert = "tls/server.pem"\ntls_key = "tls/server-key.pem"\n'
    (folder / "hub.toml").write_text(tls + text, "utf-8")
    status, rows = examined(folder, capsys)
    assert rows["certificate"][0].startswith(f"{level} ") and status == (level == "FAIL")
    (folder / "tls" / "server-key.pem").write_text("no key", "utf-8")
    status, rows = examined(folder, capsys)
    assert status == 1 and "cannot be used" in rows["certificate"][0] and "make-cert" in rows["certificate"][0]


def test_a_clock_that_is_behind(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.utime(folder / "hub.db", (time.time() + 30 * DAY,) * 2)
    (found,) = examined(folder, capsys)[1]["clock"]
    assert found.startswith("WARN The clock says 20") and "30.0 days before" in found
    os.utime(folder / "hub.db")
    (folder / "clock.json").write_text('{"trusted": "never"}', "utf-8")
    assert examined(folder, capsys)[1]["clock"][0].startswith("OK ")


def test_a_folder_that_cannot_be_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The folder's name leads to a file: permissions do not stop root."""
    settings = load(folder, {}, {})
    case = Case(settings.model_copy(update={"instance": folder / "hub.toml"}), None)
    found = dict(examine(case))
    assert found["disk speed"].level is Level.WARN


@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="A small disk is mounted, which needs root on Linux."
)
def test_a_full_disk_is_no_damage(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("This machine does not let a test mount a small disk.")
    try:
        shutil.copytree(folder, small / "instance")
        for left in (small / "instance").glob("hub.db-*"):
            left.unlink()
        with (small / "filler").open("wb", buffering=0) as filler, suppress(OSError):
            while filler.write(b"x" * 4096):
                pass
        status, rows = examined(small / "instance", capsys)
    finally:
        subprocess.run(["umount", "-l", str(small)], check=False)
    assert status == 1 and "is full" in rows["disk space"][0] and rows["disk speed"][0].startswith("FAIL ")
    assert rows["database"][0].startswith("OK ") and rows["tables"][0].startswith("OK ")


def test_one_check_that_fails_hides_no_other(folder: Path) -> None:
    def broken(case: Case) -> list[Any]:
        raise RuntimeError("odd")

    case = Case(load(folder, {}, {}), None)
    found = list(examine(case, [Check("first", broken), Check("second", lambda case: [ok("Fine.")])]))
    assert [(name, finding.level) for name, finding in found] == [("first", Level.FAIL), ("second", Level.OK)]
    assert found[0][1].sentence == "The check itself failed (RuntimeError: odd)."


def test_which_hub_runs_by_the_files_that_it_writes(tmp_path: Path) -> None:
    assert running_hub(tmp_path) is None
    (tmp_path / "hub.lock").write_text(json.dumps({"pid": os.getpid(), "port": 5000, "since": ""}), "utf-8")
    assert running_hub(tmp_path) == Running(os.getpid(), {"main": 5000})
    ready = tmp_path / "hub.ready.json"
    ready.write_text(json.dumps({"pid": os.getpid(), "port": 5000, "ports": {"main": 5000, "lpr": 1}}), "utf-8")
    assert running_hub(tmp_path) == Running(os.getpid(), {"main": 5000, "lpr": 1})
    for odd in ("", "[]", '{"pid": "x"}', '{"pid": 1e99, "port": 1}', '{"pid": -1, "port": 1}'):
        ready.write_text(odd, "utf-8")
        assert running_hub(tmp_path) == Running(os.getpid(), {"main": 5000})
    for path in tmp_path.iterdir():
        os.utime(path, (1, 1))
    assert running_hub(tmp_path) is None, "written before this process began: its number was another's"
