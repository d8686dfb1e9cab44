"""Signals by which a person or the system asks a tool to stop, and their handlers."""

import os
import signal
import sys

# SIGBREAK is Ctrl-Break on Windows; SIGHUP is sent when the terminal is closed.
STOP_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)


def on_stop(handler):
    """Call `handler(signal number, frame)` for every stop signal.

    SIGINT gets the handler even if it was inherited as ignored, as in a background job of a shell. An ignored SIGHUP
    stays ignored, for nohup.
    """
    for number in STOP_SIGNALS:
        is_hang_up = number == getattr(signal, "SIGHUP", None)
        if not (is_hang_up and signal.getsignal(number) == signal.SIG_IGN):
            signal.signal(number, handler)


def raise_interrupt(_number, _frame):
    """Raise KeyboardInterrupt; a signal handler."""
    raise KeyboardInterrupt


def stops_with_parent():
    """Return Popen arguments with which a child gets SIGTERM when its parent is killed; only Linux supports that."""
    if not sys.platform.startswith("linux"):
        return {}
    import ctypes

    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()
    pr_set_pdeathsig = 1  # of prctl(2)

    def set_parent_death_signal():
        prctl(pr_set_pdeathsig, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return {"preexec_fn": set_parent_death_signal}
