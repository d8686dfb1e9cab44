"""Values written into agent.toml: comments, order and everything else stay as they are."""

from __future__ import annotations

import stat
import sys
import tomllib
from pathlib import Path

import pytest

from agent_lib.settings.edit import set_values
from agent_lib.settings.file import load
from agent_lib.settings.parse import SettingsError


def test_the_template_keeps_its_comments(tmp_path: Path) -> None:
    load({"instance": str(tmp_path)}, {})
    path = tmp_path / "agent.toml"
    before = path.read_text("utf-8").splitlines()
    set_values(path, "hub", {"url": "http://10.0.0.1:5000", "token": 'a"b'})
    after = path.read_text("utf-8").splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert changed == [('url = ""', 'url = "http://10.0.0.1:5000"'), ('token = ""', 'token = "a\\"b"')]
    settings = load({"instance": str(tmp_path)}, {})
    assert settings.hub.token == 'a"b' and settings.hub.url == "http://10.0.0.1:5000"
    assert 'a"b' not in repr(settings)
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing",
        "seed = 3\n[camera]\nurl = 'rtsp://x'\n",
        "[hub]\n",
        "[hub] # ours\nurl = 'http://a:1'\n# token = 'old'\n[camera]\ntoken_like = 1\n",
        "[ hub ]\n  token = 'old' # replace me\n\n[[stations]]\nname = 'a'\n[stations.rfid]\nhost = 'b'\n",
        "[hub]\r\nurl = 'http://a:1'\r\n",
        "[camera]\nurl = 'a'\n[hub]\ntoken = 'old'",
    ],
)
def test_only_the_value_changes(tmp_path: Path, text: str) -> None:
    path = tmp_path / "agent.toml"
    path.write_bytes(text.encode())
    set_values(path, "hub", {"token": "new"})
    made = path.read_bytes().decode()
    expected = tomllib.loads(text)
    expected.setdefault("hub", {})["token"] = "new"
    assert tomllib.loads(made) == expected
    for line in text.splitlines():
        assert line in made or "'old' # replace me" in line or line == "token = 'old'"


@pytest.mark.parametrize("text", ["hub = 'http://a:1'\n", "hub = { url = 'http://a:1' }\n", "hub.url = 'http://a:1'\n"])
def test_other_forms_are_left_alone_with_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match="token"):
        set_values(path, "hub", {"token": "new"})
    assert path.read_text() == text
