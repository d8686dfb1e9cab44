"""The worked examples of docs/extending.md: what the page shows is what runs, in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import apply, blocks
from tests.support.helpers import ROOT

EXAMPLES = Path(__file__).parent / "examples"
PAGE = (ROOT / "docs" / "extending.md").read_text("utf-8")
COPIED = ("hub", "agent_lib", "docs", "static", "templates", "tests", "tools")
SECONDS = 100
NEW_FILES = sorted(
    path.relative_to(EXAMPLES).as_posix()
    for path in EXAMPLES.rglob("*")
    if path.is_file() and "__pycache__" not in path.parts and path.stat().st_size
)


def run(project: Path, *arguments: str) -> str:
    """The output of Python with these arguments in the copy; AssertionError with it when it fails."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("HUB_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env={**environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which every step of the page was followed."""
    copy = tmp_path_factory.mktemp("project")
    for name in COPIED:
        ignored = shutil.ignore_patterns("__pycache__", "examples", "node_modules")
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name in ("app.py", "agent.py", "pyproject.toml"):
        shutil.copy(ROOT / name, copy)
    shutil.copytree(EXAMPLES, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for block in blocks(PAGE):
        if block.language == "diff":
            path = copy / block.path
            path.write_text(apply(block.text, path.read_text("utf-8")), "utf-8")
    run(copy, "tools/write_settings_docs.py")
    return copy


def test_the_page_shows_every_file_as_it_is() -> None:
    shown = {block.path: block.text for block in blocks(PAGE) if block.language != "diff"}
    assert sorted(shown) == NEW_FILES
    for path, text in shown.items():
        assert text == (EXAMPLES / path).read_text("utf-8"), f"docs/extending.md shows another {path}"


def test_every_block_has_a_path() -> None:
    assert len(re.findall(r"^```(?:python|html|js|diff)$", PAGE, re.MULTILINE)) == len(blocks(PAGE))


@pytest.mark.slow
def test_the_examples_work(project: Path) -> None:
    folder = project / "tests" / "hub" / "doorbell"
    written = sum(path.read_text("utf-8").count("\ndef test_") for path in folder.glob("test_*.py"))
    output = run(project, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder))
    passed = re.search(r"(\d+) passed", output)
    assert passed is not None and int(passed[1]) >= written > 0, output
    assert not re.search(r"skipped|failed|error", output), output


@pytest.mark.slow
def test_the_new_setting_is_documented(project: Path) -> None:
    help_text = "Rings that a list shows unless the request gives a limit."
    row = f"| `doorbell.listed` | `HUB_DOORBELL_LISTED` | `50` | {help_text} |"
    assert row in (project / "docs" / "settings.md").read_text("utf-8").splitlines()
    run(
        project, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/hub/settings", "-k", "documentation or template"
    )


@pytest.mark.slow
def test_the_revisions_agree_with_the_tables(project: Path) -> None:
    agree = "declared or gaps"
    run(project, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/hub/store/test_migrations.py", "-k", agree)


def test_a_change_whose_place_is_gone_is_an_error() -> None:
    assert apply(" b\n+c\n", "a\nb\nd\n") == "a\nb\nc\nd\n"
    assert apply("-a\n+A\n...\n+D\n e\n", "a\nb\ne\n") == "A\nb\nD\ne\n"
    for change in (" x\n+c\n", "+c\n a\n"):
        with pytest.raises(ValueError):
            apply(change, "a\nb\na\n")
