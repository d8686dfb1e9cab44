"""TrOCR's process and what the reader makes of it: processes that are slow, hang, die or talk nonsense."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from agent_lib.ocr import Digits, OcrError, make_reader
from agent_lib.ocr.trocr import NAME, UNCONFIRMED, TrOcrReader, wait_loaded
from agent_lib.ocr.trocr_process import TrOcrProcess
from agent_lib.ocr.trocr_wire import WireError, pack, receive
from tests.support.agent import AgentProcess
from tests.support.helpers import HubProcess, wait_for
from tests.support.trocr import SERVE, fake, gone, reader_of, strip


@pytest.mark.slow
def test_a_reading_that_takes_too_long_falls_back(
    start: Callable[..., TrOcrProcess], caplog: pytest.LogCaptureFixture
) -> None:
    process = start(
        "x",
        command=fake(SERVE + "time.sleep(0.3)\n    send(out, {'id': order['id'], 'text': '01001', 'confidence': 1.0})"),
    )
    assert process.wait(30)
    slow = reader_of(process, seconds=0.05)
    assert slow.read(strip("55555"))[0] == "55555" and slow.name != NAME
    # Still at the first strip: the next frame does not queue behind it, and its answer is not taken for this one's.
    assert process.read(strip("98765"), 8, 60) is None
    wait_for(lambda: process.read(strip("01001"), 8, 60) == Digits("01001", 1.0))
    assert "in a row" not in caplog.text
    for _ in range(3):
        wait_for(lambda: not process._asked)
        slow.read(strip("55555"))
    assert caplog.text.count("3 times in a row: set ocr.int8 to true or take a smaller model") == 1


def test_a_process_that_hangs_is_ended_and_started_again(start: Callable[..., TrOcrProcess]) -> None:
    process = start("x", command=fake(SERVE + "pass"), first_backoff=0.05, hang_seconds=0.1)
    assert process.wait(30)
    first = process.pid
    wait_for(lambda: process.read(strip("01001"), 8, 0.02) is None and process.pid not in (None, first))
    assert gone(first)


@pytest.mark.slow
def test_one_that_dies_whenever_it_loads_is_given_up(
    start: Callable[..., TrOcrProcess], caplog: pytest.LogCaptureFixture
) -> None:
    process = start("x", command=fake("sys.exit('no memory left')"), first_backoff=0.01)
    assert not process.wait(30)
    assert process.state == "failed" and process.starts == 3
    assert "exit status 1: no memory left" in process.reason and caplog.text.count("TrOCR cannot be used") == 1


@pytest.mark.slow
def test_nonsense_on_the_pipe_is_the_end_of_that_process(start: Callable[..., TrOcrProcess]) -> None:
    process = start(
        "x",
        command=fake("out.write(b'Loading weights: 100%\\n' * 50)\nout.flush()\ntime.sleep(60)"),
        first_backoff=0.01,
    )
    assert not process.wait(30) and process.starts == 3


def test_a_command_that_cannot_be_started(start: Callable[..., TrOcrProcess], tmp_path: Path) -> None:
    process = start("x", command=(str(tmp_path / "no python"),), first_backoff=0.01)
    assert not process.wait(30) and "could not be started" in process.reason


def test_stations_share_one_process_per_model(tmp_path: Path) -> None:
    ocr = SimpleNamespace(engine="trocr", model_id=str(tmp_path / "none"), int8=False)
    try:
        first, second = make_reader(ocr, 5), make_reader(ocr, 6)
        assert isinstance(first, TrOcrReader) and first._process is second._process
        assert (
            wait_loaded(ocr, 60) == f"There is no folder {ocr.model_id}: correct ocr.model_id."
            and first._process.starts == 1
        )
        assert wait_loaded(SimpleNamespace(engine="auto"), 0) == ""
    finally:
        for process in TrOcrProcess._shared.values():
            process.close()
        TrOcrProcess._shared.clear()


def test_messages_survive_the_pipe_in_pieces() -> None:
    data = pack({"do": "read", "id": 3}, b"\x00\xff" * 10) + pack({"state": "note", "text": "กขค"})
    pipe = io.BytesIO(data)
    assert (
        receive(pipe) == ({"do": "read", "id": 3, "bytes": 20}, b"\x00\xff" * 10)
        and receive(pipe)[0]["text"] == "กขค"
        and receive(pipe) is None
    )
    for end in range(len(pack({"id": 1}, b"abc"))):
        assert receive(io.BytesIO(pack({"id": 1}, b"abc")[:end])) is None
    for wrong in (b"Loading weights", b"\x00\x00\x00\x02[]", b"\x00\x00\x00\x02xx", pack({"id": 1})[:4] + b'{"bytes"'):
        with pytest.raises(WireError):
            receive(io.BytesIO(wrong + b" " * 70000))


def test_closing_takes_no_time_and_leaves_nothing(start: Callable[..., TrOcrProcess]) -> None:
    process = start("x", command=fake("time.sleep(600)"))
    pid = wait_for(lambda: process.pid)
    begun = time.monotonic()
    process.close()
    assert gone(pid) and time.monotonic() - begun < 10 and process.read(strip("01001"), 8, 1) is None


def test_what_the_default_engine_does_not_confirm_ends_no_capture_alone(start: Callable[..., TrOcrProcess]) -> None:
    process = start("x", command=fake(SERVE + "send(out, {'id': order['id'], 'text': '01001', 'confidence': 0.9999})"))
    assert process.wait(30)
    reader = reader_of(process)
    assert reader.read(np.full((64, 240, 3), 225, np.uint8)) == ("01001", Digits("01001", UNCONFIRMED))
    assert reader.read(strip("01001")) == ("01001", Digits("01001", 0.9999))


def test_while_it_loads_the_default_engine_reads_at_once(start: Callable[..., TrOcrProcess]) -> None:
    process = start("x", command=fake("receive(source)"))
    reader = reader_of(process)
    wait_for(lambda: process.pid)
    assert reader.name != NAME
    number, digits = reader.read(strip("55555"))
    assert (number, process.state) == ("55555", "loading") and digits.confidence >= 0.9 and reader.name != NAME


def test_the_default_engine_must_be_there() -> None:
    with pytest.raises(OcrError, match="target_digits"):
        TrOcrReader(SimpleNamespace(model_id="x", engine="trocr"), 0)


@pytest.mark.slow
def test_the_agent_goes_on_without_it(hub: HubProcess, tmp_path: Path) -> None:
    (tmp_path / "agent").mkdir()
    (tmp_path / "agent" / "agent.toml").write_text(
        f'[ocr]\nengine = "trocr"\nmodel_id = "{(tmp_path / "none").as_posix()}"\n', "utf-8"
    )
    with AgentProcess(
        "--instance",
        str(tmp_path / "agent"),
        "--hub",
        hub.url,
        "--captures",
        "2",
        output=tmp_path / "out",
        AGENT_SIMULATE_PAUSE="0",
    ) as agent:
        assert agent.process.wait(60) == 0, agent.text
    assert (
        agent.text.count("TrOCR cannot be used") == 1
        and "There is no folder" in agent.text
        and "Traceback" not in agent.text
    )
    assert [row["number"] for row in hub.get("/api/captures", limit=10)["captures"] if row["success"]]
