"""The agent's settings: TOML of our own, JSON of the original, environment, flags."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from agent_lib.runtime.addresses import redact, without_localhost
from agent_lib.settings import CameraSettings
from agent_lib.settings.file import load
from agent_lib.settings.parse import SettingsError, without_comments
from agent_lib.settings.template import table, template

ORIGINAL = """{
  "camera": {
    "host": "192.168.1.3", "width": 1920, "height": 1080, "fps": 30, "retry_seconds": 1.0, "stale_seconds": 30.0,
    "username": "admin", "password": "pa#ss", "path": "live"   # as the maker says
  },
  "secondary_camera": { "host": "192.168.1.201" },
  "capture": {
    "retry_interval_seconds": 0.4, "timeout_seconds": 30.0, "target_digits": 5,
    "max_attempts": 10              # Maximum retry attempts
  }
}
"""


def of(
    tmp_path: Path, text: str, name: str = "agent.toml", environ: dict[str, str] | None = None, **flags: object
) -> object:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return load({"instance": tmp_path, "config": path, **flags}, environ or {})


def test_first_start_writes_every_key_and_the_defaults_of_the_wire(tmp_path: Path) -> None:
    settings = load({"instance": tmp_path / "new"}, {})
    text = (tmp_path / "new" / "agent.toml").read_text("utf-8")
    station = settings.stations[0]
    assert settings.simulated and not settings.warnings
    assert (
        station.rfid.port,
        station.rfid.debounce_seconds,
        station.rfid.present_window_seconds,
        station.rfid.reconnect_seconds,
    ) == (6000, 1.0, 2.0, 2.0)
    assert (station.camera.retry_seconds, station.camera.stale_seconds, station.camera.width) == (1.0, 30.0, 1920)
    assert (station.capture.retry_interval_seconds, station.capture.timeout_seconds, station.capture.max_attempts) == (
        0.4,
        30.0,
        10,
    )
    assert settings.hub.base == "http://127.0.0.1:5000" and settings.hub.image_server_url == "http://127.0.0.1:3000"
    keys = [line.lstrip("# ").partition(" =")[0] for line in text.splitlines() if " = " in line]
    for wanted in (
        *CameraSettings.model_fields,
        "simulate_pause",
        "max_attempts",
        "engine",
        "websocket_url",
        "max_mb",
        "kind",
        "level",
    ):
        assert wanted in keys
    again = load({"instance": tmp_path / "new"}, {})
    assert again == settings


def test_the_written_file_with_one_line_changed_is_a_station(tmp_path: Path) -> None:
    text = template().replace('host = ""', 'host = "192.168.1.2"', 1)
    settings = of(tmp_path, text)
    assert settings.stations[0].rfid.host == "192.168.1.2" and not settings.simulated
    assert tomllib.loads(text)["rfid"]["host"] == "192.168.1.2"


def test_the_originals_json_with_its_comments(tmp_path: Path) -> None:
    settings = of(tmp_path, "\ufeff" + ORIGINAL, "config.json")
    station = settings.stations[0]
    assert station.camera.host == "192.168.1.3" and station.camera.password == "pa#ss" and not settings.warnings
    assert station.secondary_camera.host == "192.168.1.201" and station.secondary_camera.path == "live"
    assert station.secondary_camera.username == "admin" and not settings.simulated


def test_secondary_takes_everything_but_the_address(tmp_path: Path) -> None:
    settings = of(
        tmp_path,
        '[camera]\nindex = 0\nusername = "u"\nfps = 5\nport = 8554\n[secondary_camera]\nurl = '
        '"http://10.0.0.9/snap.jpg"\nusername = "v"\n',
    )
    second = settings.stations[0].secondary_camera
    assert (second.url, second.index, second.host, second.username, second.fps, second.port) == (
        "http://10.0.0.9/snap.jpg",
        None,
        "",
        "v",
        5,
        8554,
    )


@pytest.mark.parametrize(
    "text",
    [
        '[camera]\nhost = "10.0.0.3"\n',
        '[camera]\nhost = "10.0.0.3"\n[secondary_camera]\nusername = "x"\n',
        '[camera]\nhost = "10.0.0.3"\n[secondary_camera]\nhost = ""\nurl = ""\n',
    ],
)
def test_no_secondary_without_an_address(tmp_path: Path, text: str) -> None:
    assert not of(tmp_path, text).stations[0].secondary_camera.configured


def test_rtsp_url_is_url_in_both_forms(tmp_path: Path) -> None:
    assert of(tmp_path, '[camera]\nrtsp_url = "rtsp://1.2.3.4/a"\n').stations[0].camera.url == "rtsp://1.2.3.4/a"
    assert (
        of(tmp_path, '{"camera": {"rtsp_url": "rtsp://1.2.3.4/a", "host": null}}', "c.json").stations[0].camera.url
        == "rtsp://1.2.3.4/a"
    )


def test_unknown_keys_are_refused_in_toml_and_warned_of_in_json(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        of(tmp_path, 'foo = 1\n[camera]\nhots = "x"\n[station]\nrfid = 1\n')
    lines = str(refused.value).splitlines()
    assert [line.split(": ")[1] for line in lines] == ["foo", "camera.hots", "station.rfid"]
    assert all(line.startswith(str(tmp_path / "agent.toml")) and line.endswith(".") for line in lines)
    settings = of(tmp_path, '{"foo": 1, "camera": {"hots": "x", "host": "10.0.0.3"}, "ocr": {"beams": 4}}', "c.json")
    assert len(settings.warnings) == 3 and settings.stations[0].camera.host == "10.0.0.3"
    assert "camera.hots" in settings.warnings[1]


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("[rfid]\nport = 70000\n", "a.toml", ["rfid.port", "65535", "70000"]),
        ('{"rfid": {"port": "many"}}', "a.json", ["rfid.port", "integer", "many"]),
        ('[camera]\nhost = "http://1.2.3.4/x"\n', "a.toml", ["camera.host", "bare address", "url"]),
        ('[camera]\nhost = "1.2.3.4:8554"\n', "a.toml", ["camera.host", "port"]),
        ("[capture]\nmax_attempts = 0\n", "a.toml", ["capture.max_attempts", "1"]),
        ("[capture]\ntimeout_seconds = nan\n", "a.toml", ["capture.timeout_seconds", "finite"]),
        ("camera = 1.5\n", "a.toml", ["camera", "table"]),
        ('station = {kind = "lift"}\n', "a.toml", ["station.kind", "weighbridge"]),
        ('hub = "ws://1.2.3.4:2020"\n', "a.toml", ["hub.url", "websocket_url"]),
        ('[[stations]]\nname = "a"\n[[stations]]\nname = "a"\n', "a.toml", ["stations", "'a'"]),
        ("[[stations]]\n[stations.rfid]\nport = 0\n", "a.toml", ["stations[1].rfid.port"]),
        ("[rfid\n", "a.toml", ["line 1"]),
        ('{"rfid": }', "a.json", ["line 1", "column"]),
        ("[1, 2]", "a.json", ["object"]),
        ('{"stations": {"a": 1}}', "a.json", ["stations", "list"]),
    ],
)
def test_bad_values_are_refused_with_file_key_and_reason(
    tmp_path: Path, text: str, name: str, words: list[str]
) -> None:
    with pytest.raises(SettingsError) as refused:
        of(tmp_path, text, name)
    assert str(tmp_path / name) in str(refused.value)
    for word in words:
        assert word in str(refused.value)


def test_a_wrong_secret_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        of(tmp_path, "[camera]\npassword = 47110815\n")
    assert "camera.password" in str(refused.value) and "47110815" not in str(refused.value)


def test_a_file_that_is_not_utf8_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b'[camera]\nusername = "\xe9"\n')
    for name, word in (("a.toml", "UTF-8"), ("none.toml", "no such file")):
        with pytest.raises(SettingsError, match=word):
            load({"instance": tmp_path, "config": tmp_path / name}, {})


def test_environment_over_file_and_flags_over_environment(tmp_path: Path) -> None:
    text = (
        'simulate_pause = 9\nseed = 4\n[hub]\nurl = "http://10.0.0.1:5000"\nimage_server_url = "http://10.0.0.1:3000"\n'
    )
    environ = {
        "WEBSOCKET_URL": "ws://10.0.0.2:2020",
        "IMAGE_SERVER_URL": "http://10.0.0.2:3000/",
        "AGENT_SIMULATE_PAUSE": "0.5",
    }
    settings = of(tmp_path, text, environ=environ, hub="10.0.0.3", seed=7, captures=3, simulate=True)
    assert (settings.simulate_pause, settings.seed, settings.captures, settings.simulate) == (0.5, 7, 3, True)
    assert (settings.hub.url, settings.hub.websocket_url, settings.hub.image_server_url) == (
        "http://10.0.0.3:5000",
        "ws://10.0.0.2:2020",
        "http://10.0.0.2:3000",
    )
    assert not settings.hub.raw


def test_websocket_url_alone_means_the_raw_way(tmp_path: Path) -> None:
    assert of(tmp_path, "", environ={"WEBSOCKET_URL": "ws://127.0.0.1:2020"}).hub.raw
    assert not of(tmp_path, "", environ={"WEBSOCKET_URL": " "}).hub.raw


@pytest.mark.parametrize(
    ("name", "value"), [("AGENT_SIMULATE_PAUSE", "soon"), ("WEBSOCKET_URL", "http://x"), ("IMAGE_SERVER_URL", "x")]
)
def test_bad_environment_names_the_variable(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"environment variable {name}"):
        of(tmp_path, "", environ={name: value})


def test_several_stations_over_the_defaults_of_the_file(tmp_path: Path) -> None:
    text = """
[camera]
host = "10.0.0.3"
username = "u"
[secondary_camera]
path = "second"
[capture]
max_attempts = 4
[[stations]]
name = "east"
[stations.rfid]
host = "10.0.0.2"
[stations.secondary_camera]
host = "10.0.0.4"
[[stations]]
kind = "tags-only"
[stations.rfid]
host = "10.0.0.5"
[stations.camera]
url = "http://10.0.0.9/v"
[stations.capture]
retry_interval_seconds = 0.1
"""
    east, second = of(tmp_path, text).stations
    assert (east.name, east.kind, second.name, second.kind) == ("east", "weighbridge", "station-2", "tags")
    assert (east.camera.host, second.camera.host, second.camera.url, second.camera.username) == (
        "10.0.0.3",
        "",
        "http://10.0.0.9/v",
        "u",
    )
    assert (east.secondary_camera.host, east.secondary_camera.path, east.secondary_camera.username) == (
        "10.0.0.4",
        "second",
        "u",
    )
    assert not second.secondary_camera.configured
    assert (east.capture.max_attempts, second.capture.max_attempts, second.capture.retry_interval_seconds) == (
        4,
        4,
        0.1,
    )


def test_short_forms(tmp_path: Path) -> None:
    settings = of(
        tmp_path,
        json.dumps(
            {
                "station": "north",
                "hub": "192.168.1.9",
                "camera": "192.168.1.3",
                "secondary_camera": 1,
                "rfid": "192.168.1.2:7000",
            }
        ),
        "c.json",
    )
    station = settings.stations[0]
    assert (station.name, settings.hub.url, station.camera.host, station.secondary_camera.index) == (
        "north",
        "http://192.168.1.9:5000",
        "192.168.1.3",
        1,
    )
    assert (station.rfid.host, station.rfid.port) == ("192.168.1.2", 7000)


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        (
            CameraSettings(url="rtsp://admin:geheim@10.0.0.3:554/live?channel=1&password=geheim"),
            "rtsp://10.0.0.3:554/live?channel=1&password=***",
        ),
        (
            CameraSettings(url="rtsp://10.0.0.3/user=admin_password=geheim_channel=1"),
            "rtsp://10.0.0.3/user=admin_password=***_channel=1",
        ),
        (CameraSettings(url="rtsp://u:ge/he@im@10.0.0.3/live"), "rtsp://10.0.0.3/live"),
        (CameraSettings(host="10.0.0.3", username="u", password="geheim", path="/a/b"), "rtsp://10.0.0.3:554/a/b"),
        (CameraSettings(index=2), "USB camera 2"),
        (CameraSettings(), ""),
    ],
)
def test_addresses_are_shown_without_secrets(settings: CameraSettings, shown: str) -> None:
    assert settings.address == shown
    assert "geheim" not in repr(settings.model_copy(update={"url": ""}))


def test_redacting_leaves_files_alone() -> None:
    assert redact("C:\\videos\\a@b.mp4") == "C:\\videos\\a@b.mp4"


def test_localhost_is_a_number_on_windows_only() -> None:
    assert without_localhost("http://localhost:5000", "win32") == "http://127.0.0.1:5000"
    assert without_localhost("ws://localhost", "win32") == "ws://127.0.0.1"
    for other in ("https://localhost:5000", "http://localhost.example:5000"):
        assert without_localhost(other, "win32") == other
    assert without_localhost("http://localhost:5000", "linux") == "http://localhost:5000"


def test_comments_are_cut_outside_texts_only() -> None:
    assert json.loads(without_comments('{"a": "x # y // z", # c\n"b": "\\"#", // d\n"c": 1}')) == {
        "a": "x # y // z",
        "b": '"#',
        "c": 1,
    }


def test_every_setting_is_in_the_table_with_a_sentence() -> None:
    rows = [line.split("|") for line in table().splitlines()[2:]]
    names = [row[1].strip(" `") for row in rows]
    for name in (
        "seed",
        "station.kind",
        "rfid.host",
        "camera.index",
        "capture.max_attempts",
        "ocr.engine",
        "hub.url",
        "outbox.max_mb",
        "log.level",
    ):
        assert name in names
    assert len(set(names)) == len(names) and all(row[3].strip().endswith(".") for row in rows)


def test_the_authority_of_the_hub_is_in_the_instance_folder_or_where_the_flag_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "agent.toml").write_text('[hub]\nca = "tls/authority.pem"\n', "utf-8")
    flags = {"instance": str(tmp_path)}
    assert load(flags, {}).hub.ca == str(tmp_path / "tls" / "authority.pem")
    assert load(flags, {"GATEHOUSE_CA": "site.pem"}).hub.ca == str(tmp_path / "site.pem")
    monkeypatch.chdir(tmp_path.parent)
    assert load({**flags, "ca": "flag.pem"}, {"GATEHOUSE_CA": "site.pem"}).hub.ca == str(tmp_path.parent / "flag.pem")
    (tmp_path / "agent.toml").unlink()
    assert load(flags, {}).hub.ca == ""
