"""The page of backups and checks in a real browser."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.support.backup import store
from tests.support.browser import Page, browser, needs_browser
from tests.support.helpers import HubProcess, wait_for

SHOTS = os.environ.get("GATEHOUSE_SCREENSHOTS")


def text(page: Page, selector: str) -> str:
    return str(page.value(f"document.querySelector({selector!r}).textContent"))


def shoot(page: Page, name: str) -> None:
    """No size scrolls sideways; pictures of the page for people, where they are wanted."""
    for width, height in ((1366, 768), (390, 844)):
        page.size(width, height)
        assert page.value("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} at {width}"
        if SHOTS:
            page.screenshot(Path(SHOTS) / f"maintenance-{name}-{width}.png")


@needs_browser
def test_the_page_of_maintenance(tmp_path: Path) -> None:
    report = {"at": 1_770_000_000, "found": ["page 7 is damaged"], "aside": "hub.db.damaged-1", "readable": True}
    with HubProcess(tmp_path / "instance", HUB_BACKUP_HOURS="3,15") as hub, browser(tmp_path) as page:
        for number in range(3):
            store(hub, number)
        hub.stop()
        (hub.instance / "hub.db.damage.json").write_text(
            json.dumps({**report, "kept": {"captures": 3}, "lost": {"captures": 2}}), "utf-8"
        )
        hub.start()
        page.open(hub.url + "/maintenance")
        wait_for(lambda: "03:00, 15:00" in text(page, "#schedule"), what="the schedule")
        assert "every secret" in text(page, "main") and "There is no backup yet" in text(page, "#backups")
        assert "This is the disk of the hub" in text(page, "#folder")
        assert "Rows were lost in captures (at most 2)" in text(page, "#notice-texts")
        page.value("document.getElementById('start').click()")
        wait_for(lambda: "by hand" in text(page, "#last"), 60, "the end of the backup")
        assert "whole, " in text(page, "#backups tr") and "gatehouse-" in text(page, "#command")
        page.value("document.getElementById('check').click()")
        wait_for(lambda: "everything is whole" in text(page, "#checked"), 60, "the end of the check")
        shoot(page, "done")
        assert "All 6 pictures that records name are there." in text(page, "#findings")
        page.value("document.getElementById('read').click()")
        wait_for(lambda: page.value("document.getElementById('notices').hidden"), what="the end of the notice")
        assert not (hub.instance / "hub.db.damage.json").exists()
        assert page.complaints == []
