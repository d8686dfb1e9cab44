"""Since when a camera or a station is silent."""

from __future__ import annotations

from hub.contract.device_state import DeviceState
from hub.rules.silence import Silence

STARTED = 1_000_000.0


def test_a_camera_is_silent_since_it_was_heard_or_since_the_hub_started() -> None:
    """After a night without the hub no camera is told of before it had time to come back."""
    states = [
        DeviceState("camera", name, name, False, STARTED + heard) for name, heard in (("a", -9000.0), ("b", 60.0))
    ]
    found = Silence(STARTED).happenings([lambda: states], lambda kind: True, STARTED + 100)
    assert {each.device: each.silent_since for each in found} == {"a": STARTED, "b": STARTED + 60}
