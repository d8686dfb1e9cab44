"""How it stands with what the hub delivers to another program: the webhook, the MQTT broker."""

from __future__ import annotations

from typing import NamedTuple


class DeliveryState(NamedTuple):
    """One receiver now. Counts are since the hub's start."""

    name: str  # webhook, mqtt
    target: str  # host and port, for people; never a path or a secret
    failing: bool  # the last try failed, or there is no connection
    waiting: int  # records or messages that are to be delivered, at the last look
    delivered: int
    left_out: int  # too many, or too old, for a receiver that was away
    rejected: int  # refused for good by the receiver
    last_success: float | None  # epoch seconds of the last one that was delivered; None since the start
    problem: str  # why the last try failed, for people; "" while all is well
