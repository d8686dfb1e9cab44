"""Read a settings file's text and parse it as TOML, or as the JSON of the original station."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any


class SettingsError(Exception):
    """A setting is invalid; the message has one line per error with origin, key and reason."""


def read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not UTF-8 text; save it as UTF-8.") from error
    except FileNotFoundError as error:
        raise SettingsError(f"{path}: there is no such file; correct --config.") from error
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}).") from error


def is_json(path: Path, text: str) -> bool:
    if path.suffix.lower() in (".json", ".toml"):
        return path.suffix.lower() == ".json"
    return without_comments(text).lstrip().startswith("{")


def parse_toml(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"{path}: {error}; correct that line (texts in quotes, one key a line; in Windows paths write / or two "
            "backslashes)."
        ) from error


def parse_json(path: Path, text: str) -> dict[str, Any]:
    try:
        values = json.loads(without_comments(text))
    except (json.JSONDecodeError, RecursionError) as error:
        where = (
            f"{error.msg} (line {error.lineno}, column {error.colno})"
            if isinstance(error, json.JSONDecodeError)
            else "nested too deeply"
        )
        raise SettingsError(f"{path}: is not JSON: {where}; correct that line.") from error
    if not isinstance(values, dict):
        raise SettingsError(f"{path}: must be one JSON object in braces.")
    return values


def without_comments(text: str) -> str:
    """JSON text without `# ...` and `// ...` comments; line numbers stay the same.

    The original's documentation shows its settings with such comments.
    """
    return re.sub(r'("(?:\\.|[^"\\\n])*")|(?:#|//)[^\n]*', lambda match: match.group(1) or "", text)
