"""The label reader's own network: it reads what is printed, is silent on what cannot be read, and its confidence is
honest.
"""

from __future__ import annotations

import json
import sys
import threading
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from agent_lib.label.code_file import load_label_code
from agent_lib.label.reader import digit_strip
from agent_lib.ocr import Digits, OcrError, make_reader
from agent_lib.ocr.crnn import MODEL, VARIANTS, Crnn, calibrated, log_odds, tensor, varied
from agent_lib.ocr.ctc import text_probabilities, text_probability
from agent_lib.simulator import scene_label

TOOLS = str(Path(__file__).resolve().parents[3] / "tools")
if TOOLS not in sys.path:
    sys.path.append(TOOLS)

from label_fonts import faces  # noqa: E402
from label_render import StripRenderer  # noqa: E402

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def reader():
    return make_reader(SimpleNamespace(engine="crnn"), 5)


def strip_of(number: str, seed: int, width: int = 480, blur: float = 0.0, change=None) -> np.ndarray:
    """The strip of a board `width` pixels wide, seen straight on."""
    board = scene_label.board(number, np.random.default_rng(seed))
    if change is not None:
        change(board)
    small = cv2.resize(board, (width, round(width * 842 / 1191)), interpolation=cv2.INTER_AREA)
    if blur:
        small = cv2.GaussianBlur(small, (0, 0), blur)
    return digit_strip(cv2.resize(small, (480, 339), interpolation=cv2.INTER_CUBIC), load_label_code())


@pytest.mark.parametrize("number", ["01001", "98765", "23400", "00000", "11111", "66969"])
def test_digits_are_read_near_and_far(reader, number):
    for seed, width in enumerate((480, 300, 160, 110)):
        text, digits = reader.read(strip_of(number, seed, width))
        assert (text, digits.text) == (number, number), f"{width} px"
        assert digits.confidence >= 0.9


def test_grey_strips_are_read(reader):
    assert reader.read(strip_of("40213", 5)[:, :, 1].copy())[0] == "40213"


def test_nothing_printed_reads_as_nothing(reader):
    assert reader.read(np.zeros((0, 0, 3), np.uint8)) == ("", Digits("", 0.0))
    assert reader.read(np.full((1, 1, 3), 9, np.uint8))[0] == ""
    assert reader.read(np.full((64, 240, 3), 225, np.uint8))[0] == ""
    rng = np.random.default_rng(1)
    for size in ((64, 240, 3), (103, 337, 3)):
        assert reader.read(rng.integers(0, 255, size, dtype=np.uint8))[0] == ""
    assert reader.read(strip_of("", 3))[0] == ""


@pytest.mark.parametrize("number", ["1234", "123456", "7"])
def test_a_number_of_another_length_is_seen_and_not_reported(reader, number):
    text, digits = reader.read(strip_of(number, 2))
    assert (text, digits.text) == ("", number)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("way", ["left", "right", "above", "below", "one"])
def test_hidden_digits_are_never_guessed(reader, seed, way):
    rng = np.random.default_rng([seed, 40])
    number = f"{rng.integers(100000):05d}"
    tone = tuple(int(v) for v in rng.integers(10, 220, 3))

    def cover(board):
        places = {
            "left": ((0, 400), (0, 842)),
            "right": ((790, 1191), (0, 842)),
            "above": ((0, 1191), (0, 424)),
            "below": ((0, 1191), (418, 842)),
            "one": ((550, 640), (0, 842)),
        }
        x, y = places[way]
        board[y[0] : y[1], x[0] : x[1]] = tone

    assert reader.read(strip_of(number, seed, 320, 0.4, cover))[0] == ""


@pytest.mark.slow
def test_confident_readings_of_held_out_strips_are_right(reader):
    """The renders of the training with another seed: hard ones, with hidden digits and other lengths among them."""
    renderer = StripRenderer(faces(np.random.default_rng(1), system=False), np.random.default_rng(2024))
    read, whole, wrong = 0, 0, []
    for index in range(400):
        sample = renderer.sample((0.3, 0.6, 0.85, 1.0)[index % 4])
        number, digits = reader.read(sample.strip)
        whole += len(sample.text) == 5 and sample.text.isdigit()
        read += number == sample.text and number != ""
        if number and number != sample.printed:
            wrong.append((sample.printed, number, digits.confidence))
    assert read / whole > 0.7
    assert len(wrong) <= 0.01 * read, wrong


def test_one_network_for_any_thread(reader):
    numbers = ("10293", "84756", "55510", "00001")
    strips = {number: strip_of(number, index) for index, number in enumerate(numbers)}
    assert make_reader(SimpleNamespace(engine="crnn"), 6).engine is reader.engine
    seen = {}

    def read(number):
        seen[number] = [reader.read(strips[number])[0] for _ in range(5)]

    threads = [threading.Thread(target=read, args=(number,)) for number in strips]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {number: [number] * 5 for number in strips}


def test_the_file_and_what_was_measured_of_it_belong_together():
    report = json.loads(MODEL.with_suffix(".json").read_text(encoding="utf-8"))
    assert MODEL.stat().st_size == report["bytes"] < 3_000_000
    assert report["parameters"] < 750_000
    easy, hard = report["held_out"]["easy"], report["held_out"]["hard"]
    assert easy["exact"] >= 0.98
    assert hard["exact"] >= 0.9
    assert Crnn().calibrated(0.99) == calibrated(0.99, report["calibration"]["slope"], report["calibration"]["offset"])


def test_calibration_is_a_logistic_of_the_log_odds():
    assert calibrated(0.8, 1.0, 0.0) == pytest.approx(0.8)
    assert calibrated(0.5, 2.0, np.log(3)) == pytest.approx(0.75)
    assert calibrated(1.0, 1.0, 5.0) < 1
    assert log_odds(0.0) == pytest.approx(-log_odds(1.0))


def test_a_file_that_is_no_model_is_named(tmp_path):
    path = tmp_path / "reader.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(OcrError, match="reader.onnx cannot be loaded .*tools/train_label_reader.py"):
        Crnn(path)
    with pytest.raises(OcrError, match="cannot be loaded"):
        Crnn(tmp_path / "none.onnx")


def test_the_probability_of_a_text_is_the_sum_over_its_paths():
    rng = np.random.default_rng(1)
    rows = rng.dirichlet(np.ones(4), (3, 5))
    for text in ([], [1], [2, 2], [1, 3, 2]):
        expected = np.zeros(3)
        for path in product(range(4), repeat=5):
            merged = [c for i, c in enumerate(path) if c and (i == 0 or c != path[i - 1])]
            if merged == text:
                expected += np.prod([rows[:, step, c] for step, c in enumerate(path)], axis=0)
        assert text_probabilities(rows, text) == pytest.approx(expected)
        assert text_probability(rows[0], text) == pytest.approx(expected[0])


def test_a_doubtful_strip_is_read_again_in_variants():
    network = Crnn()
    calls = []
    inner = network._all_probabilities

    def counted(lines):
        calls.append(len(lines))
        return inner(lines)

    network._all_probabilities = counted
    assert network.read(strip_of("40213", 5)).text == "40213"
    assert calls == [1]
    doubtful = 0
    for seed in range(12):
        calls.clear()
        rng = np.random.default_rng(seed)
        strip = strip_of("40213", seed, 60, 1.2)
        network.read(np.clip(strip * 0.15 + rng.normal(20, 14, strip.shape), 0, 255).astype(np.uint8))
        assert calls in ([1], [1, len(VARIANTS)])
        doubtful += len(calls) > 1
    assert doubtful
    line = tensor(strip_of("40213", 5))
    moved = varied(line)
    assert moved.shape == (len(VARIANTS), *line.shape[1:])
    for one in moved:
        assert 0.01 < np.abs(one - line[0]).mean() < 1.0, "moved and scaled a little"
