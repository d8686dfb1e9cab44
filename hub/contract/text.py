"""Text from senders, cleaned for storing and showing."""

from __future__ import annotations


def clean(value: object) -> str:
    """The text of a value without surrounding space, control characters (but newline and tab) and lone surrogates."""
    text = str(value)
    if text.isascii() and text.isprintable():
        return text.strip()
    text = text.encode("utf-8", "replace").decode("utf-8").strip()
    return "".join(char for char in text if char >= " " or char in "\n\t")
