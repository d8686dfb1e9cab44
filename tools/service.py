"""One program that the launcher keeps running: the hub or the agent, in a process group of its own."""
import os
import signal
import subprocess
import sys
import time

import signals
from environment import say

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
STEADY_SECONDS = 60.0
POLL_SECONDS = 0.1


class Service:
    """A child process with its restart back-off.

    The group of its own keeps a Ctrl-C in the terminal from reaching it, so that the launcher decides the order in
    which things end.
    """

    def __init__(self, name, folder):
        self.name = name
        self.folder = folder
        self.process = None
        self.started_at = 0.0       # epoch seconds, comparable with file times
        self._due = 0.0             # monotonic seconds
        self._began = 0.0
        self._pause = FIRST_PAUSE

    def is_due(self):
        """Whether it is down and its pause is over."""
        return self.process is None and time.monotonic() >= self._due

    def start(self, command):
        """Starts the command (a list) in the folder; its output goes where the launcher's goes."""
        self.started_at = time.time()
        self._began = time.monotonic()
        surroundings = dict(os.environ, PYTHONUNBUFFERED="1")
        self.process = subprocess.Popen(command, cwd=str(self.folder), env=surroundings, stdin=subprocess.DEVNULL,
                                        **_own_group())

    def ended(self):
        """The status with which it ended (negative: by that signal), or None while it runs or is down."""
        return None if self.process is None else self.process.poll()

    def schedule_restart(self):
        """Notes that it ended and says when it is started again: after 1 s, then twice as long each time, 30 s at most."""
        status = self.process.returncode
        if time.monotonic() - self._began >= STEADY_SECONDS:
            self._pause = FIRST_PAUSE
        self._kill_group()
        self.process = None
        self._due = time.monotonic() + self._pause
        say("The %s ended unexpectedly (%s); it is started again in %.0f s." % (self.name, describe(status), self._pause))
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def stop(self, seconds, is_urgent):
        """Asks it to end, waits up to `seconds` (less once `is_urgent()` is true), then kills it and whatever it started.

        Returns whether it ended by itself.
        """
        if self.process is None:
            return True
        if self.process.poll() is None:
            self._ask_to_end()
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline and not is_urgent():
            time.sleep(POLL_SECONDS)
        willing = self.process.poll() is not None
        self._kill_group()
        self.process.wait()
        self.process = None
        return willing

    def _ask_to_end(self):
        try:
            if os.name == "nt":
                self.process.send_signal(signal.CTRL_BREAK_EVENT)
            else:
                self.process.send_signal(signal.SIGINT)
        except OSError as error:
            say("The %s could not be asked to end (%s)." % (self.name, error))

    def _kill_group(self):
        """Ends what is left of its process group, the children it may have left behind included."""
        if os.name == "nt":
            # Its Python is a child of the one in .venv, which is why the whole tree has to go.
            subprocess.call(["taskkill", "/T", "/F", "/PID", str(self.process.pid)], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # everything has ended already, which is what was wanted
        except PermissionError as error:
            # macOS answers so for a group in which only an unreaped process is left.
            if sys.platform != "darwin":
                say("Something that the %s started could not be ended (%s)." % (self.name, error))


def describe(status):
    """A status as words: "status 1" or "signal 9"."""
    return "signal %d" % -status if status < 0 else "status %d" % status


def _own_group():
    """The Popen arguments that put a child into a group of its own."""
    if os.name == "nt":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return dict(signals.ends_with_parent(), start_new_session=True)
