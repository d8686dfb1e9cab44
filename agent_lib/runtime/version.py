"""The version of this program."""

from __future__ import annotations

import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def version() -> str:
    """The project's version, as in pyproject.toml; "" where the file is missing or has none."""
    try:
        found = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["version"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return found if isinstance(found, str) else ""
