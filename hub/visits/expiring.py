"""Visits and the messages about them as records that expire."""

from __future__ import annotations

from hub.settings.model import Settings
from hub.store.expiring import Expiring
from hub.visits.repository import MESSAGES, VISITS

MESSAGE_DAYS = 7
SETTING = "retention.visit_days"


def expiring_visits(settings: Settings) -> list[Expiring]:
    """What `hub.retention` needs to know of visits; they are small and stay whatever the disk budget says."""
    days = settings.retention.visit_days
    kept = min(days, MESSAGE_DAYS) if days else MESSAGE_DAYS
    return [
        Expiring("visits", VISITS, days, SETTING, in_budget=False),
        Expiring("messages about visits", MESSAGES, kept, SETTING, in_budget=False),
    ]
