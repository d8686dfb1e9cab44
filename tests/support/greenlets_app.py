"""app.py that writes the number of its greenlets into greenlets.txt of the instance folder after SIGUSR1."""

from gevent import monkey

monkey.patch_all()

import gc
import signal
import sys
from pathlib import Path

import gevent
from greenlet import greenlet

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from hub.cli import main


def write_count() -> None:
    gc.collect()
    gc.unfreeze()  # get_objects() leaves frozen ones out
    count = sum(isinstance(each, greenlet) and not each.dead for each in gc.get_objects())
    gc.freeze()
    path = Path(sys.argv[sys.argv.index("--instance") + 1]) / "greenlets.txt"
    part = path.with_suffix(".part")
    part.write_text(str(count), "ascii")
    part.replace(path)


if __name__ == "__main__":
    gevent.signal_handler(signal.SIGUSR1, write_count)
    sys.exit(main(sys.argv[1:]))
