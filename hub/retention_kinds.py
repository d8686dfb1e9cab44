"""Every kind of record that expires, as the kinds of devices declare them, for programs beside the hub."""

from __future__ import annotations

from hub.accounts.expiring import expiring_audit
from hub.alerts.expiring import expiring_alerts
from hub.apriltag.expiring import expiring_readings
from hub.barriers.expiring import expiring_pulses
from hub.lpr.expiring import expiring_detections, expiring_health
from hub.mqtt.expiring import expiring_events
from hub.rules.expiring import expiring_firings
from hub.settings.model import Settings
from hub.station.expiring import expiring_captures
from hub.store.expiring import Expiring
from hub.tracking.expiring import expiring_matches
from hub.visits.expiring import expiring_visits


def retention_kinds(settings: Settings) -> list[Expiring]:
    """The kinds with their rules, without what belongs to their rows."""
    return [
        expiring_captures(settings),
        expiring_detections(settings),
        expiring_health(settings),
        expiring_readings(settings),
        expiring_matches(settings),
        expiring_audit(settings),
        *expiring_alerts(settings),
        expiring_events(),
        expiring_firings(settings),
        expiring_pulses(settings),
        *expiring_visits(settings),
    ]
