"""Which hubs there are, what they want, and when everything that they sent has come."""

from __future__ import annotations

import pytest

from hub.cluster.envelope import Hello, read_hello, unwrap, wrap
from hub.cluster.peers import MISSED_SECONDS, SILENT_SECONDS, Peers

ONE, OTHER = "1" * 32, "2" * 32


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def hello(hub: str = ONE, session: int = 1, topics: tuple[str, ...] = (), **more: object) -> Hello:
    return Hello(hub, "gate", session, frozenset(topics), **more)


def test_a_hub_joins_once_for_each_of_its_connections_and_tells_what_is_new() -> None:
    peers = Peers({}, Clock())
    assert peers.heard(hello(topics=("pages",))) == (True, frozenset({"pages"}))
    assert peers.heard(hello(topics=("pages", "results"))) == (False, frozenset({"results"}))
    assert peers.want("results") and not peers.want("frame/yard")
    assert peers.heard(hello(session=2, topics=("results",))) == (True, frozenset({"results"}))
    assert not peers.want("pages")


def test_nothing_is_complete_while_a_hub_is_away_that_has_not_said_goodbye() -> None:
    clock = Clock()
    peers = Peers({}, clock)
    peers.heard(hello(ONE))
    peers.heard(hello(OTHER))
    assert peers.complete_since(clock.now - 1) and not peers.complete_since(clock.now)
    clock.now += SILENT_SECONDS + 1
    peers.heard(hello(OTHER))
    peers.expire()
    assert ONE not in peers and OTHER in peers
    assert not peers.complete_since(clock.now - 1)
    peers.heard(hello(ONE))
    assert peers.complete_since(clock.now - 1)
    peers.heard(hello(ONE, leaves=True))
    assert ONE not in peers and peers.complete_since(clock.now - 1)


def test_a_hub_that_never_comes_back_is_forgotten() -> None:
    clock = Clock()
    peers = Peers({}, clock)
    peers.heard(hello())
    peers.lost()
    assert not peers.complete_since(0)
    clock.now += MISSED_SECONDS + 1
    peers.expire()
    assert peers.complete_since(0)


def test_a_hub_with_other_keys_is_no_peer() -> None:
    peers = Peers({"session_key": "a", "device_token.txt": "b"})
    assert peers.heard(hello(topics=("pages",), keys={"session_key": "c"})) == (False, frozenset())
    assert not len(peers) and not peers.want("pages") and [name for name, _ in peers.strangers.values()] == ["gate"]
    peers.heard(hello(OTHER, keys={"session_key": "a"}))
    assert OTHER in peers


def test_a_hello_is_read_as_it_was_written() -> None:
    sent = hello(topics=("frame/ที่จอด", "pages"), keys={"session_key": "ab"}, leaves=True)
    assert read_hello(sent.encoded()) == sent


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b'{"hub":"x","name":"n","session":1,"topics":[],"keys":{}}',
        b'{"hub":"%b","name":"n","session":true,"topics":[],"keys":{}}' % ONE.encode(),
        b'{"hub":"%b","name":"n","session":1,"topics":[5],"keys":{}}' % ONE.encode(),
        b'{"hub":"%b","name":"n","session":1,"topics":["%b"],"keys":{}}' % (ONE.encode(), b"x" * 300),
        b'{"hub":"%b","name":"n","session":1,"topics":[],"keys":{"a":1}}' % ONE.encode(),
        b'{"hub":"%b","name":"n","session":1,"topics":[],"keys":{}, "x":"%b"}' % (ONE.encode(), b"x" * 600_000),
    ],
)
def test_what_is_no_hello_is_none(text: bytes) -> None:
    assert read_hello(text) is None


def test_an_envelope_names_its_sender() -> None:
    assert unwrap(wrap(ONE, b"body")) == (ONE, b"body")
    assert unwrap(b"body") is None and unwrap(b"GH1" + b"g" * 32) is None and unwrap(b"GH1") is None
