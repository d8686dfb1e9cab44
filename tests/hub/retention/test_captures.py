"""Captures that expire: rows, tags and picture files go together, protected ones stay, a shared file stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.expiring_rows import START, execute, picture, rows, set_received, store_capture
from tests.support.retention import DAY, expire, retention_of

NOW = START + 100 * DAY


def files(parts: Any) -> list[str]:
    return sorted(path.name for path in Path(parts.images.folder).glob("*.jpg"))


@pytest.fixture
def captures(parts: Any, client: Any) -> list[str]:
    """Ten captures, a day between each."""
    made = [store_capture(client, number) for number in range(10)]
    set_received(parts, "captures", [START + 90 * DAY + number * DAY for number in range(10)])
    return made


def test_old_captures_go_with_their_tags_and_pictures(parts: Any, client: Any, captures: list[str]) -> None:
    assert len(files(parts)) == 10
    assert expire(parts, "captures", 5, lambda: NOW) == 5
    assert [row["id"] for row in client.get("/api/captures").json["captures"]] == captures[:4:-1]
    assert [name.split("_")[0] for name in files(parts)] == [f"TAG{number}" for number in range(5, 10)]
    assert rows(parts, "SELECT COUNT(*) FROM capture_tags") == [(10,)]
    assert rows(parts, "SELECT * FROM expired_files") == []
    assert client.get("/status").json["captures"]["stored"] == 5


def test_without_days_nothing_goes_by_age(parts: Any, captures: list[str]) -> None:
    assert expire(parts, "captures", 0, lambda: NOW + 10_000 * DAY) == 0
    assert len(files(parts)) == 10


def test_a_protected_capture_stays_with_its_picture(parts: Any, client: Any, captures: list[str]) -> None:
    execute(parts, "UPDATE captures SET protected = 1 WHERE seq IN (1, 3)")
    assert expire(parts, "captures", 5, lambda: NOW) == 3
    assert [row["id"] for row in client.get("/api/captures").json["captures"]][-2:] == [captures[2], captures[0]]
    assert len(files(parts)) == 7


def test_a_picture_that_two_captures_name_goes_with_the_second(parts: Any, client: Any, captures: list[str]) -> None:
    (name,) = rows(parts, "SELECT primary_image FROM captures WHERE seq = 1")[0]
    execute(parts, f"UPDATE captures SET primary_image = '{name}', captured_at = {START} WHERE seq = 9")
    assert expire(parts, "captures", 5, lambda: NOW) == 5
    assert name in files(parts)
    assert expire(parts, "captures", 5, lambda: NOW + 9 * DAY) == 5
    assert name not in files(parts)


def test_a_link_to_another_machine_is_no_file(parts: Any, client: Any, captures: list[str]) -> None:
    execute(parts, "UPDATE captures SET label_image = 'http://10.0.0.1/x.jpg', secondary_image = '../hub.db'")
    assert expire(parts, "captures", 5, lambda: NOW) == 5
    assert parts.backend.file.exists() and rows(parts, "SELECT * FROM expired_files") == []


def test_files_that_a_crash_left_go_with_the_next_run(parts: Any, captures: list[str]) -> None:
    """The rows were deleted and the hub was killed before the files were."""
    (name,) = rows(parts, "SELECT primary_image FROM captures WHERE seq = 1")[0]
    execute(parts, "DELETE FROM captures WHERE seq = 1")
    execute(parts, f"INSERT INTO expired_files VALUES ('{name}', 0)")
    assert expire(parts, "captures", 0, lambda: NOW) == 0
    assert name not in files(parts) and rows(parts, "SELECT * FROM expired_files") == []


def test_rows_from_a_wrong_clock_wait_for_those_before_them(parts: Any, client: Any, captures: list[str]) -> None:
    """The sixth arrived while the clock was in the past, the first while it was in the future."""
    execute(parts, f"UPDATE captures SET received_at = {START} WHERE seq = 8")
    execute(parts, f"UPDATE captures SET received_at = {NOW + 999 * DAY} WHERE seq = 2")
    assert expire(parts, "captures", 5, lambda: NOW) == 4
    assert [row[0] for row in rows(parts, "SELECT seq FROM captures ORDER BY seq")] == [2, 6, 7, 8, 9, 10]
    assert expire(parts, "captures", 5, lambda: NOW + 4 * DAY) == 4
    assert [row[0] for row in rows(parts, "SELECT seq FROM captures ORDER BY seq")] == [2, 10]


def test_pictures_of_older_versions_are_counted(parts: Any, captures: list[str]) -> None:
    counted = rows(parts, "SELECT picture_bytes FROM captures")
    assert counted == [(len(picture(3000, number)),) for number in range(10)]
    execute(parts, "UPDATE captures SET picture_bytes = NULL")
    execute(parts, "UPDATE captures SET protected = 1 WHERE seq = 5")
    retention = retention_of(parts, {"captures": 0})
    retention._count_pictures()
    assert rows(parts, "SELECT picture_bytes FROM captures") == counted


def test_a_file_that_another_program_holds_goes_later(
    parts: Any, client: Any, captures: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows; nobody else's record may fail with it."""
    real = parts.images.remove

    def held(transaction: Any, name: str) -> None:
        if name.startswith("TAG2_"):
            raise PermissionError(13, "The process cannot access the file")
        real(transaction, name)

    monkeypatch.setattr(parts.images, "remove", held)
    assert expire(parts, "captures", 5, lambda: NOW) == 5
    assert [name.split("_")[0] for name in files(parts)] == ["TAG2", *(f"TAG{number}" for number in range(5, 10))]
    assert parts.writer.failure is None
    monkeypatch.undo()
    monkeypatch.setattr("hub.retention.service.FIRST_SECONDS", 1e6)
    assert expire(parts, "captures", 5, lambda: NOW) == 0
    assert len(files(parts)) == 5
