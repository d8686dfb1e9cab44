"""The start of a hub as one of several on a PostgreSQL database, after every kind of device has registered."""

from __future__ import annotations

import os
import socket

from hub.cluster.keys import fingerprints
from hub.cluster.membership import Membership
from hub.context import Hub
from hub.store.postgresql.backend import PostgresBackend
from hub.store.postgresql.session import Session


def join(hub: Hub) -> None:
    """Join the other hubs, and lead where none of them does. Raises StoreUnusable."""
    backend = hub.backend
    assert isinstance(backend, PostgresBackend)

    def name() -> str:
        port = hub.addresses.get("main")
        return f"{socket.gethostname()}:{port}" if port else f"{socket.gethostname()} ({os.getpid()})"

    membership = Membership(Session(backend, fingerprints(hub.settings)), hub.leading, hub.shared_tables, name)
    hub.add(membership)
    hub.status["leader"] = membership.status
    hub.warning_sources.append(membership.warnings)
    hub.lifecycle.ended.append(membership.leave)
    membership.enter()
    hub.supervisor.keep("lead among hubs", membership.run)
    hub.supervisor.keep("changes of other hubs", hub.shared_tables.run)
