"""The agent at hubs that speak TLS: an authority of the site, certificates that are not accepted, results that wait."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from agent_lib.commands.check import check
from agent_lib.runtime.supervisor import Supervisor
from agent_lib.settings import AgentSettings, HubSettings
from agent_lib.uplink.answer import Delivered, Later
from agent_lib.uplink.rest import RestUplink
from agent_lib.uplink.socketio import SocketIoUplink
from agent_lib.uplink.tls import tls_problem
from agent_lib.uplink.video import Video
from agent_lib.uplink.websocket import WebSocketUplink
from tests.agent_lib.uplink.test_uplink import STATUS, put, sending
from tests.support.agent import entry, live_camera
from tests.support.helpers import HubProcess, wait_for
from tests.support.tls import TlsHub, make_certificate

pytestmark = pytest.mark.slow

UNKNOWN = "this machine does not know the authority of the hub's certificate"


@pytest.fixture(scope="module")
def tls_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsHub]:
    instance = tmp_path_factory.mktemp("tls") / "instance"
    make_certificate(instance / "tls")
    with TlsHub(instance) as process:
        yield process
        assert "Traceback" not in process.text()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> None:
    (tmp_path / "agent").mkdir()


def tags(hub: TlsHub) -> list[str]:
    answer = requests.get(f"{hub.url}/api/captures", verify=hub.authority, timeout=10)
    return [row["tag"] for row in answer.json()["captures"]]


def socketio_reason(url: str, ca: str) -> str:
    """Why there is no Socket.IO connection; "" where there is one."""
    uplink = SocketIoUplink(url, 5, lambda: None, ca=ca)
    try:
        return uplink.connect()
    finally:
        uplink.drop()


def checked(url: str, ca: str, raw: bool = False) -> str:
    """The line of `agent.py check` about the hub."""
    lines: list[str] = []
    check(AgentSettings(hub=HubSettings(**{"websocket_url" if raw else "url": url}, ca=ca)), lines.append)
    return lines[0]


def test_results_and_status_arrive_over_socketio(tls_hub: TlsHub, tmp_path: Path) -> None:
    with sending(tmp_path, tls_hub.url, lambda: [dict(STATUS)], ca=tls_hub.authority) as (box, uplink):
        wait_for(lambda: uplink.way == "socketio", 30, what="the connection")
        put(box, "E2AA10")
        wait_for(lambda: box.empty, what="the delivery")
        assert uplink.way == "socketio"
        stations = f"{tls_hub.url}/api/stations"
        wait_for(lambda: "gate" in requests.get(stations, verify=tls_hub.authority, timeout=5).text, what="the status")
    assert "E2AA10" in tags(tls_hub)


def test_rest_raw_websocket_and_live_pictures(tls_hub: TlsHub) -> None:
    rest = RestUplink(tls_hub.url, 10, ca=tls_hub.authority)
    assert rest.send(entry(tag="E2AA11")) == Delivered()
    assert rest.send_status(dict(STATUS))
    rest.close()
    raw_url = f"wss://127.0.0.1:{tls_hub.side['results']}"
    assert WebSocketUplink(raw_url, 10, ca=tls_hub.authority).send(entry(tag="E2AA12")) == Delivered()
    assert {"E2AA11", "E2AA12"} <= set(tags(tls_hub))
    assert checked(tls_hub.url, tls_hub.authority).startswith("ok ")
    assert checked(raw_url, tls_hub.authority, raw=True).startswith("ok ")
    settings = HubSettings(url=tls_hub.url, ca=tls_hub.authority, video_fps=30)
    video, supervisor = Video(settings), Supervisor()
    with live_camera() as live:
        video.start(supervisor, "gate", [("primary", live.camera)])
        live.show(90)
        wait_for(lambda: video.sent, what="a picture at the hub")
        video.stop()
        assert supervisor.stop(10) == []


def test_an_authority_of_this_machine_needs_no_setting(
    tls_hub: TlsHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw_url = f"wss://127.0.0.1:{tls_hub.side['results']}"
    for problem in (socketio_reason(tls_hub.url, ""), checked(tls_hub.url, ""), checked(raw_url, "", raw=True)):
        assert UNKNOWN in problem
    monkeypatch.setenv("SSL_CERT_FILE", tls_hub.authority)
    assert socketio_reason(tls_hub.url, "") == ""
    assert checked(tls_hub.url, "").startswith("ok ") and checked(raw_url, "", raw=True).startswith("ok ")
    # An authority that is set is the only one that counts.
    make_certificate(tmp_path / "other")
    other = str(tmp_path / "other" / "authority.pem")
    assert f"not of the authority in {other}" in checked(tls_hub.url, other)


@pytest.mark.parametrize(
    "names, days_ago, sentence",
    [
        pytest.param(None, 900, "has expired: make a new one on the hub's machine", id="expired"),
        pytest.param(None, -30, "is not valid yet: set the clocks", id="not valid yet"),
        pytest.param(
            ["hub.site.example"], 0, "is not for 127.0.0.1: run python app.py make-cert 127.0.0.1", id="another name"
        ),
    ],
)
def test_results_wait_for_a_good_certificate(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, names: list[str] | None, days_ago: int, sentence: str
) -> None:
    hub = TlsHub(tmp_path / "instance")
    make_certificate(hub.folder, days_ago=1000)  # the authority, valid for ten years
    make_certificate(hub.folder, names, days_ago)
    ca, raw_url = hub.authority, f"wss://127.0.0.1:{hub.side['results']}"
    with hub, sending(tmp_path, hub.url, ca=ca) as (box, uplink):
        put(box, "E2AA20")
        wait_for(lambda: sentence in uplink.reason, what="the reason")
        assert sentence in caplog.text
        assert sentence in socketio_reason(hub.url, ca)
        answer = WebSocketUplink(raw_url, 5, ca=ca).send(entry())
        assert isinstance(answer, Later) and answer.about_hub and sentence in answer.reason
        for line in (checked(hub.url, ca), checked(raw_url, ca, raw=True)):
            assert line.startswith("FAILED hub: No trusted connection") and sentence in line
        assert (box.counts()["waiting"], box.counts()["shelved"]) == (1, 0)
        make_certificate(hub.folder)  # which the hub serves without a restart
        wait_for(lambda: box.empty, what="the delivery")
        assert tags(hub) == ["E2AA20"]


def test_an_authority_that_is_missing_or_damaged_can_be_put_right(tls_hub: TlsHub, tmp_path: Path) -> None:
    ca = tmp_path / "authority.pem"
    with sending(tmp_path, tls_hub.url, ca=str(ca)) as (box, uplink):
        put(box, "E2AA30")
        wait_for(lambda: f"{ca} (ca under [hub]) cannot be read" in uplink.reason, what="the reason")
        assert "cannot be read" in socketio_reason(tls_hub.url, str(ca))
        assert "cannot be read" in checked(tls_hub.url, str(ca))
        ca.write_text("no certificate\n", "ascii")
        wait_for(lambda: "holds no certificate" in uplink.reason, what="the other reason")
        raw_url = f"wss://127.0.0.1:{tls_hub.side['results']}"
        assert "holds no certificate" in checked(raw_url, str(ca), raw=True)
        ca.write_bytes(Path(tls_hub.authority).read_bytes())
        wait_for(lambda: box.empty, what="the delivery")
    assert "E2AA30" in tags(tls_hub)


def test_results_wait_at_an_address_without_tls_of_a_hub_with_it(tls_hub: TlsHub, tmp_path: Path) -> None:
    with sending(tmp_path, f"http://127.0.0.1:{tls_hub.port}") as (box, uplink):
        put(box, "E2AA40")
        wait_for(lambda: "https://" in uplink.reason, what="the reason")
        assert (box.counts()["waiting"], box.counts()["shelved"]) == (1, 0)
    raw = WebSocketUplink(f"ws://127.0.0.1:{tls_hub.side['results']}", 5).send(entry())
    assert isinstance(raw, Later) and raw.about_hub


def test_a_hub_without_tls(hub: HubProcess, tls_hub: TlsHub) -> None:
    url = f"https://127.0.0.1:{hub.port}"
    assert "does not speak TLS" in checked(url, tls_hub.authority)
    assert "does not speak TLS" in socketio_reason(url, tls_hub.authority)


def test_other_failures_are_not_put_down_to_tls() -> None:
    assert tls_problem("HTTPSConnectionPool(host='tls.example'): Connection refused", "") == ""
