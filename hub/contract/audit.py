"""The interface of the audit log: who changed what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

    def newest_of(self, *actions: str) -> dict[str, Any] | None:
        """The newest entry with one of these actions, over all hubs on the database. Raises Unavailable."""

    def on_elsewhere(self, notify: Callable[[], object]) -> None:
        """Call `notify` when another hub has recorded something; it may raise Unavailable, and is called again then."""


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

    def newest_of(self, *actions: str) -> dict[str, Any] | None:
        return None

    def on_elsewhere(self, notify: Callable[[], object]) -> None:
        """Nothing is recorded anywhere."""
