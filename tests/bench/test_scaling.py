"""What bench/scaling.py computes from figures."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.scaling import Measured, Plan, Prices, cost, needs
from tests.support.helpers import ROOT

FIGURES: dict[str, Any] = {
    "store": {"socketio_postgresql_per_second": 1000.0},
    "crowd": {
        "records_per_second": 200.0,
        "hub_core": 0.4,
        "database_core": 0.2,
        "kb_per_connection": 50.0,
        "hub_mb_before": 100.0,
    },
    "live": {"redis_commands_per_record": 3.0},
    "bytes": {
        "1_kb": {"database_bytes": 2000.0, "log_bytes": 3000.0, "picture_bytes": 0.0},
        "60_kb": {"database_bytes": 52_000.0, "log_bytes": 63_000.0, "picture_bytes": 40_000.0},
    },
}
PLAN = Plan(picture_kb=100.0, hub_memory_mb=600.0)


def test_a_database_takes_half_of_what_was_measured() -> None:
    found = [needs(cameras, Measured.of(FIGURES), PLAN) for cameras in (1_000, 5_000, 5_001, 100_000)]
    assert [one.databases for one in found] == [1, 1, 2, 20]
    assert [one.hubs for one in found] == [2, 2, 4, 40]


def test_a_hub_has_as_many_connections_as_fit_into_its_memory() -> None:
    measured = replace(Measured.of(FIGURES), records_per_second=1e6)
    assert [needs(cameras, measured, PLAN).hubs for cameras in (10_000, 10_001)] == [2, 3]
    roomy = replace(PLAN, hub_memory_mb=1e6)
    assert [needs(cameras, measured, roomy).hubs for cameras in (20_000, 20_001)] == [2, 3]


def test_what_is_stored_received_and_passed_on() -> None:
    found = needs(1_000, Measured.of(FIGURES), PLAN)
    picture = 100 * 1024
    assert found.stored_bytes == pytest.approx(86_400 * 100 * (2000 + picture * 1.25))
    assert found.log_bytes == pytest.approx(86_400 * 100 * (3000 + picture * 1.5))
    assert found.received_bytes == pytest.approx(86_400 * 100 * (1024 + picture * 4 / 3))
    assert (found.hub_cores, found.database_cores) == pytest.approx((0.2, 0.1))
    assert found.redis_commands_per_second == 300
    assert found.hub_memory_mb == 100 + 500 * 50 / 1000


def test_the_cost_is_what_the_reader_pays() -> None:
    plan = replace(PLAN, days=10)
    found = needs(6_000, Measured.of(FIGURES), plan)
    price = cost(found, plan, Prices(hub=10, database=100, redis=5, nginx=1, gigabyte=0.5))
    assert price == pytest.approx(4 * 10 + 2 * 106 + found.stored_bytes * 10 / 1e9 * 0.5)


def test_the_command_prints_a_table_or_says_what_to_measure(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"

    def run(figures: dict[str, Any], *arguments: str) -> subprocess.CompletedProcess[str]:
        file.write_text(json.dumps(figures), "utf-8")
        command = [sys.executable, str(ROOT / "bench" / "scaling.py"), str(file), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    done = run(FIGURES, "--cameras", "1000,20000", "--price-hub", "20")
    assert done.returncode == 0, done.stderr
    assert "| cameras | 1,000 | 20,000 |" in done.stdout and "| cost of a month | 40 | 160 |" in done.stdout
    done = run({"store": FIGURES["store"], "live": FIGURES["live"]})
    assert done.returncode == 2 and "--only crowd --only bytes" in done.stderr
