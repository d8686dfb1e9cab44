"""The station agent: reads a gate's devices and delivers captures to the hub. `python agent.py --help` says how."""

import os
import sys

# Threads of the linear algebra library wait for each other longer than they compute: a frame by night costs twice as
# much with them. It reads this when it is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from agent_lib.cli import main

if __name__ == "__main__":
    sys.exit(main())
