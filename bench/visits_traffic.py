"""Vehicles of a register that pass checkpoints, and the requests of their devices, for `bench/visits.py`."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import requests

from hub.contract.times import utc_text
from tests.support.helpers import HubProcess, wait_for

CHECKPOINTS = 5
SPREAD_SECONDS = 20.0
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
CHARACTERS = LETTERS + "0123456789"


@dataclass
class Vehicle:
    """A vehicle of the register."""

    tag: str
    number: str
    plate: str


@dataclass
class Passage:
    """A vehicle at a checkpoint; `records`: event time and the request that its device sends."""

    wrong: bool
    records: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list)
    ids: list[tuple[str, str]] = field(default_factory=list)


def fleet(chance: random.Random, count: int) -> list[Vehicle]:
    """Vehicles with tags, numbers and plates that nobody else has."""
    tags = chance.sample(range(10**8, 10**9), count)
    numbers = chance.sample(range(10_000, 100_000), count)
    plates: dict[str, None] = {}
    while len(plates) < count:
        plates[
            f"{chance.randrange(1, 10)}{chance.choice(LETTERS)}{chance.choice(LETTERS)}{chance.randrange(1000, 10000)}"
        ] = None
    return [Vehicle(f"E2{tag}", str(number), plate) for tag, number, plate in zip(tags, numbers, plates, strict=True)]


def misread(chance: random.Random, plate: str) -> str:
    """A plate with one other character."""
    place = chance.randrange(len(plate))
    return plate[:place] + chance.choice([each for each in CHARACTERS if each != plate[place]]) + plate[place + 1 :]


def passages(chance: random.Random, vehicles: list[Vehicle], others: list[Vehicle], begin: float) -> list[Passage]:
    """Every vehicle passes one of the checkpoints once."""
    clocks = [begin + chance.uniform(0, 60) for _ in range(CHECKPOINTS)]
    made = []
    for number, vehicle in enumerate(vehicles):
        place = number % CHECKPOINTS
        at = clocks[place]
        passage = Passage(chance.random() < 0.05)
        owner = chance.choice(others) if passage.wrong else vehicle
        unread = chance.random() < 0.10
        stays = chance.uniform(120, 600) if chance.random() < 0.08 else 0.0
        moments = [at + chance.uniform(0, SPREAD_SECONDS)]
        while stays and moments[-1] < at + stays:
            moments.append(moments[-1] + chance.uniform(10, 60))
        passage.records.append((at, "/api/captures", capture(place, vehicle, at, unread)))
        for moment in moments:
            plate = misread(chance, owner.plate) if chance.random() < 0.10 else owner.plate
            passage.records.append((moment, "/api/detection", detection(place, plate, moment)))
        gap = chance.uniform(8, 15) if chance.random() < 0.3 else chance.uniform(30, 90)
        clocks[place] = max(at, moments[-1] if stays else at) + gap
        made.append(passage)
    return made


def capture(place: int, vehicle: Vehicle, at: float, unread: bool) -> dict[str, Any]:
    return {
        "station": f"scale{place}",
        "event_id": f"{vehicle.tag}-{at}",
        "tag": vehicle.tag,
        "tags": [vehicle.tag],
        "number": "" if unread else vehicle.number,
        "success": not unread,
        "timestamp": utc_text(at),
        "started_ts": at,
        "finished_ts": at,
    }


def detection(place: int, plate: str, at: float, camera: str = "") -> dict[str, Any]:
    return {
        "camera_id": camera or f"cam{place}",
        "checkpoint_id": f"cam-{place}",
        "event_id": f"{place}-{plate}-{at}",
        "timestamp": utc_text(at),
        "vehicles_count": 1,
        "plates_count": 1,
        "ocr_results": [{"text": plate, "confidence": 0.9, "bbox": [10, 20, 110, 60]}],
    }


def post(hub: HubProcess, path: str, body: dict[str, Any], session: Any = requests) -> dict[str, Any]:
    answer = session.post(hub.url + path, json=body, timeout=60)
    answer.raise_for_status()
    return dict(answer.json())


def set_up(hub: HubProcess, vehicles: list[Vehicle]) -> None:
    """Fill the register, and say where the devices stand."""
    with requests.Session() as session:
        for number, vehicle in enumerate(vehicles):
            values = {"tags": [vehicle.tag], "numbers": [vehicle.number], "plates": [vehicle.plate]}
            post(hub, "/api/vehicles", {"name": f"Truck {number}", "permission": "allow", **values}, session)
    for place in range(CHECKPOINTS):
        for kind, device in (("station", f"scale{place}"), ("camera", f"cam{place}")):
            label = {"kind": kind, "id": device, "checkpoint": f"Gate {place}"}
            requests.put(f"{hub.url}/api/devices/labels", json=label, timeout=10).raise_for_status()


def joined(hub: HubProcess, count: int) -> None:
    """Wait until so many records are joined."""
    wait_for(lambda: hub.get("/status")["visits"]["joined"] >= count, 300, f"the joining of {count} records")


def all_visits(hub: HubProcess) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after = "0"
    while page := hub.get("/api/visits", after=after, limit=500):
        rows += page["visits"]
        if not page["visits"]:
            return rows
        after = page["next_after"]
    return rows
