"""The ways in which a person or the system asks a program to stop: signals, and the closing of Windows' console.

Used by the tools, the hub and the agent. Imports the standard library only, and its syntax stays that of Python 3.6.
"""

import os
import signal
import sys
from typing import Any, Callable, Dict, List

# SIGBREAK is Ctrl-Break on Windows; SIGHUP is sent when the terminal is closed.
STOP_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)
# What Windows tells a console program besides Ctrl-C (0) and Ctrl-Break (1), which arrive as signals.
CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT = 2, 5, 6
HOLD_SECONDS = 60.0  # longer than Windows waits (5 s after the window is closed); the process ends by itself before

_registered: List[Any] = []  # what Windows calls must never be collected
_console = {"closed": False}


def stop_signals() -> List[int]:
    """Return the stop signals that this program should handle.

    An ignored SIGHUP is left out: `nohup` means that the program outlives its terminal.
    """
    hang_up = getattr(signal, "SIGHUP", None)
    return [number for number in STOP_SIGNALS if not (number == hang_up and signal.getsignal(number) == signal.SIG_IGN)]


def on_stop(handler: Callable[[int, Any], Any]) -> None:
    """Call `handler(signal number, frame)` for every stop signal.

    SIGINT gets the handler even if it was inherited as ignored, as in a background job of a shell.
    """
    for number in stop_signals():
        signal.signal(number, handler)


def may_repeat(number: int) -> bool:
    """Return whether a second signal of this number means no hurry; a second Ctrl-C is a person's, who is in one.

    When a terminal closes, its shell and the system may each send SIGHUP. When a console closes, Windows tells every
    program in it, and the launcher sends a Ctrl-Break besides.
    """
    return _console["closed"] or number == getattr(signal, "SIGHUP", None)


def raise_interrupt(_number: int, _frame: Any) -> None:
    """Raise KeyboardInterrupt; a signal handler."""
    raise KeyboardInterrupt


def on_console_close(request_stop: Callable[[], Any]) -> bool:
    """Call `request_stop` when Windows closes the console window, logs the user off or shuts down.

    Returns whether that can happen: only on Windows. `request_stop` runs on a thread that Windows starts, so it must be
    thread-safe and return at once. Windows ends the process when the handler returns, and after 5 s in any case; so the
    handler does not return, and the process ends when its main thread has finished.
    """
    if sys.platform != "win32":
        return False
    import ctypes
    from ctypes import wintypes

    kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)

    def hold() -> None:
        kernel32.Sleep(wintypes.DWORD(int(HOLD_SECONDS * 1000)))  # releases the GIL; time.sleep may be gevent's

    routine = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)(console_handler(request_stop, hold))
    if not kernel32.SetConsoleCtrlHandler(routine, True):
        return False  # no console, as under pythonw: nothing to be closed
    _registered.append(routine)
    return True


def console_handler(request_stop: Callable[[], Any], hold: Callable[[], None]) -> Callable[[int], bool]:
    """Return the handler that Windows calls with the number of an event.

    Ctrl-C and Ctrl-Break are left to the handlers registered earlier, which make signals of them.
    """

    def handler(event: int) -> bool:
        if event not in (CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT):
            return False
        _console["closed"] = True
        request_stop()
        hold()
        return True

    return handler


def stops_with_parent() -> Dict[str, Any]:
    """Return Popen arguments with which a child gets SIGTERM when its parent is killed; only Linux supports that."""
    if not sys.platform.startswith("linux"):
        return {}
    import ctypes

    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()
    pr_set_pdeathsig = 1  # of prctl(2)

    def set_parent_death_signal() -> None:
        prctl(pr_set_pdeathsig, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return {"preexec_fn": set_parent_death_signal}
