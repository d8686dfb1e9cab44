"""Alerts and the messages about them as records that expire."""

from __future__ import annotations

from hub.alerts.repository import ALERTS, MESSAGES
from hub.settings.model import Settings
from hub.store.expiring import Expiring


def expiring_alerts(settings: Settings) -> list[Expiring]:
    """What `hub.retention` needs to know of alerts; they are small and stay whatever the disk budget says."""
    return [
        Expiring(name, table, settings.alerts.days, "alerts.days", in_budget=False)
        for name, table in (("alerts", ALERTS), ("alert messages", MESSAGES))
    ]
