"""What a hub tells the others of a camera that it hears: its state, and what is new of its counts and components."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from hub.contract.paging import json_size
from hub.lpr.camera import Camera

MAX_TEXT = 300
MAX_COMPONENTS_BYTES = 60_000  # of one message, as JSON
MAX_COUNT = 1_000_000  # records of one camera within a second, and far more
COUNTS = ("detections", "health_reports")
TEXTS = ("component", "status", "message", "occurred_at", "received_at")


def message_of(camera: Camera, now: float, everything: bool) -> dict[str, Any]:
    """The message, as JSON. What is new counts as told. `now` is monotonic; `everything`: all components."""
    message: dict[str, Any] = {
        "id": camera.camera_id,
        "checkpoint": camera.checkpoint_id,
        "online": camera.online,
        "age": round(now - camera.heard_here, 3),
        "door": camera.door,
        "address": camera.address,
    }
    counts, camera.untold_counts = camera.untold_counts, {}
    names, camera.untold_components = camera.untold_components, set()
    components = _some(one for name, one in camera.components.items() if everything or name in names)
    if counts:
        message["counts"] = counts
    if components:
        message["components"] = components
    if camera.clock.seconds is not None:
        message["clock"] = camera.clock.seconds
    return message


def take_counts(camera: Camera, message: dict[str, Any]) -> None:
    """Add what another hub has counted. Raises TypeError or ValueError for what is no count."""
    counts = message.get("counts", {})
    if not isinstance(counts, dict):
        raise TypeError("The counts of a camera are no object.")
    added = {name: int(counts.get(name, 0)) for name in COUNTS}
    for name, count in added.items():
        setattr(camera, name, getattr(camera, name) + min(max(0, count), MAX_COUNT))


def take_report(camera: Camera, message: dict[str, Any], keep: Callable[[dict[str, Any]], None]) -> None:
    """Take clock and components from another hub. Raises KeyError, TypeError or ValueError for what is none.

    `keep` takes each component that is newer than the one that is known.
    """
    if message.get("clock") is not None:
        camera.clock.set(float(message["clock"]))
    for sent in message.get("components", ()):
        component: dict[str, Any] = {name: str(sent[name])[:MAX_TEXT] for name in TEXTS}
        component["at"], component["details"] = float(sent["at"]), sent["details"]
        if not component["component"] or json_size(component) > MAX_COMPONENTS_BYTES:
            continue
        before = camera.components.get(component["component"])
        if before is None or component["at"] >= before["at"]:
            keep(component)


def _some(components: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first components that fit into a message."""
    some, size = [], 0
    for component in components:
        size += json_size(component)
        if size > MAX_COMPONENTS_BYTES:
            break
        some.append(component)
    return some
