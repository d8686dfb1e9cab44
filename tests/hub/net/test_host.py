"""Host headers: one name for each spelling, and what is malformed."""

from __future__ import annotations

import pytest

from hub.net import host
from hub.net.host import parse_host, request_host


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("localhost", "localhost"),
        ("LocalHost:5000", "localhost"),
        ("localhost.:5000", "localhost"),
        ("gate-1.example:", "gate-1.example"),
        ("192.168.1.10:5000", "192.168.1.10"),
        ("[::1]:5000", "[::1]"),
        ("[0:0::1]", "[::1]"),
        ("[fe80::1%25eth0]:5000", "[fe80::1]"),
    ],
)
def test_one_name_for_each_spelling(text: str, name: str) -> None:
    assert parse_host(text) == name


@pytest.mark.parametrize(
    "text",
    ["", ".", "a..b", ".a", "a..", "-a", "a-", "a_b", "a b", "a/b", "u@a", "%61", "a:b", "a:1:2", "a:65536", ":80"]
    + ["[::1", "::1", "[::1]x", "[1:2]", "[]", "a" * 64, ".".join(["a" * 60] * 5), "caf\u00e9", "a\n"],
)
def test_malformed(text: str) -> None:
    assert parse_host(text) is None


def test_this_machines_own_name_may_have_an_underscore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host.socket, "gethostname", lambda: "GATE_PC")
    assert parse_host("gate_pc:5001") == "gate_pc"


def test_the_name_of_a_request() -> None:
    assert request_host({host.KEY: "gate", "HTTP_HOST": "other"}) == "gate"
    assert request_host({"HTTP_HOST": "Gate:1"}) == "gate"
    assert request_host({}) == "127.0.0.1"
    assert request_host({"HTTP_HOST": "a_b"}) == ""
