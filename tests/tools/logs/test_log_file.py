"""The log file: set aside by size and age, old ones deleted, other programs and full disks survived."""

from __future__ import annotations

import json
import logging
import os
import re
import time
from pathlib import Path

import pytest

from hub.runtime.log_lines import JsonFormatter, LineFormatter
from tools.logs.log_file import LogFile
from tools.logs.log_rotation import DAY, FACTOR, RETRY_SECONDS, LogRotation

OLD = re.compile(r"hub\.log\.\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(-\d+)?")


def logger_of(file: LogFile) -> logging.Logger:
    log = logging.Logger("some")
    file.setFormatter(LineFormatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    log.addHandler(file)
    return log


def old_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if OLD.fullmatch(path.name))


def test_it_is_set_aside_by_size_and_no_line_is_lost(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "hub.log", max_bytes=2000, keep=100)
    log = logger_of(file)
    for number in range(200):
        log.warning("line %d", number)
    file.close()
    files = sorted(tmp_path.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert len(files) > 3 and all(path.stat().st_size < 2100 for path in files)
    text = "".join(path.read_text("utf-8") for path in files)
    assert [int(line.rpartition(" ")[2]) for line in text.splitlines()] == list(range(200))


def test_only_so_many_old_files_are_kept_and_others_are_left_alone(tmp_path: Path) -> None:
    for name in ("hub.log.3", "hub.log.bak", "hub.login", "hub.log.2026-01-01_10-00-00"):
        (tmp_path / name).write_text("before", "utf-8")
        os.utime(tmp_path / name, (1, 1))
    file = LogFile(tmp_path / "hub.log", max_bytes=500, keep=2)
    log = logger_of(file)
    for number in range(100):
        log.warning("line %d", number)
    file.close()
    names = {path.name for path in tmp_path.iterdir()}
    assert {"hub.log.bak", "hub.login"} < names and "hub.log.3" not in names, "those are of nobody here"
    assert len(old_files(tmp_path)) == 2 and "hub.log.2026-01-01_10-00-00" not in names


@pytest.mark.parametrize("line", ["2026-03-01 10:00:00,123 INFO x", '{"time":"2026-03-01T10:00:00.000000Z"}', "x"])
def test_its_age_is_that_of_its_first_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "hub.log"
    path.write_text(f"{line}\n" * 3, "utf-8")
    begun = time.mktime((2026, 3, 1, 0, 0, 0, 0, 0, -1))
    os.utime(path, (begun, begun))
    now = [begun + 10 * DAY]
    rotation = LogRotation(path, 0, 5, 10, lambda: now[0], lambda: now[0])
    assert not rotation.due(30)
    now[0] += DAY
    assert rotation.due(30) and not rotation.due(0), "an empty file stays"
    rotation.rotate()
    assert not path.exists() and not rotation.due(30)


def test_old_files_go_by_age_once_a_day(tmp_path: Path) -> None:
    now = [time.time()]
    for days in (1, 29, 31):
        old = tmp_path / f"hub.log.{days}"
        old.write_text("x", "utf-8")
        os.utime(old, (now[0] - days * DAY,) * 2)
    rotation = LogRotation(tmp_path / "hub.log", 0, 5, 30, lambda: now[0], lambda: now[0])
    rotation.expire_at_times()
    assert {path.name for path in tmp_path.iterdir()} == {"hub.log.1", "hub.log.29"}
    now[0] += 1.5 * DAY
    rotation.expire_at_times()
    assert {path.name for path in tmp_path.iterdir()} == {"hub.log.1"}


def test_a_clock_that_jumps_deletes_and_rotates_nothing(tmp_path: Path) -> None:
    (tmp_path / "hub.log").write_text("x\n", "utf-8")
    (tmp_path / "hub.log.1").write_text("x\n", "utf-8")
    now, steady = [time.time()], [0.0]
    rotation = LogRotation(tmp_path / "hub.log", 0, 5, 30, lambda: now[0], lambda: steady[0])
    now[0] += 400 * DAY
    steady[0] += 1.5 * DAY
    rotation.expire_at_times()
    assert not rotation.due(2) and (tmp_path / "hub.log.1").exists()


def test_a_file_that_cannot_be_renamed_is_written_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As on Windows while another program has it open; here a folder stands where the file would go."""
    path = tmp_path / "hub.log"
    now = [time.time()]
    file = LogFile(path, max_bytes=300, keep=5)
    rotation = file._rotation = LogRotation(path, 300, 5, 0, lambda: now[0], lambda: now[0])
    name = rotation._free_name()
    rotation._free_name = lambda: name
    name.mkdir()
    log = logger_of(file)
    for number in range(10):
        log.warning("line %d", number)
    assert [line[-1] for line in path.read_text("utf-8").splitlines()] == list("0123456789")
    told = capsys.readouterr().err
    assert told.count("cannot be set aside") == 1 and "Traceback" not in told
    for number in range(100):
        now[0] += RETRY_SECONDS
        log.warning("line %d", number)
    assert path.stat().st_size < (FACTOR + 1) * 300, "it does not fill the disk either"
    assert "line 99" in path.read_text("utf-8") and "set aside" not in capsys.readouterr().err
    name.rmdir()
    now[0] += RETRY_SECONDS
    path.write_text("x" * 400, "utf-8")
    log.warning("after")
    assert name.read_text("utf-8") == "x" * 400 and path.read_text("utf-8").endswith("after\n")
    file.close()


def test_json_lines(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "hub.log")
    log = logger_of(file)
    file.setFormatter(JsonFormatter())
    log.info("from %s\n{}", "ก\ud800\u2028")
    try:
        raise ValueError("odd\nvalue")
    except ValueError:
        log.exception("failed")
    log.warning("%s", "x" * 10**6)
    file.close()
    lines = (tmp_path / "hub.log").read_bytes().split(b"\n")
    first, second, third = (json.loads(line) for line in lines[:3])
    assert lines[3:] == [b""] and first["message"] == "from ก\\ud800\u2028\n{}"
    assert (first["level"], first["logger"]) == ("INFO", "some") and "exception" not in first
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", first["time"])
    assert second["exception"].startswith("Traceback") and second["exception"].endswith("ValueError: odd\nvalue")
    assert len(third["message"]) < 5000
