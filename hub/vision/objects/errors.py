"""The error of operators' models."""

from __future__ import annotations


class ModelError(ValueError):
    """A model cannot be used; the text is a sentence for the operator with the reason and the next step."""


def reason(error: Exception) -> str:
    """The first line of a library's error, at most 160 characters."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no more is known'}"[:160].rstrip(". ")
