"""Which language a reader gets: the one chosen on a page, else the best of those that the browser asks for."""

from __future__ import annotations

from flask import request

LANGUAGES = {"en": "English", "th": "ไทย", "fa": "فارسی"}
"""Code (BCP 47) -> the language's own name."""
RIGHT_TO_LEFT = frozenset({"fa"})
COOKIE = "language"


def language() -> str:
    """The code of the language of this request."""
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in LANGUAGES else request.accept_languages.best_match(list(LANGUAGES), "en")


def direction(code: str) -> str:
    """The direction of a language's script, as HTML's `dir` names it."""
    return "rtl" if code in RIGHT_TO_LEFT else "ltr"
