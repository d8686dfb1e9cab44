"""app.py with WebSocket keep-alive in tenths of a second, so that a test need not wait for minutes."""

from gevent import monkey

monkey.patch_all()

import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from hub.cli import main
from hub.http import serving

if __name__ == "__main__":
    serving.ServerOptions = partial(serving.ServerOptions, ping_seconds=0.15, idle_seconds=1.5)
    sys.exit(main(sys.argv[1:]))
