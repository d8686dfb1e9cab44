"""Failed logins in the audit log: one entry a minute of each address, so that nobody floods it."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from hub.accounts.throttle import network_of
from hub.contract.audit import Audit
from hub.contract.roles import STRANGER
from hub.runtime.key_throttle import KeyThrottle

SECONDS = 60.0
MAX_ADDRESSES = 4096


class FailedLogins:
    """Records failed logins."""

    def __init__(self, audit: Audit, now: Callable[[], float] = monotonic) -> None:
        self._audit = audit
        self._throttle = KeyThrottle(SECONDS, MAX_ADDRESSES, now)

    def add(self, name: str, address: str) -> None:
        """Record a failed login. `name`: of an account that exists; some people type their password there."""
        if self._throttle.due(network_of(address)):
            self._audit.record(STRANGER, "login.failed", name, address=address)
