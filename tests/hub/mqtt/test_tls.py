"""MQTT over TLS with a certificate of the site's own authority."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hub.net.certificates import AUTHORITY, SERVER, SERVER_KEY, make_certificates
from tests.support.helpers import wait_for
from tests.support.mosquitto import Broker, needs_mosquitto
from tests.support.mqtt import capture, hub_for, state

pytestmark = [pytest.mark.slow, needs_mosquitto]


def test_a_broker_with_tls_is_used_where_its_authority_is_trusted(tmp_path: Path) -> None:
    site = tmp_path / "site"
    make_certificates(site, ["127.0.0.1"])
    lines = ("allow_anonymous true", f"certfile {site / SERVER}", f"keyfile {site / SERVER_KEY}", "user root")
    with Broker(tmp_path, *lines) as broker:
        hub = hub_for(tmp_path, broker.port, HUB_MQTT_TLS="true", HUB_MQTT_PUBLISH="captures")
        with hub:
            wait_for(lambda: "TLS fails" in state(hub)["problem"], 30, "the refusal of an unknown authority")
        hub.environ["HUB_MQTT_CA"] = "ca.pem"
        with hub:
            wait_for(lambda: "mqtt.ca" in state(hub)["problem"], 30, "the sentence about the file")
            shutil.copy(site / AUTHORITY, hub.instance / "ca.pem")
            wait_for(lambda: state(hub)["connected"], 60, "the connection")
            for number in range(200):
                capture(hub, number, raw_text="x" * 15_000)
            wait_for(lambda: state(hub)["delivered"] == 200, 60, "every capture")
            assert state(hub)["connections"] == 1
