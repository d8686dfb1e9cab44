"""Events that were stored for a broker as records that expire."""

from __future__ import annotations

from hub.mqtt.events import EVENTS
from hub.store.expiring import Expiring

DAYS = 7
"""A broker that was away for longer does not get what a vehicle did before."""


def expiring_events() -> Expiring:
    """What `hub.retention` needs to know of them; `mqtt.queue` bounds them as well."""
    return Expiring("events for MQTT", EVENTS, DAYS, "", in_budget=False)
