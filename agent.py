"""The station agent: reads a gate's devices and delivers captures to the hub. `python agent.py --help` says how."""

import sys

from agent_lib.cli import main

if __name__ == "__main__":
    sys.exit(main())
