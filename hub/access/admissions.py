"""Devices that wait to be let in: what the gate and the transports report of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from hub.contract.errors import Unauthorized
from hub.contract.roles import Principal

NOT_ADMITTED = "This device is not let in yet; an operator admits it on the page /devices of the hub."

RETRY_SECONDS = 10
"""When a device that is not let in yet may try again; senders keep a record whose refusal names a time."""


@dataclass(frozen=True)
class Attempt:
    """A try of an unknown device. `claimed` is the id it gives itself, "" where it gave none or it was not read.

    `sent`: what else is known of it, as short texts. `again`: the rest of a try that was noted already.
    """

    address: str
    transport: str
    path: str = ""
    claimed: str = ""
    sent: dict[str, str] = field(default_factory=dict)
    again: bool = False


class Admissions(Protocol):
    """Remembers devices that wait, and knows which ids an admitted one may use."""

    def note(self, attempt: Attempt) -> None:
        """Remember that an unknown device has tried. Never raises."""

    def check(self, principal: Principal, attempt: Attempt) -> None:
        """Raise Unauthorized where the principal may not send as `attempt.claimed`; noted as waiting then."""


class NoAdmissions:
    """Without a registry of devices nobody is remembered."""

    def note(self, attempt: Attempt) -> None:
        """Forget it."""

    def check(self, principal: Principal, attempt: Attempt) -> None:
        if principal.ids is not None and attempt.claimed not in principal.ids:
            raise Unauthorized(NOT_ADMITTED, retry_after=RETRY_SECONDS)
