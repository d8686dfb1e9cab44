"""Settings: file, environment, flags, and the sentences for invalid values."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from hub.settings.declared import declared, declared_tables, environment_name
from hub.settings.file import SettingsError, load, template
from hub.settings.model import Settings
from tests.support.helpers import ROOT


def test_first_start_writes_every_key_with_its_help(tmp_path: Path) -> None:
    load(tmp_path / "new", {}, {})
    text = (tmp_path / "new" / "hub.toml").read_text("utf-8")
    assert Settings(**tomllib.loads(text)) == Settings()
    for _, key, field in declared():
        assert f"# {field.description}\n{key} = " in text


def test_environment_over_file_and_flags_over_both(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text("\ufeffport = 6001\n[images]\nport = 6002\n[lpr]\nport = 6003\n", "utf-8")
    environ = {"HUB_IMAGES_PORT": "6012", "HUB_PORT": "6011", "HUB_ACCESS_ALLOWED_ORIGINS": "http://a, http://b"}
    settings = load(tmp_path, {"port": 6021, "host": None}, environ)
    assert (settings.port, settings.images.port, settings.lpr.port) == (6021, 6012, 6003)
    assert settings.access.allowed_origins == ["http://a", "http://b"]


@pytest.mark.parametrize(
    "name", ["HUB_APRILTAG_PORT", "HUB_LPR_PORT", "HUB_IMAGES_PORT", "HUB_RESULTS_PORT", "HUB_APRILTAG_UDP_PORT"]
)
def test_side_ports_by_environment(tmp_path: Path, name: str) -> None:
    settings = load(tmp_path, {}, {name: "0"})
    assert [*settings.side_ports.values(), settings.apriltag.udp_port].count(0) == 1


def test_a_token_is_never_shown(tmp_path: Path) -> None:
    assert (
        load(tmp_path / "a", {}, {"HUB_APRILTAG_TOKEN": " it's $2 ✓, all of it "}).apriltag.token
        == " it's $2 ✓, all of it "
    )
    (tmp_path / "hub.toml").write_text("[apriltag]\ntoken = 333777\n", "utf-8")
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, {}, {})
    assert "apriltag.token" in str(caught.value) and "333777" not in str(caught.value)
    assert "secret" not in repr(load(tmp_path, {}, {"HUB_APRILTAG_TOKEN": "secret"}))


def test_image_server_url_stands_in(tmp_path: Path) -> None:
    assert load(tmp_path, {}, {"IMAGE_SERVER_URL": "http://192.0.2.7:3000/"}).images.base_url == "http://192.0.2.7:3000"


@pytest.mark.parametrize(
    ("text", "environ", "parts"),
    [
        ("prot = 5000", {}, ["hub.toml", "prot", "no such setting"]),
        ("[images]\nprot = 1", {}, ["hub.toml", "images.prot", "no such setting"]),
        ("port = 70000", {}, ["hub.toml", "port", "65535"]),
        ("[store]\nsynchronous = 'OFF'", {}, ["hub.toml", "store.synchronous", "FULL"]),
        ("timezone = 'Mars/Base'", {}, ["hub.toml", "timezone", "Asia/Bangkok"]),
        ("host = 'x'\nport = = 3", {}, ["hub.toml", "line 2"]),
        ("images = 3", {}, ["hub.toml", "images"]),
        ("[apriltag.detection]\ncamera = 'a'", {}, ["hub.toml", "apriltag.detection", "[[apriltag.detection]]"]),
        ("[[apriltag.detection]]\nper_second = 1", {}, ["hub.toml", "apriltag.detection[1].camera", "missing"]),
        (
            "[[apriltag.detection]]\ncamera = 'a'\n[[apriltag.detection]]\ncamera = 'b'\nprot = 1",
            {},
            ["hub.toml", "apriltag.detection[2].prot", "no such setting"],
        ),
        (
            "[[apriltag.detection]]\ncamera = 'a'\nfx = 600.0",
            {},
            ["hub.toml", "apriltag.detection[1]", "fy, cx, cy", "camera a"],
        ),
        (
            "[[apriltag.detection]]\ncamera = 'a'\n[[apriltag.detection]]\ncamera = 'a'",
            {},
            ["hub.toml", "apriltag.detection", "'a' has two tables"],
        ),
        (
            "[[apriltag.detection]]\ncamera = 'a'\ntag_size_cm = 0",
            {},
            ["hub.toml", "apriltag.detection[1].tag_size_cm", "greater than 0"],
        ),
        (
            "[[apriltag.detection]]\ncamera = 'a'\ndistortion = [1.0, nan, 0, 0]",
            {},
            ["hub.toml", "apriltag.detection[1].distortion", "4, 5, 8, 12 or 14"],
        ),
        ("[[apriltag.detection]]\ncamera = ' a'", {}, ["hub.toml", "apriltag.detection[1].camera", "printable"]),
        ("[vehicles]\ncamera = 'a'", {}, ["hub.toml", "vehicles", "[[vehicles]]"]),
        ("vehicles = 3", {}, ["hub.toml: vehicles: ", "[[vehicles]]", "it is 3"]),
        ("[[vehicles]]\nper_second = 1", {}, ["hub.toml: vehicles[1].camera: is missing"]),
        (
            "[[vehicles]]\ncamera = 'a'\n[[vehicles]]\ncamera = 'b'\nprot = 1",
            {},
            ["hub.toml: vehicles[2].prot: ", "no such setting"],
        ),
        (
            "[[vehicles]]\ncamera = 'a'\n[[vehicles]]\ncamera = 'a'",
            {},
            ["hub.toml: vehicles: ", "the camera 'a' has two tables"],
        ),
        ("[[vehicles]]\ncamera = ' a'", {}, ["hub.toml: vehicles[1].camera: ", "printable"]),
        ("[[vehicles]]\ncamera = 'a'\nper_second = 31", {}, ["vehicles[1].per_second: ", "30"]),
        ("[[vehicles]]\ncamera = 'a'\nmin_confidence = 0", {}, ["vehicles[1].min_confidence: ", "greater than 0"]),
        *(
            (f"[[vehicles]]\ncamera = 'a'\nregion = {region}", {}, ["vehicles[1].region: has four numbers"])
            for region in ("[0.1]", "[0.5, 0, 0.5, 1]", "[0, 0.2, 1, 1.1]", "[nan, 0, 1, 1]", "[-0.1, 0, 1, 1]")
        ),
        (
            "[[vehicles]]\ncamera = 'a'\nper_second = 0.1\nunknown_seconds = 9",
            {},
            ["hub.toml: vehicles[1]: ", "unknown_seconds of the camera a"],
        ),
        ("[presence]\nper_second = 0", {}, ["hub.toml: presence.per_second: "]),
        ("", {"HUB_LPR_PORT": "many"}, ["HUB_LPR_PORT", "lpr.port", "many"]),
        ("", {"IMAGE_SERVER_URL": "server"}, ["IMAGE_SERVER_URL", "images.base_url", "http://"]),
        (
            "[apriltag]\nnetworks = ['192.168.1.0/24', 'my house']",
            {},
            ["hub.toml", "apriltag.networks", "my house", "192.168.1.0/24"],
        ),
        ("", {"HUB_APRILTAG_NETWORKS": "10.0.0.0/40"}, ["HUB_APRILTAG_NETWORKS", "apriltag.networks"]),
        ("[lpr]\nmax_message_mb = 17", {}, ["hub.toml", "lpr.max_message_mb", "16"]),
        ("[apriltag]\nsource_rate = 19", {}, ["hub.toml", "apriltag.source_rate", "20"]),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, environ: dict, parts: list[str]) -> None:
    (tmp_path / "hub.toml").write_text(text, "utf-8")
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, {}, environ)
    for part in parts:
        assert part in str(caught.value)


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_bytes(b"host = '\xff'")
    with pytest.raises(SettingsError, match="UTF-8"):
        load(tmp_path, {}, {})


def test_a_table_for_each_camera(tmp_path: Path) -> None:
    """Beside the keys of their section."""
    (tmp_path / "hub.toml").write_text(
        (
            "[apriltag]\nport = 6005\n[[apriltag.detection]]\ncamera = 'gate 1'\n[[apriltag.detection]]\ncamera = "
            "'127.0.0.9'\nenabled = false\n"
        ),
        "utf-8",
    )
    tags = load(tmp_path, {}, {}).apriltag
    assert tags.port == 6005 and [
        (one.camera, one.enabled, one.per_second, one.has_pose) for one in tags.detection
    ] == [("gate 1", True, 10, False), ("127.0.0.9", False, 10, False)]


def test_a_table_at_the_top_of_the_file(tmp_path: Path) -> None:
    """Before and after sections."""
    (tmp_path / "hub.toml").write_text(
        "port = 6001\n[[vehicles]]\ncamera = 'a'\n"
        "[lpr]\nport = 6003\n[[vehicles]]\ncamera = 'b'\nregion = [0, 0, 1, 0.5]\n",
        "utf-8",
    )
    settings = load(tmp_path, {}, {})
    assert (settings.port, settings.lpr.port) == (6001, 6003)
    assert [(one.camera, one.per_second, one.region) for one in settings.vehicles] == [
        ("a", 2, []),
        ("b", 2, [0, 0, 1, 0.5]),
    ]
    assert "vehicles" not in {key for _, key, _ in declared()}


def _example(heading: str) -> list[str]:
    """The commented lines of the example of a list of tables in a new file."""
    lines = template().splitlines()
    first = lines.index(f"# [[{heading}]]")
    return lines[first : lines.index("", first)]


EXAMPLES = {
    "vehicles": "",
    "barriers": "",
    "scales": "",
    "apriltag.detection": "apriltag",
    "tracking.sources": "tracking",
}


def test_every_list_of_tables_is_known_here() -> None:
    sections = dict.fromkeys(section for section, _, _ in declared())
    found = {f"{section}.{key}".lstrip(".") for section in sections for key, _ in declared_tables(section)}
    assert found == set(EXAMPLES)


@pytest.mark.parametrize("heading", EXAMPLES)
def test_the_example_of_a_table_can_be_used(tmp_path: Path, heading: str) -> None:
    """A new file shows it in comments, without which the file is the same; docs/settings.md has its keys."""
    text, shown = template(), _example(heading)
    lines = text.splitlines()
    first = lines.index(shown[0])
    used = text.replace("\n".join(shown), "\n".join(line.removeprefix("# ") for line in shown))
    (tmp_path / "hub.toml").write_text(used, "utf-8")
    value: Any = load(tmp_path, {}, {})
    for key in heading.split("."):
        value = getattr(value, key)
    (one,) = value
    assert (EXAMPLES[heading] and f"[{EXAMPLES[heading]}]" in lines[:first]) or first < lines.index("[apriltag]")
    written = (ROOT / "docs" / "settings.md").read_text("utf-8")
    assert f"| key of `[[{heading}]]` |" in written
    for key, field in type(one).model_fields.items():
        assert f"| `{key}` |" in written and field.description in written


def test_the_example_of_tag_detection_has_a_pose(tmp_path: Path) -> None:
    used = "\n".join(line.removeprefix("# ") for line in _example("apriltag.detection"))
    (tmp_path / "hub.toml").write_text(used, "utf-8")
    one = load(tmp_path, {}, {}).apriltag.detection[0]
    assert one.camera == "gate-1" and one.has_pose


def test_the_documentation_lists_every_setting() -> None:
    written = (ROOT / "docs" / "settings.md").read_text("utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "import write_settings_docs as docs; print(docs.text(), end='')"],
        cwd=ROOT / "tools",
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=30,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert written == done.stdout, "write docs/settings.md again with: python tools/write_settings_docs.py"
    for section, key, _ in declared():
        assert environment_name(section, key) in written
    for name in (
        "rfid.host",
        "camera.url",
        "camera.password",
        "capture.max_attempts",
        "hub.url",
        "station.kind",
        "simulate_pause",
    ):
        assert f"| `{name}` |" in written


def test_template_is_utf8_and_complete() -> None:
    named = {key for key, field in Settings.model_fields.items() if not field.exclude}
    assert set(tomllib.loads(template())) == named - {key for key, _ in declared_tables("")}
