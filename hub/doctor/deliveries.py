"""Whether the webhook and the MQTT broker can be reached, and what waits for them."""

from __future__ import annotations

import socket
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from urllib.parse import urlsplit

from hub.alerts.tables import AlertMessage
from hub.alerts.webhook import CONSUMER as WEBHOOK_CONSUMER
from hub.alerts.webhook import FEED
from hub.doctor.case import Case
from hub.doctor.finding import Check, Finding, ok, warn
from hub.lpr.tables import LprRecord
from hub.mqtt.service import CONSUMER as MQTT_CONSUMER
from hub.mqtt.tables import MqttEvent
from hub.station.tables import Capture

TABLES = {
    "captures": Capture.__tablename__,
    "detections": LprRecord.__tablename__,
    "alerts": AlertMessage.__tablename__,
    "presence": MqttEvent.__tablename__,
}
"""Name of a feed -> the table of its rows."""
CONNECT_SECONDS = 3.0
LATE_SECONDS = 600.0


def check_webhook(case: Case) -> Iterator[Finding]:
    """The receiver of alerts."""
    webhook = case.settings.webhook
    if not webhook.url:
        yield ok("No webhook is set: alerts are on the pages only.")
        return
    parts = urlsplit(webhook.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    yield _finding(
        case, f"The webhook at {parts.netloc}", "webhook", (parts.hostname or "", port), WEBHOOK_CONSUMER, [FEED]
    )


def check_mqtt(case: Case) -> Iterator[Finding]:
    """The broker."""
    mqtt = case.settings.mqtt
    if not mqtt.host:
        yield ok("No MQTT broker is set.")
        return
    wanted = set[str](mqtt.publish)
    feeds = [feed for feed in TABLES if feed in wanted]
    name = f"The MQTT broker {mqtt.host}:{mqtt.port}"
    yield _finding(case, name, "mqtt", (mqtt.host, mqtt.port), MQTT_CONSUMER, feeds)


def _finding(
    case: Case, name: str, section: str, address: tuple[str, int], consumer: str, feeds: Sequence[str]
) -> Finding:
    """One sentence: whether it can be reached, how many records wait and since when."""
    unreachable = _unreachable(address)
    try:
        waiting, oldest = _waiting(case, consumer, feeds)
    except sqlite3.Error as error:
        return warn(f"What waits for {_lower(name)} cannot be read ({error}); see what is said of the database.")
    waits = "nothing waits for it"
    if waiting:
        waits = f"{waiting} records wait for it, the oldest for {(time.time() - oldest) / 3600:.1f} hours"
    if unreachable:
        return warn(
            f"{name} cannot be reached ({unreachable}); {waits}. Check it, and the section [{section}] of hub.toml."
        )
    if waiting and case.running is not None and time.time() - oldest > LATE_SECONDS:
        return warn(f"{name} can be reached, but {waits}. The page /status says why it does not take them.")
    return ok(f"{name} can be reached; {waits}.")


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]


def _unreachable(address: tuple[str, int]) -> str:
    """Why a connection fails; "" where one can be made. Nothing is sent on it."""
    try:
        socket.create_connection(address, CONNECT_SECONDS).close()
    except TimeoutError:
        return f"no answer within {CONNECT_SECONDS:g} seconds"
    except (OSError, UnicodeError) as error:
        return getattr(error, "strerror", None) or str(error)
    return ""


def _waiting(case: Case, consumer: str, feeds: Sequence[str]) -> tuple[int, float]:
    """How many rows are to be delivered, and when the oldest was received (epoch seconds; 0 without one).

    A consumer without a position begins with the next row. Raises sqlite3.Error.
    """
    if case.settings.store.url or not case.settings.database_path.exists():
        return 0, 0.0
    waiting, oldest = 0, 0.0
    with closing(case.database()) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'feed_positions'").fetchone():
            return 0, 0.0
        positions = dict(connection.execute("SELECT feed, seq FROM feed_positions WHERE consumer = ?", (consumer,)))
        for feed in feeds:
            if feed not in positions:
                continue
            query = f"SELECT count(*), min(received_at) FROM {TABLES[feed]} WHERE seq > ?"
            count, first = connection.execute(query, (positions[feed],)).fetchone()
            if count:
                waiting += count
                oldest = min(oldest or first, first)
    return waiting, oldest


WEBHOOK = Check("webhook", check_webhook)
MQTT = Check("mqtt", check_mqtt)
