"""app.py that is killed, as by kill -9, at one moment: HUB_TEST_KILLED is "stored", "fired" or "told".

stored: a capture is committed, and no rule has looked at it. fired: what a rule has fired for is committed, and nobody
was told. told: its alert is committed, and the rules' position in the captures may not be.
"""

from gevent import monkey

monkey.patch_all()

import logging
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flask import Flask

from hub import kinds
from hub.cli import main
from hub.context import Hub
from hub.live.events import CAPTURE_STORED

MOMENT = os.environ.pop("HUB_TEST_KILLED")
LINES = {"fired": ("hub.rules", "Rule '"), "told": ("hub.alerts", "Alert rule, ")}


def die() -> None:
    """End at once."""
    os.kill(os.getpid(), signal.SIGKILL)


class Killer(logging.Handler):
    """Ends the process at a line of the log."""

    def __init__(self, start: str) -> None:
        super().__init__()
        self._start = start

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith(self._start):
            die()


def register(app: Flask, hub: Hub) -> None:
    """Subscribe before everything else."""
    if MOMENT == "stored":
        hub.bus.subscribe(CAPTURE_STORED, lambda _: die())
        return
    name, start = LINES[MOMENT]
    logging.getLogger(name).addHandler(Killer(start))
    logging.getLogger(name).setLevel(logging.INFO)


if __name__ == "__main__":
    kinds.REGISTER = (register, *kinds.REGISTER)
    sys.exit(main(sys.argv[1:]))
