"""Every setting of the hub, declared once: name, type, bounds, default and one sentence of help.

The declarations are the source of `hub.toml`, of the environment names (`HUB_<KEY>`, `HUB_<SECTION>_<KEY>`)
and of docs/settings.md. Reading files and the environment is `hub.settings_file`'s.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Section(BaseModel):
    """A table of settings; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class TagDetection(Section):
    """A camera in whose pictures the hub itself looks for AprilTags (36h11). One block for each camera."""

    camera: str = Field(min_length=1, max_length=100, description="The camera's id: the name its pictures are posted under, or the address of the board that sends them.", examples=["gate-1"])
    enabled: bool = Field(True, description="false: do not look at this camera's pictures.")
    per_second: float = Field(10.0, ge=0.1, le=60, description="Pictures looked at in a second, at most; always the newest.")
    tag_size_cm: float | None = Field(None, gt=0, le=1000, description="Side of a tag's black square, in centimetres. Without it and the four numbers below tags are reported without a pose.", examples=[10.0])
    fx: float | None = Field(None, gt=0, le=100_000, description="Focal length of the camera in pixels, across (from a calibration at the size of its pictures).", examples=[600.0])
    fy: float | None = Field(None, gt=0, le=100_000, description="The same, down.", examples=[600.0])
    cx: float | None = Field(None, ge=-100_000, le=100_000, description="Where the optical axis meets the picture, pixels from the left; mostly half its width.", examples=[320.0])
    cy: float | None = Field(None, ge=-100_000, le=100_000, description="The same, pixels from the top.", examples=[240.0])
    distortion: list[float] = Field([], description="OpenCV's distortion coefficients (k1, k2, p1, p2, k3 ...), 4, 5, 8, 12 or 14 numbers; empty: none.")

    @property
    def has_pose(self) -> bool:
        return self.tag_size_cm is not None and self.fx is not None

    @field_validator("camera")
    @classmethod
    def _is_a_name(cls, value: str) -> str:
        if value != value.strip() or not value.isprintable():
            raise ValueError("is a name of printable characters without spaces at its ends")
        return value

    @field_validator("distortion")
    @classmethod
    def _is_a_model(cls, value: list[float]) -> list[float]:
        if len(value) not in (0, 4, 5, 8, 12, 14) or not all(abs(one) < 1e6 for one in value):
            raise ValueError("has 4, 5, 8, 12 or 14 numbers, or none")
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> TagDetection:
        missing = [name for name in ("fx", "fy", "cx", "cy") if getattr(self, name) is None]
        if 0 < len(missing) < 4:
            raise ValueError(f"{', '.join(missing)} of the camera {self.camera} is missing: fx, fy, cx and cy belong together")
        return self


class AprilTag(Section):
    """AprilTag boards and their games."""

    port: int = Field(5100, ge=0, le=65535, description="Second port for AprilTag boards and games; 0 turns it off.")
    udp_port: int = Field(5200, ge=0, le=65535, description="UDP port for AprilTag datagrams; 0 turns it off.")
    token: str = Field("", repr=False, description="What a board proves itself with, the same text in its firmware; empty: the hub makes one at its first start, shows it once and keeps it in the file `apriltag_token`.")
    networks: list[str] = Field(["127.0.0.0/8", "::1/128"], max_length=100, description="Networks whose boards and games are served (by the AprilTag addresses only), e.g. 192.168.1.0/24; UDP and pictures without a token come only from here.")
    source_rate: int = Field(2000, ge=20, le=100_000, description="Datagrams and pictures without a token that one address may send in a second; more are ignored.")
    alias_fields: bool = Field(False, description="Give games `distance_cm` too, with the value of `range_cm`, for games made for older cameras.")
    store_per_second: float = Field(0.0, ge=0, le=1000, description="At most this many readings a second of one board and tag are stored; 0 stores every one. The first reading of a tag always is.")
    reading_days: int = Field(90, ge=1, le=3650, description="Stored readings are kept for this many days.")
    stale_seconds: float = Field(30.0, ge=1, le=86_400, description="A board without a WebSocket that was silent for this long is shown as stale; without a tag in view silence is normal.")
    session_gap_seconds: float = Field(600.0, ge=1, le=604_800, description="A board without a WebSocket that was silent for this long begins a new session when it is heard again.")
    game_queue: int = Field(256, ge=1, le=10_000, description="Readings kept for a game that reads slowly; one more and only the newest of each board and tag stays.")
    game_stall_seconds: float = Field(10.0, ge=1, le=600, description="A game that takes nothing for this long is disconnected.")
    max_message_mb: int = Field(16, ge=1, le=16, description="Largest WebSocket message of a board or game, in MB.")

    detection: list[TagDetection] = Field([], max_length=64, description="Cameras in whose pictures the hub itself looks for tags.")

    @field_validator("detection", mode="before")
    @classmethod
    def _are_tables(cls, value: Any) -> Any:
        if not isinstance(value, list):
            raise ValueError("is a list of tables, each headed [[apriltag.detection]]")
        return value

    @field_validator("detection")
    @classmethod
    def _are_different_cameras(cls, value: list[TagDetection]) -> list[TagDetection]:
        names = [one.camera for one in value]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"the camera {twice!r} has two tables; leave one")
        return value

    @field_validator("networks")
    @classmethod
    def _are_networks(cls, value: list[str]) -> list[str]:
        for text in value:
            try:
                ipaddress.ip_network(text, strict=False)
            except ValueError as error:
                raise ValueError(f"{text[:80]!r} is no network such as 192.168.1.0/24 and no address") from error
        return value


class Lpr(Section):
    """Licence-plate edge cameras."""

    port: int = Field(8765, ge=0, le=65535, description="Port that licence-plate cameras deliver to; 0 turns it off.")
    offline_seconds: int = Field(900, ge=60, le=86_400, description="A camera that was silent for this long is shown as offline; quiet cameras speak every 300 s.")
    health_days: int = Field(30, ge=1, le=3650, description="Health reports are kept for this many days.")
    max_message_mb: int = Field(16, ge=1, le=16, description="Largest raw WebSocket message of a camera, in MB.")


class Video(Section):
    """Live pictures of cameras and boards."""

    max_frame_mb: int = Field(8, ge=1, le=64, description="Largest picture of a live camera, in MB.")
    max_cameras: int = Field(64, ge=1, le=1000, description="Cameras whose newest picture is kept; one more is refused until another was silent for video.forget_seconds.")
    forget_seconds: float = Field(600.0, ge=1, le=86_400, description="A camera silent for this long makes room for a new one when video.max_cameras are known.")
    max_viewers: int = Field(500, ge=1, le=10_000, description="Viewers of live pictures, streams and WebSockets together.")
    stall_seconds: float = Field(3.0, ge=0.5, le=60, description="A viewer that does not take a picture within this time is disconnected; the page connects again by itself.")
    target_interval_ms: int = Field(0, ge=0, le=10_000, description="Milliseconds between two pictures that cameras are meant to keep; 0 takes each camera's usual interval as its target.")


class Images(Section):
    """Stored pictures and the links to them."""

    port: int = Field(3000, ge=0, le=65535, description="Port that picture links point to; 0 turns it off and links point to the main port.")
    base_url: str = Field("", max_length=200, description="Start of every picture link, e.g. http://192.168.1.100:3000; empty: the host name that the reader of the link used. The environment's IMAGE_SERVER_URL stands in for it.")
    max_megapixels: int = Field(50, ge=1, le=200, description="A picture with more pixels than this (in millions) is kept but not shown.")

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")


class Results(Section):
    """Capture results for everybody who listens."""

    port: int = Field(2020, ge=0, le=65535, description="WebSocket port that sends every capture result to whoever connects; 0 turns it off.")
    queue: int = Field(1000, ge=1, le=100_000, description="Results kept for a listener that reads slowly; one more and it is disconnected.")
    stall_seconds: float = Field(30.0, ge=1, le=600, description="A listener that takes nothing for this long is disconnected.")
    max_message_mb: int = Field(16, ge=1, le=16, description="Largest raw WebSocket message of whoever pushes results, in MB.")


class Store(Section):
    """The database."""

    synchronous: Literal["FULL", "NORMAL"] = Field("FULL", description="FULL: an answered record survives a power cut; NORMAL: faster, may lose the last moment.")
    queue: int = Field(2000, ge=10, le=100_000, description="Records waiting to be written; beyond this senders are asked to come again (503).")


class Limits(Section):
    """Limits on what comes from outside."""

    max_body_mb: int = Field(64, ge=1, le=512, description="Largest HTTP body and largest Socket.IO message, in MB; raw WebSockets have limits of their own (max_message_mb of lpr, results and apriltag).")
    max_picture_mb: int = Field(16, ge=1, le=128, description="Largest single picture, in MB.")
    max_connections: int = Field(2000, ge=10, le=20_000, description="Open connections, all ports together.")
    shutdown_seconds: float = Field(5.0, ge=0.5, le=60, description="How long requests in flight may take to finish when the hub stops.")


class Access(Section):
    """Who is served. Until access control is configured only this machine is."""

    allowed_origins: list[str] = Field([], description="Web pages of other hosts that may use this hub from a browser, e.g. https://game.example; pages of this machine always may.")


class Log(Section):
    """The log file."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged.")
    max_mb: int = Field(10, ge=1, le=1000, description="Size at which hub.log is rotated, in MB; five old files are kept.")


class Settings(Section):
    """All settings of one hub."""

    host: str = Field("0.0.0.0", min_length=1, max_length=200, description="Address to listen on; 0.0.0.0 is every network of this machine.")
    port: int = Field(5000, ge=0, le=65535, description="Main port: pages, REST, Socket.IO; 0 takes any free one.")
    timezone: str = Field("", max_length=60, description="Time zone of senders that give times without one, e.g. Asia/Bangkok; empty: this machine's.")
    apriltag: AprilTag = AprilTag()
    lpr: Lpr = Lpr()
    video: Video = Video()
    images: Images = Images()
    results: Results = Results()
    store: Store = Store()
    limits: Limits = Limits()
    access: Access = Access()
    log: Log = Log()
    instance: Path = Field(Path("instance"), exclude=True, description="Folder of the hub's data; only by --instance.")

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        if value:
            from zoneinfo import ZoneInfo

            try:
                ZoneInfo(value)
            except (KeyError, ValueError, OSError) as error:
                raise ValueError("is not a time zone name that this machine knows, such as Asia/Bangkok") from error
        return value

    @property
    def side_ports(self) -> dict[str, int]:
        """TCP ports beside the main one, by listener name (ARCHITECTURE "Ports")."""
        return {"apriltag": self.apriltag.port, "lpr": self.lpr.port, "images": self.images.port, "results": self.results.port}

    @property
    def database_path(self) -> Path:
        return self.instance / "hub.db"

    @property
    def images_path(self) -> Path:
        return self.instance / "images"

    @property
    def packs_path(self) -> Path:
        return self.instance / "pictures"

    @property
    def token_path(self) -> Path:
        return self.instance / "apriltag_token"

    @property
    def log_path(self) -> Path:
        return self.instance / "hub.log"


def table_of(field: Any) -> type[Section] | None:
    """The kind of a setting that is a list of tables; None for any other."""
    inner = get_args(field.annotation)
    return inner[0] if len(inner) == 1 and isinstance(inner[0], type) and issubclass(inner[0], Section) else None


def declared_tables(section: str) -> list[tuple[str, type[Section]]]:
    """The lists of tables in a section, as (key, kind of table). They stand in the file only, each table headed [[section.key]]."""
    fields = Settings.model_fields[section].annotation.model_fields if section else {}
    return [(key, kind) for key, field in fields.items() if (kind := table_of(field)) is not None]


def declared() -> list[tuple[str, str, object]]:
    """Every setting as (section or "", key, pydantic field), in the order of the file; without the lists of tables."""
    rows: list[tuple[str, str, object]] = []
    for key, field in Settings.model_fields.items():
        if field.exclude:
            continue
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            rows.extend((key, inner, spec) for inner, spec in kind.model_fields.items() if table_of(spec) is None)
        else:
            rows.append(("", key, field))
    return rows


def environment_name(section: str, key: str) -> str:
    """The environment variable over a setting: HUB_PORT, HUB_IMAGES_PORT."""
    return "_".join(part for part in ("HUB", section.upper(), key.upper()) if part)
