"""What `agent.py check` says of disk, outbox and clock."""

from __future__ import annotations

import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from agent_lib.commands.check_machine import clock, disk, outbox
from agent_lib.outbox import Outbox
from agent_lib.settings import HubSettings
from tests.support.agent import fields, result
from tests.support.devices import http_camera
from tests.support.helpers import free_ports


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    assert disk(tmp_path)[0] is True
    works, sentence = disk(tmp_path / "none")
    assert not works and "cannot be written (No such file or directory)" in sentence


def test_the_outbox_is_counted_while_an_agent_has_it(tmp_path: Path) -> None:
    assert outbox(tmp_path) == (True, "No results wait for the hub.")
    box = Outbox(tmp_path, 10**9, 200)
    for number in range(3):
        one = result(event_id=f"event-{number}")
        assert box.put(one, fields(one))
    assert outbox(tmp_path)[1].startswith("3 results wait for the hub, ")
    entry = box.next()
    assert entry is not None
    box.shelve(entry, "refused")
    assert outbox(tmp_path)[1].startswith("2 results wait for the hub, ")
    assert "1 that the hub refused are kept" in outbox(tmp_path)[1]
    box.close()
    (tmp_path / "outbox.db").write_bytes(b"no database" * 1000)
    works, sentence = outbox(tmp_path)
    assert not works and "cannot be read" in sentence


@pytest.mark.parametrize("ahead, words", [(0, "as at the hub"), (300, "behind the hub"), (-300, "ahead of the hub")])
def test_the_clocks_are_compared(ahead: int, words: str) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(404)
        handler.send_header("Date", formatdate(time.time() + ahead, usegmt=True))
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with http_camera(answer) as hub:
        found = clock(HubSettings(url=hub))
    assert found[0] is (ahead == 0) and words in found[1]


def test_a_hub_that_cannot_be_asked_is_no_fault_of_the_clock() -> None:
    works, sentence = clock(HubSettings(url=f"http://127.0.0.1:{free_ports(1)[0]}"))
    assert works and "could not be asked" in sentence
