"""The texts that pages show: found in templates, scripts and Python modules, with the files that have them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from babel.messages.extract import extract
from jinja2.ext import babel_extract

CALL = re.compile(r"(?<![\w.$])(t|counted)\(")
TEXT = re.compile(r'\s*("(?:[^"\\\n]|\\.)*")\s*(?=[,)])')
COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)
WORDS = "words.js"  # which defines what the other scripts call
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
SENTENCES = "hub/languages/sentences.py"
MODULES = "flask_babel"  # Python modules with texts import it

MessageId = tuple[str, ...]
"""One text, or singular and plural."""


@dataclass
class Texts:
    """Message id -> the files that have it, in the order in which they were found; and what cannot be translated."""

    found: dict[MessageId, list[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, message: MessageId, file: str) -> None:
        """Note that a file has a text."""
        files = self.found.setdefault(message, [])
        if file not in files:
            files.append(file)


def find_texts(root: Path, sentences: Iterable[str] = ()) -> Texts:
    """Every text of the pages of a working tree, and the sentences of hub/languages/sentences.py."""
    texts = Texts()
    for path in sorted((root / "templates").rglob("*.html")):
        with path.open("rb") as file:
            for _, function, message, _ in babel_extract(file, list(KEYWORDS), [], {"silent": "false"}):
                _add(texts, function, message, path.relative_to(root).as_posix())
    for path in sorted((root / "hub").rglob("*.py")):
        if MODULES in path.read_text("utf-8"):
            with path.open("rb") as file:
                for _, message, _, _ in extract("python", file, KEYWORDS):
                    texts.add(_as_id(message), path.relative_to(root).as_posix())
    for sentence in sentences:
        texts.add((sentence,), SENTENCES)
    for path in sorted((root / "static").glob("*.js")):
        if path.name != WORDS:
            _find_in_script(texts, path.read_text("utf-8"), path.relative_to(root).as_posix())
    return texts


def _as_id(message: str | tuple[str, ...]) -> MessageId:
    return (message,) if isinstance(message, str) else tuple(message)


def _add(texts: Texts, function: str | None, message: object, file: str) -> None:
    parts = list(message) if isinstance(message, tuple | list) else [message]
    wanted = 2 if function == "ngettext" else 1
    if any(not isinstance(part, str) for part in parts[:wanted]):
        texts.problems.append(f"{file}: {function}() is called without a literal text")
        return
    texts.add(tuple(parts[:wanted]), file)


def _find_in_script(texts: Texts, source: str, file: str) -> None:
    source = COMMENT.sub("", source)
    for call in CALL.finditer(source):
        start = call.end()
        wanted = 1
        if call[1] == "counted":
            start, wanted = _after_argument(source, start), 2
        found = []
        for _ in range(wanted):
            match = TEXT.match(source, start)
            if match is None:
                line = source[call.start() : call.start() + 60].splitlines()[0]
                texts.problems.append(f"{file}: no literal text in {line}")
                break
            found.append(json.loads(match[1]))
            start = match.end() + 1
        else:
            texts.add(tuple(found), file)


def _after_argument(source: str, start: int) -> int:
    """The place behind the comma that ends an argument; a comma in a string or in brackets does not."""
    depth = 0
    for place, sign in _signs(source, start):
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
        elif sign == "," and depth == 0:
            return place + 1
        if depth < 0:
            return place
    return len(source)


def _signs(source: str, start: int) -> Iterator[tuple[int, str]]:
    """The characters outside of strings."""
    quote, escaped = "", False
    for place in range(start, len(source)):
        sign = source[place]
        if quote:
            if escaped:
                escaped = False
            elif sign == "\\":
                escaped = True
            elif sign == quote:
                quote = ""
        elif sign in "\"'`":
            quote = sign
        else:
            yield place, sign
