"""The words of a language for templates and scripts, and sentences of the hub in them."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from hub.languages.numbers import digits, numberformat, percentformat
from hub.languages.sentences import PATTERNS, SENTENCES, said

PAGE = {"Accept": "text/html"}


def address(client: Any, language: str) -> str:
    """Where the page of a language says that its words are."""
    text = client.get("/login", headers={**PAGE, "Accept-Language": language}).text
    return str(text.split('data-words="')[1].split('"')[0])


def test_the_words_of_a_page_are_kept_by_browsers(client: Any) -> None:
    answer = client.get(address(client, "th"))
    assert answer.status_code == 200 and answer.json["Today"] == "วันนี้"
    assert answer.json["{count} day"] == ["{count} วัน"] and answer.json[""] == {"other": 0}
    assert "immutable" in answer.headers["Cache-Control"]


def test_without_the_version_they_are_asked_for_each_time(client: Any) -> None:
    answer = client.get("/languages/fa.json?v=old")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert len(answer.json["{count} day"]) == 2 and answer.json[""] == {"one": 0, "other": 1}
    again = client.get("/languages/fa.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304 and again.data == b""


def test_english_has_none_and_others_are_not_there(client: Any) -> None:
    assert client.get("/languages/en.json").json == {}
    for code in ("de", "..", "th.json/x"):
        assert client.get(f"/languages/{code}.json").status_code == 404


@pytest.mark.parametrize(("language", "title"), [("th", "เข้าสู่ระบบ"), ("fa", "ورود"), ("en", "Log in")])
def test_the_login_page(client: Any, language: str, title: str) -> None:
    text = client.get("/login", headers={**PAGE, "Accept-Language": language}).text
    assert f"<h1>{title}</h1>" in text
    assert "python app.py reset-password NAME</code>" in text


def test_a_failed_login_in_the_readers_language(client: Any) -> None:
    text = client.post(
        "/login", data={"name": "nobody", "password": "wrong"}, headers={**PAGE, "Accept-Language": "th"}
    ).text
    assert "ชื่อหรือรหัสผ่านไม่ถูกต้อง" in text


def test_sentences(app: Flask) -> None:
    with app.test_request_context(headers={"Accept-Language": "th"}):
        assert said("Waiting for a tag.") == "กำลังรอแท็ก"
        assert said("Cannot connect to 10.0.0.1:6000: no answer") == "เชื่อมต่อกับ 10.0.0.1:6000 ไม่ได้: ไม่ตอบ"
        assert said("Something else {address}.") == "Something else {address}."
        assert said("") == "" and said("x" * 10_000) == "x" * 10_000
    with app.test_request_context(headers={"Accept-Language": "fa"}):
        assert "\u206810.0.0.1\u2069" in said("Opening 10.0.0.1.")
        assert "\u2067" in said("RFID error: Cannot connect to 10.0.0.1:6000: no answer"), "a text with names in it"
        assert "۱۰" in said("Max attempts reached (10)")
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert said("Waiting for a tag.") == "Waiting for a tag."


def test_a_sentence_matches_one_pattern_at_most() -> None:
    for sentence in SENTENCES:
        fits = [other for other, found in PATTERNS.items() if found.fullmatch(sentence) and other != sentence]
        assert fits == [], sentence


def test_a_printed_sheet_has_the_digits_of_the_reader(client: Any) -> None:
    persian = client.get("/reports/2026-11-27", headers={**PAGE, "Accept-Language": "fa"}).text
    assert ">۰۰:۰۰</th>" in persian and ">۰</b>" in persian and ">00:00</th>" not in persian
    assert 'datetime="2026-11-27T12:00:00' in persian
    thai = client.get("/reports/2026-11-27", headers={**PAGE, "Accept-Language": "th"}).text
    assert ">00:00</th>" in thai and ">0</b>" in thai


@pytest.mark.parametrize(
    ("language", "texts"), [("fa", ("۱۲٬۳۴۵", "۵۰٪", "۱۴:۳۰")), ("th", ("12,345", "50%", "14:30"))]
)
def test_numbers(app: Flask, language: str, texts: tuple[str, str, str]) -> None:
    with app.test_request_context(headers={"Accept-Language": language}):
        assert (numberformat(12345), percentformat(0.5), digits("14:30")) == texts
