"""How many packets one long poll of Engine.IO brings, and one POST of a polling client may bring.

python-engineio hands out everything that waits; its own client refuses more than 16 packets in one answer and drops the connection
(docs/wire/lpr.md 7.7). So a poll brings at most 16, the next one the rest.
"""

from __future__ import annotations

from engineio import exceptions
from engineio.payload import Payload
from engineio.socket import Socket

MAX_PACKETS = 16
MAX_RECEIVED = 1000  # python-engineio's 16 would cost a camera that sends its backlog in one go every record of it


def bound_polls() -> None:
    """Put the bounds into effect for this process. Twice does no harm."""
    Socket.poll = _poll
    Payload.max_decode_packets = MAX_RECEIVED


def _poll(self: Socket) -> list:
    empty = self.server.get_queue_empty_exception()
    packets: list = []
    timeout = self.server.ping_interval + self.server.ping_timeout
    while len(packets) < MAX_PACKETS:
        try:
            packet = self.queue.get(block=not packets, timeout=None if packets else timeout)
        except empty as error:
            if packets:
                break
            raise exceptions.QueueEmpty() from error
        self.queue.task_done()
        if packet is None:
            if packets:
                self.queue.put(None)  # the end comes after what was said before it
            break
        packets.append(packet)
    return packets
