"""The zone that pages show times in."""

from __future__ import annotations

from datetime import timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hub.pages import site_zone as module
from hub.pages.site_zone import machine_zone, site_zone


def test_a_zone_of_the_settings_has_its_name_and_offset() -> None:
    assert site_zone(ZoneInfo("Asia/Bangkok")) == {"site_zone": "Asia/Bangkok", "site_offset": 420}


@pytest.mark.parametrize("name", ["ICT-7", "../../etc/passwd", "Nowhere/City"])
def test_a_rule_or_nonsense_is_no_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", name)
    assert machine_zone() == ""


def test_this_machines_zone_by_its_environment_or_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TZ", ":Asia/Tehran")
    assert machine_zone() == "Asia/Tehran"
    monkeypatch.delenv("TZ")
    link = tmp_path / "localtime"
    monkeypatch.setattr(module, "LOCALTIME", link)
    assert machine_zone() == ""
    link.symlink_to("/usr/share/zoneinfo/Asia/Bangkok")
    assert machine_zone() == "Asia/Bangkok"


def test_where_a_zone_has_no_name_its_offset_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "")
    monkeypatch.setattr(module, "LOCALTIME", Path("/nonexistent/localtime"))
    assert site_zone(timezone(timedelta(hours=-3, minutes=-30))) == {"site_zone": "", "site_offset": -210}


def test_a_page_names_the_zone(client) -> None:
    text = client.get("/status", headers={"Accept": "text/html"}).text
    assert 'data-zone="' in text and 'data-offset="' in text
