"""Which kind of device has probably tried, by the address, event or port that it asked for."""

from __future__ import annotations

from hub.devices.device import Device

OTHER = "other"
LISTENERS = {"lpr": "camera", "apriltag": "board", "results": "station"}
PATHS = (
    ("/api/captures", "station"),
    ("/api/stations", "station"),
    ("/api/detection", "camera"),
    ("/api/health", "camera"),
    ("/api/data", "camera"),
    ("/api/statistics", "camera"),
    ("/api/v1/", "camera"),
    ("/api/cameras/register", "camera"),
    ("/device-registration", "camera"),
    ("/api/cameras/", "video"),
    ("/client_e32", "video"),
    ("/apriltag", "board"),
    ("/client_gdevelop", "game"),
    ("/video-stream", "tracking"),
    ("/upload-embedding", "tracking"),
)
EVENTS = {
    **dict.fromkeys(("station_status", "capture_result"), "station"),
    **dict.fromkeys(("camera_register", "lpr_data", "lpr_detection", "detection", "health_status", "health"), "camera"),
    **dict.fromkeys(("message", "image", "config", "edge_status", "debug_event"), "camera"),
}
"""Events of Socket.IO, which stand in the place of the path."""
TRANSPORTS = {"udp": "board", "game": "game"}
"""Transports that only one kind of device uses."""


def kind_of(device: Device) -> str:
    """A kind of the list of devices, game or tracking; other where nothing tells."""
    path = device.sent.get("path", "")
    by_path = next((kind for start, kind in PATHS if path.startswith(start)), "")
    return (
        by_path
        or EVENTS.get(path)
        or TRANSPORTS.get(device.transport)
        or LISTENERS.get(device.sent.get("listener", ""), OTHER)
    )
