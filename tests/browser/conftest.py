"""One hub on the simulated gate and one Chromium for every test of this folder that a process runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.running_gate import RunningGate, running_gate
from tests.browser.visitor import Visitor, visiting
from tests.support.browser import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, driven by Playwright."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="The pages are tried with Playwright, which is not installed (requirements.txt)."
    )
    with playwright.sync_playwright() as driver:
        process = driver.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield process
        process.close()


@pytest.fixture(scope="package")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGate]:
    """The hub on the simulated gate."""
    with running_gate(tmp_path_factory.mktemp("gate")) as running:
        yield running


@pytest.fixture
def visitor(browser: Browser, gate: RunningGate) -> Iterator[Visitor]:
    """A fresh visitor, whose last page is checked at the end of the test."""
    with visiting(browser, gate.hub) as one:
        yield one
