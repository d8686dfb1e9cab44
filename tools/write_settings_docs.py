"""Write docs/settings.md from the declared settings of the hub and of the agent."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from agent_lib.settings import template as settings_template
from hub.settings import file as settings_file

HUB = """# Settings

This page is written by `python tools/write_settings_docs.py` from the declarations in the code; a test compares them.

## Hub

The file is `hub.toml` in the instance folder (written on the first start). The environment counts over the file, and
the flags `--host` and `--port` over both. `python app.py check-config` says whether the file can be used. A setting
that does not exist or a value that cannot be used is refused with file, key and reason.

"""

AGENT = """
## Agent

The file is `agent.toml` in the instance folder (written on the first start), or what `--config FILE` names: TOML, or
the JSON of the original station software, in which keys that are not known are a warning and no refusal. The
environment (`WEBSOCKET_URL`, `GATEHOUSE_TOKEN`, `GATEHOUSE_CA`, `IMAGE_SERVER_URL`, `AGENT_SIMULATE_PAUSE`,
`AGENT_SIMULATE_FLEET`, `AGENT_SIMULATE_NIGHT`) counts over the file, and the flags `--hub`, `--ca`, `--simulate` and
`--seed` over both. Each
table of `[[stations]]` may hold tables `camera`, `secondary_camera`, `rfid`, `capture` and `ocr` of its own; the ones
at the top are what it does not say. `secondary_camera` has the keys of `camera` and takes from it what it does not say,
except its address. `camera.rtsp_url` is another name of `camera.url`; `station` may be just a name and `hub` just an
address.

"""


def text() -> str:
    """Return the whole page."""
    return HUB + settings_file.table() + AGENT + settings_template.table()


if __name__ == "__main__":
    (ROOT / "docs" / "settings.md").write_text(text(), encoding="utf-8")
