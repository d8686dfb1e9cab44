"""app.py with a keeper of WebSockets that counts tenths of seconds, so that a test need not wait for minutes."""

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402
from functools import partial  # noqa: E402
from pathlib import Path  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from hub import serving  # noqa: E402
from hub.cli import main  # noqa: E402

if __name__ == "__main__":
    serving.ServerOptions = partial(serving.ServerOptions, ping_seconds=0.15, idle_seconds=1.5)
    sys.exit(main(sys.argv[1:]))
