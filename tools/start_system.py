"""Start the hub and then the station agent, keep both running and stop both on one Ctrl-C.

`start_system.sh` and `start_system.bat` run this with any Python 3.11 or newer that they find; the hub and the agent
run with the Python of .venv.
"""

import environment  # isort: skip  (must stay first: it ends the program under an old Python)

import argparse
import http.client
import json
import os
import ssl
import sys
import time
import urllib.request
import webbrowser
from pathlib import Path

import signals
from environment import ROOT, say
from service import POLL_SECONDS, Service, describe

AGENT_STOP_SECONDS, HUB_STOP_SECONDS = 8.0, 9.0  # seconds; together with everything else below 20
NOTICE_SECONDS = 60.0


class Launcher:
    """Keeps the hub and the agent running until a stop is requested."""

    def __init__(self, python, instance, with_browser):
        self.python, self.instance, self.with_browser = str(python), Path(instance), with_browser
        self.hub, self.agent = Service("hub", ROOT), Service("agent", ROOT)
        self.url = ""  # of the running hub, once it answers
        self.authority = ""  # file of the authority of its certificate, where that is the site's own
        self.agent_hub = ()  # address and authority that the running agent was started with
        self.has_answered = False  # whether the hub has answered at least once
        self.stop_requests = 0
        self._next_notice = 0.0
        # Requests between two programs of one machine bypass any proxy. Whether the hub started here serves is asked
        # on 127.0.0.1, without a secret: its certificate may be of any authority and for any name, or have expired, and
        # none of that means that the hub is not ready. The agent and the browser verify it.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )

    def on_stop_signal(self, number, _frame):
        """Signal handler: the first request stops both in order, the second kills them."""
        if signals.may_repeat(number):
            self.request_stop()
        else:
            self.stop_requests += 1

    def request_stop(self):
        """Stop both in order; called from any thread."""
        self.stop_requests = max(1, self.stop_requests)

    def run(self):
        """Run until stopped; return 0 after an orderly stop, 130 if a program was killed, else the hub's status."""
        status = 0
        try:
            while not self.stop_requests and not status:
                status = self._supervise_hub()
                if not status:
                    self._supervise_agent()
                    time.sleep(POLL_SECONDS)
        finally:
            orderly = self._stop()
        return status or (0 if orderly else 130)

    def _stop(self):
        if self.stop_requests:
            say("Stopping the agent and the hub (Ctrl-C once more ends them at once) ...")
        stopped_in_time = self.agent.stop(AGENT_STOP_SECONDS, self._is_urgent)
        stopped_in_time = self.hub.stop(HUB_STOP_SECONDS, self._is_urgent) and stopped_in_time
        if self.stop_requests:
            say(
                "Everything has ended."
                if stopped_in_time
                else "Everything has ended; what did not end by itself was killed."
            )
        return stopped_in_time

    def _is_urgent(self):
        return self.stop_requests > 1

    def _supervise_hub(self):
        """Start the hub, or check whether it answers or has exited; a status other than 0 if it cannot run at all."""
        if self.hub.is_due():
            self.hub.start([self.python, "app.py", "--instance", str(self.instance)])
            self._next_notice = time.monotonic() + NOTICE_SECONDS
        elif self.hub.exit_status() is not None:
            self.url = ""
            if not self.has_answered:
                status = self.hub.exit_status()
                say(
                    "The hub ended before it answered (%s), so nothing is started; its own words stand above."
                    % describe(status)
                )
                return status if status > 0 else 1
            self.hub.schedule_restart()
        elif self.hub.process and not self.url:
            self._poll_hub()
        return 0

    def _poll_hub(self):
        ready = self._read_ready_file()
        if ready and self._answers(ready):
            self.url = ready["url"].rstrip("/")
            authority = self.instance / "tls" / "authority.pem"
            self.authority = str(authority) if ready.get("own_authority") else ""
            if not self.has_answered:
                self.has_answered = True
                self._announce()
        elif time.monotonic() > self._next_notice:
            say("The hub is running but does not answer yet; waiting for it.")
            self._next_notice = time.monotonic() + NOTICE_SECONDS

    def _read_ready_file(self):
        """Return the content of hub.ready.json if that file was written by the hub started here, else None.

        A file left behind by a killed hub must not count. On Windows the Python of .venv runs the program in a child,
        so the process id cannot be compared and the modification time decides.
        """
        path = self.instance / "hub.ready.json"
        try:
            ready = json.loads(path.read_text(encoding="utf-8"))
            written = path.stat().st_mtime
            if os.name == "nt":
                is_ours = written >= self.hub.started_at - 1
            else:
                is_ours = ready["pid"] == self.hub.process.pid
            ready["url"] = str(ready.get("url") or "http://127.0.0.1:%d" % ready["port"])
            return ready if is_ours else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None  # absent or partly written; polled again in a moment

    def _answers(self, ready):
        address = "%s://127.0.0.1:%d/api/test" % (ready["url"].partition(":")[0], ready["port"])
        try:
            with self._opener.open(address, timeout=2) as response:
                return response.status == 200
        except (OSError, http.client.HTTPException):
            return False  # not ready yet; _poll_hub prints a notice after a minute

    def _announce(self):
        say("Gatehouse is running: open %s/ in a browser; Ctrl-C stops it." % self.url)
        if self.with_browser and not open_browser(self.url + "/"):
            say("No browser could be opened here.")

    def _supervise_agent(self):
        if self.agent.exit_status() is not None:
            self.agent.schedule_restart()
        hub = (self.url, self.authority)
        if self.agent.process and self.url and hub != self.agent_hub:
            say("The hub has a new address or certificate, so the agent is started again with it.")
            self.agent.stop(AGENT_STOP_SECONDS, self._is_urgent)
        if self.agent.is_due() and self.url:
            self.agent_hub = hub
            command = [self.python, "agent.py", "--instance", str(self.instance), "--hub", self.url]
            # Without it the agent trusts what hub.ca names, or this machine's authorities.
            self.agent.start(command + (["--ca", self.authority] if self.authority else []))


def open_browser(url):
    """Open the page in the user's browser; False if there is none, as on a machine without a display."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False


def main(arguments=None):
    """Run the launcher; return its exit status."""
    parser = argparse.ArgumentParser(prog="start_system", description="Starts the Gatehouse hub and its station agent.")
    parser.add_argument("--no-browser", action="store_true", help="do not open the page in a browser")
    parser.add_argument(
        "--instance",
        default=str(ROOT / "instance"),
        metavar="DIR",
        help="folder for settings, data and logs (default: instance)",
    )
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
    signals.on_stop(launcher.on_stop_signal)
    signals.on_console_close(launcher.request_stop)
    return launcher.run()


if __name__ == "__main__":
    sys.exit(main())
