"""Which language a reader gets, and the route by which it is chosen."""

from __future__ import annotations

from typing import Any

import pytest

PAGE = {"Accept": "text/html"}
FORM = "application/x-www-form-urlencoded"


def attributes(client: Any, **headers: str) -> tuple[str, str]:
    """Language and direction of the login page."""
    text = client.get("/login", headers={**PAGE, **headers}).text
    opening = text[text.index("<html") : text.index(">", text.index("<html"))]
    return opening.split('lang="')[1].split('"')[0], opening.split('dir="')[1].split('"')[0]


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("th-TH,th;q=0.9,en;q=0.8", ("th", "ltr")),
        ("fa-IR", ("fa", "rtl")),
        ("de,fr;q=0.5", ("en", "ltr")),
        ("", ("en", "ltr")),
        (";;;q=9,\x7f", ("en", "ltr")),
    ],
)
def test_the_browser_asks_for_a_language(client: Any, asked: str, given: tuple[str, str]) -> None:
    assert attributes(client, **{"Accept-Language": asked}) == given


def test_a_chosen_language_counts_more(client: Any) -> None:
    answer = client.post("/language", data={"language": "fa"}, headers={"Referer": "http://hub:5000/records?number=1"})
    assert answer.status_code == 303 and answer.headers["Location"] == "/records?number=1"
    cookie = answer.headers["Set-Cookie"]
    assert "language=fa" in cookie and "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert attributes(client, **{"Accept-Language": "th"}) == ("fa", "rtl")
    client.set_cookie("language", "xx")
    assert attributes(client, **{"Accept-Language": "th"}) == ("th", "ltr")


@pytest.mark.parametrize(
    ("referer", "leads"),
    [
        ("", "/"),
        ("https://evil.example//evil.example/", "/"),
        ("https://evil.example/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("http://[", "/"),
        ("http://hub/plates?a=b&c", "/plates?a=b&c"),
    ],
)
def test_the_choice_leads_to_a_path_of_the_hub_only(client: Any, referer: str, leads: str) -> None:
    answer = client.post("/language", data={"language": "th"}, headers={"Referer": referer} if referer else {})
    assert answer.headers["Location"] == leads


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"language=de", FORM, 400),
        (b"", FORM, 400),
        (b"language=%ff%fe", FORM, 400),
        (b"language=th&" + b"x" * 2000, FORM, 413),
        (b'{"language":"th"}', "application/json", 415),
    ],
)
def test_what_is_no_choice(client: Any, body: bytes, content_type: str, status: int) -> None:
    answer = client.post("/language", data=body, content_type=content_type)
    assert answer.status_code == status and answer.json["message"]
    assert "Set-Cookie" not in answer.headers
