"""A program that the launcher keeps running, in a process group of its own: the hub or the agent."""

import os
import signal
import subprocess
import sys
import time

import signals
from environment import say

FIRST_BACKOFF, MAX_BACKOFF = 1.0, 30.0
STEADY_SECONDS = 60.0
POLL_SECONDS = 0.1


class Service:
    """A child process with its restart back-off.

    Its own process group keeps a Ctrl-C in the terminal from reaching it, so that the launcher decides the order in
    which the programs stop.
    """

    def __init__(self, name, folder):
        self.name = name
        self.folder = folder
        self.process = None
        self.started_at = 0.0  # epoch seconds, comparable with file times
        self._due = 0.0  # monotonic seconds
        self._started = 0.0
        self._backoff = FIRST_BACKOFF

    def is_due(self):
        """Return whether it is not running and its back-off has passed."""
        return self.process is None and time.monotonic() >= self._due

    def start(self, command):
        """Start the command (a list) in the folder; its output goes where the launcher's goes."""
        self.started_at = time.time()
        self._started = time.monotonic()
        environ = dict(os.environ, PYTHONUNBUFFERED="1")
        self.process = subprocess.Popen(
            command, cwd=str(self.folder), env=environ, stdin=subprocess.DEVNULL, **_own_group()
        )

    def exit_status(self):
        """Return its exit status (negative: killed by that signal), or None while it runs or is not started."""
        return None if self.process is None else self.process.poll()

    def schedule_restart(self):
        """Schedule its restart and print when: after 1 s, then twice as long each time, 30 s at most."""
        status = self.process.returncode
        if time.monotonic() - self._started >= STEADY_SECONDS:
            self._backoff = FIRST_BACKOFF
        self._kill_group()
        self.process = None
        self._due = time.monotonic() + self._backoff
        say(
            "The %s ended unexpectedly (%s); it is started again in %.0f s."
            % (self.name, describe(status), self._backoff)
        )
        self._backoff = min(self._backoff * 2, MAX_BACKOFF)

    def stop(self, seconds, is_urgent):
        """Stop it: ask, wait up to `seconds` (less once `is_urgent()` is true), then kill it and its children.

        Returns whether it stopped without being killed.
        """
        if self.process is None:
            return True
        if self.process.poll() is None:
            self._interrupt()
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline and not is_urgent():
            time.sleep(POLL_SECONDS)
        stopped_in_time = self.process.poll() is not None
        self._kill_group()
        self.process.wait()
        self.process = None
        return stopped_in_time

    def _interrupt(self):
        try:
            if os.name == "nt":
                self.process.send_signal(signal.CTRL_BREAK_EVENT)
            else:
                self.process.send_signal(signal.SIGINT)
        except OSError as error:
            say("The %s could not be asked to end (%s)." % (self.name, error))

    def _kill_group(self):
        """Kill what is left of its process group, orphaned children included."""
        if os.name == "nt":
            # The Python of .venv runs the program in a child, so the whole process tree must be killed.
            subprocess.call(
                ["taskkill", "/T", "/F", "/PID", str(self.process.pid)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # no process of the group is left
        except PermissionError as error:
            # macOS raises this for a group in which only a zombie is left.
            if sys.platform != "darwin":
                say("Something that the %s started could not be ended (%s)." % (self.name, error))


def describe(status):
    """Return an exit status in words: "status 1" or "signal 9"."""
    return "signal %d" % -status if status < 0 else "status %d" % status


def _own_group():
    """Return the Popen arguments that put a child into a process group of its own."""
    if os.name == "nt":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return dict(signals.stops_with_parent(), start_new_session=True)
