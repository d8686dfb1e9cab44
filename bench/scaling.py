"""What a number of cameras needs: `python bench/scaling.py FIGURES [--cameras 1000,10000,100000] [--picture-kb 60]`.

FIGURES is what `python bench/cluster.py --figures FIGURES` has measured on your machine; docs/scaling.md has ours. It
says how many hubs and databases, how many writes, bytes a day and commands of Redis, and what that costs with your own
prices. Every number is a product of measured figures and of the options; nothing else is known here.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DAY_SECONDS = 86_400
CAMERAS = (1_000, 10_000, 100_000)
NEEDED = ("store", "live", "crowd", "bytes")


@dataclass(frozen=True)
class Plan:
    """What the reader decides. `interval`: seconds between two records of a camera. `picture_kb`: of each record.

    `busy`: the share of what was measured that is planned for. `hub_memory_mb`: for one hub. `days`: how long records
    are kept.
    """

    interval: float = 10.0
    picture_kb: float = 60.0
    busy: float = 0.5
    hub_memory_mb: float = 1024.0
    hub_connections: int = 20_000
    days: float = 30.0


@dataclass(frozen=True)
class Prices:
    """The reader's prices of a month, in any currency: a hub's machine, a database's, Redis, nginx, a stored GB."""

    hub: float = 0.0
    database: float = 0.0
    redis: float = 0.0
    nginx: float = 0.0
    gigabyte: float = 0.0


@dataclass(frozen=True)
class Measured:
    """Figures of one hub on PostgreSQL, from the file that bench/cluster.py writes.

    `records_per_second`: the most that one hub stored. `picture_factor`: bytes of the database for a byte of a picture.
    """

    records_per_second: float
    hub_core_seconds: float
    database_core_seconds: float
    connection_kb: float
    hub_mb: float
    redis_commands: float
    row_bytes: float
    row_log_bytes: float
    picture_factor: float
    picture_log_factor: float

    @classmethod
    def of(cls, figures: dict[str, Any]) -> Measured:
        """Raises KeyError where a part was not measured."""
        crowd, small, large = figures["crowd"], figures["bytes"]["1_kb"], figures["bytes"]["60_kb"]
        rate, picture = crowd["records_per_second"], large["picture_bytes"]
        return cls(
            records_per_second=figures["store"]["socketio_postgresql_per_second"],
            hub_core_seconds=crowd["hub_core"] / rate,
            database_core_seconds=crowd["database_core"] / rate,
            connection_kb=crowd["kb_per_connection"],
            hub_mb=crowd["hub_mb_before"],
            redis_commands=figures["live"]["redis_commands_per_record"],
            row_bytes=small["database_bytes"],
            row_log_bytes=small["log_bytes"],
            picture_factor=max(0.0, large["database_bytes"] - small["database_bytes"]) / picture,
            picture_log_factor=max(0.0, large["log_bytes"] - small["log_bytes"]) / picture,
        )


@dataclass(frozen=True)
class Needs:
    """What so many cameras need. Bytes are those of a day."""

    cameras: int
    records_per_second: float
    databases: int
    hubs: int
    hub_cores: float
    database_cores: float
    hub_memory_mb: float
    stored_bytes: float
    log_bytes: float
    received_bytes: float
    redis_commands_per_second: float


def needs(cameras: int, measured: Measured, plan: Plan) -> Needs:
    """Compute what cameras need.

    All hubs of a database write one after the other, so a database takes what one hub was measured to store; more
    cameras are another database with its own hubs. One hub more than the load needs may be down in each.
    """
    rate = cameras / plan.interval
    picture = plan.picture_kb * 1024
    databases = max(1, math.ceil(rate / (plan.busy * measured.records_per_second)))
    here = cameras / databases
    by_rate = math.ceil(here / plan.interval / (plan.busy * measured.records_per_second))
    by_memory = (plan.hub_memory_mb - measured.hub_mb) * 1000 / measured.connection_kb
    by_connections = math.ceil(here / max(1.0, min(by_memory, plan.hub_connections)))
    hubs = databases * (max(by_rate, by_connections) + 1)
    return Needs(
        cameras,
        rate,
        databases,
        hubs,
        rate * measured.hub_core_seconds,
        rate * measured.database_core_seconds,
        measured.hub_mb + cameras / hubs * measured.connection_kb / 1000,
        DAY_SECONDS * rate * (measured.row_bytes + picture * measured.picture_factor),
        DAY_SECONDS * rate * (measured.row_log_bytes + picture * measured.picture_log_factor),
        DAY_SECONDS * rate * (1024 + picture * 4 / 3),
        rate * measured.redis_commands,
    )


def cost(found: Needs, plan: Plan, prices: Prices) -> float:
    """Cost of a month: machines, and what is kept."""
    kept = found.stored_bytes * plan.days / 1e9
    return (
        found.hubs * prices.hub
        + found.databases * (prices.database + prices.redis + prices.nginx)
        + kept * prices.gigabyte
    )


def table(rows: list[Needs], plan: Plan, prices: Prices) -> str:
    """A table as docs/scaling.md has it."""
    lines = [
        ("cameras", [f"{one.cameras:,}" for one in rows]),
        ("records/s, each a row of the database", [f"{one.records_per_second:,.0f}" for one in rows]),
        ("databases", [f"{one.databases}" for one in rows]),
        ("hubs, one of each database may be down", [f"{one.hubs}" for one in rows]),
        ("cores busy in hubs", [f"{one.hub_cores:.2g}" for one in rows]),
        ("cores busy in PostgreSQL", [f"{one.database_cores:.2g}" for one in rows]),
        ("memory of a hub, MB", [f"{one.hub_memory_mb:,.0f}" for one in rows]),
        ("GB received a day", [f"{one.received_bytes / 1e9:,.0f}" for one in rows]),
        ("GB stored a day", [f"{one.stored_bytes / 1e9:,.0f}" for one in rows]),
        ("GB of PostgreSQL's log a day", [f"{one.log_bytes / 1e9:,.0f}" for one in rows]),
        (f"GB kept for {plan.days:g} days", [f"{one.stored_bytes * plan.days / 1e9:,.0f}" for one in rows]),
        (
            "commands of Redis a second, pages open at every hub",
            [f"{one.redis_commands_per_second:,.0f}" for one in rows],
        ),
    ]
    if prices != Prices():
        lines.append(("cost of a month", [f"{cost(one, plan, prices):,.0f}" for one in rows]))
    text = [f"| {title} | {' | '.join(cells)} |" for title, cells in lines]
    return "\n".join([text[0], "|---" + "|---:" * len(rows) + "|", *text[1:]])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    plan, prices = Plan(), Prices()
    parser.add_argument("figures", type=Path)
    parser.add_argument("--cameras", default=",".join(map(str, CAMERAS)))
    for name, default in vars(plan).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    for name, default in vars(prices).items():
        parser.add_argument(f"--price-{name}", type=float, default=default)
    options = parser.parse_args()
    plan = Plan(**{name: getattr(options, name) for name in vars(plan)})
    prices = Prices(**{name: getattr(options, f"price_{name}") for name in vars(prices)})
    figures = json.loads(options.figures.read_bytes())
    missing = [part for part in NEEDED if part not in figures]
    if missing:
        print(
            f"{options.figures} has no figures of {', '.join(missing)}: run python bench/cluster.py "
            f"{' '.join(f'--only {part}' for part in missing)} --figures {options.figures}",
            file=sys.stderr,
        )
        return 2
    measured = Measured.of(figures)
    rows = [needs(int(count), measured, plan) for count in options.cameras.split(",")]
    print(f"A record of each camera every {plan.interval:g} s with {plan.picture_kb:g} KB of pictures.")
    print(f"Planned for {plan.busy:.0%} of what was measured.\n")
    print(table(rows, plan, prices))
    print(
        "\ncost of a month = hubs x HUB + databases x (DATABASE + REDIS + NGINX) + GB kept x GIGABYTE"
        "\n(--price-hub, --price-database, --price-redis, --price-nginx, --price-gigabyte)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
