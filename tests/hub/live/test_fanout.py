"""One message to many listeners, over real WebSockets: order, keys, slow listeners, counts."""

import json
import socket

import pytest
import requests

from tests.support import ws


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ws.running(
        tmp_path_factory.mktemp("fanout") / "server.log", send_stall_seconds=30.0, close_seconds=1.0
    ) as started:
        yield started


def make(server, name, **settings):
    requests.get(f"{server.url}/fanout", params={"settings": json.dumps({"name": name, **settings})}, timeout=10)


def listen(server, name, count=None, **arguments):
    """A listener that is known to be registered when this returns."""
    before = status(server, name)["listeners"]
    sock = ws.open_raw(server.port, f"/listen?name={name}&id={name}", **arguments)
    ws.until(lambda: status(server, name)["listeners"] == before + 1, what="the listener")
    return sock


def status(server, name):
    return server.state()["fanouts"][name]


def publish(server, name, **query):
    return requests.get(f"{server.url}/publish", params={"name": name, **query}, timeout=20).json()


def test_every_listener_hears_everything_in_order(server):
    make(server, "order", max_queue=1000)
    socks = [listen(server, "order") for _ in range(5)]
    publish(server, "order", count=200, size=100)
    for sock in socks:
        assert [int(ws.read_frame(sock)[1][:8]) for _ in range(200)] == list(range(200))
        sock.close()
    ws.until(lambda: status(server, "order")["listeners"] == 0)
    counted = status(server, "order")
    assert (
        counted["published"] == 200
        and counted["sent"] == 1000
        and counted["queued"] == 0
        and counted["dropped_listeners"] == 0
    )


def test_a_message_made_for_each_key_is_made_once_for_each(server):
    make(server, "keys")
    socks = [listen(server, "keys") for _ in range(3)]
    with ws.connect(server.port) as sock:
        sock.sendall(ws.upgrade_request("/listen?name=keys", Host="gate.local:2020"))
        assert b" 101 " in ws.received(sock)
        ws.until(lambda: status(server, "keys")["listeners"] == 4)
        assert sorted(publish(server, "keys", per_key=1)["calls"]) == ["127.0.0.1", "gate.local"]
        assert ws.read_frame(sock) == (1, b"hello gate.local")
    for sock in socks:
        assert ws.read_frame(sock) == (1, b"hello 127.0.0.1")
        sock.close()


def test_publishing_to_nobody_makes_nothing(server):
    make(server, "nobody")
    assert publish(server, "nobody", per_key=1)["calls"] == []


def test_a_listener_that_stops_reading_is_dropped_and_the_others_hear_on(server):
    make(server, "slow", max_queue=10, stall_seconds=0.5)
    slow, quick = listen(server, "slow", receive_buffer=4096), listen(server, "slow")
    for _ in range(6):
        publish(server, "slow", count=5, size=300_000)
        for _ in range(5):
            assert len(ws.read_frame(quick)[1]) == 300_000
    counted = ws.until(lambda: (now := status(server, "slow"))["dropped_listeners"] == 1 and now)
    assert counted["listeners"] == 1 and counted["dropped_messages"] >= 1
    with slow, quick:
        publish(server, "slow", count=1, size=100)
        assert len(ws.read_frame(quick)[1]) == 100
    ws.until(lambda: status(server, "slow")["listeners"] == 0)


def test_a_listener_too_far_behind_but_still_reading_is_told_1013(server):
    make(server, "behind", max_queue=3, stall_seconds=20)
    with listen(server, "behind", receive_buffer=4096) as sock:
        ws.until(
            lambda: (
                publish(server, "behind", count=10, size=300_000) and status(server, "behind")["dropped_listeners"] == 1
            )
        )
        heard = []
        while (frame := ws.read_frame(sock))[0] != 8:
            heard.append(int(frame[1][:8]))
        assert frame[1][:2] == b"\x03\xf5" and b"3 messages were waiting" in frame[1]
        sock.sendall(ws.frame(8, b"\x03\xf5"))
        assert sock.recv(1) == b""
    assert len(heard) < 10
    assert server.close_of("behind")["code"] == 1013


def test_old_messages_are_dropped_where_the_fanout_says_so(server):
    make(server, "newest", max_queue=3, drop_old=True)
    with listen(server, "newest", receive_buffer=4096) as sock:
        ws.until(
            lambda: (
                publish(server, "newest", count=10, size=300_000) and status(server, "newest")["dropped_messages"] > 0
            )
        )
        last = 0
        publish(server, "newest", count=1, size=20)
        while len(payload := ws.read_frame(sock)[1]) != 20:
            last = int(payload[:8])
        assert last == 9
        assert status(server, "newest")["dropped_listeners"] == 0


def test_publishing_to_a_listener_that_does_not_read_does_not_wait(server):
    make(server, "patient", max_queue=10_000, stall_seconds=60)
    with listen(server, "patient", receive_buffer=4096) as sock:
        publish(server, "patient", count=2000, size=1000)
        assert status(server, "patient")["queued"] > 500
        assert [int(ws.read_frame(sock)[1][:8]) for _ in range(2000)] == list(range(2000))


def test_listeners_that_vanish_are_forgotten(server):
    make(server, "gone")
    socks = [listen(server, "gone") for _ in range(3)]
    socks[0].close()
    socks[1].sendall(ws.frame(8, b"\x03\xe8"))
    socks[2].shutdown(socket.SHUT_RDWR)
    ws.until(lambda: status(server, "gone")["listeners"] == 0)
    for sock in socks[1:]:
        sock.close()


def test_every_sender_greenlet_is_named_by_the_supervisor(server):
    make(server, "named")
    with listen(server, "named"):
        assert any(name.startswith("named to 127.0.0.1:") for name in server.state()["greenlets"])


def test_the_answer_to_a_sender_comes_before_what_was_published_meanwhile(server):
    make(server, "hold")
    other = listen(server, "hold")
    with ws.connect(server.port) as sender:
        sender.sendall(ws.upgrade_request("/listen?name=hold"))
        assert b" 101 " in ws.received(sender)
        ws.until(lambda: status(server, "hold")["listeners"] == 2)
        sender.sendall(ws.frame(1, b"hello"))
        assert [ws.read_frame(sender)[1] for _ in range(2)] == [b"answer", b"during"]
        assert [ws.read_frame(other)[1] for _ in range(2)] == [b"during", b"not for the sender"]
        publish(server, "hold", count=1, size=8)
        assert ws.read_frame(sender) == (1, b"00000000")
    other.close()
