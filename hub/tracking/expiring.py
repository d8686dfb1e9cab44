"""Stored matches of persons as records that expire."""

from __future__ import annotations

from hub.settings.model import Settings
from hub.store.expiring import Expiring
from hub.tracking.repository import DELETE_CHUNK, MATCHES


def expiring_matches(settings: Settings) -> Expiring:
    """What `hub.retention` needs to know of stored matches."""
    return Expiring("matches", MATCHES, settings.tracking.keep_days, "tracking.keep_days", max_rows=DELETE_CHUNK)
