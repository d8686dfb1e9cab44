"""The edge code as a file of the site's own, and what a reading says of several labels and of doubtful ones."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from agent_lib.label.code import LabelCodeError
from agent_lib.label.code_file import DEFAULT_PATH, load_label_code
from agent_lib.label.finder import LabelFinder
from agent_lib.label.reader import LabelReader
from agent_lib.label.reading import UNCERTAIN
from agent_lib.simulator import scene_label
from agent_lib.simulator.scene import empty_gate
from tests.support.label import corners_of, dirty, other_code, picture


def _written(path, code):
    data = {
        "board": [code.width, code.height],
        "panel": code.panel,
        "tick": {"width": code.tick_width, "length": code.tick_length, "pitch": code.pitch},
    }
    for edge, starts in code.ticks.items():
        along, across = ("x", "y") if edge in ("top", "bottom") else ("y", "x")
        data[edge] = {along: starts, across: code.across[edge]}
    path.write_text(json.dumps(data), encoding="utf-8")
    return str(path)


def _ocr(**more):
    return SimpleNamespace(engine="ppocr", **more)


def test_the_code_that_comes_with_the_agent():
    code = load_label_code()
    assert code == load_label_code("") == load_label_code(DEFAULT_PATH)
    assert (code.width, code.height, code.panel) == (1191, 842, (90, 90, 1101, 752))
    assert [len(code.ticks[edge]) for edge in ("top", "right", "bottom", "left")] == [15, 5, 9, 11]
    assert all(set(code.ticks[edge]) <= set(code.comb(edge)) for edge in code.ticks)


@pytest.mark.slow
def test_a_site_with_labels_of_its_own(tmp_path):
    rng = np.random.default_rng(21)
    code = other_code(rng)
    ours = picture(scene_label.board("55512", rng, code), corners_of(300, (900, 560)), rng)
    usual = picture(scene_label.board("55512", rng), corners_of(300, (900, 560)), rng)
    reader = LabelReader(_ocr(label_code=_written(tmp_path / "our code.json", code)), 5)
    assert reader.read(ours).number == "55512"
    assert not reader.read(usual).found
    assert not LabelReader(_ocr(label_code=""), 5).read(ours).found


def test_a_changed_file_is_read_again(tmp_path):
    path = tmp_path / "code.json"
    _written(path, load_label_code())
    first = load_label_code(path)
    _written(path, other_code(np.random.default_rng(1)))
    os.utime(path, ns=(1, 1))
    assert load_label_code(path).ticks != first.ticks


def test_files_that_are_no_code(tmp_path):
    with pytest.raises(LabelCodeError, match="Cannot read .*none.json.*ocr.label_code"):
        load_label_code(tmp_path / "none.json")
    with pytest.raises(LabelCodeError, match="Cannot read"):
        LabelReader(_ocr(label_code=str(tmp_path)), 5)
    path = tmp_path / "picture.json"
    path.write_bytes(b"\xff\xd8\xff\xe0 not text")
    with pytest.raises(LabelCodeError, match="not text"):
        load_label_code(path)


@pytest.mark.parametrize(
    "change",
    [
        {"board": [10, 10]},
        {"board": [300, 220], "panel": [30, 30, 270, 190]},
        {"board": [1191]},
        {"board": "A4"},
        {"panel": [90, 90, 1300, 752]},
        {"panel": [90, 90, 1101]},
        {"tick": {"width": 15, "length": 35, "pitch": 0}},
        {"tick": {"width": 60, "length": 35, "pitch": 45}},
        {"top": {"y": 55, "x": []}},
        {"top": {"y": 55, "x": [1191]}},
        {"top": {"y": 55, "x": [-45]}},
        {"left": {"x": 1180, "y": [0, 45]}},
        {"right": None},
    ],
)
def test_numbers_that_make_no_board(tmp_path, change):
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(json.loads(DEFAULT_PATH.read_text("utf-8")) | change), encoding="utf-8")
    with pytest.raises(LabelCodeError, match="broken.json is not usable"):
        load_label_code(path)


def test_all_labels_in_view_are_read_the_best_first():
    rng = np.random.default_rng(7)
    image = empty_gate(3)
    scene_label.place(scene_label.board("11311", rng), corners_of(320, (500, 520), 5), image)
    scene_label.place(scene_label.board("22522", rng), corners_of(200, (1300, 640), -8), image)
    reading = LabelReader(_ocr(), 5).read(image)
    assert reading.labels == 2
    assert len(reading.others) == 1
    assert {reading.number, reading.others[0].number} == {"11311", "22522"}
    assert reading.score >= reading.others[0].score
    assert reading.others[0].picture is not None
    assert "2 labels are in view" in reading.message
    assert "11311" in reading.message
    assert "22522" in reading.message


@pytest.mark.slow
def test_of_many_labels_the_best_are_read_and_all_are_counted():
    rng = np.random.default_rng(9)
    image = np.full((1080, 1920, 3), 80, np.uint8)
    for place in range(6):
        scene_label.place(
            scene_label.board(f"{place}" * 5, rng),
            corners_of(260, (320 + 600 * (place % 3), 300 + 450 * (place // 3))),
            image,
        )
    reading = LabelReader(_ocr(), 5).read(image)
    assert (reading.labels, len(reading.others)) == (6, 3)
    assert "6 labels are in view" in reading.message
    assert "and 2 more" in reading.message


def test_one_label_needs_no_message():
    rng = np.random.default_rng(8)
    reading = LabelReader(_ocr(), 5).read(picture(scene_label.board("31313", rng), corners_of(300, (900, 560)), rng))
    assert (reading.number, reading.labels, reading.others, reading.weak, reading.message) == (
        "31313",
        1,
        [],
        False,
        "",
    )


@pytest.mark.slow
def test_a_doubtful_label_reports_no_number_but_tells_what_it_saw():
    """The number is there for a second frame to agree with; alone it is not reported (finder score under 0.5)."""
    reader, weak = LabelReader(_ocr(), 5), []
    for seed in range(700, 712):
        rng = np.random.default_rng(seed)
        board = dirty(scene_label.board("55055", rng), rng, 170)
        reading = reader.read(picture(board, corners_of(320, (900, 560), 3), rng))
        weak += [reading] if reading.weak else []
    assert weak
    for reading in weak:
        assert (reading.found, reading.number, reading.reason) == (True, "", UNCERTAIN)
        assert reading.raw_text == "55055"
        assert reading.confidence >= 0.9
        assert reading.corners is not None


@pytest.mark.parametrize("size", [(360, 1440), (1440, 360), (8000, 2000)])
def test_boards_of_every_shape(tmp_path, size):
    width, height = size
    code = replace(
        load_label_code(),
        width=width,
        height=height,
        panel=(60, 60, width - 60, height - 60),
        ticks=dict.fromkeys(load_label_code().ticks, (0, 45, 135)),
        across={"top": 20, "bottom": height - 60, "left": 20, "right": width - 60},
    )
    finder = LabelFinder(load_label_code(_written(tmp_path / "code.json", code)))
    assert finder.find(np.random.default_rng(0).integers(0, 255, (400, 500), dtype=np.uint8)) == []
