"""The other hubs on the same database: how this one joins them, after every kind of device has registered."""

from __future__ import annotations

from hub.cluster.keys import fingerprints
from hub.cluster.redis_relay import RedisRelay
from hub.cluster.settled import Settled
from hub.context import Hub
from hub.contract.json_text import encode_text
from hub.live.missed import Missed

OVERLAP = 250  # records that may be in flight between hubs
CATCH_UP = encode_text({"event": "catch_up"})


def join(hub: Hub) -> None:
    """Connect to the other hubs while the hub runs. Raises RelayUnusable where they may not or must not be joined."""
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
