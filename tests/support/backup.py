"""An instance folder with records and pictures of every kind, and everything that a hub shows of it."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

from tests.support.helpers import ROOT, HubProcess, capture_result, jpeg, run_app
from tests.support.lpr import g4


def picture(number: int) -> bytes:
    """A picture that no other number has."""
    return jpeg(48, 40, (number % 256, number // 256 % 256, 90)) + b"number %d" % number


def store(hub: HubProcess, number: int) -> None:
    """Store a detection and a capture, each with a picture of its own."""
    text = base64.b64encode(picture(number)).decode()
    reply = requests.post(hub.url + "/api/detection", json=g4(original_image=text, aicamera_id=str(number)), timeout=20)
    assert reply.status_code == 200, reply.text
    capture = capture_result(tag=f"TAG{number}", event_id=f"event-{number}", station="gate", primary_image=text)
    reply = requests.post(hub.url + "/api/captures", json=capture, timeout=20)
    assert reply.status_code in (200, 201), reply.text


def filled(instance: Path, count: int) -> dict[str, Any]:
    """Fill a new instance folder; what its hub showed."""
    with HubProcess(instance) as hub:
        for number in range(count):
            store(hub, number)
        return shown(hub)


def records(hub: HubProcess) -> list[dict[str, Any]]:
    """Every stored detection, page by page."""
    rows: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        body = hub.get("/api/records", limit=100, **cursor)
        rows += body["records"]
        if not body["next_cursor"]:
            return rows
        cursor = {"cursor": body["next_cursor"]}


def shown(hub: HubProcess) -> dict[str, Any]:
    """Every record and the bytes of every picture, by ids that stay the same on another port."""
    found: dict[str, Any] = {}
    with requests.Session() as session:
        for row in (*records(hub), *hub.captures()):
            pictures = {key: value for key, value in row.items() if key.endswith(("image", "image_url")) and value}
            fixed = {key: value for key, value in row.items() if key not in pictures}
            found[str(row.get("id") or row["timestamp"])] = (
                fixed,
                {key: fetched(session, hub, link) for key, link in pictures.items()},
            )
    return found


def fetched(session: requests.Session, hub: HubProcess, link: str) -> bytes:
    """The bytes of a picture by its name, from this hub whatever port the link names."""
    answer = session.get(f"{hub.url}/images/{link.rpartition('/')[2]}", timeout=20)
    assert answer.status_code == 200, f"{link}: {answer.status_code}"
    return answer.content


def app(instance: Path, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run `python app.py` with a command."""
    return run_app(*arguments, "--instance", instance, timeout=timeout)


def start_app(instance: Path, *arguments: str, **environ: str) -> subprocess.Popen[str]:
    """Start `python app.py` with a command."""
    command = [sys.executable, str(ROOT / "app.py"), *arguments, "--instance", str(instance)]
    environment = {**clean_environment(), **environ}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", env=environment
    )


def clean_environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("HUB_")}
