"""Registration of scales with the hub."""

from __future__ import annotations

from functools import partial

from flask import Flask

from hub.context import Hub
from hub.scales.link import Link
from hub.scales.rest import scales_rest
from hub.scales.service import Scales

ELSEWHERE = "Another hub on the database reads this scale."


def register(app: Flask, hub: Hub) -> None:
    """Connect to the indicators that the settings name; add the route."""
    scales = Scales(hub.settings.scales, hub.bus)
    hub.add(scales)
    app.register_blueprint(scales_rest)
    hub.described_in.append("hub.scales.operations")
    hub.device_states.append(scales.device_states)
    hub.status["scales"] = scales.status
    for one in hub.settings.scales:
        if one.enabled:
            hub.leading.keep(f"scale {one.name}", Link(one, scales).run, end=partial(scales.lost, one.name, ELSEWHERE))
