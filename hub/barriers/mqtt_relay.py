"""A relay that is asked by an MQTT message, over a short connection to the broker of the section [mqtt]."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

from hub.barriers.relay import RelayError
from hub.barriers.template import escape_of, fill, in_topic
from hub.net.mqtt_connection import Broker, BrokerError, Connection
from hub.runtime.spawn import Spawn
from hub.settings.barriers import Barrier


class MqttRelay:
    """One message for each pulse, QoS 1, not retained: what the broker does not acknowledge is not sent again.

    `broker` reads password and certificates, and raises BrokerError.
    """

    def __init__(self, barrier: Barrier, host: str, broker: Callable[[str], Broker], spawn: Spawn) -> None:
        self._barrier, self._broker, self._spawn = barrier, broker, spawn
        self.target = f"{barrier.topic} at {host}"
        self.ends_pulse = bool(barrier.off_payload)

    def open(self, values: Mapping[str, str]) -> None:
        """Publish what opens. Raises RelayError."""
        self._publish(self._barrier.payload, values)

    def release(self, values: Mapping[str, str]) -> None:
        """Publish what ends the pulse. Raises RelayError."""
        self._publish(self._barrier.off_payload, values)

    def _publish(self, template: str, values: Mapping[str, str]) -> None:
        sent = False
        connection: Connection | None = None
        try:
            # A name of its own, and a clean session: the broker keeps nothing of it.
            connection = Connection(self._broker(f"gatehouse-barrier-{secrets.token_hex(6)}"), self._spawn)
            connection.open()
            sent = True
            connection.publish(fill(self._barrier.topic, values, in_topic), fill(template, values, escape_of(template)))
            connection.flush()
        except BrokerError as error:
            raise RelayError(f"the broker: {error}", sent) from error
        finally:
            if connection is not None:
                connection.close(orderly=True)
