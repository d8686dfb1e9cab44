"""`python agent.py pair`: ask a hub to let this agent in, show the code for its operator, and keep the token."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from agent_lib.settings import AgentSettings
from agent_lib.settings.edit import set_values, text_with
from agent_lib.settings.parse import SettingsError
from agent_lib.uplink.rest import short_reason
from agent_lib.uplink.tls import authority_problem, hub_session, tls_problem

_TIMEOUT = 10.0
_POLL_SECONDS = 1.0
_MAX_WAIT_SECONDS = 3600.0
_SECRET_HEADER = "X-Pair-Secret"
_AUTHORITY_COPY = "hub-authority.pem"

Say = Callable[[str], None]


class PairingFailed(Exception):
    """The hub gave no token; the message says why and what to do."""


def pair(settings: AgentSettings, say: Say, poll_seconds: float = _POLL_SECONDS, new_ca: bool = False) -> int:
    """The exit status: 0 when the token is in the settings file, 1 when there is none.

    `new_ca`: the authority was given for this command and is written as well; a file from outside the instance folder
    is copied there.
    """
    path = settings.config_path
    if path.suffix.lower() != ".toml":
        say(
            f"{path}: only a TOML file is written; make a token on the page {settings.hub.base}/devices and give it as "
            "GATEHOUSE_TOKEN in the environment."
        )
        return 1
    values = {"url": settings.hub.url} if settings.hub.url else {}
    try:
        if new_ca:
            values["ca"] = _keep_authority(settings)
        text_with(path, "hub", {**values, "token": ""})  # before an operator is asked: whether it can be written
        with hub_session(settings.hub.base, settings.hub.ca) as session:
            token = _ask(settings, session, say, poll_seconds)
        set_values(path, "hub", {**values, "token": token})
    except PairingFailed as error:
        say(str(error))
        return 1
    except SettingsError as error:
        say(f"{error} Then run this command again.")
        return 1
    say(f"The hub lets this agent in. The token is in {path}; start the agent with: python agent.py")
    return 0


def _keep_authority(settings: AgentSettings) -> str:
    """The value of `hub.ca` for the authority, which is copied into the instance folder. Raises PairingFailed."""
    problem = authority_problem(settings.hub.ca)
    if problem:
        raise PairingFailed(f"{problem[:1].upper()}{problem[1:]}.")
    instance, ca = Path(os.path.abspath(settings.instance)), Path(os.path.abspath(settings.hub.ca))
    if ca.is_relative_to(instance):
        return ca.relative_to(instance).as_posix()
    copy = instance / _AUTHORITY_COPY
    try:
        shutil.copyfile(ca, copy)
    except OSError as error:
        raise PairingFailed(f"{copy} cannot be written ({error.strerror}); choose another --instance.") from error
    return _AUTHORITY_COPY


def _ask(settings: AgentSettings, session: requests.Session, say: Say, poll_seconds: float) -> str:
    """The token that an operator grants. Raises PairingFailed."""
    base = settings.hub.base
    names = ", ".join(station.name for station in settings.stations)[:100]
    asked = _request(settings, session, "POST", f"{base}/api/pair", json={"name": names, "kind": "station agent"})
    texts = {key: asked.get(key) for key in ("id", "secret", "code")}
    if not all(isinstance(text, str) and text.isprintable() and len(text) <= 200 for text in texts.values()):
        raise PairingFailed(f"What answers at {base} is not a hub; correct --hub.")
    say(f"Code {texts['code']}")
    say(f"Open {base}/devices, compare the code with the one shown there for '{names}', and press Let in. Waiting ...")
    address, headers = f"{base}/api/pair/{texts['id']}", {_SECRET_HEADER: str(texts["secret"])}
    end = time.monotonic() + _MAX_WAIT_SECONDS
    reported = ""
    while time.monotonic() < end:
        try:
            answer = _request(settings, session, "GET", address, headers=headers)
        except _Unreachable as error:
            if not reported:
                say(f"{error} Still waiting ...")
            reported = str(error)
            answer = {"state": "waiting"}
        token = answer.get("token")
        if isinstance(token, str) and token:
            return token
        if answer.get("state") != "waiting":
            raise PairingFailed(_ended(answer.get("state")))
        time.sleep(poll_seconds)
    raise PairingFailed("Nobody has let this agent in; run the command again when an operator is at the hub.")


def _ended(state: Any) -> str:
    if state == "refused":
        return "The operator has refused this agent."
    return "The token of this request was given out already; run the command again."


class _Unreachable(PairingFailed):
    """The hub does not answer now."""


def _request(
    settings: AgentSettings, session: requests.Session, method: str, address: str, **more: Any
) -> dict[str, Any]:
    """The object in the hub's answer. Raises PairingFailed for a refusal, _Unreachable where there is no answer."""
    try:
        response = session.request(method, address, timeout=_TIMEOUT, allow_redirects=False, **more)
    except OSError as error:
        problem = tls_problem(error, settings.hub.ca)
        if problem:
            raise _Unreachable(f"No trusted connection to {settings.hub.base}: {problem}.") from error
        raise _Unreachable(
            f"No hub answers at {address} ({short_reason(error)}): start it with `python app.py`, or correct --hub."
        ) from error
    try:
        body = response.json()
    except ValueError:
        body = None
    if response.status_code >= 500:
        raise _Unreachable(f"The hub cannot answer now (HTTP {response.status_code}).")
    if response.ok and isinstance(body, dict):
        return body
    message = body.get("message") if isinstance(body, dict) else None
    said = f": {str(message)[:300]}" if message else ""
    raise PairingFailed(f"The hub refuses to pair (HTTP {response.status_code}){said}")
