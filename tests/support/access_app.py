"""app.py that knows the senders of tests.support.senders; POST /revoke/NAME takes the token of one away."""

from gevent import monkey

monkey.patch_all()

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flask import Flask

from hub import kinds
from hub.access.declare import role
from hub.cli import main
from hub.context import Hub
from hub.contract.roles import Role
from tests.support.senders import KnownTokens


def register(app: Flask, hub: Hub) -> None:
    tokens = KnownTokens()
    hub.gate.add_identifier(tokens)

    @app.post("/revoke/<name>")
    @role(Role.OPEN)
    def revoke(name: str) -> str:
        tokens.revoked.add(name)
        hub.gate.changed()
        return "revoked"


if __name__ == "__main__":
    kinds.REGISTER = (*kinds.REGISTER, register)
    sys.exit(main(sys.argv[1:]))
