"""Every setting of the agent, declared once: name, type, bounds, default and one sentence of help.

The declarations are the source of `agent.toml` and of the documentation. Reading files and the environment is
`agent_lib.settings.file`'s.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator

from agent_lib.runtime.addresses import hub_address, plain_host, redact, without_localhost

DEFAULT_HUB = "http://127.0.0.1:5000"
"""Where the hub is when nothing else is said; a number, since Windows asks IPv6 first for `localhost` and waits."""

ENGINES = ("auto", "crnn", "ppocr", "trocr")


class Section(BaseModel):
    """A table of settings; unknown keys are errors."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        validate_default=True,
        populate_by_name=True,
        allow_inf_nan=False,
        str_strip_whitespace=True,
    )


class CameraSettings(Section):
    """A camera: give one of `host` (IP camera over RTSP), `url` or `index` (USB). With several, url counts before host
    before index.
    """

    host: str = Field(
        "",
        max_length=253,
        description="Network address of an IP camera (RTSP), e.g. 192.168.1.3; empty: no camera by address.",
    )
    url: str = Field(
        "",
        max_length=2000,
        validation_alias=AliasChoices("url", "rtsp_url"),
        description="Full address instead of host: rtsp://..., http://... (MJPEG or JPEG snapshot), or a video file, "
        "picture or folder for trials. Also spelled rtsp_url.",
    )
    index: int | None = Field(None, ge=0, le=99, description="Number of a USB camera instead of host: 0 is the first.")
    port: int = Field(554, ge=1, le=65535, description="RTSP port of the camera at host.")
    path: str = Field(
        "",
        max_length=500,
        description="Path of the stream on the camera at host; it differs by maker, e.g. Streaming/Channels/101.",
    )
    username: str = Field("", max_length=200, description="User name at the camera.")
    password: str = Field("", max_length=200, repr=False, description="Password at the camera.")
    width: int = Field(1920, ge=16, le=8192, description="Picture width asked of a USB camera, in pixels.")
    height: int = Field(1080, ge=16, le=8192, description="Picture height asked of a USB camera, in pixels.")
    fps: float = Field(30, ge=0.1, le=240, description="Pictures a second asked of the camera.")
    retry_seconds: float = Field(1.0, ge=0.05, le=600, description="Wait between attempts to open the camera again.")
    stale_seconds: float = Field(
        30.0, ge=0.1, le=3600, description="A camera without a new picture for this long counts as dead."
    )

    @field_validator("host")
    @classmethod
    def _is_host(cls, value: str) -> str:
        return plain_host(value, "url")

    @property
    def configured(self) -> bool:
        """Whether there is a camera at all."""
        return bool(self.url or self.host or self.index is not None)

    @property
    def address(self) -> str:
        """One text for messages, secrets left out; "" when there is no camera."""
        if self.url:
            return redact(self.url)
        if self.host:
            host = f"[{self.host}]" if ":" in self.host else self.host
            return redact(f"rtsp://{host}:{self.port}/{self.path.lstrip('/')}")
        return f"USB camera {self.index}" if self.index is not None else ""


class RfidSettings(Section):
    """The RFID reader, a TCP server that the agent connects to."""

    host: str = Field(
        "", max_length=253, description="Network address of the RFID reader, e.g. 192.168.1.2; empty: no reader."
    )
    port: int = Field(6000, ge=1, le=65535, description="TCP port of the reader.")
    debounce_seconds: float = Field(1.0, ge=0, le=600, description="One tag is one event within this time.")
    present_window_seconds: float = Field(
        2.0, ge=0, le=3600, description="A tag unseen for this long has left; until then it is no new event."
    )
    reconnect_seconds: float = Field(
        2.0, ge=0.05, le=600, description="First wait before connecting again; it grows while the reader stays away."
    )
    stale_seconds: float = Field(
        60.0,
        ge=0,
        le=86_400,
        description="A connection that says nothing for this long is made anew; 0 turns this off.",
    )

    @field_validator("host")
    @classmethod
    def _is_host(cls, value: str) -> str:
        return plain_host(value, "")

    @property
    def configured(self) -> bool:
        """Whether there is a reader at all."""
        return bool(self.host)


class CaptureSettings(Section):
    """The capture cycle."""

    retry_interval_seconds: float = Field(0.4, ge=0, le=60, description="Time between the starts of two attempts.")
    timeout_seconds: float = Field(30.0, ge=0.1, le=600, description="A capture ends after this long, read or not.")
    max_attempts: int = Field(
        10, ge=1, le=1000, description="Attempts to read the label before a capture counts as failed."
    )
    target_digits: int = Field(5, ge=1, le=12, description="Digits of the number on a label.")


class OcrSettings(Section):
    """Finding the label and reading its digits."""

    engine: str = Field(
        "auto",
        max_length=40,
        description="Which recogniser reads the digits: auto (crnn cross-checked by ppocr), crnn, ppocr or trocr.",
    )
    model_id: str = Field(
        "microsoft/trocr-small-printed",
        min_length=1,
        max_length=500,
        description="Model of the engine trocr: a folder of this machine, or the name of a model on its hub, which "
        "is downloaded once.",
    )
    int8: bool = Field(
        False,
        description="true: the engine trocr computes in 8 bits, about three times as fast and a little less exact.",
    )
    label_code: str = Field(
        "",
        max_length=1000,
        description="File with the edge code of the site's own labels; empty: the code that comes with the agent.",
    )

    @field_validator("engine")
    @classmethod
    def _is_engine(cls, value: str) -> str:
        name = value.lower() or "auto"
        if name not in ENGINES:
            raise ValueError("must be auto, crnn, ppocr or trocr")
        return name


class StationSettings(Section):
    """One station: its name, kind and devices."""

    name: str = Field("station-1", min_length=1, max_length=100, description="Name of this station in the hub.")
    kind: Literal["weighbridge", "tags"] = Field(
        "weighbridge", description="weighbridge: tag, cameras and label; tags: only reports tags."
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
        """Whether any device is named."""
        return self.rfid.configured or self.camera.configured or self.secondary_camera.configured


class HubSettings(Section):
    """Where results go."""

    url: str = Field(
        "",
        max_length=500,
        description=f"Address of the hub; empty: {DEFAULT_HUB}, or only websocket_url where that is set.",
    )
    websocket_url: str = Field(
        "",
        max_length=500,
        description="Without url, results go to this WebSocket server as JSON text instead, e.g. "
        "ws://127.0.0.1:2020. The environment's WEBSOCKET_URL stands over it.",
    )
    image_server_url: str = Field(
        "http://127.0.0.1:3000",
        max_length=500,
        description="Start of the picture links in a result. The environment's IMAGE_SERVER_URL stands over it.",
    )
    answer_seconds: float = Field(
        15.0, ge=0.2, le=300, description="How long the hub may take to confirm a result before it is sent again."
    )
    retry_seconds: float = Field(
        0.5, ge=0.01, le=60, description="First wait before sending again; it doubles while the hub stays away."
    )
    retry_max_seconds: float = Field(30.0, ge=0.01, le=3600, description="Longest wait before sending again.")
    video_fps: float = Field(
        0,
        ge=0,
        le=30,
        description="Live pictures of each camera sent to the hub in a second, for the page /video; 0 sends none.",
    )
    status_seconds: float = Field(
        5.0, ge=0.2, le=300, description="How often the hub hears of the state of station, reader and cameras."
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

    @field_validator("image_server_url")
    @classmethod
    def _is_link(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")) or not urlsplit(value).hostname:
            raise ValueError("must look like http://127.0.0.1:3000")
        return value.rstrip("/")

    @property
    def base(self) -> str:
        """The hub's address, the default included."""
        return self.url or DEFAULT_HUB

    @property
    def raw(self) -> bool:
        """Whether results go to the raw WebSocket only."""
        return bool(self.websocket_url) and not self.url


class OutboxSettings(Section):
    """Results waiting for the hub."""

    max_mb: int = Field(
        5000,
        ge=1,
        le=1_000_000,
        description="Room for waiting results and their pictures, in MB; when full, new results are kept without "
        "their pictures.",
    )
    shelf_results: int = Field(
        200, ge=0, le=100_000, description="Refused results that are kept to look at; the oldest go first."
    )


class LogSettings(Section):
    """The log file."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged.")
    max_mb: int = Field(
        10, ge=1, le=1000, description="Size at which agent.log is rotated, in MB; five old files are kept."
    )


class AgentSettings(Section):
    """All settings of one agent."""

    simulate: bool = Field(False, description="true: run the simulated gate even where devices are configured.")
    simulate_pause: float = Field(
        2.0,
        ge=0,
        le=3600,
        description="Seconds the simulated gate is empty between two vehicles. The environment's "
        "AGENT_SIMULATE_PAUSE stands over it.",
    )
    seed: int = Field(
        1, ge=0, le=2**31 - 1, description="Seed of the simulated vehicles: the same seed gives the same vehicles."
    )
    hub: HubSettings = HubSettings()
    outbox: OutboxSettings = OutboxSettings()
    log: LogSettings = LogSettings()
    stations: list[StationSettings] = Field([StationSettings()], min_length=1)
    instance: Path = Path("instance")
    captures: int | None = Field(None, ge=1)
    config_path: Path = Path("instance/agent.toml")
    warnings: tuple[str, ...] = ()

    @property
    def simulated(self) -> bool:
        """Whether the simulated gate runs: asked for, or no reader and no camera is configured anywhere."""
        return self.simulate or not any(station.configured for station in self.stations)
