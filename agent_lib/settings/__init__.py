"""The agent's settings: declarations (`model`), reading files, environment and flags (`file`), a new file's text
(`template`).
"""

from agent_lib.settings.model import (
    DEFAULT_HUB,
    ENGINES,
    AgentSettings,
    CameraSettings,
    CaptureSettings,
    HubSettings,
    LogSettings,
    OcrSettings,
    OutboxSettings,
    RfidSettings,
    Section,
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
