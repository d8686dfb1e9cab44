"""The durable queue of capture results between the station and the uplink."""

from agent_lib.outbox.outbox import Entry, Outbox

__all__ = ["Entry", "Outbox"]
