"""The tree and the layers that docs/architecture.md shows are those of hub/."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

from tests.support.helpers import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
LINTER = ROOT / ".importlinter"


def section(heading: str) -> str:
    """The text below a heading, up to the next one of the same level."""
    match = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert match is not None, f"docs/architecture.md has no heading {heading}"
    return match[1]


def shown() -> list[tuple[str, str]]:
    """Path below hub/ and phrase of every line of the tree."""
    rows: list[tuple[str, str]] = []
    folder = ""
    for line in section("The tree of hub/").split("```")[1].strip().splitlines()[1:]:
        match = re.fullmatch(r"( {2}| {4})(\S+) +(\S.*)", line)
        assert match is not None, f"this is no line of a tree: {line}"
        if len(match[1]) == 2:
            folder = match[2]
        rows.append((match[2] if len(match[1]) == 2 else folder + match[2], match[3]))
    return rows


def packages(folder: Path) -> set[str]:
    return {f"{path.parent.name}/" for path in folder.glob("*/__init__.py")}


def test_the_tree_names_exactly_the_folders_of_hub() -> None:
    paths = [path for path, _ in shown()]
    assert len(paths) == len(set(paths))
    assert {path for path in paths if path.count("/") == 1} == packages(ROOT / "hub")
    inner = {name + path for name in packages(ROOT / "hub") for path in packages(ROOT / "hub" / name)}
    assert {path for path in paths if path.count("/") == 2} == inner


def test_the_tree_names_exactly_the_modules_of_hub() -> None:
    assert {path for path, _ in shown() if path.endswith(".py")} == {path.name for path in (ROOT / "hub").glob("*.py")}


MADE = {"tests/browser/shots/"}
"""What is made by the tests and not tracked."""


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/architecture.md"])
def test_every_named_file_is_there(name: str) -> None:
    named = re.findall(r"`((?:hub|agent_lib|tests|bench|tools|docs)/[\w/.]*)`", (ROOT / name).read_text("utf-8"))
    assert named
    assert [path for path in named if path not in MADE and not (ROOT / path).exists()] == []


@pytest.mark.skipif(not LINTER.exists(), reason="there is no .importlinter")
def test_the_layers_are_those_that_import_linter_checks() -> None:
    rules = configparser.ConfigParser()
    rules.read(LINTER, "utf-8")
    checked = [line for line in rules["importlinter:contract:layers"]["layers"].splitlines() if line]
    layers = re.findall(r"^\| \d+ \| (.*) \|$", section("Who may import whom"), re.MULTILINE)
    assert [sorted(re.findall(r"`([\w.]+)`", row)) for row in layers] == [
        sorted(part.strip() for part in line.split("|")) for line in reversed(checked)
    ]
