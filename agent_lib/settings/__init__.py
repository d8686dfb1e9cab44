"""The agent's settings: declarations (`model`, `devices`), loading (`file`, `parse`), file template (`template`)."""

from agent_lib.settings.devices import (
    ENGINES,
    CameraSettings,
    CaptureSettings,
    OcrSettings,
    RfidSettings,
    Section,
)
from agent_lib.settings.model import (
    DEFAULT_HUB,
    AgentSettings,
    HubSettings,
    LogSettings,
    OutboxSettings,
    StationSettings,
)

__all__ = [
    "DEFAULT_HUB",
    "ENGINES",
    "AgentSettings",
    "CameraSettings",
    "CaptureSettings",
    "HubSettings",
    "LogSettings",
    "OcrSettings",
    "OutboxSettings",
    "RfidSettings",
    "Section",
    "StationSettings",
]
