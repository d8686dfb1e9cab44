"""Senders of every role for the tests of access, known by a token of their own."""

from __future__ import annotations

from hub.access.credentials import tokens_of
from hub.contract.roles import ACCOUNT_ROLES, DEVICE_ROLES, Principal, Role
from hub.net.wsgi import Environ
from tests.support.helpers import ROOT, HubProcess

STRANGER_ADDRESS, NETWORK_ADDRESS = "192.0.2.5", "192.168.7.20"
NETWORKS = "192.168.7.0/24"
TOKENS = {"device": "token-of-a-device", **{role.value: f"token-of-{role.value}" for role in ACCOUNT_ROLES}}
SENDERS = ("stranger", "network", *TOKENS)


class KnownTokens:
    """Recognises the senders of TOKENS; `revoked` names those that it does not know any more."""

    def __init__(self) -> None:
        self.revoked: set[str] = set()

    def identify(self, environ: Environ) -> Principal | None:
        given = tokens_of(environ)
        for name, token in TOKENS.items():
            if token in given and name not in self.revoked:
                roles = DEVICE_ROLES if name == "device" else ACCOUNT_ROLES[Role(name)]
                return Principal("device" if name == "device" else "account", name, roles)
        return None


def address_of(sender: str) -> str:
    """Where a sender's requests come from; only one is trusted by its address."""
    return NETWORK_ADDRESS if sender == "network" else STRANGER_ADDRESS


def headers_of(sender: str) -> dict[str, str]:
    """The headers of a sender's requests; pages of the hub itself send its origin."""
    return {"X-API-Key": TOKENS[sender], "Origin": "http://127.0.0.1"} if sender in TOKENS else {}


def proxied_headers(sender: str) -> dict[str, str]:
    """The same where 127.0.0.1 is the proxy that the hub believes: over a real socket, from the sender's address."""
    return {"X-Forwarded-For": address_of(sender), **headers_of(sender)}


class AccessHub(HubProcess):
    """A hub that knows the senders of this module."""

    script = ROOT / "tests" / "support" / "access_app.py"
