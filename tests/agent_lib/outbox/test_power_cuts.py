"""The power fails while an outbox is written: what was stored is there, in order; what is settled stays settled."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from agent_lib.outbox import Outbox
from tests.support.native import MISSING, compiler
from tests.support.outbox import drain
from tests.support.power_cut.cuts import Cut, cut_places, replay_cuts
from tests.support.power_cut.outbox_writer import digest
from tests.support.power_cut.recorder import Recorder

pytestmark = [pytest.mark.slow, pytest.mark.skipif(compiler() is None, reason=MISSING)]


@pytest.mark.parametrize("seed", ["1", "2"])
def test_nothing_stored_is_lost_by_a_power_cut(tmp_path: Path, seed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    root, log = tmp_path / "disk", tmp_path / "log"
    recorder = Recorder(root, log)
    recorder.run("-m", "tests.support.power_cut.outbox_writer", str(root / "agent"), seed, "60")
    recorder.close()
    rng = random.Random(seed)
    monkeypatch.setattr("os.fsync", lambda handle: None)  # this opens some hundred databases
    for cut in replay_cuts(root, log, cut_places(log, 150, rng), rng, tmp_path / "cuts"):
        check(cut)
        shutil.rmtree(cut.folder)


def check(cut: Cut) -> None:
    said = [json.loads(line) for line in cut.acknowledged]
    by: dict[str, dict[str, str]] = {what: {} for what in ("put", "bytes", "has", "deliver")}
    for what, tag, text in said:
        by.setdefault(what, {})[tag] = text
    shelving = {tag for what, tag, _ in said if what == "shelve"}
    shelved = {event for what, _, event in said if what == "shelved"}
    (cut.folder / "agent").mkdir(exist_ok=True)
    Outbox(cut.folder / "agent", 10**9, 100).close()
    box = Outbox(cut.folder / "agent", 10**9, 100)
    shelf = {row["event_id"] for row in box.counts()["shelf"]}
    entries = drain(box)
    box.close()
    tags = [entry.fields["tag"] for entry in entries]
    assert tags == sorted(set(tags)), f"{cut}: in order, each once"
    for entry in entries:
        tag = entry.fields["tag"]
        assert entry.event_id == by["put"][tag], f"{cut}: {tag} is the same event when it is sent again"
        assert entry.event_id not in shelved, f"{cut}: {tag} was shelved"
        if tag in by["has"] and tag not in by["deliver"]:
            assert entry.fields["errors"] == [], f"{cut}: {tag} has its pictures"
            assert digest(entry.pictures) == by["bytes"][tag], f"{cut}: {tag} has the bytes that were stored"
    for tag, event in by["has"].items():
        if tag not in by["deliver"] and tag not in shelving:
            assert tag in tags, f"{cut}: {tag} was stored"
        elif tag in shelving:
            assert tag in tags or event in shelf, f"{cut}: {tag} was stored"
    assert shelved <= shelf, f"{cut}: what was shelved is on the shelf"
