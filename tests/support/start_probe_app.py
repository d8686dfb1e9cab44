"""Prints, as JSON, what a program finds at its start; then it does what its first argument says."""

from gevent import monkey

monkey.patch_all()

import gc
import importlib
import json
import locale
import logging
import os
import random
import resource
import signal
import ssl
import sys
import threading
import time
import warnings
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from gevent._hub_local import get_hub_if_exists

from hub.cli import main
from tests.support.starts import DONE_BEFORE, IMPORTED_LATER


def stream(one: object) -> list[object]:
    names = ("name", "mode", "encoding", "errors", "line_buffering", "write_through", "newlines", "closed")
    return [type(one.buffer).__name__, one.fileno(), one.isatty(), *(getattr(one, name) for name in names)]


def open_files() -> dict[str, str]:
    """What each descriptor is open on, but for that of the list itself."""
    links = {}
    for one in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            links[one] = os.readlink(f"/proc/self/fd/{one}")
    return links


def found() -> dict[str, object]:
    """What is the same for each start with the same arguments and environment."""
    module = sys.modules["__main__"]
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {
        "event loop": repr(get_hub_if_exists()),  # first, since some of what follows makes one
        "main": sorted(name for name in vars(module) if name.startswith("__")),
        "is main": module.found is found and module.__file__ == __file__ and module.__name__ == "__main__",
        "arguments": [sys.argv, sys.orig_argv, sys.executable],
        "path": sys.path,
        "flags": [str(sys.flags), sys.warnoptions, str(sys._xoptions), sys.flags.dev_mode],
        "environ": dict(os.environ),
        "folder": [os.getcwd(), oct(os.umask(0))],
        "streams": [stream(one) for one in (sys.stdin, sys.stdout, sys.stderr)],
        "dunder streams": [sys.stdin is sys.__stdin__, sys.stdout is sys.__stdout__, sys.stderr is sys.__stderr__],
        "files": open_files(),
        "inheritable": [os.get_inheritable(one) for one in range(3)],
        "signals": {
            one.name: str(signal.getsignal(one)).split(" at ")[0]
            for one in signal.valid_signals()
            if hasattr(one, "name")
        },
        "masks": {name: status[name] for name in ("SigBlk", "SigIgn", "SigCgt", "Threads", "NoNewPrivs")},
        "wakeup": signal.set_wakeup_fd(-1),
        "group": [os.getpgrp(), os.getsid(0), os.getpriority(os.PRIO_PROCESS, 0)],
        "limits": [resource.getrlimit(one) for one in range(16)],
        "threads": [[one.name, one.is_alive(), one.daemon] for one in threading.enumerate()],
        "main thread": [threading.main_thread() is threading.current_thread(), threading.main_thread().name],
        "ident": threading.main_thread().ident == threading.get_ident(),
        "collector": [gc.isenabled(), gc.get_threshold()],
        "interpreter": [sys.getswitchinterval(), sys.getrecursionlimit(), sys.gettrace(), sys.getprofile()],
        "zone": [time.tzname, time.timezone, time.localtime(0).tm_hour],
        "locale": [locale.setlocale(locale.LC_ALL), sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()],
        "logging": [len(logging.getLogger().handlers), logging.getLogger().level, str(logging.lastResort)],
        "command": main.__module__,
        **found_after_all_imports(),
    }


def found_after_all_imports() -> dict[str, object]:
    for name in IMPORTED_LATER:
        importlib.import_module(name)
    for name in DONE_BEFORE:
        module, _, function = name.partition(":")
        getattr(importlib.import_module(module), function)()
    connection = importlib.import_module("urllib3.util.connection")
    return {
        "filters": [str(one) for one in warnings.filters],
        "modules": sorted(sys.modules),
        "ipv6": connection.HAS_IPV6,
    }


def own() -> dict[str, object]:
    """What is another for each start."""
    return {
        "random": random.random(),
        "tls": ssl.RAND_bytes(8).hex(),
        "system": os.urandom(8).hex(),
        "pid": os.getpid(),
    }


if __name__ == "__main__":
    print(json.dumps({"found": found(), "own": own()}), flush=True)
    how = sys.argv[1]
    if how == "status":
        sys.exit(7)
    elif how == "error":
        raise ValueError("as wanted")
    elif how == "signal":
        os.kill(os.getpid(), signal.SIGTERM)
    elif how == "interrupt":
        os.kill(os.getpid(), signal.SIGINT)
    elif how == "greenlets":
        import gevent

        done = [gevent.spawn(time.sleep, 0.01), gevent.spawn(gevent.get_hub().threadpool.apply, time.time)]
        gevent.joinall(done, raise_error=True)
        print(gevent.socket.gethostbyname("localhost"))
    while how == "wait":
        time.sleep(0.05)
