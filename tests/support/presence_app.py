"""app.py whose vision process of vehicles is tests/support/fake_vehicles.py."""

from gevent import monkey

monkey.patch_all()

import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from hub.cli import main
from hub.presence import register
from tests.support.fake_vehicles import COMMAND

if __name__ == "__main__":
    register.VisionProcess = partial(register.VisionProcess, command=COMMAND)
    sys.exit(main(sys.argv[1:]))
