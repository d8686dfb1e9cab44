"""When backups are due."""

from __future__ import annotations

from datetime import datetime

import pytest

from hub.backup.schedule import due, last_hour, next_at
from hub.settings.backup import Backup

HOUR = 3600.0


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_without_a_schedule_nothing_is_due() -> None:
    assert not due(Backup(), None, at("2026-05-01T03:30")) and next_at(Backup(), None, at("2026-05-01T03:30")) is None


@pytest.mark.parametrize(
    ("newest", "now", "expected"),
    [
        (None, "2026-05-01T12:00", True),
        ("2026-05-01T03:10", "2026-05-01T23:00", False),
        ("2026-05-01T03:10", "2026-05-02T02:59", False),
        ("2026-05-01T03:10", "2026-05-02T03:00", True),
        ("2026-04-01T03:10", "2026-05-02T12:00", True),  # missed while the hub did not run
    ],
)
def test_a_daily_backup(newest: str | None, now: str, expected: bool) -> None:
    assert due(Backup(hours=[3]), None if newest is None else at(newest), at(now)) is expected


def test_every_so_many_hours() -> None:
    settings, made = Backup(every_hours=6), at("2026-05-01T03:00")
    assert not due(settings, made, made + 5.9 * HOUR) and due(settings, made, made + 6 * HOUR)
    assert next_at(settings, made, made + HOUR) == made + 6 * HOUR
    assert next_at(settings, None, made) == made


def test_hours_are_sorted_and_different() -> None:
    settings = Backup(hours=[15, 3, 15])
    assert settings.hours == [3, 15]
    assert last_hour(settings, at("2026-05-01T14:59")) == at("2026-05-01T03:00")
    assert next_at(settings, at("2026-05-01T03:00"), at("2026-05-01T14:59")) == at("2026-05-01T15:00")


@pytest.mark.parametrize("hours", [[24], [-1], ["x"]])
def test_hours_that_no_day_has(hours: list[object]) -> None:
    with pytest.raises(ValueError, match="hours"):
        Backup(hours=hours)
