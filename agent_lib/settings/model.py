"""Every setting of the agent, declared once: name, type, bounds, default and one sentence of help.

The declarations are the source of `agent.toml` and of the documentation; the class docstrings are printed there.
`devices` declares what belongs to a station, `file` reads settings files and the environment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from agent_lib.runtime.addresses import hub_address, without_localhost
from agent_lib.settings.devices import CameraSettings, CaptureSettings, OcrSettings, RfidSettings, Section

DEFAULT_HUB = "http://127.0.0.1:5000"
"""The hub's default address; a number, because Windows resolves `localhost` to IPv6 first and waits."""


class StationSettings(Section):
    """One station: its name, kind and devices."""

    name: str = Field(default="station-1", min_length=1, max_length=100, description="Name of this station in the hub.")
    kind: Literal["weighbridge", "tags"] = Field(
        default="weighbridge", description="weighbridge: tag, cameras and label; tags: only reports tags."
    )
    camera: CameraSettings = CameraSettings()
    secondary_camera: CameraSettings = CameraSettings()
    rfid: RfidSettings = RfidSettings()
    capture: CaptureSettings = CaptureSettings()
    ocr: OcrSettings = OcrSettings()

    @field_validator("kind", mode="before")
    @classmethod
    def _is_kind(cls, value: Any) -> Any:
        text = value.strip().lower().replace("_", "-") if isinstance(value, str) else value
        return "tags" if text == "tags-only" else text

    @property
    def configured(self) -> bool:
        """Whether any device is configured."""
        return self.rfid.configured or self.camera.configured or self.secondary_camera.configured


class HubSettings(Section):
    """Where results go."""

    url: str = Field(
        default="",
        max_length=500,
        description=f"Address of the hub; empty: {DEFAULT_HUB}, or only websocket_url where that is set.",
    )
    websocket_url: str = Field(
        default="",
        max_length=500,
        description="Without url, results go to this WebSocket server as JSON text instead, e.g. "
        "ws://127.0.0.1:2020. The environment's WEBSOCKET_URL stands over it.",
    )
    token: str = Field(
        default="",
        max_length=500,
        repr=False,
        description="Token that lets this agent in at the hub; `python agent.py pair --hub URL` asks for one and "
        "writes it here. The environment's GATEHOUSE_TOKEN stands over it.",
    )
    ca: str = Field(
        default="",
        max_length=500,
        description="Authority of the hub's certificate where the site has its own: the hub's tls/authority.pem (PEM), "
        "copied here; a path in the instance folder unless it is absolute; empty: the authorities that this machine "
        "trusts. The environment's GATEHOUSE_CA and the flag --ca stand over it.",
    )
    image_server_url: str = Field(
        default="http://127.0.0.1:3000",
        max_length=500,
        description="Start of the picture links in a result. The environment's IMAGE_SERVER_URL stands over it.",
    )
    answer_seconds: float = Field(
        default=15.0,
        ge=0.2,
        le=300,
        description="How long the hub may take to confirm a result before it is sent again.",
    )
    retry_seconds: float = Field(
        default=0.5, ge=0.01, le=60, description="First wait before sending again; it doubles while the hub stays away."
    )
    retry_max_seconds: float = Field(default=30.0, ge=0.01, le=3600, description="Longest wait before sending again.")
    video_fps: float = Field(
        default=0,
        ge=0,
        le=30,
        description="Live pictures of each camera sent to the hub in a second, for the page /video; 0 sends none.",
    )
    status_seconds: float = Field(
        default=5.0, ge=0.2, le=300, description="How often the hub hears of the state of station, reader and cameras."
    )

    @field_validator("url")
    @classmethod
    def _is_hub(cls, value: str) -> str:
        return hub_address(value)

    @field_validator("websocket_url")
    @classmethod
    def _is_websocket(cls, value: str) -> str:
        if value and (not value.startswith(("ws://", "wss://")) or not urlsplit(value).hostname):
            raise ValueError("must look like ws://127.0.0.1:2020")
        return without_localhost(value)

    @field_validator("token")
    @classmethod
    def _is_token(cls, value: str) -> str:
        if not value.isascii() or not value.isprintable() or " " in value:
            raise ValueError("must be a token of the hub: letters, digits and signs without spaces")
        return value

    @field_validator("image_server_url")
    @classmethod
    def _is_link(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")) or not urlsplit(value).hostname:
            raise ValueError("must look like http://127.0.0.1:3000")
        return value.rstrip("/")

    @property
    def base(self) -> str:
        """The hub's address, or the default one."""
        return self.url or DEFAULT_HUB

    @property
    def headers(self) -> dict[str, str]:
        """The HTTP headers that let this agent in at the hub."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    @property
    def raw(self) -> bool:
        """Whether results go to a raw WebSocket server only."""
        return bool(self.websocket_url) and not self.url


class OutboxSettings(Section):
    """Results waiting for the hub."""

    max_mb: int = Field(
        default=5000,
        ge=1,
        le=1_000_000,
        description="Room for waiting results and their pictures, in MB; when full, new results are kept without "
        "their pictures. Files of no result, which are kept aside, have as much.",
    )
    shelf_results: int = Field(
        default=200, ge=0, le=100_000, description="Refused results that are kept to look at; the oldest go first."
    )


class LogSettings(Section):
    """The log file."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least level that is logged."
    )
    format: Literal["text", "json"] = Field(
        default="text",
        description="text: lines for people; json: an object a line (time, level, logger, message, exception).",
    )
    max_mb: int = Field(default=10, ge=1, le=1000, description="Size at which agent.log is rotated, in MB.")
    max_days: int = Field(
        default=30,
        ge=0,
        le=3650,
        description="Days after which agent.log is rotated whatever its size, and an old file deleted; 0: never.",
    )
    keep: int = Field(default=5, ge=0, le=1000, description="Old log files that are kept.")


class AgentSettings(Section):
    """All settings of one agent."""

    simulate: bool = Field(default=False, description="true: run the simulated gate even where devices are configured.")
    simulate_pause: float = Field(
        default=2.0,
        ge=0,
        le=3600,
        description="Seconds the simulated gate is empty between two vehicles. The environment's "
        "AGENT_SIMULATE_PAUSE stands over it.",
    )
    seed: int = Field(
        default=1,
        ge=0,
        le=2**31 - 1,
        description="Seed of the simulated vehicles: the same seed gives the same vehicles.",
    )
    simulate_fleet: int = Field(
        default=12,
        ge=0,
        le=1000,
        description="Vehicles of the simulated gate that come again and again, now and then with the tag or the plates "
        "of another one; 0: every vehicle is a new one. The environment's AGENT_SIMULATE_FLEET stands over it.",
    )
    simulate_night: bool = Field(
        default=False,
        description="true: the cameras of the simulated gate see a night, in which a number is often read from several "
        "frames only. The environment's AGENT_SIMULATE_NIGHT (1 or 0) stands over it.",
    )
    simulate_scale_port: int = Field(
        default=4001,
        ge=0,
        le=65535,
        description="TCP port of this machine at which the simulated gate has the indicator of a scale; 0: none.",
    )
    simulate_register: bool = Field(
        default=True,
        description="Give the vehicles of the simulated gate to the register of a hub on this machine, where that has "
        "none at all.",
    )
    hub: HubSettings = HubSettings()
    outbox: OutboxSettings = OutboxSettings()
    log: LogSettings = LogSettings()
    stations: list[StationSettings] = Field(default=[StationSettings()], min_length=1)
    instance: Path = Path("instance")
    captures: int | None = Field(default=None, ge=1)
    config_path: Path = Path("instance/agent.toml")
    warnings: tuple[str, ...] = ()

    @field_validator("simulate_fleet")
    @classmethod
    def _is_a_fleet(cls, value: int) -> int:
        if value == 1:
            raise ValueError("must be 0, or 2 or more")
        return value

    @property
    def simulated(self) -> bool:
        """Whether the simulated gate runs: requested, or no device is configured anywhere."""
        return self.simulate or not any(station.configured for station in self.stations)
