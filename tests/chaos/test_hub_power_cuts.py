"""The power fails while a hub stores: it starts again, and everything that it acknowledged is there, whole, once."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.support.native import MISSING, compiler
from tests.support.power_cut.cuts import cut_places, replay_cuts
from tests.support.power_cut.hub_cuts import record_hub, start_after

pytestmark = [pytest.mark.slow, pytest.mark.skipif(compiler() is None, reason=MISSING)]


def test_what_a_hub_acknowledged_survives_a_power_cut(tmp_path: Path) -> None:
    recording = record_hub(tmp_path, "suite", 60)
    rng = random.Random("suite")
    ways = iter(("flushed", "torn", "shuffled", "flushed"))
    places = cut_places(recording.log, 4, rng)
    for place in places:
        for cut in replay_cuts(recording.root, recording.log, [place], rng, tmp_path / str(place), [next(ways)]):
            outcome = start_after(cut, recording)
            assert outcome.faults == [], f"{cut}: {outcome.acknowledged} were acknowledged, {outcome.rows} are there"


def test_a_disk_whose_flushes_fail_costs_no_acknowledged_record(tmp_path: Path) -> None:
    recording = record_hub(tmp_path, "failing", 30, fail_every=10)
    told = (tmp_path / "output.txt").read_text("utf-8")
    assert "could not be stored" in told and "Traceback" not in told
    rng = random.Random("failing")
    last = cut_places(recording.log, 200, rng)[-1]
    (cut,) = replay_cuts(recording.root, recording.log, [last], rng, tmp_path / "cuts", ["flushed"])
    assert start_after(cut, recording).faults == []


def test_the_cuts_find_what_was_not_flushed(tmp_path: Path) -> None:
    """A hub that does not flush each commit (NORMAL) loses acknowledged records: the replay is no placebo."""
    recording = record_hub(tmp_path, "normal", 40, environ={"HUB_STORE_SYNCHRONOUS": "NORMAL"})
    rng = random.Random("normal")
    last = cut_places(recording.log, 200, rng)[-1]
    (cut,) = replay_cuts(recording.root, recording.log, [last], rng, tmp_path / "cuts", ["flushed"])
    outcome = start_after(cut, recording)
    assert any("acknowledged and missing" in fault for fault in outcome.faults)
