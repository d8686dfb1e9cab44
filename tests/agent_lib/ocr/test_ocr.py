"""The recognisers: digits or nothing, and how sure."""

from __future__ import annotations

import itertools
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from agent_lib.ocr import Digits, NumberReader, OcrError, make_reader
from agent_lib.ocr.ctc import best_path, likely_texts, text_probability, texts_probabilities
from agent_lib.ocr.ppocr import PpOcr, digit_columns, model_path
from agent_lib.simulator.scene_text import LOOKS, put_text


def _strip(text, look=0, size=(64, 240)):
    strip = np.full((*size, 3), 225, np.uint8)
    put_text(strip, text, (size[1] / 2, size[0] / 2), round(size[0] * 0.62), (25, 25, 25), look)
    return strip


class Says:
    """An engine whose answer is known: what the rules make of it is what is tested."""

    name = "says"

    def __init__(self, text, confidence):
        self.digits = Digits(text, confidence)

    def read(self, strip):
        return self.digits


@pytest.mark.parametrize("look", range(len(LOOKS)))
@pytest.mark.parametrize("number", ["01001", "98765", "23400"])
def test_printed_digits_are_read(look, number):
    text, digits = make_reader(SimpleNamespace(engine="auto"), 5).read(_strip(number, look))
    assert (text, digits.text) == (number, number)
    assert digits.confidence >= 0.9


def test_nothing_printed_reads_as_nothing():
    reader = make_reader(SimpleNamespace(engine="ppocr"), 5)
    assert reader.read(np.full((64, 240, 3), 225, np.uint8))[0] == ""
    assert reader.read(np.zeros((0, 0, 3), np.uint8)) == ("", Digits("", 0.0))
    assert reader.read(np.full((1, 1, 3), 9, np.uint8))[0] == ""
    noise = np.random.default_rng(1).integers(0, 255, (64, 240, 3), dtype=np.uint8)
    assert reader.read(noise)[0] == ""


@pytest.mark.parametrize(
    ("text", "confidence", "number"),
    [
        ("01001", 0.9, "01001"),
        ("01001", 0.899, ""),
        ("0100", 1.0, ""),
        ("010011", 1.0, ""),
        ("0100A", 1.0, ""),
        ("\u0661\u0662\u0663\u0664\u0665", 1.0, ""),
        ("", 1.0, ""),
    ],
)
def test_only_a_sure_number_of_the_right_length_is_reported(text, confidence, number):
    reader = NumberReader(Says(text, confidence), 5)
    assert reader.read(np.zeros((1, 1, 3), np.uint8)) == (number, Digits(text, confidence))


def test_engines_that_cannot_be_had_are_refused_with_a_sentence():
    with pytest.raises(
        OcrError, match='no OCR engine "tesseract": set ocr.engine to one of "auto", "crnn", "ppocr", "trocr"'
    ):
        make_reader(SimpleNamespace(engine="Tesseract"), 5)
    with pytest.raises(OcrError, match="target_digits"):
        make_reader(SimpleNamespace(engine="auto"), 0)


def test_one_model_for_the_process_and_any_thread():
    strips = {number: _strip(number, look) for look, number in enumerate(("10293", "84756", "55510", "00001"))}
    reader = make_reader(SimpleNamespace(engine="ppocr"), 5)
    assert reader.engine is make_reader(SimpleNamespace(engine="ppocr"), 6).engine
    seen = {}

    def read(number):
        seen[number] = [reader.read(strips[number])[0] for _ in range(3)]

    threads = [threading.Thread(target=read, args=(number,)) for number in strips]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {number: [number] * 3 for number in strips}


def test_a_file_that_is_no_model_is_named(tmp_path):
    path = tmp_path / "rec.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(OcrError, match="rec.onnx cannot be loaded"):
        PpOcr(path)
    assert model_path().is_file()


def test_digit_columns_come_after_the_blank():
    signs = "\n".join(["!", *"0123456789", "A"])
    assert digit_columns(signs, "m") == [0, *range(2, 12)]
    with pytest.raises(OcrError, match="does not list the digits"):
        digit_columns("A\nB", "m")


def test_best_path_merges_repeats_and_drops_blanks():
    path = [0, 3, 3, 0, 3, 1, 1, 0]
    assert best_path(np.eye(4)[path]) == [3, 3, 1]


def test_likely_texts_are_those_of_all_paths():
    rows = np.random.default_rng(7).dirichlet((0.4, 0.4, 0.4), 5)
    chances: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(3), repeat=5):
        text = tuple(best_path(np.eye(3)[list(path)]))
        chances[text] = chances.get(text, 0.0) + float(np.prod(rows[np.arange(5), path]))
    ranked = sorted((text for text in chances if text), key=lambda text: -chances[text])
    assert likely_texts(rows, 4) == ranked[:4]
    assert likely_texts(np.array([(1.0, 0.0, 0.0)] * 3), 4) == []
    found = texts_probabilities(np.stack([rows, rows[::-1]]), ranked[:6])
    assert found.shape == (2, 6)
    assert found[0] == pytest.approx([chances[text] for text in ranked[:6]])
    assert found[1, 2] == pytest.approx(text_probability(rows[::-1], ranked[2]))


def test_text_probability_is_the_sum_over_all_paths():
    rng = np.random.default_rng(3)
    rows = rng.random((5, 3))
    rows /= rows.sum(axis=1, keepdims=True)
    expected: dict[tuple, float] = {}
    for path in itertools.product(range(3), repeat=5):
        text = tuple(c for i, c in enumerate(path) if c and (i == 0 or c != path[i - 1]))
        expected[text] = expected.get(text, 0.0) + float(np.prod([rows[i, c] for i, c in enumerate(path)]))
    for text, probability in expected.items():
        assert text_probability(rows, list(text)) == pytest.approx(probability), text
    assert text_probability(rows, [1, 1, 1, 1]) == 0.0
