"""The durable queue of capture results between the station and the uplink."""

from agent_lib.outbox.entry import Entry
from agent_lib.outbox.outbox import Outbox

__all__ = ["Entry", "Outbox"]
