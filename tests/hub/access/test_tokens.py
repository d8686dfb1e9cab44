"""The token of AprilTag boards."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pytest
import requests

from hub.access.tokens import BoardToken, board_token
from tests.support.helpers import HubProcess, wait_for
from tests.support.tags import record


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "Jesus333!!!",
        "Bearer",
        "Bearer x",
        "two words",
        " spaces around ",
        "Grüße ✓ 日本",
        "a" * 5000,
        "'\"\\{}%s\n",
    ],
)
def test_tokens_of_any_length_and_characters(token: str) -> None:
    found = BoardToken(token)
    assert found.matches(token) and found.fresh == ""
    assert not any(
        found.matches(text) for text in (token + "x", "x" + token, token[:-1], "", None, 5, [token], token.encode())
    )
    as_sent = token.strip().encode().decode("latin-1")  # what WSGI makes of a header's bytes
    assert found.matches_header(as_sent) and found.matches_header(f"Bearer {as_sent}")
    assert not any(
        found.matches_header(text)
        for text in (None, "", as_sent + "x", f"Basic {as_sent}", "Bearer"[: len(as_sent) - 1])
    )


def test_a_token_is_made_once_and_kept_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "apriltag_token"
    made = board_token("", path)
    assert len(made.fresh) >= 12 and made.matches(made.fresh)
    again = board_token("", path)
    assert again.fresh == "" and again.matches(made.fresh)
    assert board_token("mine", path).matches("mine") and not board_token("mine", path).matches(made.fresh)
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("")
    assert board_token("", path).fresh not in ("", made.fresh)
    path.write_text("by hand\n")
    assert board_token("", path).matches("by hand")


@pytest.mark.slow
def test_the_start_shows_a_made_token_once_and_the_log_never(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "instance")
    with hub:
        token = (tmp_path / "instance" / "apriltag_token").read_text("utf-8").strip()
        wait_for(lambda: "Stop with Ctrl-C" in hub.text(), what="the end of the start's text")
        assert hub.text().count(token) == 1
        assert (
            requests.post(
                f"{hub.url}/apriltag", json=record(), headers={"Authorization": token}, timeout=10
            ).status_code
            == 200
        )
        assert (
            requests.post(f"{hub.url}/apriltag", json=record(), headers={"Authorization": "x"}, timeout=10).status_code
            == 401
        )
    with hub:
        wait_for(lambda: hub.text().count("Stop with Ctrl-C") == 2, what="the end of the second start's text")
        assert hub.text().count(token) == 1
        assert (
            requests.post(
                f"{hub.url}/apriltag", json=record(), headers={"Authorization": token}, timeout=10
            ).status_code
            == 200
        )
        assert token not in json.dumps(hub.get("/status")) and token not in (
            tmp_path / "instance" / "hub.log"
        ).read_text("utf-8")
