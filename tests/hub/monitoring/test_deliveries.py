"""The webhook and the MQTT broker in /metrics, in /status and in the doctor: one that works, one that is away."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families as parse

from hub.doctor.case import Case, Running
from hub.doctor.deliveries import check_mqtt, check_webhook
from hub.settings.file import load
from tests.support.helpers import HubProcess, capture_result, free_ports, wait_for
from tests.support.webhooks import receiver

pytestmark = pytest.mark.slow


def deliveries(hub: HubProcess) -> dict[str, dict]:
    return {row["name"]: row for row in hub.get("/status")["deliveries"]}


def metrics(hub: HubProcess) -> dict[tuple[str, str], float]:
    text = requests.get(f"{hub.url}/metrics", timeout=10).text
    return {
        (sample.name.removeprefix("gatehouse_"), sample.labels["to"]): sample.value
        for family in parse(text)
        for sample in family.samples
        if "to" in sample.labels
    }


def said(case: Case) -> list[str]:
    """What the doctor says of both, with its level."""
    return [f"{one.level} {one.sentence}" for one in (*check_webhook(case), *check_mqtt(case))]


def test_one_that_works_and_one_that_is_away(tmp_path: Path) -> None:
    [closed] = free_ports(1)
    with receiver() as target:
        environ = {"HUB_WEBHOOK_URL": target.url, "HUB_MQTT_HOST": "127.0.0.1", "HUB_MQTT_PORT": str(closed)}
        with HubProcess(tmp_path / "instance", **environ) as hub:
            began = time.time()
            body = capture_result(event_id="1", station="north", success=False, number="")
            assert requests.post(f"{hub.url}/api/captures", json=body, timeout=10).status_code == 201
            wait_for(lambda: deliveries(hub)["webhook"]["delivered"] == 1, what="the message")
            wait_for(lambda: deliveries(hub)["mqtt"]["waiting"] >= 1, what="the count of what waits")
            shown = deliveries(hub)
            assert shown["webhook"]["target"] == f"127.0.0.1:{target.port}" and "/hook" not in str(shown)
            assert shown["mqtt"]["failing"] and shown["mqtt"]["last_success"] is None and shown["mqtt"]["problem"]
            found = wait_for(lambda: (now := metrics(hub)).get(("delivery_waiting", "mqtt")) and now, what="metrics")
            assert found["delivery_failing", "webhook"] == found["delivery_waiting", "webhook"] == 0
            assert found["deliveries_total", "webhook"] == found["delivery_failing", "mqtt"] == 1
            assert began - 1 < found["delivery_last_success_timestamp_seconds", "webhook"] < time.time() + 1
            assert ("delivery_last_success_timestamp_seconds", "mqtt") not in found
            case = Case(load(hub.instance, {}, environ), Running(hub.process.pid))
            webhook, mqtt = said(case)
            assert webhook == f"OK The webhook at 127.0.0.1:{target.port} can be reached; nothing waits for it."
            assert mqtt.startswith(f"WARN The MQTT broker 127.0.0.1:{closed} cannot be reached (")
            assert " records wait for it, the oldest for 0.0 hours. Check it, and the section [mqtt]" in mqtt
    assert said(case)[0].startswith("WARN The webhook at 127.0.0.1:")


def test_without_any(tmp_path: Path) -> None:
    case = Case(load(tmp_path / "none", {}, {}), None)
    assert said(case) == ["OK No webhook is set: alerts are on the pages only.", "OK No MQTT broker is set."]
