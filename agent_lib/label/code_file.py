"""Load the label's edge code from `data/label_code.json`, or from a site's own file."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from agent_lib.label.code import LabelCode, LabelCodeError, parse_label_code

DEFAULT_PATH = Path(__file__).resolve().parents[1] / "data" / "label_code.json"


def load_label_code(path: str | Path = "") -> LabelCode:
    """Read a code file ("" for the default one). Raises LabelCodeError if it is missing or invalid."""
    path = Path(path).expanduser() if str(path).strip() else DEFAULT_PATH
    try:
        changed = path.stat().st_mtime_ns
        return _load(path, changed)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise LabelCodeError(
            f"Cannot read the label code {path}: {why}. Set ocr.label_code to a file that can be read, or leave it "
            "empty."
        ) from error


@lru_cache(maxsize=8)
def _load(path: Path, changed: int) -> LabelCode:
    """The code in a file; `changed`, its modification time, is part of the cache key."""
    text = path.read_text(encoding="utf-8")
    try:
        return parse_label_code(json.loads(text))
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise LabelCodeError(
            f"The label code {path} is not usable ({error!r}): it needs board, panel, tick and the "
            "four edges, as the file that comes with the agent has them."
        ) from error
