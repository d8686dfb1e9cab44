"""paho's MQTT client, made fit for a broker that is not to be trusted. Uses internals of paho; a test checks them."""

from __future__ import annotations

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

MAX_PACKET = 1024  # bytes of a packet from the broker: acknowledgements have a few


class GuardedClient(Client):
    """A client that only publishes: what a broker may send to it is an acknowledgement.

    * A larger packet ends the connection before it is read, and a message that the hub did not subscribe to, too; paho
      alone keeps up to 256 MB of each.
    * gevent's TLS socket returns 0 from `send` where it would block, which paho takes for a sent packet.
    """

    def __init__(self, client_id: str) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, client_id=client_id, reconnect_on_failure=False)

    def _sock_recv(self, bufsize: int) -> bytes:
        if bufsize > MAX_PACKET:
            raise OSError(f"the broker sends a packet of {bufsize} bytes")
        return bytes(super()._sock_recv(bufsize))

    def _sock_send(self, buf: bytes | bytearray) -> int:
        sent = super()._sock_send(buf)
        if not sent and buf:
            raise BlockingIOError
        return sent

    def _handle_publish(self) -> MQTTErrorCode:
        return MQTTErrorCode.MQTT_ERR_PROTOCOL
