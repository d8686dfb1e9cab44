"""Settings of limits on what comes from outside."""

from __future__ import annotations

from pydantic import Field

from hub.settings.base import Section

MEGABYTE = 1024 * 1024


class Limits(Section):
    """Limits on what comes from outside."""

    max_body_mb: int = Field(
        64,
        ge=1,
        le=512,
        description=(
            "Largest HTTP body and largest Socket.IO message, in MB; raw WebSockets have limits of their own "
            "(max_message_mb of lpr, results and apriltag)."
        ),
    )
    max_picture_mb: int = Field(16, ge=1, le=128, description="Largest single picture, in MB.")
    max_connections: int = Field(2000, ge=10, le=20_000, description="Open connections, all ports together.")
    connections_per_address: int = Field(
        500,
        ge=5,
        le=20_000,
        description=(
            "Open connections of one address of another machine. Beside that, one address has at most 90 % of "
            "max_connections, this machine too. access.trusted_proxy may have all."
        ),
    )
    memory_mb: int = Field(
        192,
        ge=64,
        le=16_384,
        description=(
            "Bytes that all connections together may hold in memory, in MB: bodies and messages being received, "
            "answers and queues being sent. Beyond it requests are refused with 503 until others have ended. "
            "1.5 times max_body_mb where that is more."
        ),
    )
    header_seconds: float = Field(
        10.0, ge=1, le=600, description="Time for the head of a request, and for a TLS handshake."
    )
    max_head_kb: int = Field(
        32, ge=4, le=256, description="Largest head of a request (first line and headers), in KB; more gets 431."
    )
    idle_seconds: float = Field(
        75.0, ge=1, le=3600, description="How long a connection may stay open between two requests."
    )
    messages_per_second: int = Field(
        200,
        ge=1,
        le=100_000,
        description=(
            "Records, pictures, readings and events that one device of another machine may send in a second, with "
            "bursts of five seconds' worth; more are refused with 429, on the WebSocket of a board or game ignored. "
            "Programs of the hub's own machine are not limited; datagrams have apriltag.source_rate, tracking frames "
            "tracking.frames_per_second."
        ),
    )
    max_sessions: int = Field(
        2000,
        ge=10,
        le=20_000,
        description=(
            "Open Socket.IO sessions, polling ones included, which have no connection of their own; one more is "
            "refused with 503. Logins of people take no room; person tracking has tracking.max_sessions."
        ),
    )
    sessions_per_address: int = Field(
        500,
        ge=2,
        le=20_000,
        description=(
            "Open Socket.IO sessions of one address of another machine. Beside that, one address has at most 90 % of "
            "max_sessions, this machine too."
        ),
    )
    body_seconds: float = Field(
        120.0,
        ge=5,
        le=3600,
        description="Time for a whole HTTP body; a large one has longer as long as it comes at 32 KB/s or more.",
    )
    message_seconds: float = Field(
        60.0,
        ge=5,
        le=3600,
        description=(
            "Time for a whole WebSocket message, and for the attachments of a Socket.IO event; a large one has longer "
            "as long as it comes at 32 KB/s or more."
        ),
    )
    max_queue_mb: int = Field(
        8,
        ge=1,
        le=256,
        description=(
            "Messages kept for one listener, page or Socket.IO client that reads slowly, in MB; beyond it the listener "
            "is disconnected or loses the oldest."
        ),
    )
    max_stations: int = Field(
        200,
        ge=1,
        le=10_000,
        description=(
            "Stations that the hub knows by name; a new one takes the place of one that never delivered a capture, or "
            "is refused with 429."
        ),
    )
    max_registrations: int = Field(
        1000,
        ge=1,
        le=100_000,
        description=(
            "Cameras that have registered themselves; a new one takes the place of a pending one that was silent "
            "longest, or is refused with 429. Approved ones never give way."
        ),
    )
    max_waiting: int = Field(
        200,
        ge=1,
        le=10_000,
        description=(
            "Refused devices that are shown as waiting on /devices; a new one takes the place of the one that was "
            "silent longest."
        ),
    )
    waiting_per_address: int = Field(
        16, ge=1, le=1000, description="Ids under which the devices of one address may wait on /devices."
    )
    max_pairings: int = Field(
        50, ge=1, le=1000, description="Open requests for pairing; one more is refused with 429 where none gives way."
    )
    pairings_per_address: int = Field(
        3,
        ge=1,
        le=100,
        description="Open requests for pairing of one address; a new one takes the place of its oldest.",
    )
    pairings_per_minute: int = Field(
        10, ge=1, le=1000, description="Requests for pairing that one address may make in a minute; more get 429."
    )
    shutdown_seconds: float = Field(
        5.0, ge=0.5, le=60, description="How long requests in flight may take to finish when the hub stops."
    )

    @property
    def memory_bytes(self) -> int:
        """The budget of all connections together; the largest body must fit into it."""
        return max(self.memory_mb * MEGABYTE, self.max_body_mb * MEGABYTE * 3 // 2)
