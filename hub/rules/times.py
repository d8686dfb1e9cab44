"""Times of the week, such as Monday to Friday from 18:00 to 06:00, in the site's zone. No input or output here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

DAY = timedelta(days=1)


class Times(BaseModel):
    """From `begin` to `end` (HH:MM) on `days` (0 is Monday); an end before its begin is on the next day.

    The same begin and end are the whole day.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    days: list[int] = Field(default_factory=lambda: list(range(7)), max_length=7)
    begin: str = "00:00"
    end: str = "00:00"

    @field_validator("days")
    @classmethod
    def _are_days(cls, value: list[int]) -> list[int]:
        if not value or any(not 0 <= day <= 6 for day in value):
            raise ValueError("days are numbers from 0 (Monday) to 6 (Sunday), at least one")
        return sorted(set(value))

    @field_validator("begin", "end", mode="before")
    @classmethod
    def _is_a_time(cls, value: Any) -> str:
        text = str(value)[:10]
        if text == "24:00":
            return "00:00"
        try:
            return time.fromisoformat(text if len(text) == 5 else "x").strftime("%H:%M")
        except ValueError:
            raise ValueError("is a time such as 06:00") from None

    def since(self, moment: datetime) -> datetime | None:
        """When the span began that `moment` is in; None where it is in none."""
        begin, end = time.fromisoformat(self.begin), time.fromisoformat(self.end)
        for start in (moment, moment - DAY):
            if start.weekday() not in self.days:
                continue
            began = start.replace(hour=begin.hour, minute=begin.minute, second=0, microsecond=0)
            ended = began.replace(hour=end.hour, minute=end.minute)
            if ended <= began:
                ended += DAY
            if began <= moment < ended:
                return began
        return None


def span_began(times: Sequence[Times], at: float, zone: tzinfo | None) -> float | None:
    """Since when `at` (epoch seconds) is within one of `times`, spans that follow each other taken together.

    None where it is in none of them; without any times it always is, from the epoch on.
    """
    if not times:
        return 0.0
    moment = datetime.fromtimestamp(at, zone)
    found: datetime | None = None
    for _ in range(14):  # a week of whole days is always
        began = [each for each in (one.since(moment) for one in times) if each is not None]
        if not began:
            break
        found = min(began)
        moment = found - timedelta(seconds=1)
    return found.timestamp() if found is not None else None


def is_within(times: Sequence[Times], at: float, zone: tzinfo | None) -> bool:
    """Whether `at` (epoch seconds) is within one of `times`; without any it is not."""
    return bool(times) and span_began(times, at, zone) is not None
