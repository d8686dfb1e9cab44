"""The other hubs on the same database: how this one joins them, after every kind of device has registered."""

from __future__ import annotations

import os
import socket

from hub.cluster.keys import fingerprints
from hub.context import Hub
from hub.contract.json_text import encode_text
from hub.live.missed import Missed

MAX_HOST = 24  # characters of this machine's name in that of the hub
OVERLAP = 250  # records that may be in flight between hubs
CATCH_UP = encode_text({"event": "catch_up"})


def join(hub: Hub) -> None:
    """Join the other hubs on the database, if there may be some. Raises StoreUnusable or RelayUnusable."""
    if not hub.leading.alone:
        _join_database(hub)
    if hub.relay.active:
        _join_relay(hub)


def _join_relay(hub: Hub) -> None:
    """Pass on what is live. Raises RelayUnusable where the others may not or must not be joined."""
    # Imported here: a hub that is alone needs neither these modules nor redis-py.
    from hub.cluster.redis_relay import RedisRelay
    from hub.cluster.settled import Settled

    relay = hub.relay
    assert isinstance(relay, RedisRelay)
    relay.name = f"{relay.name}:{hub.settings.port}"
    relay.start(fingerprints(hub.settings))

    def catch_up() -> None:
        """Records of other hubs may have passed by: open pages ask for what they missed."""
        hub.pages.here.publish(CATCH_UP)

    relay.when_joined(catch_up)
    relay.when_wanting(hub.pages.name, catch_up)
    missed = hub.part(Missed)
    missed.overlap = OVERLAP
    settled = Settled(missed, relay.complete_since)
    hub.status["live"] = relay.status
    hub.warning_sources.append(relay.warnings)
    hub.supervisor.keep("live between hubs", relay.run)
    hub.supervisor.keep("settled numbers", settled.run)
    hub.lifecycle.stopping.append(relay.close)


def _join_database(hub: Hub) -> None:
    """Share work and changes, and lead where no other hub does. Raises StoreUnusable."""
    # Imported here: a hub on SQLite needs neither these modules nor psycopg.
    from hub.cluster.membership import Membership
    from hub.store.postgresql.backend import PostgresBackend
    from hub.store.postgresql.session import Session

    backend = hub.backend
    assert isinstance(backend, PostgresBackend)

    def name() -> str:
        port = hub.addresses.get("main", hub.settings.port)
        return f"{socket.gethostname()[:MAX_HOST]}:{port} ({os.getpid()})"

    membership = Membership(Session(backend, fingerprints(hub.settings)), hub.leading, hub.shared_tables, name)
    hub.add(membership)
    hub.status["leader"] = membership.status
    hub.warning_sources.append(membership.warnings)
    hub.lifecycle.ended.append(membership.leave)
    membership.enter()
    hub.supervisor.keep("lead among hubs", membership.run)
    hub.supervisor.keep("changes of other hubs", hub.shared_tables.run)
