"""All settings of one hub: each declared once with type, bounds, default and one sentence of help.

The declarations are the source of `hub.toml`, of the environment names (`HUB_<KEY>`, `HUB_<SECTION>_<KEY>`) and of
docs/settings.md. `hub.settings.file` reads the file and the environment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationInfo, field_validator, model_validator

from hub.settings.access import Access
from hub.settings.accounts import Accounts
from hub.settings.alerts import Alerts, Webhook
from hub.settings.apriltag import AprilTag
from hub.settings.backup import Backup
from hub.settings.barriers import MAX_BARRIERS, Barrier
from hub.settings.base import Section
from hub.settings.fast_paths import FastPaths
from hub.settings.images import Images
from hub.settings.limits import Limits
from hub.settings.live import Live
from hub.settings.log import Log
from hub.settings.lpr import Lpr
from hub.settings.mail import Mail
from hub.settings.mqtt import Mqtt
from hub.settings.networks import require_networks
from hub.settings.presence import Presence, VehicleWatch
from hub.settings.results import Results
from hub.settings.retention import Retention
from hub.settings.scales import Scale
from hub.settings.store import Store
from hub.settings.tables import require_different, require_tables
from hub.settings.tracking import Tracking
from hub.settings.video import Video
from hub.settings.vision import Vision
from hub.settings.visits import Visits


class Settings(Section):
    """All settings of one hub."""

    host: str = Field(
        "0.0.0.0",
        min_length=1,
        max_length=200,
        description="Address to listen on; 0.0.0.0 is every network of this machine.",
    )
    port: int = Field(5000, ge=0, le=65535, description="Main port: pages, REST, Socket.IO; 0 takes any free one.")
    trusted_networks: list[str] = Field(
        [],
        max_length=100,
        description=(
            "Networks whose cameras, boards, stations and listeners are served as they are, without a token, e.g. "
            "192.168.1.0/24; they may send and listen, and administer nothing."
        ),
    )
    tls_cert: str = Field(
        "",
        max_length=500,
        description=(
            "Certificate (PEM, with those between it and the authority) that every TCP port serves TLS with, in the "
            "instance folder unless the path is absolute; `python app.py make-cert` makes one; empty: no TLS."
        ),
    )
    tls_key: str = Field("", max_length=500, description="The private key of tls_cert (PEM, without a password).")
    timezone: str = Field(
        "",
        max_length=60,
        description="Time zone of senders that give times without one, e.g. Asia/Bangkok; empty: this machine's.",
    )
    apriltag: AprilTag = AprilTag()
    lpr: Lpr = Lpr()
    video: Video = Video()
    tracking: Tracking = Tracking()
    vision: Vision = Vision()
    presence: Presence = Presence()
    vehicles: list[VehicleWatch] = Field([], max_length=64, description="Cameras that are watched for a vehicle.")
    barriers: list[Barrier] = Field([], max_length=MAX_BARRIERS, description="Barriers that the hub may open.")
    scales: list[Scale] = Field([], max_length=32, description="Weight indicators.")
    images: Images = Images()
    results: Results = Results()
    visits: Visits = Visits()
    store: Store = Store()
    live: Live = Live()
    retention: Retention = Retention()
    backup: Backup = Backup()
    limits: Limits = Limits()
    access: Access = Access()
    accounts: Accounts = Accounts()
    alerts: Alerts = Alerts()
    webhook: Webhook = Webhook()
    mqtt: Mqtt = Mqtt()
    mail: Mail = Mail()
    fast_paths: FastPaths = FastPaths()
    log: Log = Log()
    instance: Path = Field(Path("instance"), exclude=True, description="Folder of the hub's data; only by --instance.")

    @field_validator("trusted_networks")
    @classmethod
    def _are_networks(cls, value: list[str]) -> list[str]:
        return require_networks(value)

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Settings:
        if bool(self.tls_cert) != bool(self.tls_key):
            missing = "tls_key" if self.tls_cert else "tls_cert"
            raise ValueError(f"tls_cert and tls_key belong together: {missing} is missing")
        return self

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        if value:
            try:
                ZoneInfo(value)
            except (KeyError, ValueError, OSError) as error:
                raise ValueError("is not a time zone name that this machine knows, such as Asia/Bangkok") from error
        return value

    @field_validator("vehicles", "barriers", mode="before")
    @classmethod
    def _are_tables(cls, value: Any, info: ValidationInfo) -> Any:
        return require_tables(value, info.field_name or "")

    @field_validator("vehicles")
    @classmethod
    def _are_different_cameras(cls, value: list[VehicleWatch]) -> list[VehicleWatch]:
        require_different((one.camera for one in value), "camera")
        return value

    @field_validator("barriers")
    @classmethod
    def _are_different_barriers(cls, value: list[Barrier]) -> list[Barrier]:
        require_different((one.name for one in value), "barrier")
        return value

    @model_validator(mode="after")
    def _barriers_have_a_broker(self) -> Settings:
        for one in self.barriers:
            if one.enabled and one.kind == "mqtt" and not self.mqtt.host:
                raise ValueError(f"the barrier {one.name} needs a broker: host of [mqtt] is missing")
        return self

    @model_validator(mode="after")
    def _hubs_share_a_database(self) -> Settings:
        if self.live.url and not self.store.url:
            raise ValueError("hubs that share what is live (url of [live]) share a database: url of [store] is missing")
        return self

    @field_validator("scales", mode="before")
    @classmethod
    def _are_tables_of_scales(cls, value: Any) -> Any:
        return require_tables(value, "scales")

    @field_validator("scales")
    @classmethod
    def _are_different_scales(cls, value: list[Scale]) -> list[Scale]:
        require_different((one.name for one in value), "name")
        return value

    @property
    def uses_tls(self) -> bool:
        """Whether the TCP ports speak TLS."""
        return bool(self.tls_cert)

    @property
    def scheme(self) -> str:
        """How addresses of the hub begin."""
        return "https" if self.uses_tls else "http"

    @property
    def tls_cert_path(self) -> Path:
        """The file of the certificate."""
        return self.instance / self.tls_cert

    @property
    def tls_key_path(self) -> Path:
        """The file of its private key."""
        return self.instance / self.tls_key

    @property
    def side_ports(self) -> dict[str, int]:
        """TCP ports besides the main one, by listener name (docs/architecture.md "Ports")."""
        return {
            "apriltag": self.apriltag.port,
            "lpr": self.lpr.port,
            "images": self.images.port,
            "results": self.results.port,
        }

    @property
    def wanted_listeners(self) -> list[str]:
        """The listeners that are to be open, by name; "main" and "udp" among them."""
        sides = [name for name, port in self.side_ports.items() if port]
        return ["main", *sides, *(["udp"] if self.apriltag.udp_port else [])]

    @property
    def database_path(self) -> Path:
        """The database file."""
        return self.instance / "hub.db"

    @property
    def backup_path(self) -> Path:
        """The folder of backups."""
        return self.instance / self.backup.folder

    @property
    def images_path(self) -> Path:
        """The folder of pictures of captures."""
        return self.instance / "images"

    @property
    def thumbnails_path(self) -> Path:
        """The folder of small versions of pictures; it may be deleted at any time."""
        return self.instance / "thumbnails"

    @property
    def exports_path(self) -> Path:
        """The folder of files that are being made for readers; it is emptied at the start."""
        return self.instance / "exports"

    @property
    def packs_path(self) -> Path:
        """The folder of pictures of camera records."""
        return self.instance / "pictures"

    @property
    def device_token_path(self) -> Path:
        """The file of the token that every device may use."""
        return self.instance / "device_token.txt"

    @property
    def token_path(self) -> Path:
        """The file of the token of AprilTag boards."""
        return self.instance / "apriltag_token"

    @property
    def tracking_key_path(self) -> Path:
        """The file of the key that embeddings of persons are encrypted with."""
        return self.instance / "tracking_key"

    @property
    def session_key_path(self) -> Path:
        """The file of the key that session cookies are signed with."""
        return self.instance / "session_key"

    @property
    def admin_password_path(self) -> Path:
        """The file of the password that the first start gives to the account admin."""
        return self.instance / "admin_password.txt"

    @property
    def webhook_secret_path(self) -> Path:
        """The file of the secret that messages to the webhook are signed with."""
        return self.instance / "webhook_secret"

    @property
    def barriers_stopped_path(self) -> Path:
        """The file that says that all barriers are stopped."""
        return self.instance / "barriers_stopped.json"

    @property
    def log_path(self) -> Path:
        """The log file."""
        return self.instance / "hub.log"
