"""Starts the hub and then the station agent, keeps both running and ends both on one Ctrl-C.

`start_system.sh` and `start_system.bat` run this with whatever Python 3.11 or newer they find; the two programs run with
the Python of .venv.
"""
import environment  # isort: skip  (must stay first: it ends the program under an old Python)

import argparse
import http.client
import json
import os
import sys
import time
import urllib.request
import webbrowser
from pathlib import Path

import signals
from environment import ROOT, say
from service import POLL_SECONDS, Service, describe

AGENT_GRACE, HUB_GRACE = 8.0, 9.0       # seconds; together with the rest they stay below 20
SILENCE_SECONDS = 60.0


class Launcher:
    """The hub, the agent and what happens to them until somebody asks to stop."""

    def __init__(self, python, instance, with_browser):
        self.python, self.instance, self.with_browser = str(python), Path(instance), with_browser
        self.hub, self.agent = Service("hub", ROOT), Service("agent", ROOT)
        self.url = ""                   # of the running hub once it answers
        self.agent_url = ""             # the one that the running agent was given
        self.was_well = False           # whether the hub has answered at least once
        self.requests_to_stop = 0
        self._complain_at = 0.0
        # A proxy for the internet has no business between two programs of one machine.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask_to_stop(self, _number, _frame):
        """The signal handler: the first request ends things in order, the second kills."""
        self.requests_to_stop += 1

    def run(self):
        """Returns the exit status: 0 after an orderly stop, 130 when something had to be killed, else the hub's own."""
        status = 0
        try:
            while not self.requests_to_stop and not status:
                status = self._tend_hub()
                if not status:
                    self._tend_agent()
                    time.sleep(POLL_SECONDS)
        finally:
            orderly = self._stop()
        return status or (0 if orderly else 130)

    def _stop(self):
        if self.requests_to_stop:
            say("Stopping the agent and the hub (Ctrl-C once more ends them at once) ...")
        willing = self.agent.stop(AGENT_GRACE, self._is_urgent)
        willing = self.hub.stop(HUB_GRACE, self._is_urgent) and willing
        if self.requests_to_stop:
            say("Everything has ended." if willing else "Everything has ended; what did not end by itself was killed.")
        return willing

    def _is_urgent(self):
        return self.requests_to_stop > 1

    def _tend_hub(self):
        """Starts the hub, notices that it answers or ended. Returns a status other than 0 when it cannot be run at all."""
        if self.hub.is_due():
            self.hub.start([self.python, "app.py", "--instance", str(self.instance)])
            self._complain_at = time.monotonic() + SILENCE_SECONDS
        elif self.hub.ended() is not None:
            self.url = ""
            if not self.was_well:
                status = self.hub.ended()
                say("The hub ended before it answered (%s), so nothing is started; its own words stand above." % describe(status))
                return status if status > 0 else 1
            self.hub.schedule_restart()
        elif self.hub.process and not self.url:
            self._look_for_the_hub()
        return 0

    def _look_for_the_hub(self):
        url = self._announced_url()
        if url and self._answers(url):
            self.url = url
            if not self.was_well:
                self.was_well = True
                self._greet()
        elif time.monotonic() > self._complain_at:
            say("The hub is running but does not answer yet; waiting for it.")
            self._complain_at = time.monotonic() + SILENCE_SECONDS

    def _announced_url(self):
        """The address in hub.ready.json where that file is of the hub started here, else "".

        A file left by a hub that was killed must not count. On Windows the Python of .venv runs the program in a child, so
        the process number cannot be compared and the time of writing decides.
        """
        path = self.instance / "hub.ready.json"
        try:
            ready = json.loads(path.read_text(encoding="utf-8"))
            written = path.stat().st_mtime
            if os.name == "nt":
                is_ours = written >= self.hub.started_at - 1
            else:
                is_ours = ready["pid"] == self.hub.process.pid
            return (ready.get("url") or "http://127.0.0.1:%d" % ready["port"]).rstrip("/") if is_ours else ""
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return ""  # not there yet or half written: the next look comes in a moment

    def _answers(self, url):
        try:
            with self._opener.open(url + "/api/test", timeout=2) as answer:
                return answer.status == 200
        except (OSError, http.client.HTTPException):
            return False  # not ready yet; after a minute of this _look_for_the_hub says so

    def _greet(self):
        say("Gatehouse is running: open %s/ in a browser; Ctrl-C stops it." % self.url)
        if self.with_browser and not open_browser(self.url + "/"):
            say("No browser could be opened here.")

    def _tend_agent(self):
        if self.agent.ended() is not None:
            self.agent.schedule_restart()
        if self.agent.process and self.url and self.url != self.agent_url:
            say("The hub has a new address, so the agent is started again with it.")
            self.agent.stop(AGENT_GRACE, self._is_urgent)
        if self.agent.is_due() and self.url:
            self.agent_url = self.url
            self.agent.start([self.python, "agent.py", "--instance", str(self.instance), "--hub", self.url])


def open_browser(url):
    """Opens the page in the user's browser. Returns False where there is none, as on a machine without a screen."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False


def main(arguments=None):
    """The program; returns its exit status."""
    parser = argparse.ArgumentParser(prog="start_system", description="Starts the Gatehouse hub and its station agent.")
    parser.add_argument("--no-browser", action="store_true", help="do not open the page in a browser")
    parser.add_argument("--instance", default=str(ROOT / "instance"), metavar="DIR",
                        help="folder for settings, data and logs (default: instance)")
    options = parser.parse_args(arguments)
    signals.on_stop(signals.raise_interrupt)
    try:
        python = environment.Environment().ensure()
    except environment.SetupError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("Stopped before everything was ready; the next start goes on from here.")
        return 130
    launcher = Launcher(python, os.path.abspath(options.instance), not options.no_browser)
    signals.on_stop(launcher.ask_to_stop)
    return launcher.run()


if __name__ == "__main__":
    sys.exit(main())
