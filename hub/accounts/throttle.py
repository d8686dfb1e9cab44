"""Throttle of logins: failed tries make an address wait, never an account as a whole.

Whoever tries passwords waits longer after each failure, up to a minute. Nobody can lock out somebody else: an address
that has not failed is always heard, and one that has is heard again after its wait. Where an account is tried from
many addresses, each of them has one free try instead of several.
"""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Callable, Hashable
from time import monotonic

from hub.access.networks import parse_address
from hub.contract.errors import TooManyRequests

FREE_TRIES = 5
ATTACKED = 20  # failures of an account, of all addresses together, after which each has one free try
MAX_WAIT = 60.0
EXPIRY = 900.0  # without a failure for this long they are no longer counted
MAX_KEYS = 4096  # of each kind; the one that failed longest ago gives way


class LoginThrottle:
    """`begin` before a password is verified, `succeeded` after one that was right."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._addresses = _Failures(now)
        self._accounts = _Failures(now)
        self._pairs = _Failures(now)
        self.refused = 0

    def begin(self, address: str, account: str) -> None:
        """Count a try as failed until `succeeded` is called, so that tries at the same time count as well.

        `account`: the name as it is compared, whether it exists or not. Raises TooManyRequests.
        """
        source = network_of(address)
        free = 1 if self._accounts.count(account) >= ATTACKED else FREE_TRIES
        wait = max(self._addresses.wait(source, FREE_TRIES), self._pairs.wait((source, account), free))
        if wait > 0:
            self.refused += 1
            seconds = math.ceil(wait)
            raise TooManyRequests(
                f"Too many failed logins from this address. Try again in {seconds} {_plural(seconds)}.",
                retry_after=seconds,
            )
        self._addresses.add(source)
        self._accounts.add(account)
        self._pairs.add((source, account))

    def succeeded(self, address: str, account: str) -> None:
        """Take back what `begin` counted; the failures of this address at this account are forgiven.

        Those of the address at other accounts stay: who has an account gets no free tries at those of others.
        """
        source = network_of(address)
        failed = self._pairs.count((source, account))
        self._addresses.remove(source, failed)
        self._accounts.remove(account, failed)
        self._pairs.remove((source, account), failed)


class _Failures:
    """Counted failures by key, the last of them at which time; bounded in number."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._failures: OrderedDict[Hashable, tuple[int, float]] = OrderedDict()

    def count(self, key: Hashable) -> int:
        """How often the key failed lately."""
        count, when = self._failures.get(key, (0, 0.0))
        return count if count and self._now() - when < EXPIRY else 0

    def wait(self, key: Hashable, free: int) -> float:
        """Seconds until the next try: none after the first `free` failures, then 1, 2, 4 and so on."""
        count = self.count(key)
        if count < free:
            return 0.0
        pause = min(MAX_WAIT, 2.0 ** min(count - free, 10))
        return max(0.0, self._failures[key][1] + pause - self._now())

    def add(self, key: Hashable) -> None:
        """Count a failure now."""
        count = self.count(key)
        self._failures[key] = (count + 1, self._now())
        self._failures.move_to_end(key)
        if len(self._failures) > MAX_KEYS:
            self._failures.popitem(last=False)

    def remove(self, key: Hashable, number: int) -> None:
        """Take failures back."""
        count, when = self._failures.get(key, (0, 0.0))
        if count > number:
            self._failures[key] = (count - number, when)
        else:
            self._failures.pop(key, None)


def network_of(address: str) -> str:
    """What counts as one address: of IPv6 a network of 64 bits, since a single client has that many to choose from."""
    parsed = parse_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


def _plural(seconds: int) -> str:
    return "second" if seconds == 1 else "seconds"
