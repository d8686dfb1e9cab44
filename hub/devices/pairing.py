"""Pairing: a device asks for admission with a six-digit code, and gets a token once an operator has agreed.

The code lets the operator see that the request on the page is the one of the device at hand; it is no secret. The
secret of the first answer is what the token is fetched with. Requests are in memory only, and expire. Where there are
other hubs each knows the requests of all, so that it does not matter which one the operator or the device asks.
"""

from __future__ import annotations

import hmac
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

from gevent.event import Event

from hub.access.name_register import NameRegister
from hub.access.rate_limits import RateLimiter
from hub.contract.errors import Conflict, ContractError, NotFound, TooManyRequests, Unauthorized
from hub.contract.text import clean
from hub.contract.times import utc_text
from hub.devices.device import MAX_NAME, site_of
from hub.devices.tokens import DeviceTokens, digest_of
from hub.settings.limits import Limits

LIFETIME_SECONDS = 600.0
DISPLACED_PER_MINUTE = 3
MAX_KIND = 40
SECRET_BYTES = 24
CODES = 1_000_000
WAITING, ADMITTED, REFUSED, DELIVERED = "waiting", "admitted", "refused", "delivered"
STEPS = {WAITING: 0, ADMITTED: 1, REFUSED: 2, DELIVERED: 3}  # of what two hubs know, the later step holds
SHARED = ("id", "secret_digest", "code", "name", "kind", "address", "state")  # texts that other hubs are told
MAX_SHARED = 200  # characters of each
TOO_MANY = "Too many devices ask to be paired at the moment; ask again in a minute."
UNKNOWN = "There is no such pairing request, or it has expired; ask again."


@dataclass
class Pairing:
    """A request; `secret_digest` is the SHA-256 digest of what its device fetches the token with."""

    id: str
    secret_digest: str
    code: str
    name: str
    kind: str
    address: str
    asked_at: float  # epoch seconds
    expires: float  # epoch seconds
    deadline: float  # the same moment by the monotonic clock
    state: str = WAITING

    def shown(self) -> dict[str, Any]:
        """The request for the operator."""
        return {
            "id": self.id,
            "code": self.code,
            "name": self.name,
            "kind": self.kind,
            "address": self.address,
            "state": self.state,
            "asked_at": utc_text(self.asked_at),
            "expires": utc_text(self.expires),
        }


class Pairings:
    """All open requests, bounded in number and for each sender. `news` is set when the list has changed."""

    def __init__(
        self,
        tokens: DeviceTokens,
        news: Event,
        limits: Limits,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._tokens, self._news, self._now, self._clock = tokens, news, now, clock
        self._pairings: dict[str, Pairing] = {}
        self._to_tell: set[str] = set()  # ids of requests that changed here
        self._per_sender, per_minute = limits.pairings_per_address, limits.pairings_per_minute
        self.names = NameRegister(limits.max_pairings, DISPLACED_PER_MINUTE, clock)
        self._rate = RateLimiter(per_minute / 60.0, now=clock, burst=per_minute)

    def ask(self, name: object, kind: object, address: str) -> tuple[Pairing, str]:
        """A new request and its secret. Raises ContractError for the name, TooManyRequests."""
        sender = site_of(address)
        text = clean(name)[:MAX_NAME] if isinstance(name, str) else ""
        if not text:
            raise ContractError(f"name is missing: what the device is called, at most {MAX_NAME} characters.")
        if not self._rate.allow(sender):
            raise TooManyRequests(TOO_MANY, retry_after=60)
        self._expire()
        own = [one for one in self._pairings.values() if site_of(one.address) == sender]
        if len(own) >= self._per_sender:
            self._remove(min(own, key=lambda one: one.deadline).id)
        gone = self.names.make_room(sender)
        if gone is None:
            raise TooManyRequests(TOO_MANY, retry_after=60)
        for pairing_id in gone:
            self._pairings.pop(pairing_id, None)
        secret, now = secrets.token_urlsafe(SECRET_BYTES), self._now()
        pairing = Pairing(
            str(uuid.uuid4()),
            digest_of(secret),
            self._code(),
            text,
            clean(kind)[:MAX_KIND] if isinstance(kind, str) else "",
            address,
            now,
            now + LIFETIME_SECONDS,
            self._clock() + LIFETIME_SECONDS,
        )
        self._pairings[pairing.id] = pairing
        self.names.add(pairing.id, sender)
        self._changed(pairing)
        return pairing, secret

    def _code(self) -> str:
        """Six digits that no other open request has."""
        taken = {pairing.code for pairing in self._pairings.values()}
        while (code := f"{secrets.randbelow(CODES):06d}") in taken:
            pass
        return code

    def answer(self, pairing_id: str, secret: str) -> tuple[str, str]:
        """The state of a request for its device, and the token the first time after it was admitted, else "".

        Raises NotFound, Unauthorized for a wrong secret, Conflict, StoreBusy.
        """
        pairing = self._open(pairing_id)
        if not hmac.compare_digest(digest_of(secret), pairing.secret_digest):
            raise Unauthorized("The secret is not the one of this pairing request.")
        if pairing.state != ADMITTED:
            return pairing.state, ""
        pairing.state = DELIVERED  # before the token is stored, which lets other requests run
        try:
            _, text = self._tokens.make(pairing.name)
        except Exception:
            pairing.state = ADMITTED
            raise
        self._changed(pairing)
        return ADMITTED, text

    def decide(self, pairing_id: str, admitted: bool, name: object = "") -> Pairing:
        """Admit or refuse a request; `name` replaces the one that the device gave. Raises NotFound, Conflict."""
        pairing = self._open(pairing_id)
        if pairing.state != WAITING:
            raise Conflict(f"This pairing request was decided already: {pairing.state}.")
        if isinstance(name, str) and (text := clean(name)[:MAX_NAME]):
            pairing.name = text
        pairing.state = ADMITTED if admitted else REFUSED
        self._changed(pairing)
        return pairing

    def open(self) -> list[Pairing]:
        """The requests that an operator can decide about, the newest first, or whose token is not fetched yet."""
        self._expire()
        found = [pairing for pairing in self._pairings.values() if pairing.state in (WAITING, ADMITTED)]
        return sorted(found, key=lambda pairing: -pairing.deadline)

    # -- other hubs

    def _changed(self, pairing: Pairing) -> None:
        self._to_tell.add(pairing.id)
        self._news.set()

    def states_here(self, everything: bool) -> list[dict[str, Any]]:
        """All requests, or those that changed at this hub since the last call."""
        told, self._to_tell = self._to_tell, set()
        self._expire()
        now = self._clock()
        return [
            {**{name: getattr(one, name) for name in SHARED}, "left": round(one.deadline - now, 1)}
            for one in self._pairings.values()
            if everything or one.id in told
        ]

    def state_elsewhere(self, state: dict[str, Any]) -> None:
        """A request is new or has changed at another hub. Raises KeyError, TypeError or ValueError."""
        texts = {name: clean(str(state[name]))[:MAX_SHARED] for name in SHARED}
        left = min(max(0.0, float(state["left"])), LIFETIME_SECONDS)
        step = STEPS[texts["state"]]
        known = self._pairings.get(texts["id"])
        if known is not None:
            if step > STEPS[known.state]:
                known.name, known.state = texts["name"], texts["state"]
                self._news.set()
            return
        self._expire()
        if not left or not texts["id"] or len(self.names) >= self.names.max_names:
            return
        now = self._now()
        asked_at, expires = now + left - LIFETIME_SECONDS, now + left
        pairing = Pairing(**texts, asked_at=asked_at, expires=expires, deadline=self._clock() + left)
        self._pairings[pairing.id] = pairing
        self.names.add(pairing.id, site_of(pairing.address))
        self._news.set()

    def _open(self, pairing_id: str) -> Pairing:
        self._expire()
        pairing = self._pairings.get(pairing_id)
        if pairing is None:
            raise NotFound(UNKNOWN)
        return pairing

    def _expire(self) -> None:
        now = self._clock()
        for pairing in [pairing for pairing in self._pairings.values() if pairing.deadline <= now]:
            self._remove(pairing.id)

    def _remove(self, pairing_id: str) -> None:
        self.names.remove(pairing_id)
        self._pairings.pop(pairing_id, None)
        self._news.set()

    def __len__(self) -> int:
        return len(self._pairings)
