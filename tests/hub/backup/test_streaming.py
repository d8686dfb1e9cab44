"""Backups while records arrive and old pictures are deleted: what a backup has is whole."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import requests

from hub.backup.findings import Findings
from hub.backup.make import CopiedPictures, make_backup
from hub.backup.pace import Pace
from hub.backup.restore import restore
from hub.backup.verify import verify
from tests.hub.backup.conftest import Filled
from tests.support.backup import app, picture, shown, store
from tests.support.helpers import HubProcess, wait_for

pytestmark = pytest.mark.slow


class Stream:
    """Stores records one after the other until it is stopped; `stored`: how many were acknowledged."""

    def __init__(self, hub: HubProcess, first: int) -> None:
        self._hub, self.stored, self.error = hub, first, ""
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Stream:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(30)

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                store(self._hub, self.stored)
            except (AssertionError, requests.RequestException) as error:
                self.error = repr(error)
                return
            self.stored += 1


def test_a_backup_while_records_arrive_has_every_record_that_came_before_it_with_its_pictures(
    site: Filled, tmp_path: Path
) -> None:
    with HubProcess(site.instance) as hub, Stream(hub, 1000) as stream:
        for number in range(2):
            before = stream.stored
            wait_for(lambda before=before: stream.stored > before + 5 or stream.error, 60, "records")
            acknowledged = stream.stored
            done = app(site.instance, "backup", str(tmp_path / f"{number}.tar"))
            assert (done.returncode, done.stderr) == (0, ""), done.stderr
            fresh = tmp_path / f"fresh-{number}"
            restore(tmp_path / f"{number}.tar", fresh, Pace())
            findings = Findings()
            verify(fresh, fresh / "backups", findings, Pace())
            assert [one for one in findings.all if one.kind == "bad"] == []
            with HubProcess(fresh) as copy:
                found = shown(copy)
                captures = {capture["event_id"]: capture["id"] for capture in copy.captures()}
            for known in range(1000, acknowledged):
                assert picture(known) in found[captures[f"event-{known}"]][1].values()
            assert stream.error == ""
        findings = Findings()
        verify(site.instance, site.instance / "backups", findings, Pace())
        assert findings.whole, "a check of a hub that stores meanwhile finds nothing wrong"


def test_pictures_that_are_deleted_or_come_while_a_backup_is_made(
    site: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between both passes a picture goes with its row, another comes, and the end of the newest pack changes."""
    images = sorted((site.instance / "images").glob("*.jpg"))
    pack = site.instance / "pictures" / "000001.pack"
    add_all = CopiedPictures.add_all

    def meanwhile(copied: CopiedPictures) -> None:
        content = pack.read_bytes()
        pack.write_bytes(content + b"of a commit that fails")
        add_all(copied)
        pack.write_bytes(content + b"other bytes at the same place")
        images[0].unlink()
        (site.instance / "images" / "NEW_primary_1.jpg").write_bytes(b"new")

    monkeypatch.setattr(CopiedPictures, "add_all", meanwhile)
    make_backup(site.instance, site.instance.parent / "b.tar", Pace())
    fresh = site.instance.parent / "fresh"
    restore(site.instance.parent / "b.tar", fresh, Pace())
    assert (fresh / "images" / "NEW_primary_1.jpg").read_bytes() == b"new"
    assert (fresh / "images" / images[0].name).exists(), "it was there when the backup began"
    assert (fresh / "pictures" / "000001.pack").read_bytes() == pack.read_bytes()
