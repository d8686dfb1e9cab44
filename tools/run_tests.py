"""Run the tests with the Python of .venv; arguments are passed to pytest and its exit status is returned.

Three processes share the files of tests, unless the arguments name a path; tests/support/alone.py keeps those apart
that measure times.

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
OPTIONAL_TOOLS = (
    ("wine", "wine"),
    ("x86_64-w64-mingw32-gcc", "gcc-mingw-w64-x86-64"),
    ("gcc", "gcc libc6-dev"),
    ("chromium", "chromium"),
    ("mosquitto", "mosquitto"),
)
# Debian has servers in a folder that is not on everybody's path.
SEARCHED = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin"))


PROCESSES = ["-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"]
# With these the caller has chosen a number of processes, or wants to see or enter a running test.
IN_ONE_PROCESS = ("-n", "--numprocesses", "--dist", "-s", "--capture", "--pdb", "--trace", "-p", "--sw", "--stepwise")


def process_options(arguments):
    """Return pytest's options for several processes; [] where one is to run the tests."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    # On Windows no lock keeps the tests apart that measure times.
    if os.name == "nt" or cores < 2:
        return []
    return [] if any(map(_is_for_one_process, arguments)) else PROCESSES


def _is_for_one_process(argument):
    path = argument.split("::")[0]
    return argument.split("=")[0] in IN_ONE_PROCESS or path.endswith(".py") or os.path.isdir(str(ROOT / path))


def missing_tools_sentence():
    """Return what to install so that no test is skipped; "" if nothing is missing or the system is not Linux."""
    if not sys.platform.startswith("linux"):
        return ""
    packages = [package for program, package in OPTIONAL_TOOLS if not shutil.which(program, path=SEARCHED)]
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
    command = [python, "-m", "pytest"] + process_options(arguments) + arguments
    os.chdir(str(ROOT))
    if os.name != "nt":
        os.execv(python, command)
    # Ctrl-C in the console reaches pytest as well; this process only waits for its exit status.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return subprocess.call(command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
