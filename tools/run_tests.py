"""Run the tests with the Python of .venv; arguments are passed to pytest and its exit status is returned.

`run_tests.sh` and `run_tests.bat` run this with any Python 3.11 or newer that they find.
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
    """Return what to install so that no test is skipped; "" if nothing is missing or the system is not Linux."""
    if not sys.platform.startswith("linux"):
        return ""
    packages = [package for program, package in OPTIONAL_TOOLS if not shutil.which(program)]
    if not packages:
        return ""
    return "Some tests will be skipped; to run them as well: sudo apt install %s" % " ".join(packages)


def main(arguments):
    """Run pytest and return its exit status; on POSIX, pytest replaces this process."""
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
    # Ctrl-C in the console reaches pytest as well; this process only waits for its exit status.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return subprocess.call(command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
