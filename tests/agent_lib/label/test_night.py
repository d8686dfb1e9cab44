"""Labels in noise: sides are compared with a label's border, ticks are weighed against those of other codes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent_lib.label import night as label_night
from agent_lib.label.border import Border
from agent_lib.label.code import EDGES
from agent_lib.label.code_file import load_label_code
from agent_lib.label.finder import LabelFinder, cleaned
from agent_lib.label.match import EdgeCode
from agent_lib.label.ticks import Evidence, Ticks, _evidence
from agent_lib.simulator import scene_label
from tests.support.label import corners_of, other_code, picture, shared_code

pytestmark = pytest.mark.slow


def _grey(image):
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)


def _night(code=None, seed=1, width=170, noise=11.0, level=0.4, number="40817"):
    """A grey frame by night with a board at (960, 600), and its corners."""
    rng = np.random.default_rng([seed, 17])
    corners = corners_of(width, (960, 600), 9, 20, -12)
    image = picture(scene_label.board(number, rng, code), corners, rng, level=level, blur=1.0, noise=noise)
    return _grey(image), corners


@pytest.fixture(scope="module")
def edges():
    return EdgeCode(load_label_code())


def _panel(edges, corners):
    matrix = cv2.getPerspectiveTransform(edges.board, corners)
    return cv2.perspectiveTransform(edges.panel[None], matrix)[0]


@pytest.mark.parametrize("seed", range(4))
def test_a_labels_sides_agree_with_its_border(edges, seed):
    grey, corners = _night(seed=seed)
    panel = _panel(edges, corners)
    border = Border(edges.code)
    there, beside = border.agreement(cleaned(grey), [panel, panel + np.float32((14, -9))])
    assert (there > label_night.LEAST_BORDER).all()
    assert np.sort(beside)[1:].mean() < np.sort(there)[1:].mean() - 0.05


def test_nothing_to_compare(edges):
    border = Border(edges.code)
    grey = np.zeros((60, 80), np.uint8)
    assert border.agreement(grey, []).shape == (0, 4)
    assert Ticks(edges).weigh(grey, []) == []
    assert Ticks(edges).turned(grey, []) == ([], [])
    (flat,) = border.agreement(grey, [np.float32([(5, 5), (60, 5), (60, 45), (5, 45)])])
    assert np.abs(flat).max() < 0.1


def test_the_labels_code_stands_out_among_others_and_other_codes_do_not(edges):
    ticks = Ticks(edges)
    grey, corners = _night()
    panel = _panel(edges, corners)
    own, upside_down = ticks.weigh(grey, [panel, np.roll(panel, 2, axis=0)])
    assert own.whole > label_night.ACCEPT
    assert own.third > label_night.ACCEPT_THIRD
    assert own.lacking.max() < label_night.LACKING
    assert upside_down.whole < label_night.WEAK
    for seed in range(6):
        rng = np.random.default_rng(seed)
        other, corners = _night(other_code(rng), seed)
        assert ticks.weigh(other, [_panel(edges, corners)])[0].whole < label_night.WEAK


@pytest.mark.parametrize("turn", range(4))
def test_a_panel_is_turned_until_it_starts_with_the_labels_own_corner(edges, turn):
    ticks = Ticks(edges)
    grey, corners = _night()
    panel = _panel(edges, corners)
    (found,), (evidence,) = ticks.turned(grey, [np.roll(panel, turn, axis=0)])
    assert found.tolist() == panel.tolist()
    (again,) = ticks.weigh(grey, [panel])
    assert evidence.whole == pytest.approx(again.whole)
    assert evidence.edges == pytest.approx(again.edges)


def test_codes_at_random_have_no_evidence_on_the_whole(edges):
    rng = np.random.default_rng(8)
    odds = [np.tile(rng.normal(0, 2, len(edges.code.comb(edge))), (3000, 1)) for edge in EDGES]
    own = [np.isin(edges.code.comb(edge), edges.code.ticks[edge]) for edge in EDGES]
    found = _evidence([rng.permuted(part, axis=1) for part in odds], own)
    whole = np.array([one.whole for one in found])
    assert abs(whole.mean()) < 0.06
    assert 0.93 < whole.std() < 1.02
    assert (np.abs(np.mean([one.edges for one in found], axis=0)) < 0.06).all()
    (flat,) = _evidence([np.full((1, len(ticks)), 0.3) for ticks in own], own)
    assert (flat.whole, *flat.edges, *flat.lacking) == pytest.approx((0.0,) * 9, abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_labels_are_found_by_night(seed):
    grey, corners = _night(seed=seed)
    assert label_night.noise_share(grey) >= label_night.NOISY
    (found,) = LabelFinder().find(grey)
    assert np.abs(found.corners - corners).max() < 4.0
    assert label_night.SCORE_MOST >= found.score or not found.weak


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("own", [(), ("top", "left"), ("top", "bottom")])
def test_other_boards_by_night_are_no_labels(seed, own):
    rng = np.random.default_rng([seed, 5])
    code = shared_code(rng, own) if own else other_code(rng)
    grey, _ = _night(code, seed, width=200)
    assert [label for label in LabelFinder().find(grey) if not label.weak] == []


def test_noise_is_measured_against_the_light():
    grey, _ = _night(noise=11.0)
    dark, _ = _night(noise=11.0, level=0.2)
    still, _ = _night(noise=0.5, level=1.0)
    assert label_night.noise_share(still) < label_night.NOISY < label_night.noise_share(grey)
    assert label_night.noise_share(dark) > label_night.noise_share(grey)
    for shape in ((1, 1), (7, 3), (2000, 2), (3, 2000)):
        assert label_night.noise_share(np.full(shape, 90, np.uint8)) == 0.0


@pytest.mark.parametrize(
    ("whole", "ticks", "lacking", "is_label"),
    [
        (6.1, (4.8, 3.3, 0.0, 3.2), (0.4, 1.1, 2.0, 0.8), True),  # a strap as dark as the frame hides the third edge
        (6.1, (4.8, 3.3, 0.0, 3.2), (0.4, 1.1, 15.0, 0.8), True),  # what is on the strap looks like other ticks
        (5.6, (5.0, -0.6, 4.9, -1.3), (0.0, 92.0, 0.0, 52.0), False),  # a board that shares two edges with the label
        (5.4, (5.0, 1.6, 4.8, -1.3), (0.0, 5.0, 0.0, 30.0), False),  # a third one by chance
        (4.4, (3.9, 0.4, 3.8, -0.2), (1.0, 3.0, 1.2, 5.5), False),  # two edges, the others too faint to tell
        (4.0, (2.1, 1.9, 2.2, 1.8), (1.5, 1.0, 1.1, 2.0), False),
        (3.4, (2.1, 1.4, 2.0, 1.3), (1.5, 1.0, 1.1, 2.0), False),
    ],
)
def test_three_edges_agree_and_no_two_show_other_ticks(whole, ticks, lacking, is_label):
    panel = np.float32([(0, 0), (100, 0), (100, 65), (0, 65)])
    evidence = Evidence(whole, np.array(ticks), np.array(lacking))
    found = label_night._judged(panel, np.full(4, 0.9), evidence)
    assert (found is not None and not found.weak) is is_label
    assert (found is not None and found.weak) is (whole == 4.0), "which counts if a second frame agrees"
    assert label_night._judged(panel, np.array([0.9, 0.1, 0.2, 0.3]), evidence) is None, "no border"
    moved = label_night._judged(panel, np.full(4, 0.9), evidence, penalty=2.8)
    assert moved is None, "what was moved until it agreed needs more"


def test_sides_opposite_to_strong_edges_are_moved_of_the_likeliest_panels():
    panels = [np.float32([(0, 0), (100, 0), (100, 65), (0, 65)]) + 200 * place for place in range(5)]
    strap, other = np.array([1.9, 3.3, 1.4, -0.9]), np.array([1.5, 0.2, -0.5, 0.7])
    evidence = [Evidence(whole, strap, np.zeros(4)) for whole in (1.0, 4.2, 2.0, 3.9, 3.0)]
    tries = label_night._attempts(panels, evidence, sure=False)
    assert [(one.panel[0, 0], one.covered) for one in tries] == [(200.0, 3), (600.0, 3), (800.0, 3)]
    assert label_night._attempts(panels[:1], [Evidence(4.9, other, np.zeros(4))], sure=False) == []
    assert len(label_night._attempts(panels, [Evidence(5.0, np.full(4, 2.5), np.zeros(4))] * 5, sure=False)) == 4
    assert [(one.panel[0, 0], one.covered) for one in label_night._attempts(panels, evidence, sure=True)] == [
        (200.0, 3)
    ]
    assert label_night._attempts(panels, [Evidence(5.0, np.full(4, 2.5), np.zeros(4))] * 5, sure=True) == []


@pytest.mark.parametrize("side", range(4))
def test_a_side_under_a_strap_that_was_placed_wrongly_is_moved_to_where_it_is(edges, monkeypatch, side):
    rng = np.random.default_rng([5, side])
    corners = corners_of(190, (960, 600), 9, 20, -12)
    board = scene_label.board("40817", rng)
    dark, (height, width) = int(np.median(board[10:40, 10:40])), board.shape[:2]
    wide = round(width * 88 / 1191)
    rows, columns = [
        (slice(0, wide), slice(None)),
        (slice(None), slice(width - wide, None)),
        (slice(height - wide, None), slice(None)),
        (slice(None), slice(0, wide)),
    ][side]
    board[rows, columns] = dark
    grey = _grey(picture(board, corners, rng, level=0.4, blur=1.0, noise=9.0))
    wrong = _panel(edges, corners)
    for corner, inner in ((side, side - 1), ((side + 1) % 4, (side + 2) % 4)):
        wrong[corner] += (wrong[inner] - wrong[corner]) * (0.045 if side % 2 else 0.07)
    monkeypatch.setattr(label_night, "proposed", lambda *_: [wrong])
    found = [label for label in LabelFinder().find(grey) if not label.weak]
    assert len(found) == 1
    assert np.abs(found[0].corners - corners).max() < 4.0


def test_a_label_with_a_dark_strap_over_one_edge_is_found():
    rng = np.random.default_rng(3)
    corners = corners_of(170, (960, 600), 9, 20, -12)
    board = scene_label.board("40817", rng)
    dark = int(np.median(board[10:40, 10:40]))
    board[:, : round(board.shape[1] * 80 / 1191)] = dark
    grey = _grey(picture(board, corners, rng, level=0.4, blur=1.0, noise=11.0))
    found = [label for label in LabelFinder().find(grey) if not label.weak]
    assert len(found) == 1
    assert np.abs(found[0].corners - corners).max() < 5.0
