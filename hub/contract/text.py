"""Text from outside as it is stored and shown."""

from __future__ import annotations


def clean(value: object) -> str:
    """Text without surrounding space, control characters or half characters, so that it can be stored and shown."""
    text = str(value)
    if text.isascii() and text.isprintable():
        return text.strip()
    text = text.encode("utf-8", "replace").decode("utf-8").strip()
    return "".join(char for char in text if char >= " " or char in "\n\t")
