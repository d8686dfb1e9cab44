"""What rules have fired for, as records that expire."""

from __future__ import annotations

from hub.rules.repository import FIRINGS
from hub.settings.model import Settings
from hub.store.expiring import Expiring


def expiring_firings(settings: Settings) -> Expiring:
    """What `hub.retention` needs to know of firings; they are small and stay whatever the disk budget says."""
    return Expiring("rule firings", FIRINGS, settings.alerts.days, "alerts.days", in_budget=False)
