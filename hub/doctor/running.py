"""Whether the hub runs, and is ready."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator

from hub.doctor.case import Case
from hub.doctor.finding import Check, Finding, fail, ok

SECONDS = 10.0
MAX_BYTES = 100_000


def check(case: Case) -> Iterator[Finding]:
    """Ask the running hub at /readyz."""
    if case.running is None:
        yield ok(f"No hub runs on {case.folder.resolve()}.")
        return
    who = f"The hub (process {case.running.pid})"
    # Its own certificate, asked on this machine: nobody else can answer here.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(f"{case.url}/readyz", timeout=SECONDS) as answer:
            answer.read(MAX_BYTES)
    except urllib.error.HTTPError as error:
        yield fail(f"{who} is not ready: {_reasons(error)}")
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        yield fail(f"{who} does not answer at {case.url} ({reason}): look at hub.log, and start it again.")
    else:
        yield ok(f"{who} is ready at {case.url}.")


def _reasons(error: urllib.error.HTTPError) -> str:
    """What the hub says is wrong."""
    try:
        return " ".join(str(text) for text in json.loads(error.read(MAX_BYTES))["errors"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"HTTP status {error.code}."


CHECK = Check("hub", check)
