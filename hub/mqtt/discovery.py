"""What Home Assistant is told of each device, by its MQTT discovery (home-assistant.io/integrations/mqtt).

One retained message for each entity at DISCOVERY_PREFIX/COMPONENT/NODE/OBJECT/config. Templates hold no names of
devices.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hub.mqtt.topics import Topics, plain

ONLINE = "{{ {'online': 'ON', 'offline': 'OFF'}.get(value, 'None') }}"
PRESENT = "{{ {'present': 'ON', 'absent': 'OFF'}.get(value, 'None') }}"
PLATE = "{{ value_json.plates[0].text if value_json.plates else 'None' }}"
NUMBER = "{{ value_json.number or 'None' }}"
TAG = "{{ value_json.tag or 'None' }}"
MODELS = {
    "camera": "Licence-plate camera",
    "presence": "Camera",
    "station": "Weighbridge station",
    "device": "Weighbridge station",
    "board": "AprilTag board",
    "scale": "Scale",
}


class Discovery:
    """The messages of each device."""

    def __init__(self, discovery_prefix: str, topics: Topics) -> None:
        self._prefix, self._topics = discovery_prefix, topics
        self._node = plain(topics.prefix.replace("/", "_"))

    def messages(self, kind: str, device_id: str, name: str, parent: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
        """Topic and content of each entity of a device. `parent`: the station that it belongs to."""
        owner_kind = "station" if kind == "device" else "camera" if kind == "presence" else kind
        owner = parent or device_id
        identifier = f"{self._node}_{owner_kind}_{plain(owner)}"
        device = {"identifiers": [identifier], "name": owner if parent else name, "manufacturer": "Gatehouse"}
        device["model"] = MODELS[kind]
        for component, what, content in self._entities(kind, device_id, name):
            unique = f"{self._node}_{kind}_{plain(device_id)}_{what}"
            topic = f"{self._prefix}/{component}/{self._node}/{kind}_{plain(device_id)}_{what}/config"
            yield (
                topic,
                {
                    **content,
                    "unique_id": unique,
                    "availability_topic": self._topics.status,
                    "device": device,
                    "origin": {"name": "Gatehouse"},
                },
            )

    def _entities(self, kind: str, device_id: str, name: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Component, name of the entity within the device, and what is special to it."""
        state = self._topics.state(kind, device_id)
        if kind == "presence":
            yield (
                "binary_sensor",
                "vehicle",
                {
                    "name": "Vehicle",
                    "device_class": "occupancy",
                    "state_topic": state,
                    "value_template": PRESENT,
                },
            )
            return
        yield (
            "binary_sensor",
            "online",
            {
                "name": f"{name} online" if kind == "device" else "Online",
                "device_class": "connectivity",
                "entity_category": "diagnostic",
                "state_topic": state,
                "value_template": ONLINE,
            },
        )
        if kind == "camera":
            detections = self._topics.record("detections", device_id)
            yield "sensor", "plate", {"name": "Last plate", "state_topic": detections, "value_template": PLATE}
        if kind == "station":
            captures = self._topics.record("captures", device_id)
            yield "sensor", "number", {"name": "Last number", "state_topic": captures, "value_template": NUMBER}
            yield "sensor", "tag", {"name": "Last tag", "state_topic": captures, "value_template": TAG}
