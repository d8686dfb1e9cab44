"""The ways in which a person or the system asks a tool to stop, and what the tool does then."""
import os
import signal
import sys

# SIGBREAK is Windows' Ctrl-Break; SIGHUP comes when the terminal is closed.
STOP_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))


def on_stop(handler):
    """Has `handler(signal number, frame)` called for every request to stop.

    SIGINT is set even where it came in ignored, as it does in a background job of a shell. An ignored SIGHUP stays
    ignored, since that is what nohup is for.
    """
    for number in STOP_SIGNALS:
        is_hang_up = number == getattr(signal, "SIGHUP", None)
        if not (is_hang_up and signal.getsignal(number) == signal.SIG_IGN):
            signal.signal(number, handler)


def raise_interrupt(_number, _frame):
    """A handler that ends whatever runs just now with KeyboardInterrupt."""
    raise KeyboardInterrupt


def ends_with_parent():
    """Popen arguments with which a child is asked to end when its parent was killed; Linux alone can do that."""
    if not sys.platform.startswith("linux"):
        return {}
    import ctypes
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()
    set_death_signal = 1  # PR_SET_PDEATHSIG of prctl(2)

    def follow_the_parent():
        prctl(set_death_signal, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return {"preexec_fn": follow_the_parent}
