"""Write docs/settings.md from the declared settings of the hub and of the agent."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from hub.settings_file import table  # noqa: E402

HEAD = """# Settings

This page is written by `python tools/write_settings_docs.py` from the declarations in the code; a test compares them.

## Hub

The file is `hub.toml` in the instance folder (written on the first start). The environment counts over the file, and the flags
`--host` and `--port` over both. `python app.py check-config` says whether the file can be used. A setting that does not
exist or a value that cannot be used is refused with file, key and reason.

"""


def text() -> str:
    return HEAD + table()


if __name__ == "__main__":
    (ROOT / "docs" / "settings.md").write_text(text(), encoding="utf-8")
