"""The interface of the audit log: who changed what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from hub.contract.roles import Principal


class Audit(Protocol):
    """Records changes that people and programs make."""

    def record(
        self,
        principal: Principal,
        action: str,
        target: str = "",
        detail: Mapping[str, Any] | None = None,
        address: str = "",
    ) -> None:
        """Record that `principal` did `action` to `target`. Never blocks and never raises.

        `action`: noun and verb, such as `watchlist.add`. `detail`: what changed, as JSON values, never a secret; it is
        cut to a few KB.
        """


class NoAudit:
    """Records nothing: a hub without accounts."""

    def record(
        self,
        principal: Principal,
        action: str,
        target: str = "",
        detail: Mapping[str, Any] | None = None,
        address: str = "",
    ) -> None:
        """Leave it out."""
