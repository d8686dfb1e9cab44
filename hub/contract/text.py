"""Text from senders, cleaned for storing and showing."""

from __future__ import annotations

CONTROLS = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}


def clean(value: object) -> str:
    """The text of a value without surrounding space, control characters (but newline and tab) and lone surrogates."""
    text = str(value)
    if text.isascii() and text.isprintable():
        return text.strip()
    # Space last: where it stands beside control characters it surrounds the text once they are gone.
    return text.encode("utf-8", "replace").decode("utf-8").translate(CONTROLS).strip()


def place_key(name: object) -> str:
    """The name of a checkpoint as it is compared: case and repeated space do not matter."""
    return " ".join(clean(name).casefold().split())
