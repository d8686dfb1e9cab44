"""Scales of a real hub: fake indicators over TCP, well-behaved and evil."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket

from tests.support.browser import browser, chromium
from tests.support.helpers import HubProcess, free_ports, wait_for
from tests.support.indicator import Indicator

pytestmark = pytest.mark.slow

GOOD = "ST,GS,+012340kg"


def toml(name: str, port: int, **more: Any) -> str:
    keys = {"name": name, "host": "127.0.0.1", "port": port, "silent_seconds": 2.0, "checkpoint": "gate", **more}
    return "\n".join(["[[scales]]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items()), ""])


class Site:
    """A hub with one indicator for each name."""

    def __init__(self, folder: Path, **scales: dict[str, Any]) -> None:
        self.indicators = {name: Indicator() for name in scales}
        self.hub = HubProcess(folder / "instance", HUB_ALERTS_HOLD_SECONDS="5", HUB_ALERTS_STEADY_SECONDS="0.5")
        self.hub.instance.mkdir()
        text = [toml(name, self.indicators[name].port, **more) for name, more in scales.items()]
        (self.hub.instance / "hub.toml").write_text("\n".join(text), "utf-8")

    def __enter__(self) -> Site:
        self.hub.start()
        for indicator in self.indicators.values():
            wait_for(lambda indicator=indicator: indicator.connected, what="the hub at the indicator")
        return self

    def __exit__(self, *_: object) -> None:
        self.hub.stop()
        for indicator in self.indicators.values():
            indicator.stop()

    def row(self, name: str) -> dict[str, Any]:
        return {row["name"]: row for row in self.hub.get("/api/scales")["scales"]}[name]

    def becomes(self, name: str, timeout: float = 15.0, **wanted: Any) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            row = self.row(name)
            return row if all(row[key] == value for key, value in wanted.items()) else None

        try:
            return wait_for(found, timeout, f"{name} with {wanted}")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.row(name)}") from error


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    own = {"pattern": r"W(?P<weight>\d{1,6})", "steady_seconds": 0.3}
    with Site(tmp_path_factory.mktemp("scales"), north={}, own=own, asked={"poll_text": "P\r\n"}) as site:
        yield site


@pytest.fixture
def north(site: Site) -> Iterator[Indicator]:
    wait_for(lambda: site.indicators["north"].connected, 60, "the hub at the indicator")
    yield site.indicators["north"]
    site.indicators["north"].show("")


def test_a_vehicle_drives_on_stands_and_leaves(site: Site, north: Indicator) -> None:
    north.show("ST,GS,+000000kg")
    row = site.becomes("north", state="empty", kg=0)
    assert (row["online"], row["stable"], row["checkpoint"], row["error"]) == (True, True, "gate", "")
    north.show("US,GS,+008000kg")
    assert site.becomes("north", state="moving", kg=8000)["settled_kg"] in (None, 0)
    north.show(GOOD)
    assert site.becomes("north", state="steady", settled_kg=12340)["line"] == GOOD
    north.show("OL,GS,")
    site.becomes("north", state="overload", kg=None)
    north.show("ST,GS,+000000kg")
    assert site.becomes("north", state="empty", settled_kg=0)["settled_at"]


def test_a_pattern_of_its_own_and_a_command(site: Site) -> None:
    own, asked = site.indicators["own"], site.indicators["asked"]
    own.show("W00700")
    assert site.becomes("own", state="steady", settled_kg=700)["stable"] is None
    own.show("")
    wait_for(lambda: asked.received.count(b"P\r\n") >= 2, what="the command every second")
    asked.send(b"ST,GS,+000500kg\r")
    site.becomes("asked", state="steady", settled_kg=500)


def test_open_pages_get_it_four_times_a_second_at_most(site: Site, north: Indicator) -> None:
    address = site.hub.url.replace("http", "ws") + "/events"
    page = websocket.create_connection(address, timeout=10)
    began, rows = time.monotonic(), []
    try:
        kg = 1000
        while time.monotonic() - began < 2:
            kg += 20
            north.send(f"US,GS,+{kg:06d}kg\r\n".encode())
            time.sleep(0.02)
        north.show(GOOD)
        while not rows or rows[-1]["settled_kg"] != 12340:
            message = json.loads(page.recv())
            if message["event"] == "scale" and message["scale"]["name"] == "north":
                rows.append(message["scale"])
    finally:
        page.close()
    assert 3 <= len(rows) <= 4 * (time.monotonic() - began) + 2
    assert rows[0]["state"] == "moving"


def test_a_silent_indicator_is_offline_and_an_alert_until_it_speaks_again(site: Site, north: Indicator) -> None:
    north.show(GOOD)
    site.becomes("north", state="steady")
    before = north.connections
    north.show("")
    row = site.becomes("north", state="offline", online=False, kg=None)
    assert "has sent no line for 2 seconds" in row["error"] and "Check its power" in row["error"]
    device = next(one for one in site.hub.get("/api/devices/overview")["devices"] if one["id"] == "north")
    assert (device["kind"], device["state"], device["checkpoint"]) == ("scale", "offline", "gate")
    assert {"north"} <= {one["name"] for one in site.hub.get("/api/states")["troubled"]}

    wait_for(lambda: north.connections > before, 30, "the next connection")
    assert site.row("north")["state"] == "offline", "a connection alone says nothing"

    def alert(state: str) -> list[dict[str, Any]]:
        rows = site.hub.get("/api/alerts", kind="scale_offline", state=state)["alerts"]
        return [one for one in rows if one["subject"] == "north"]

    wait_for(lambda: alert("raised"), 30, "the alert")
    north.show(GOOD)
    site.becomes("north", 60, state="steady")
    wait_for(lambda: alert("cleared"), 20, "its end")
    status = {row["name"]: row for row in site.hub.get("/status")["scales"]}
    assert status["north"]["state"] == "steady"


@pytest.mark.parametrize(
    "junk",
    [b"\x00" * 3000, b"x" * 5000, b"\xff\xfe\xfd\r\n" * 50, b"ST,GS,\r\n", b"\r\n" * 500, b"ST,GS,+99999999999kg\r\n"],
    ids=["NULs", "endless", "binary", "no weight", "empty lines", "too large"],
)
def test_junk_does_no_harm_and_the_next_line_counts(site: Site, north: Indicator, junk: bytes) -> None:
    north.show("")
    north.send(junk + b"\r\nUS,GS,+000440kg\r\n" + GOOD.encode() + b"\r\n")
    site.becomes("north", state="steady", kg=12340, error="")
    north.send(b"US,GS,+000460kg\r\n")
    site.becomes("north", state="moving", kg=460)


def test_lines_that_are_not_understood_are_said(site: Site, north: Indicator) -> None:
    north.show("Hello 12")
    row = site.becomes("north", state="unread", online=True, kg=None)
    assert "'Hello 12'" in row["error"] and "docs/scales.md" in row["error"]
    device = next(one for one in site.hub.get("/api/devices/overview")["devices"] if one["id"] == "north")
    assert device["state"] == "troubled"


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("before", [b"", b"ST,GS,+0", GOOD.encode() + b"\r\n", b"\x02ST"])
def test_it_is_connected_again_wherever_it_ended(site: Site, north: Indicator, before: bytes, reset: bool) -> None:
    wait_for(lambda: north.connected, 60, "the hub")
    connections = north.connections
    if before:
        north.send(before)
    north.hang_up(reset)
    wait_for(lambda: north.connections > connections, 60, "the next connection")
    north.show(GOOD)
    site.becomes("north", state="steady", kg=12340)


def test_a_flood_of_junk_leaves_the_hub_alone(site: Site, north: Indicator) -> None:
    north.show("")
    began, slowest = time.monotonic(), 0.0
    while time.monotonic() - began < 20 and site.row("north")["state"] != "offline":
        if north.connected:
            north.send(b"1\n" * 50_000)
        asked = time.monotonic()
        site.row("own")
        slowest = max(slowest, time.monotonic() - asked)
    assert slowest < 5, "the hub answers meanwhile"
    assert "sends far more than an indicator does" in site.becomes("north", 30, state="offline")["error"]
    wait_for(lambda: north.connected, 60)
    north.show(GOOD)
    assert site.becomes("north", 60, state="steady", kg=12340)["left_out_lines"] > 0


def test_the_page_of_the_gate_shows_the_weight(site: Site, north: Indicator, tmp_path: Path) -> None:
    if chromium() is None:
        pytest.skip("there is no Chromium")
    north.show("US,GS,+008000kg")
    with browser(tmp_path) as page:
        page.open(site.hub.url)
        card = "document.querySelector('[data-scale=north]')"
        wait_for(lambda: "moving" in str(page.value(f"{card}?.innerText")), what="the live weight")
        assert "8,000" in page.value(f"{card}.innerText")
        north.show(GOOD)
        wait_for(lambda: "steady" in page.value(f"{card}.innerText"), what="the steady weight")
        assert "12,340" in page.value(f"{card}.innerText") and page.complaints == []
        page.screenshot(tmp_path / "page.png")


def test_without_scales_there_is_nothing(hub: HubProcess) -> None:
    assert hub.get("/api/scales")["scales"] == []
    assert 'id="scales"' in requests.get(hub.url, headers={"Accept": "text/html"}, timeout=10).text


def test_a_host_that_is_not_there_is_said_once(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    hub = HubProcess(tmp_path / "instance")
    hub.instance.mkdir()
    (hub.instance / "hub.toml").write_text(toml("far", port), "utf-8")
    with hub:
        wait_for(lambda: "cannot be reached" in hub.get("/api/scales")["scales"][0]["error"], what="the reason")
        time.sleep(0.05)
    assert hub.text().count("Scale far:") == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"pattern": r"(?P<weight>\d+)+"}, "repeats more than a single character"),
        ({"pattern": r"\d+"}, "has no group (?P<weight>...)"),
        ({"pattern": r"(?P<weight>\d+)(?P<tara>x)"}, "has a group 'tara'"),
        ({"host": "http://192.168.1.30"}, "is a name or an address alone"),
        ({"unit": "stone"}, "unit"),
        ({"colour": "red"}, "there is no such setting"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    from hub.settings.file import SettingsError, load

    (tmp_path / "hub.toml").write_text(toml("north", 4001, **changes), "utf-8")
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, environ={})
    assert reason in str(caught.value)
