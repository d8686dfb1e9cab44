"""Runs every test with the Python of .venv; arguments go to pytest and its status comes back.

`run_tests.sh` and `run_tests.bat` run this with whatever Python 3.11 or newer they find.
"""
import environment  # isort: skip  (must stay first: it ends the program under an old Python)

import os
import shutil
import signal
import subprocess
import sys

import signals
from environment import ROOT, say

# What some tests need besides Python: the program and the Debian package it comes in.
OPTIONAL_TOOLS = (("wine", "wine"), ("x86_64-w64-mingw32-gcc", "gcc-mingw-w64-x86-64"), ("chromium", "chromium"))


def missing_tools_sentence():
    """What to install so that no test is skipped, or "" where everything is there or the system is not Linux."""
    if not sys.platform.startswith("linux"):
        return ""
    packages = [package for program, package in OPTIONAL_TOOLS if not shutil.which(program)]
    if not packages:
        return ""
    return "Some tests will be skipped; to run them as well: sudo apt install %s" % " ".join(packages)


def main(arguments):
    """The program; returns pytest's status, or takes its place on systems that can do that."""
    signals.on_stop(signals.raise_interrupt)
    try:
        python = str(environment.Environment().ensure())
    except environment.SetupError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("Stopped before everything was ready; the next start goes on from here.")
        return 130
    hint = missing_tools_sentence()
    if hint:
        say(hint)
    command = [python, "-m", "pytest"] + arguments
    os.chdir(str(ROOT))
    if os.name != "nt":
        os.execv(python, command)
    # The console's Ctrl-C reaches pytest as well; this process only waits for what it says then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return subprocess.call(command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
