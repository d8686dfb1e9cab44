"""TagReader over real sockets."""

import logging
import random
import socket
import threading
import time

import pytest

from agent_lib.rfid import TagReader, try_reader
from agent_lib.runtime.moment import Moment
from tests.support.devices import a0_89, ascii_line, rfid_settings, short14, tcp_device
from tests.support.helpers import wait_for

EPC = bytes.fromhex("E2003412012345678900ABCD")
TAG = EPC.hex().upper()


class Seen:
    """Notes what a TagReader reports."""

    def __init__(self) -> None:
        self.reads = []

    def __call__(self, read, is_new) -> None:
        self.reads.append((read, is_new))

    @property
    def tags(self) -> list[str]:
        return [read.tag for read, _ in self.reads]


def run(reader: TagReader):
    """Start it and have it stopped at the end of the with block."""

    class Running:
        def __enter__(self):
            reader.start()
            return reader

        def __exit__(self, *error):
            reader.stop()

    return Running()


def hold(link: socket.socket) -> None:
    """Keep a connection open until the other end or the test closes it."""
    while link.recv(1024):
        pass


def test_every_sighting_is_reported_and_the_first_is_new():
    def serve(link, number):
        for _ in range(5):
            link.sendall(a0_89(EPC))
        hold(link)

    seen = Seen()
    with tcp_device(serve) as port, run(TagReader(rfid_settings(port), seen)) as reader:
        before = time.time()
        wait_for(lambda: len(seen.reads) == 5)
        assert [is_new for _, is_new in seen.reads] == [True, False, False, False, False]
        read = seen.reads[0][0]
        assert (read.tag, read.source, read.antenna) == (TAG, "A0_89", 1)
        assert abs(read.ts - before) < 60 and abs(read.mono - time.monotonic()) < 60
        status = reader.status()
        assert (
            status["state"] == "connected" and status["error"] == "" and status["last_tag_ts"] == seen.reads[-1][0].ts
        )
        assert status["address"] == f"127.0.0.1:{port}"
    assert reader.status()["state"] == "stopped"


def test_a_tag_with_a_doubtful_end_comes_without_more_bytes():
    uid = bytes.fromhex("1122334455667A0D")

    def serve(link, number):
        link.sendall(short14(uid))
        hold(link)

    seen = Seen()
    with tcp_device(serve) as port, run(TagReader(rfid_settings(port), seen)):
        wait_for(lambda: seen.tags == [uid.hex().upper()])


def test_a_lost_connection_is_said_and_made_again():
    def serve(link, number):
        link.sendall(a0_89(EPC[:-1] + bytes([number])))
        if number == 2:
            hold(link)

    seen = Seen()
    with tcp_device(serve) as port, run(TagReader(rfid_settings(port, reconnect_seconds=0.1), seen)) as reader:
        wait_for(lambda: reader.status()["error"] == "Connection lost")
        assert "Trying again" in reader.status()["message"]
        wait_for(lambda: len(seen.reads) == 3)
        wait_for(lambda: reader.status()["state"] == "connected")
        assert reader.status()["error"] == ""


@pytest.mark.parametrize(("limit", "events"), [(300.0, 1), (0.05, 3)])
def test_a_tag_that_stays_during_an_outage_is_one_event(limit: float, events: int):
    def serve(link, number):
        link.sendall(a0_89(EPC))
        if number == 2:
            hold(link)

    seen = Seen()
    settings = {"reconnect_seconds": 0.3, "debounce_seconds": 0.1, "present_window_seconds": 0.2}
    with tcp_device(serve) as port, run(TagReader(rfid_settings(port, resume_seconds=limit, **settings), seen)):
        wait_for(lambda: len(seen.reads) == 3)
    assert sum(is_new for _, is_new in seen.reads) == events


@pytest.mark.parametrize(("limit", "events"), [(300.0, [True, False, False, True]), (0.05, [True, True, False, True])])
def test_sightings_that_waited_while_the_agent_did_not_run_are_no_new_event(limit: float, events: list[bool]):
    paused, other = threading.Event(), EPC[:-1] + b"\x01"

    def serve(link, number):
        link.sendall(a0_89(EPC))
        paused.wait(10)
        link.sendall(a0_89(EPC) + a0_89(EPC) + a0_89(other))
        hold(link)

    seen = Seen()

    def pause_once(read, is_new):
        seen(read, is_new)
        if not paused.is_set():
            paused.set()
            time.sleep(1.0)

    settings = {"debounce_seconds": 0.1, "present_window_seconds": 0.4}
    with tcp_device(serve) as port, run(TagReader(rfid_settings(port, resume_seconds=limit, **settings), pause_once)):
        wait_for(lambda: len(seen.reads) == 4)
    assert [is_new for _, is_new in seen.reads] == events


def test_tags_of_an_earlier_run_that_are_still_there_are_no_events():
    other, late = EPC[:-1] + b"\x01", EPC[:-1] + b"\x02"

    def serve(link, number):
        link.sendall(a0_89(EPC) + a0_89(other) + a0_89(late))
        hold(link)

    seen, now = Seen(), Moment.now()
    before = {TAG: Moment(now.ts - 60, now.mono - 60), late.hex().upper(): Moment(now.ts - 999, now.mono - 999)}
    with tcp_device(serve) as port, run(TagReader(rfid_settings(port), seen, before=before)):
        wait_for(lambda: len(seen.reads) == 3)
    assert [(read.tag, is_new) for read, is_new in seen.reads] == [
        (TAG, False),
        (other.hex().upper(), True),
        (late.hex().upper(), True),
    ]


def test_a_reader_that_is_away_is_named_and_found_when_it_comes():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    seen = Seen()
    with run(TagReader(rfid_settings(port), seen)) as reader:
        wait_for(lambda: reader.status()["error"])
        assert reader.status()["error"].startswith(f"Cannot connect to 127.0.0.1:{port}: ")
        assert reader.status()["state"] == "connecting"
        with socket.create_server(("127.0.0.1", port)) as listener:
            listener.settimeout(10)
            link, _ = listener.accept()
            with link:
                link.sendall(ascii_line(EPC))
                wait_for(lambda: seen.tags == [TAG])


def test_the_wait_between_attempts_grows(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    reader = TagReader(rfid_settings(port, reconnect_seconds=0.01), Seen())
    waits = []
    real = reader._stop.wait
    monkeypatch.setattr(reader._stop, "wait", lambda seconds: (waits.append(seconds), real(min(seconds, 0.005)))[1])
    with run(reader):
        wait_for(lambda: len(waits) > 14)
    assert waits[:4] == [0.01, 0.02, 0.04, 0.08]
    assert max(waits) == 15.0


def test_a_silent_connection_is_made_anew():
    seen = Seen()
    states = set()

    def serve(link, number):
        states.add(reader.status()["state"])
        if number:
            link.sendall(a0_89(EPC))
        hold(link)

    reader = TagReader(rfid_settings(1, stale_seconds=0.2, reconnect_seconds=5.0), seen)
    with tcp_device(serve) as port:
        reader = TagReader(rfid_settings(port, stale_seconds=0.2, reconnect_seconds=5.0), seen)
        with run(reader):
            wait_for(lambda: seen.tags)
    assert seen.tags[0] == TAG


def test_silence_is_said(caplog):
    with tcp_device(lambda link, number: hold(link)) as port:
        with caplog.at_level(logging.WARNING), run(TagReader(rfid_settings(port, stale_seconds=0.1), Seen())):
            wait_for(lambda: "No data for 0.1 seconds" in caplog.text)
    assert caplog.text.count("No data") == 1


def test_keep_alive_is_on():
    options = []

    def serve(link, number):
        hold(link)

    with tcp_device(serve) as port, run(TagReader(rfid_settings(port), Seen())) as reader:
        link = wait_for(lambda: reader._link)
        options.append(link.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
    assert options == [1]


def test_a_callback_that_raises_costs_only_its_sighting(caplog):
    seen = Seen()

    def on_tag(read, is_new):
        seen(read, is_new)
        if len(seen.reads) == 1:
            raise RuntimeError("in the callback")

    def serve(link, number):
        link.sendall(a0_89(EPC) + short14(EPC[:8]))
        hold(link)

    with tcp_device(serve) as port, run(TagReader(rfid_settings(port), on_tag)) as reader:
        wait_for(lambda: len(seen.reads) == 2)
        assert reader.status()["state"] == "connected"
    assert "in the callback" in caplog.text


def test_random_bytes_are_named_and_a_tag_behind_them_is_read():
    go_on = threading.Event()

    def serve(link, number):
        link.sendall(random.Random(3).randbytes(200_000))
        go_on.wait(10)
        link.sendall(a0_89(EPC))
        hold(link)

    seen = Seen()
    with tcp_device(serve) as port, run(TagReader(rfid_settings(port), seen)) as reader:
        wait_for(lambda: "no tag record" in reader.status()["message"])
        assert reader.status()["state"] == "connected"
        go_on.set()
        wait_for(lambda: seen.tags == [TAG])
        assert "no tag record" not in reader.status()["message"]


def test_a_line_of_ten_thousand_characters_is_said_in_the_log(caplog):
    def serve(link, number):
        link.sendall(b"A" * 10_000 + b"\r\n" + ascii_line(EPC))
        hold(link)

    seen = Seen()
    with tcp_device(serve) as port, run(TagReader(rfid_settings(port), seen)):
        wait_for(lambda: seen.tags)
    assert seen.tags == [TAG]
    assert "ignored 1 line(s) of more than 128 hex digits" in caplog.text


def test_stop_returns_while_a_callback_free_reader_listens_and_no_thread_stays():
    with tcp_device(lambda link, number: hold(link)) as port:
        reader = TagReader(rfid_settings(port), Seen())
        reader.start()
        wait_for(lambda: reader.status()["state"] == "connected")
        reader.stop()
        assert not reader._thread.is_alive()


@pytest.mark.parametrize(
    ("data", "works", "says"),
    [
        (a0_89(EPC), True, f"it read tag {TAG} (A0_89)"),
        (b"", True, "no tag came"),
        (bytes(range(0x80, 0x9F)) * 400, False, "no tag record"),
    ],
)
def test_try_reader(data, works, says):
    def serve(link, number):
        link.sendall(data)
        hold(link)

    with tcp_device(serve) as port:
        answer = try_reader(rfid_settings(port), 0.3)
    assert answer[0] is works and says in answer[1], answer


def test_try_reader_without_a_reader():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    works, says = try_reader(rfid_settings(port), 1.0)
    assert not works and "Check its power, cable, address and port" in says
    assert try_reader(rfid_settings(port, host=""), 1.0)[0] is False
    with tcp_device(lambda link, number: None) as port:
        assert "another program" in try_reader(rfid_settings(port), 1.0)[1]
