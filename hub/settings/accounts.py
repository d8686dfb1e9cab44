"""Settings of people's accounts and of the audit log."""

from __future__ import annotations

from pydantic import Field

from hub.settings.base import Section


class Accounts(Section):
    """People who log in, and the record of what they change."""

    session_hours: int = Field(
        12, ge=1, le=8760, description="A login ends after this many hours; a new password ends it at once."
    )
    audit_days: int = Field(365, ge=1, le=3650, description="Entries of the audit log are kept for this many days.")
