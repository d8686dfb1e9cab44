"""Every vehicle of a gate is asked for at the hub: there, once, in order, with its own pictures."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.support.chaos.gate import ROLES, Gate, Lane
from tests.support.helpers import HubProcess

STOPPED = "The agent was stopped"
DRAIN_SECONDS = 120.0


@dataclass
class Account:
    """`faults`: a sentence for each fault. `without_pictures`: rows of captures whose camera was away."""

    vehicles: int = 0
    lost: int = 0
    doubled: int = 0
    out_of_order: int = 0
    wrong_pictures: int = 0
    without_pictures: int = 0
    waiting: int = 0
    faults: list[str] = field(default_factory=list)


def wait_until_drained(agent: Path, seconds: float = DRAIN_SECONDS) -> int:
    """Wait until no result waits in an agent's outbox; how many still do."""
    end = time.monotonic() + seconds
    while True:
        with closing(sqlite3.connect(agent / "outbox.db", timeout=10)) as connection:
            (waiting,) = connection.execute("SELECT count(*) FROM results").fetchone()
        if not waiting or time.monotonic() > end:
            return int(waiting)
        time.sleep(0.05)


def take_account(gate: Gate, hub: HubProcess, agent: Path) -> Account:
    """Compare the hub with all vehicles of a gate, once the agent has delivered everything."""
    account = Account(vehicles=sum(lane.came for lane in gate.lanes), waiting=wait_until_drained(agent))
    if account.waiting:
        account.faults.append(f"{account.waiting} results still wait in the outbox")
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in reversed(hub.captures()):
        # A capture that the end of the agent has cut short is told as such, and its vehicle is captured again.
        if not row["message"].startswith(STOPPED):
            rows[row["station"]].append(row)
    with requests.Session() as session:
        for lane in gate.lanes:
            _check_lane(lane, rows.pop(lane.name, []), account, session, hub)
    account.faults += [f"the station {name} is not known" for name in rows]
    return account


def _check_lane(
    lane: Lane, rows: list[dict[str, Any]], account: Account, session: requests.Session, hub: HubProcess
) -> None:
    tags = [row["tag"] for row in rows]
    counts = Counter(tags)
    came = lane.tags[: lane.came]
    missing = [tag for tag in came if tag not in counts]
    twice = [tag for tag, count in counts.items() if count > 1]
    foreign = [tag for tag in counts if tag not in set(came)]
    account.lost += len(missing)
    account.doubled += sum(counts[tag] - 1 for tag in twice)
    account.faults += [f"{lane.name}: {tag} is missing" for tag in missing]
    account.faults += [f"{lane.name}: {tag} is there {counts[tag]} times" for tag in twice]
    account.faults += [f"{lane.name}: {tag} never came" for tag in foreign]
    place = {tag: number for number, tag in enumerate(came)}
    places = [place[tag] for tag in dict.fromkeys(tags) if tag in place]
    wrong = sum(one > other for one, other in zip(places, places[1:], strict=False))
    account.out_of_order += wrong
    if wrong:
        account.faults.append(f"{lane.name}: {wrong} captures are out of order")
    for row in rows if lane.kind == "weighbridge" else ():
        for role in ROLES:
            _check_picture(lane, row, role, account, session, hub)


def _check_picture(
    lane: Lane, row: dict[str, Any], role: str, account: Account, session: requests.Session, hub: HubProcess
) -> None:
    address = row[f"{role}_image_url"]
    if not address:
        account.without_pictures += 1
        if not any("frame not available" in error.lower() for error in row["errors"]):
            account.wrong_pictures += 1
            account.faults.append(f"{lane.name}: {row['tag']} has no {role} picture: {row['errors']}")
        return
    answer = session.get(f"{hub.url}/images/{address.rpartition('/')[2]}", timeout=10)
    if answer.status_code != 200 or hashlib.sha256(answer.content).hexdigest() != lane.pictures[f"{row['tag']} {role}"]:
        account.wrong_pictures += 1
        account.faults.append(f"{lane.name}: the {role} picture of {row['tag']} is not its own ({answer.status_code})")
