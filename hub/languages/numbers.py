"""Numbers in templates, with the digits of the reader's language; scripts have `number` (static/words.js)."""

from __future__ import annotations

from babel import Locale
from babel.numbers import format_decimal, format_percent

from hub.languages.choice import language

LATIN = "0123456789%"
DIGITS = {"arabext": "۰۱۲۳۴۵۶۷۸۹٪"}
"""Numbering system of CLDR -> its digits and percent sign."""


def numberformat(value: float) -> str:
    """A number as the reader writes it."""
    return digits(format_decimal(value, locale=language(), numbering_system="default"))


def percentformat(share: float) -> str:
    """A share, 1 for all, in percent."""
    return digits(format_percent(share, locale=language(), numbering_system="default"))


def digits(text: str) -> str:
    """A text such as 14:00 with the digits of the reader."""
    system = Locale.parse(language()).default_numbering_system
    return text.translate(str.maketrans(LATIN, DIGITS.get(system, LATIN)))
