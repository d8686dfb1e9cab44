"""Where the agent logs to: agent.log in the instance folder, and the window."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Literal

from agent_lib.runtime.log_lines import JsonFormatter, TextFormatter
from tools.logs.log_file import LogFile

LINE = "%(asctime)s [%(levelname)s] %(name)s: %(message)s"


def set_up_log(path: Path, level: str, form: Literal["text", "json"], max_bytes: int, keep: int, max_days: int) -> None:
    """Log to `path`, rotated, and to stderr; to stderr alone where the file cannot be opened."""
    root = logging.getLogger()
    root.setLevel(level)
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    try:
        handlers.append(LogFile(path, max_bytes, keep, max_days, "agent"))
    except OSError as error:
        print(f"{path}: cannot be written ({error.strerror}); the log goes to this window only.", file=sys.stderr)
    for handler in handlers:
        handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter(LINE))
        root.addHandler(handler)
    # The agent logs its retries itself.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
