"""The finder at its limits: straps, shadows, boards almost like the label, weak candidates, and bounded work."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from agent_lib.label import cut as label_cut
from agent_lib.label import finder as label_finder
from agent_lib.label import night as label_night
from agent_lib.label import panels as label_panels
from agent_lib.label.code_file import load_label_code
from agent_lib.label.finder import LabelFinder
from agent_lib.label.match import EdgeCode, balance
from agent_lib.simulator import scene_label
from tests.support.label import SIZE, camera, clutter, corners_of, dirty, other_code, picture, shared_code

pytestmark = pytest.mark.slow

FRAMES = ("noise", "grid 60", "grid 84", "grid 120", "boards", "clutter")
STRAPS = [(20, 22, 24), (70, 90, 110), (130, 128, 120), (205, 210, 200)]


@pytest.fixture(scope="module")
def finder():
    return LabelFinder()


def _grey(image):
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)


def _only(found, corners, within=3.0):
    assert len(found) == 1
    assert not found[0].weak
    assert np.abs(found[0].corners - corners).max() < within


@pytest.mark.parametrize("colour", STRAPS)
@pytest.mark.parametrize("edge", ["top", "right", "bottom", "left"])
def test_a_strap_over_one_edge(finder, edge, colour):
    rng = np.random.default_rng([len(edge), colour[0]])
    corners = corners_of(190, (900, 600), 4, 12, -8)
    image = picture(scene_label.board("40817", rng), corners, rng, strap=(edge, -40, 130, colour))
    _only(finder.find(_grey(image)), corners, 5.0)


def test_a_strap_along_the_frame_only(finder):
    rng = np.random.default_rng(31)
    corners = corners_of(150, (900, 600), -6, 20)
    image = picture(scene_label.board("40817", rng), corners, rng, strap=("left", -60, 75, (150, 150, 150)))
    _only(finder.find(_grey(image)), corners)


@pytest.mark.parametrize("edge", ["top", "right", "bottom", "left"])
def test_half_a_label_is_none(finder, edge):
    rng = np.random.default_rng(len(edge) + 40)
    half = 600 if edge in ("left", "right") else 430
    image = picture(
        scene_label.board("40817", rng), corners_of(300, (900, 600), 5), rng, strap=(edge, -100, half, (90, 100, 120))
    )
    assert finder.find(_grey(image)) == []


@pytest.mark.parametrize(("yaw", "pitch", "width"), [(50, 0, 150), (0, 48, 150), (-35, 35, 160), (-50, 10, 190)])
def test_extreme_tilt(finder, yaw, pitch, width):
    rng = np.random.default_rng(width + pitch)
    corners = corners_of(width, (960, 600), 5, yaw, pitch)
    _only(finder.find(_grey(picture(scene_label.board("12605", rng), corners, rng))), corners)


@pytest.mark.parametrize("slope", [-0.7, 0.1, 0.9])
def test_a_shadow_across_the_label(finder, slope):
    rng = np.random.default_rng(50)
    board = scene_label.board("70311", rng)
    x, y = np.meshgrid(np.arange(board.shape[1]), np.arange(board.shape[0]))
    shaded = np.where(((y - 420) > slope * (x - 600))[..., None], board, (board * 0.42).astype(np.uint8))
    corners = corners_of(240, (900, 600), -5, 10)
    _only(finder.find(_grey(picture(shaded, corners, rng))), corners)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("own", [("top", "left"), ("top", "bottom"), ("bottom", "right")])
def test_a_board_with_two_edges_of_the_code_is_not_the_label(finder, seed, own):
    rng = np.random.default_rng(600 + seed)
    board = scene_label.board("99999", rng, shared_code(rng, own))
    assert finder.find(_grey(picture(board, corners_of(300, (900, 560), 6), rng))) == []


@pytest.mark.parametrize("look", ["mirrored", "swapped", "inverted"])
def test_the_label_in_a_mirror_or_inverted_is_not_the_label(finder, look):
    rng = np.random.default_rng(70)
    board = scene_label.board("18081", rng)
    seen = {"mirrored": board[:, ::-1], "swapped": board[::-1], "inverted": 255 - board}[look]
    assert finder.find(_grey(picture(np.ascontiguousarray(seen), corners_of(320, (900, 560)), rng))) == []


@pytest.mark.slow
def test_a_label_whose_code_is_hard_to_see_is_marked_weak(finder):
    weak = []
    for seed in range(700, 712):
        rng = np.random.default_rng(seed)
        board = dirty(scene_label.board("55055", rng), rng, 170)
        for label in finder.find(_grey(picture(board, corners_of(320, (900, 560), 3), rng))):
            assert label.score >= label_finder.WEAK
            assert label.weak or label.score >= label_finder.ACCEPT
            weak.append(label.weak)
    assert any(weak)
    assert not all(weak)


@pytest.mark.slow
def test_weak_candidates_come_after_certain_labels():
    rng = np.random.default_rng(4)
    image = picture(scene_label.board("11311", rng), corners_of(320, (500, 520), 5), rng, noise=1)
    scene_label.place(scene_label.board("22522", rng), corners_of(260, (1300, 640), -8), image)
    first, second = LabelFinder().find(_grey(image))
    assert first.score > second.score
    strict = LabelFinder(accept=(first.score + second.score) / 2).find(_grey(image))
    assert [label.weak for label in strict] == [False, True]


def test_balance():
    assert balance((0.9, 0.9, 0.9)) == pytest.approx(1.0)
    assert balance((0.3, 0.9, 0.9)) == pytest.approx(1 / 3)
    assert balance((0.0, 0.0, 0.0)) == 0.0


class _Counting(EdgeCode):
    def __init__(self, code):
        super().__init__(code)
        self.matches = self.trials = 0

    def match(self, grey, panel):
        self.matches += 1
        return super().match(grey, panel)

    def beside(self, grey, panels, edge, covered):
        self.trials += len(panels)
        return super().beside(grey, panels, edge, covered)


@cache
def _frames():
    """Frames full of proposals by name; rendering them takes seconds."""
    return dict(_render_frames())


def _render_frames():
    rng = np.random.default_rng(80)
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    yield "noise", rng.integers(0, 255, (SIZE[1], SIZE[0]), dtype=np.uint8)
    for across, down, gap in ((60, 48, 8), (84, 60, 12), (120, 90, 20)):
        yield f"grid {across}", (((x % across > gap) & (y % down > gap)) * 200 + 20).astype(np.uint8)
    boards = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    for column in range(12):
        for row in range(10):
            board = scene_label.board("00000", rng, other_code(rng))
            scene_label.place(
                board, corners_of(140, (90 + 155 * column, 60 + 105 * row), float(rng.normal(0, 5))), boards
            )
    yield "boards", _grey(camera(boards, rng))
    yield "clutter", _grey(clutter(rng))


@pytest.mark.slow
@pytest.mark.parametrize("name", FRAMES, ids=[f"{name}-" for name in FRAMES])
def test_no_frame_costs_more_than_its_share(name):
    grey = _frames()[name]
    finder = LabelFinder()
    finder._edges = finder._night._edges = counting = _Counting(finder.code)
    assert finder.find(grey) == []
    proposals = label_finder.MAX_WHOLE + label_finder.MAX_CUT
    solved = 2 * label_finder.MAX_ATTEMPTS + label_night.MAX_ATTEMPTS
    assert counting.matches <= proposals + solved
    assert counting.trials <= solved * 80
    shapes = label_panels.bright_shapes(grey)
    assert len(shapes.contours) <= len(label_panels.BLOCKS) * label_panels.MAX_SHAPES
    assert len(label_panels.whole_panels(shapes, 7)) <= 7
    assert len(label_cut.cut_panels(shapes, 5)) <= 5


@pytest.mark.slow
def test_a_label_among_many_boards_is_found():
    rng = np.random.default_rng(90)
    image = np.full((SIZE[1], SIZE[0], 3), 70, np.uint8)
    for column in range(5):
        for row in range(4):
            board = scene_label.board("00000", rng, None if (column, row) == (2, 1) else other_code(rng))
            corners = corners_of(260, (200 + 370 * column, 140 + 265 * row), float(rng.normal(0, 4)))
            scene_label.place(board, corners, image)
            if (column, row) == (2, 1):
                label = corners
    _only(LabelFinder().find(_grey(camera(image, rng))), label)


def test_an_edge_without_ticks_of_its_own_is_no_edge_of_every_board():
    rng = np.random.default_rng(91)
    comb = {edge: load_label_code().comb(edge) for edge in ("top", "right", "bottom", "left")}
    finder = LabelFinder(replace(load_label_code(), ticks=comb))
    image = picture(scene_label.board("13131", rng), corners_of(300, (900, 560)), rng)
    assert finder.find(_grey(image)) == []
