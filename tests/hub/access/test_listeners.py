"""A stranger who listens hears nothing, and neither does a listener whose access was withdrawn."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.support.helpers import ROOT, HubProcess, capture_result, jpeg, wait_for
from tests.support.hosts import other_hosts
from tests.support.listener import NAMES
from tests.support.lpr import g4, g4_health, post
from tests.support.senders import TOKENS, AccessHub
from tests.support.tags import BOARD_KNOWN, TOKEN, Board, GameClient, record

pytestmark = pytest.mark.slow

HEARING = ("results", "events", "video", "game", "mjpeg", "rooms")
"""Those to whom the hub sends something when it stores a record; a poll asks, tracking needs a person."""
AUTH_FAILED = '"auth_failed"'


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[AccessHub]:
    with AccessHub(tmp_path / "instance", HUB_APRILTAG_TOKEN=TOKEN) as process:
        yield process


class Listener:
    """A running tests.support.listener and the lines that it has printed."""

    def __init__(self, hub: HubProcess, address: str, token: str = "", prefix: tuple[str, ...] = ()) -> None:
        command = [*prefix, sys.executable, "-m", "tests.support.listener"]
        arguments = [address, str(hub.port), str(hub.side["results"]), *([token] if token else [])]
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [*command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        self._reader = threading.Thread(target=lambda: self.lines.extend(self.process.stdout))
        self._reader.start()

    def named(self, what: str, begin: int = 0) -> set[str]:
        """The names in lines that begin with `what`, from line `begin` on."""
        return {line.split()[1] for line in self.lines[begin:] if line.startswith(what + " ")}

    def end(self) -> list[str]:
        """Every line, after it has ended."""
        if self.process.stdin is not None and not self.process.stdin.closed:
            self.process.stdin.close()
        self._reader.join(20)
        self.process.stdout.close()
        assert self.process.wait(20) == 0
        return self.lines


@contextmanager
def listening(hub: HubProcess, address: str, token: str = "", host: str = "") -> Iterator[Listener]:
    prefix = ("ip", "netns", "exec", host) if host else ()
    listener = Listener(hub, address, token, prefix)
    try:
        wait_for(
            lambda: listener.named("opened") | listener.named("refused") == set(NAMES), what="every listener's answer"
        )
        yield listener
    finally:
        listener.end()


def store_one_of_each(hub: HubProcess, number: int) -> None:
    """A capture, a detection, a health report, a reading and a frame."""
    answers = [
        requests.post(f"{hub.url}/api/captures", json=capture_result(f"E2003412{number:02d}"), timeout=10),
        post(hub, "/api/detection", g4()),
        post(hub, "/api/health", g4_health()),
        requests.post(f"{hub.url}/apriltag", json=record(), headers={"Authorization": TOKEN}, timeout=10),
        requests.post(f"{hub.url}/api/cameras/yard/frame", data=jpeg(), timeout=10),
    ]
    assert [answer.status_code < 300 for answer in answers] == [True] * 5, [answer.text for answer in answers]


def heard_again(listener: Listener, begin: int) -> bool:
    return listener.named("heard", begin) >= set(HEARING)


def test_a_stranger_hears_nothing(hub: AccessHub) -> None:
    with other_hosts(1) as (host,), listening(hub, "127.0.0.1") as own:
        assert own.named("refused") == set()
        with listening(hub, host.hub, host=host.name) as stranger:
            begin = len(own.lines)
            store_one_of_each(hub, 1)
            wait_for(lambda: heard_again(own, begin), what="this machine's hearing of all records")
            lines = stranger.end()
    assert stranger.named("refused") == set(NAMES) - {"game"}  # a board's or game's connection stays open
    heard = [line for line in lines if line.startswith("heard")]
    of_game = [line for line in heard if line.startswith("heard game")]
    assert len(of_game) == 3 and sum(AUTH_FAILED in line for line in of_game) == 2, of_game
    others = [line for line in heard if line not in of_game]
    assert all(line.startswith("heard rooms error") for line in others) and len(others) == 2, others


def test_who_loses_access_hears_nothing_more(hub: AccessHub) -> None:
    with other_hosts(1) as (host,), listening(hub, "127.0.0.1") as own:
        with listening(hub, host.hub, TOKENS["viewer"], host.name) as viewer:
            assert viewer.named("refused") == set()
            begin = len(own.lines)
            store_one_of_each(hub, 1)
            wait_for(
                lambda: heard_again(viewer, 0) and heard_again(own, begin), what="the viewer's hearing of all records"
            )
            assert requests.post(f"{hub.url}/revoke/viewer", timeout=10).text == "revoked"
            cut = {"results", "events", "video", "tracking", "mjpeg"}
            wait_for(lambda: viewer.named("closed") == cut, what="the end of the viewer's connections")
            count, begin = len(viewer.lines), len(own.lines)
            store_one_of_each(hub, 2)
            wait_for(lambda: heard_again(own, begin), what="this machine's hearing of all records")
            assert viewer.end()[count:] == []
    codes = {line.split()[1]: line.split()[2] for line in viewer.lines if line.startswith("closed")}
    assert {name: codes[name] for name in cut - {"mjpeg"}} == dict.fromkeys(cut - {"mjpeg"}, "1008")
    assert hub.get("/status")["open_connections"]["ended"] == 6  # the five and the game's role


def test_a_withdrawal_does_not_touch_others(hub: AccessHub) -> None:
    with listening(hub, "127.0.0.1") as own:
        requests.post(f"{hub.url}/revoke/viewer", timeout=10)
        begin = len(own.lines)
        store_one_of_each(hub, 1)
        wait_for(lambda: heard_again(own, begin), what="this machine's hearing of all records")
        assert own.named("closed") == set()


def test_a_board_whose_token_was_revoked_is_ignored(hub: AccessHub) -> None:
    with Board(hub, token=TOKENS["device"]) as board, GameClient(hub) as game:
        assert board.known == BOARD_KNOWN
        board.reading(tag_id=901)
        assert game.reading(901)["tag_id"] == 901
        requests.post(f"{hub.url}/revoke/device", timeout=10)
        board.say({"event": "apriltag_data", **record(tag_id=902)})
        assert board.quiet() and game.quiet()  # its connection stays open, since some boards never connect twice
