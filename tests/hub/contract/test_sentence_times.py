"""Times in sentences for people."""

from __future__ import annotations

from datetime import timedelta, timezone

from hub.contract.times import local_sentence, sentence_time


def test_a_time_in_a_sentence_has_no_parts_of_a_second_and_is_not_after_the_moment() -> None:
    assert sentence_time(1_767_311_999.999999) == "2026-01-01T23:59:59Z"


def test_a_mail_has_the_times_of_the_site() -> None:
    bangkok, newfoundland = timezone(timedelta(hours=7)), timezone(-timedelta(hours=3, minutes=30))
    said = f"Silent since {sentence_time(1_767_311_999.5)}. Until 2026-01-28T03:50:00.123456Z it worked."
    assert local_sentence(said, bangkok) == (
        "Silent since 2026-01-02 06:59:59 +07:00. Until 2026-01-28 10:50:00 +07:00 it worked."
    )
    assert "2026-01-01 20:29:59 -03:30." in local_sentence(said, newfoundland)
    assert local_sentence("The plate AB 1234-56-78T90 was read.", bangkok) == "The plate AB 1234-56-78T90 was read."
