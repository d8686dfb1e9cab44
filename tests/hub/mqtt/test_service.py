"""What the publisher looks at next."""

from __future__ import annotations

from hub.mqtt.service import MqttPublisher
from hub.mqtt.topics import Topics
from hub.store.feed_cursor import FeedCursor


def test_a_feed_that_is_not_published_is_never_due(app) -> None:
    """It would never be looked at, and so the publisher would never rest."""
    hub = app.extensions["gatehouse"]
    cursor = FeedCursor("test", {}, None, hub.writer, 10)
    publisher = MqttPublisher(
        lambda: None, "", Topics("gatehouse"), None, cursor, ("detections",), hub.supervisor.spawn
    )
    publisher.wake("captures")
    assert publisher.due == set()
    publisher.wake("detections")
    assert publisher.due == {"detections"}
