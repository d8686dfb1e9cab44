"""TLS to the hub: whom the agent trusts, and why a connection was not trusted, as a sentence with the next step.

Certificates are always verified. With an authority of the site (`hub.ca`) only that one is trusted; without, those of
this machine and the public ones that come with requests.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import certifi
import requests
from requests.adapters import HTTPAdapter

_SIGNS = re.compile(r"\[SSL|\[X509|SSL\w*Error|TLS CA certificate")
"""One is in the text of each error of TLS, whichever library passes it on."""

_NAME = re.compile(r"certificate is not valid for '([^']*)'")


class UnusableAuthority(OSError):
    """The file of the authority cannot be used; the text says why and what to do."""


def hub_session(address: str, ca: str, headers: Mapping[str, str] | None = None) -> requests.Session:
    """A session for requests to the hub. Proxies and settings of the environment are ignored.

    A missing or damaged `ca` fails at each request, so that the session works once the file is mended.
    """
    session = requests.Session()
    session.trust_env = False
    session.headers.update(headers or {})
    if ca:
        session.verify = ca
    elif address.startswith("https://"):
        session.mount("https://", _MachineTrust())
    return session


def websocket_options(address: str, ca: str) -> dict[str, Any]:
    """The `sslopt` of websocket-client for this address. Raises UnusableAuthority."""
    return {"context": _context(ca)} if address.startswith(("https://", "wss://")) else {}


class _MachineTrust(HTTPAdapter):
    """Trusts the authorities that this machine trusts; requests itself knows only the public ones."""

    def init_poolmanager(self, *args: Any, **more: Any) -> Any:
        """Make the pool of connections."""
        return super().init_poolmanager(*args, ssl_context=_context(""), **more)


def _context(ca: str) -> ssl.SSLContext:
    """A context that verifies certificate and name. Raises UnusableAuthority."""
    if not ca:
        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())
        return context
    problem = authority_problem(ca)
    if problem:
        raise UnusableAuthority(problem)
    return ssl.create_default_context(cafile=ca)


def authority_problem(ca: str) -> str:
    """Why the file of an authority cannot be used, and what to do; "" where it can."""
    fix = "copy authority.pem from the folder tls of the hub's instance folder there"
    try:
        text = Path(ca).read_text("ascii")
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        return f"{ca} (ca under [hub]) holds no certificate in PEM form: {fix}"
    except OSError as error:
        return f"{ca} (ca under [hub]) cannot be read ({error.strerror}): {fix}"
    return ""


def tls_problem(error: Exception | str, ca: str) -> str:
    """Why TLS to the hub failed and what to do, as the end of a sentence; "" where TLS was not the reason."""
    text = str(error)
    if isinstance(error, UnusableAuthority):
        return text
    if not isinstance(error, ssl.SSLError) and not _SIGNS.search(text):
        return ""
    problem = authority_problem(ca) if ca else ""
    if problem:
        return problem
    lower = text.lower()
    if "certificate has expired" in lower:
        return (
            "the hub's certificate has expired: make a new one on the hub's machine with python app.py make-cert; if "
            "it is new, set the clock of this machine"
        )
    if "certificate is not yet valid" in lower:
        return "the hub's certificate is not valid yet: set the clocks of this machine and of the hub's"
    if name := _NAME.search(text):
        return (
            f"the hub's certificate is not for {name[1]}: run python app.py make-cert {name[1]} on the hub's machine, "
            "or use a name in the hub's address that it is for"
        )
    if "certificate verify failed" in lower:
        return _unknown_authority(ca)
    if any(sign in lower for sign in ("wrong_version_number", "wrong version number", "record layer failure")):
        return "it does not speak TLS: write http:// or ws:// in the hub's address, or turn TLS on at the hub"
    return "the TLS connection broke"


def _unknown_authority(ca: str) -> str:
    if ca:
        return (
            f"the hub's certificate is not of the authority in {ca}: copy authority.pem from the folder tls of the "
            "hub's instance folder there"
        )
    return (
        "this machine does not know the authority of the hub's certificate: copy authority.pem from the folder tls of "
        "the hub's instance folder to this machine and write its path as ca under [hub], or run python agent.py pair "
        "with --ca FILE"
    )
