"""Settings of a station's devices, its capture cycle and OCR."""

from __future__ import annotations

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator

from agent_lib.runtime.addresses import plain_host, redact

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
        default="",
        max_length=253,
        description="Network address of an IP camera (RTSP), e.g. 192.168.1.3; empty: no camera by address.",
    )
    url: str = Field(
        default="",
        max_length=2000,
        validation_alias=AliasChoices("url", "rtsp_url"),
        description="Full address instead of host: rtsp://..., http://... (MJPEG or JPEG snapshot), or a video file, "
        "picture or folder for trials. Also spelled rtsp_url.",
    )
    index: int | None = Field(
        default=None, ge=0, le=99, description="Number of a USB camera instead of host: 0 is the first."
    )
    port: int = Field(default=554, ge=1, le=65535, description="RTSP port of the camera at host.")
    path: str = Field(
        default="",
        max_length=500,
        description="Path of the stream on the camera at host; it differs by maker, e.g. Streaming/Channels/101.",
    )
    username: str = Field(default="", max_length=200, description="User name at the camera.")
    password: str = Field(default="", max_length=200, repr=False, description="Password at the camera.")
    width: int = Field(default=1920, ge=16, le=8192, description="Picture width asked of a USB camera, in pixels.")
    height: int = Field(default=1080, ge=16, le=8192, description="Picture height asked of a USB camera, in pixels.")
    fps: float = Field(default=30, ge=0.1, le=240, description="Pictures a second asked of the camera.")
    retry_seconds: float = Field(
        default=1.0, ge=0.05, le=600, description="Wait between attempts to open the camera again."
    )
    stale_seconds: float = Field(
        default=30.0, ge=0.1, le=3600, description="A camera without a new picture for this long counts as dead."
    )

    @field_validator("host")
    @classmethod
    def _is_host(cls, value: str) -> str:
        return plain_host(value, "url")

    @property
    def configured(self) -> bool:
        """Whether a camera is configured."""
        return bool(self.url or self.host or self.index is not None)

    @property
    def address(self) -> str:
        """The address for messages, without secrets; "" if no camera is configured."""
        if self.url:
            return redact(self.url)
        if self.host:
            host = f"[{self.host}]" if ":" in self.host else self.host
            return redact(f"rtsp://{host}:{self.port}/{self.path.lstrip('/')}")
        return f"USB camera {self.index}" if self.index is not None else ""


class RfidSettings(Section):
    """The RFID reader, a TCP server that the agent connects to."""

    host: str = Field(
        default="",
        max_length=253,
        description="Network address of the RFID reader, e.g. 192.168.1.2; empty: no reader.",
    )
    port: int = Field(default=6000, ge=1, le=65535, description="TCP port of the reader.")
    debounce_seconds: float = Field(default=1.0, ge=0, le=600, description="One tag is one event within this time.")
    present_window_seconds: float = Field(
        default=2.0, ge=0, le=3600, description="A tag unseen for this long has left; until then it is no new event."
    )
    reconnect_seconds: float = Field(
        default=2.0,
        ge=0.05,
        le=600,
        description="First wait before connecting again; it grows while the reader stays away.",
    )
    resume_seconds: float = Field(
        default=300.0,
        ge=0,
        le=86_400,
        description="A captured tag that is there again right after the reader could not be reached, or the agent was "
        "not running, for at most this long has stayed: it is no new event.",
    )
    stale_seconds: float = Field(
        default=60.0,
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
        """Whether a reader is configured."""
        return bool(self.host)


class CaptureSettings(Section):
    """The capture cycle."""

    retry_interval_seconds: float = Field(
        default=0.4, ge=0, le=60, description="Time between the starts of two attempts."
    )
    timeout_seconds: float = Field(
        default=30.0, ge=0.1, le=600, description="A capture ends after this long, read or not."
    )
    max_attempts: int = Field(
        default=10, ge=1, le=1000, description="Attempts to read the label before a capture counts as failed."
    )
    target_digits: int = Field(default=5, ge=1, le=12, description="Digits of the number on a label.")


class OcrSettings(Section):
    """Finding the label and reading its digits."""

    engine: str = Field(
        default="auto",
        max_length=40,
        description="Which recogniser reads the digits: auto (crnn cross-checked by ppocr), crnn, ppocr or trocr.",
    )
    model_id: str = Field(
        default="microsoft/trocr-small-printed",
        min_length=1,
        max_length=500,
        description="Model of the engine trocr: a folder of this machine, or the name of a model on its hub, which "
        "is downloaded once.",
    )
    int8: bool = Field(
        default=False,
        description="true: the engine trocr computes in 8 bits, about three times as fast and a little less exact.",
    )
    label_code: str = Field(
        default="",
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
