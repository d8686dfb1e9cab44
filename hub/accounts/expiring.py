"""Entries of the audit log as records that expire."""

from __future__ import annotations

from hub.accounts.audit_repository import AUDIT_LOG
from hub.settings.model import Settings
from hub.store.expiring import Expiring


def expiring_audit(settings: Settings) -> Expiring:
    """What `hub.retention` needs to know of the audit log; it stays whatever the disk budget says."""
    return Expiring("audit", AUDIT_LOG, settings.accounts.audit_days, "accounts.audit_days", in_budget=False)
