"""The translated words, as tools/write_languages.py has written them beside each `messages.po`.

`messages.mo` is for templates (gettext), `scripts.json` for scripts: English text -> translation, or the list of its
plural forms; "" -> which of them a plural category of CLDR takes; "~" -> the sentences with placeholders of
hub/languages/sentences.py.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "translations"
NOTHING = b"{}"


class ScriptWords:
    """The words of every language for scripts, read once: some ten KB each."""

    def __init__(self, codes: list[str], folder: Path = FOLDER) -> None:
        self._bodies = {code: _read(folder / code / "LC_MESSAGES" / "scripts.json") for code in codes}

    def body(self, code: str) -> bytes:
        """The JSON of a language. Raises KeyError."""
        return self._bodies[code]

    def version(self, code: str) -> str:
        """A short text that changes with the words of a language. Raises KeyError."""
        return hashlib.sha256(self._bodies[code]).hexdigest()[:12]


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else NOTHING  # English needs none
