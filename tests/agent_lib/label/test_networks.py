"""The networks that propose panels in noise and place their corners."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent_lib.label import corner_network, panel_network, tick_network
from agent_lib.label.code import EDGES
from agent_lib.label.code_file import load_label_code
from agent_lib.label.corner_network import CornerNetwork
from agent_lib.label.match import EdgeCode
from agent_lib.label.panel_network import PanelNetwork, peaks, reduced
from agent_lib.label.reader import LabelReader
from agent_lib.label.tick_network import EdgeViews, TickNetwork
from agent_lib.ocr import OcrError
from agent_lib.runtime.network import NetworkError
from agent_lib.settings import OcrSettings
from agent_lib.simulator import scene_label
from tests.support.label import corners_of, other_code, picture

pytestmark = pytest.mark.slow


def _panel(corners):
    code = load_label_code()
    x0, y0, x1, y1 = code.panel
    inner = np.float32([[(x0, y0), (x1, y0), (x1, y1), (x0, y1)]])
    outer = np.float32([(0, 0), (code.width, 0), (code.width, code.height), (0, code.height)])
    return cv2.perspectiveTransform(inner, cv2.getPerspectiveTransform(outer, np.float32(corners)))[0]


def _frame(seed, width, strap=None, centre=(960, 600)):
    """A grey frame by night with a board, and its panel's corners."""
    rng = np.random.default_rng([seed, 23])
    corners = corners_of(width, centre, 9, 20, -12)
    board = scene_label.board("40817", rng)
    image = picture(board, corners, rng, level=0.35, blur=1.2, noise=11.0, strap=strap)
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), _panel(corners)


def _off(panels, truth):
    return min((float(np.abs(one - truth).max()) for one in panels), default=np.inf)


@pytest.mark.parametrize("width", [100, 160, 240, 420])
@pytest.mark.parametrize("seed", range(2))
def test_a_panel_in_noise_is_proposed_and_its_corners_are_placed(seed, width):
    grey, truth = _frame(seed, width)
    proposed = PanelNetwork.shared().propose(grey, 6)
    assert 1 <= len(proposed) <= 6
    assert _off(proposed, truth) < 0.16 * width
    small = reduced(grey, corner_network.REDUCE)
    moved, chances = CornerNetwork.shared().settle(small, [(one + 0.5) / 2 - 0.5 for one in proposed])
    best = min(range(len(moved)), key=lambda i: np.abs(moved[i] * 2 + 0.5 - truth).max())
    assert np.abs(moved[best] * 2 + 0.5 - truth).max() < max(3.0, 0.025 * width)
    assert chances[best] > 0.5


@pytest.mark.parametrize("edge", ["top", "right", "bottom", "left"])
def test_a_side_under_a_strap_is_where_the_others_say(edge):
    grey, truth = _frame(3, 170, (edge, -30, 120, (90, 95, 100)))
    small = reduced(grey, corner_network.REDUCE)
    rng = np.random.default_rng(7)
    start = np.float32((truth + 0.5) / 2 - 0.5 + rng.normal(0, 2.0, (4, 2)))
    (moved,), (chance,) = CornerNetwork.shared().settle(small, [start])
    assert np.abs(moved * 2 + 0.5 - truth).max() < 0.05 * 170
    assert chance > 0.5


def test_noise_alone_has_no_likely_panel():
    grey = np.random.default_rng(1).integers(60, 120, (540, 960), np.uint8)
    proposed = PanelNetwork.shared().propose(grey, 8)
    small = reduced(grey, corner_network.REDUCE)
    _, chances = CornerNetwork.shared().settle(small, [(one + 0.5) / 2 - 0.5 for one in proposed])
    assert not (chances > 0.5).any()


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (40, 700), (700, 40), (63, 65), (257, 255)])
def test_pictures_of_any_size(size):
    grey = np.random.default_rng(2).integers(0, 256, size, np.uint8)
    for panel in PanelNetwork.shared().propose(grey, 4):
        assert panel.shape == (4, 2)
        assert np.isfinite(panel).all()
    assert CornerNetwork.shared().settle(grey, [])[0] == []


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_the_ticks_of_any_code_are_seen_in_noise(seed, own):
    rng = np.random.default_rng([seed, 29])
    code = load_label_code() if own else other_code(rng)
    corners = corners_of(150, (960, 600), 9, 20, -12)
    image = picture(scene_label.board("40817", rng, code), corners, rng, level=0.35, blur=1.0, noise=11.0)
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    matrix = EdgeCode(code).homography(_panel(corners))
    right, total = 0, 0
    for edge, view in zip(EDGES, EdgeViews(load_label_code()).of(grey, [matrix]), strict=True):
        there = np.isin(load_label_code().comb(edge), code.ticks[edge])
        (odds,) = TickNetwork.shared().log_odds(view)
        assert odds.shape == there.shape
        right += ((odds > 0) == there).sum()
        total += len(there)
    assert right >= 0.85 * total


def test_where_an_edge_is_hidden_all_places_are_about_as_likely():
    rng = np.random.default_rng(31)
    hidden = np.float32(rng.normal(0, 1, (40, 1, tick_network.ROWS, 29 * tick_network.SAMPLES)))
    odds = TickNetwork.shared().log_odds(hidden)
    assert odds.shape == (40, 27)
    assert odds.std(axis=1).mean() < 0.6
    flat = EdgeViews(load_label_code()).of(np.full((80, 90), 7, np.uint8), [np.eye(3)])
    assert [view.shape[-1] // tick_network.SAMPLES for view in flat] == [29, 21, 29, 21]
    assert all((view == 0).all() for view in flat)


def test_peaks_are_the_mean_of_the_cells_around_them():
    chances = np.zeros((6, 7))
    chances[2, 3], chances[2, 4], chances[5, 0] = 0.9, 0.9 - 1e-6, 0.05
    corners = np.zeros((6, 7, 4, 2))
    corners[2, 4] = 2.0
    ((chance, panel),) = peaks(chances, corners, 0.1)
    assert chance == pytest.approx(0.9)
    assert panel == pytest.approx(np.ones((4, 2)), abs=1e-3)
    assert panel_network.channels(np.full((64, 80), 7, np.uint8)).shape == (1, 2, 64, 80)


def test_a_file_that_cannot_be_loaded_is_named(tmp_path, monkeypatch):
    broken = tmp_path / "panel_finder.onnx"
    broken.write_bytes(b"nothing")
    with pytest.raises(NetworkError, match=r"panel_finder\.onnx cannot be loaded"):
        PanelNetwork(broken)
    monkeypatch.setattr(PanelNetwork, "_shared", None)
    monkeypatch.setattr(PanelNetwork.__init__, "__defaults__", (broken,))
    with pytest.raises(OcrError, match="Install the agent again"):
        LabelReader(OcrSettings(engine="crnn"), 5)
