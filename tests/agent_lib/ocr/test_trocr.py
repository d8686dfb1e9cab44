"""The engine "trocr": a real model in a real process, broken folders, downloads."""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil
import pytest

from agent_lib.ocr.trocr import NAME
from agent_lib.ocr.trocr_process import ROOT, TrOcrProcess
from tests.support.helpers import wait_for
from tests.support.model_hub import model_hub
from tests.support.trocr import NUMBERS, gone, reader_of, strip

pytestmark = pytest.mark.slow

UNKNOWN = strip("55555")
"""A number that the tiny model never saw: it reads another one, and is sure of it."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model's folder, made in a process of its own, so that no torch stays in the tests'."""
    folder = tmp_path_factory.mktemp("trocr") / "tiny model ไทย"
    code = (
        f"import sys; sys.path[:0] = [{str(ROOT)!r}]; from pathlib import Path; from tests.support.trocr import "
        f"make_model; make_model(Path({str(folder)!r}))"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        timeout=120,
        capture_output=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    return folder


@pytest.fixture(scope="module")
def ready(model: Path) -> Iterator[TrOcrProcess]:
    process = TrOcrProcess(str(model), int8=False, first_backoff=0.05)
    process.start()
    with closing(process):
        assert process.wait(120), process.reason
        yield process


def test_it_reads_what_it_learnt_and_says_how_sure(ready: TrOcrProcess) -> None:
    reader = reader_of(ready)
    for number in NUMBERS:
        text, digits = reader.read(strip(number))
        assert (text, digits.text, reader.name) == (number, number, "trocr")
        assert 0.9 <= digits.confidence < 1.0


def test_the_confidence_is_that_of_exactly_this_text(ready: TrOcrProcess) -> None:
    whole = ready.read(strip("01001"), 8, 60)
    cut = ready.read(strip("01001"), 3, 60)
    assert (cut.text, cut.confidence) == ("010", 0.0), "a text cut before its end is never sure"
    blurred = ready.read(np.full((64, 240, 3), 225, np.uint8), 8, 60)
    assert blurred.confidence < whole.confidence


def test_the_rule_of_digits_holds(ready: TrOcrProcess) -> None:
    number, digits = reader_of(ready, digits=6).read(strip("01001"))
    assert (number, digits.text) == ("", "01001")


def test_two_that_are_sure_and_disagree_report_nothing(ready: TrOcrProcess) -> None:
    alone = ready.read(UNKNOWN, 8, 60)
    assert alone.text != "55555" and alone.confidence > 0.9, "this model is surely wrong, or the test shows nothing"
    number, digits = reader_of(ready).read(UNKNOWN)
    assert number == "" and digits.confidence < 0.5


def test_an_empty_strip_reads_as_nothing(ready: TrOcrProcess) -> None:
    assert reader_of(ready).read(np.zeros((0, 0, 3), np.uint8))[0] == ""


def test_several_threads_get_their_own_answers(ready: TrOcrProcess) -> None:
    reader, seen = reader_of(ready), {}

    def read(number: str) -> None:
        seen[number] = {reader.read(strip(number))[0] for _ in range(5)}

    threads = [threading.Thread(target=read, args=(number,)) for number in NUMBERS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {number: {number} for number in NUMBERS}


def test_int8_reads_the_same(start: Callable[..., TrOcrProcess], model: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    process = start(model, int8=True)
    assert process.wait(120), process.reason
    assert [process.read(strip(number), 8, 60).text for number in NUMBERS] == list(NUMBERS)
    assert "int8 cannot be had" not in caplog.text


def broken(folder: Path, model: Path, name: str, content: bytes | None) -> Path:
    shutil.copytree(model, folder)
    (folder / name).unlink() if content is None else (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("model.safetensors", None, "its model.safetensors is missing"),
        ("model.safetensors", b"\x10\x00\x00", "Safetensor"),
        ("preprocessor_config.json", None, "its preprocessor_config.json is missing"),
        ("config.json", b"{", "config.json"),
        ("config.json", b'{"model_type": "bert"}', "is a bert and no TrOCR"),
    ],
)
def test_a_broken_folder_is_said_once_and_the_default_reads(
    start: Callable[..., TrOcrProcess],
    model: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    name: str,
    content: bytes | None,
    words: str,
) -> None:
    process = start(broken(tmp_path / "m", model, name, content))
    assert not process.wait(120)
    reader = reader_of(process)
    for _ in range(3):
        assert reader.read(strip("55555"))[0] == "55555" and reader.name != NAME
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(said) == 1 and said[0].startswith('TrOCR cannot be used, the engine "auto" reads instead: ')
    assert words in said[0] and "\n" not in said[0] and process.starts == 1
    wait_for(lambda: process.pid is None)


def test_weights_of_another_model_are_refused(start: Callable[..., TrOcrProcess], model: Path, tmp_path: Path) -> None:
    """transformers would fill what is absent with random numbers and read on."""
    config = json.loads((model / "config.json").read_text("utf-8"))
    config["decoder"]["decoder_layers"] = 2
    process = start(broken(tmp_path / "m", model, "config.json", json.dumps(config).encode()))
    assert not process.wait(120) and "does not fit its config.json" in process.reason


def test_a_folder_that_is_not_there(start: Callable[..., TrOcrProcess], tmp_path: Path) -> None:
    for name in (str(tmp_path / "none"), "./none", "a/b/c", "C:\\models\\trocr"):
        process = start(name)
        assert not process.wait(60) and process.reason == f"There is no folder {name}: correct ocr.model_id."


@pytest.mark.parametrize("offline", ["0", "1"])
def test_a_name_without_a_network_ends_soon(
    start: Callable[..., TrOcrProcess], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offline: str
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{closed.getsockname()[1]}")
        monkeypatch.setenv("HF_HOME", str(tmp_path))
        monkeypatch.setenv("HF_HUB_OFFLINE", offline)
        process = start("someone/trocr-tiny")
        assert not process.wait(60)
    assert process.reason.startswith("The model someone/trocr-tiny is not on this machine and ")
    assert ("HF_HUB_OFFLINE forbids downloads" if offline == "1" else "cannot be reached") in process.reason
    assert process.reason.endswith("give ocr.model_id the folder of a copy.")


@pytest.fixture
def hub_of_models(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A model hub that has the model; what it is asked for."""
    with model_hub(model, tmp_path / "hf", monkeypatch) as asked:
        yield asked


def test_a_name_is_downloaded_once(
    start: Callable[..., TrOcrProcess], model: Path, hub_of_models: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    process = start("someone/tiny")
    assert process.wait(120), process.reason
    assert process.read(strip("98765"), 8, 60).text == "98765"
    assert "TrOCR downloads someone/tiny" in caplog.text
    fetched = {path.rpartition("/")[2] for path in hub_of_models if "/resolve/" in path}
    assert fetched == {path.name for path in model.iterdir()}, "only what reading needs"
    hub_of_models.clear()
    code = "from agent_lib.ocr.trocr_model import folder_of; print(folder_of('someone/tiny', print))"
    again = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert (Path(again.stdout.strip()) / "model.safetensors").is_file() and hub_of_models == [], (
        "what is here needs no network"
    )


def test_a_name_that_no_hub_knows(start: Callable[..., TrOcrProcess], hub_of_models: list[str]) -> None:
    process = start("someone/else")
    assert (
        not process.wait(60) and process.reason == "There is no folder and no model someone/else: correct ocr.model_id."
    )


def test_it_comes_back_after_it_was_killed(ready: TrOcrProcess, caplog: pytest.LogCaptureFixture) -> None:
    process, first, starts = ready, ready.pid, ready.starts
    psutil.Process(first).kill()
    wait_for(lambda: process.state != "ready")
    reader = reader_of(process)
    assert reader.read(strip("55555"))[0] == "55555" and reader.name != NAME, "nothing waits for the new start"
    assert process.wait(120)
    assert process.pid != first and process.starts == starts + 1 and gone(first)
    assert reader.read(strip("01001"))[0] == "01001" and reader.name == NAME
    assert caplog.text.count("is started again in") == 1


@pytest.mark.parametrize("when", ["loading", "ready"])
def test_it_dies_with_its_parent(model: Path, tmp_path: Path, when: str) -> None:
    code = (
        f"import sys, time; sys.path.insert(0, {str(ROOT)!r})\nfrom agent_lib.ocr.trocr_process import "
        f"TrOcrProcess\np = TrOcrProcess({str(model)!r}, False)\np.start()\n"
        f"while p.state != {when!r} or not p.pid: time.sleep(0.01)\nprint(p.pid, "
        f"sorted({{'torch', 'transformers', 'PIL'}} & set(sys.modules)), flush=True)\ntime.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        pid, _, heavy = parent.stdout.readline().strip().partition(" ")
        child = int(pid)
        assert heavy == "[]", "nothing of this is loaded into the agent"
        assert psutil.Process(child).ppid() == parent.pid
        parent.kill()
    wait_for(lambda: gone(child), 30)
