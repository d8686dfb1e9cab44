"""The version that the agent reports is that of the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_lib.runtime import version


def test_it_is_the_one_of_the_project() -> None:
    assert f'version = "{version.version()}"' in version.PROJECT.read_text("utf-8")


@pytest.mark.parametrize("text", [None, "no toml [", "[project]\nversion = 5\n", "[tool]\n"])
def test_without_one_it_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None) -> None:
    monkeypatch.setattr(version, "PROJECT", tmp_path / "pyproject.toml")
    if text is not None:
        version.PROJECT.write_text(text, "utf-8")
    assert version.version() == ""
