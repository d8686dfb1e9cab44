"""The scales of the settings: their states, and the weights that they settle on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from hub.contract.device_state import DeviceState
from hub.contract.errors import NotFound
from hub.live.bus import Bus
from hub.live.events import WEIGHT_SETTLED, WeightSettled
from hub.scales.scale import Scale
from hub.settings.scales import Scale as ScaleSettings


class Scales:
    """Every enabled scale, by its name."""

    def __init__(
        self,
        settings: list[ScaleSettings],
        bus: Bus,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bus, self._now, self._monotonic = bus, now, monotonic
        self._scales = {one.name: Scale(one, now()) for one in settings if one.enabled}
        self._wake: list[Callable[[], None]] = []

    def __len__(self) -> int:
        return len(self._scales)

    def names(self) -> list[str]:
        """Their names in the order of the settings."""
        return list(self._scales)

    def on_change(self, wake: Callable[[], None]) -> None:
        """Call `wake`, which must not block, whenever a scale may have changed."""
        self._wake.append(wake)

    def connected(self, name: str) -> None:
        """There is a connection to a scale's indicator."""
        self._scales[name].connected(self._now())
        self._changed()

    def lost(self, name: str, reason: str) -> None:
        """A scale's indicator cannot be reached, for this reason."""
        self._scales[name].lost(reason, self._now())
        self._changed()

    def feed(self, name: str, data: bytes) -> int:
        """Take what an indicator has sent, publish what it settled on; the number of lines that were completed."""
        scale, now = self._scales[name], self._now()
        lines, settled = scale.feed(data, now, self._monotonic())
        for kg, text in settled:
            self._bus.publish(WEIGHT_SETTLED, WeightSettled(name, scale.settings.checkpoint, kg, now, text))
        self._changed()
        return lines

    def _changed(self) -> None:
        for wake in self._wake:
            wake()

    def versions(self) -> dict[str, int]:
        """A number for each scale, which changes with everything that is shown of it."""
        return {name: scale.version for name, scale in self._scales.items()}

    def row(self, name: str) -> dict[str, Any]:
        """One scale as shown. Raises NotFound."""
        if name not in self._scales:
            raise NotFound("There is no such scale in hub.toml.")
        return self._scales[name].shown()

    def rows(self) -> list[dict[str, Any]]:
        """Every scale as shown."""
        return [scale.shown() for scale in self._scales.values()]

    def device_states(self) -> list[DeviceState]:
        """For the list of devices and for alerts."""
        return [scale.device_state() for scale in self._scales.values()]

    def status(self) -> list[dict[str, Any]]:
        """For the status page."""
        keys = ("name", "state", "kg", "line", "error", "lines", "unread_lines", "left_out_lines", "connections")
        return [{key: row[key] for key in keys} for row in self.rows()]
