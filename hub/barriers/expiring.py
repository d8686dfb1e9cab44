"""Pulses of barriers as records that expire."""

from __future__ import annotations

from hub.barriers.repository import PULSES
from hub.settings.model import Settings
from hub.store.expiring import Expiring


def expiring_pulses(settings: Settings) -> Expiring:
    """What `hub.retention` needs to know of pulses; they are small and stay as long as the audit log."""
    return Expiring("barrier pulses", PULSES, settings.accounts.audit_days, "accounts.audit_days", in_budget=False)
