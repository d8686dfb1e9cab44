"""Training the networks that find panels: a short run writes a file that computes what the network does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = str(ROOT / "tools")
if TOOLS not in sys.path:
    sys.path.append(TOOLS)

from label_fonts import faces
from panel_render import FINE, HEIGHT, WIDTH, PanelRenderer
from tick_render import TickRenderer

from agent_lib.label import corner_network, tick_network
from agent_lib.label.corner_network import CornerNetwork, placed, view
from agent_lib.label.panel_network import STRIDE, PanelNetwork, channels
from agent_lib.label.tick_network import ROWS, SAMPLES, TickNetwork


@pytest.fixture(scope="module")
def renderer():
    return PanelRenderer(faces(np.random.default_rng(1), system=False), np.random.default_rng(2))


def _trained(tool, tmp_path):
    output = tmp_path / "finder.onnx"
    command = [
        sys.executable,
        str(ROOT / "tools" / tool),
        "--steps=6",
        "--batch=4",
        "--measure=6",
        f"--output={output}",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "6/6" in ran.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["finder.json", "finder.onnx"]
    report = json.loads(output.with_suffix(".json").read_text(encoding="utf-8"))
    assert report["settings"]["steps"] == 6
    assert report["bytes"] == output.stat().st_size
    return output, report


@pytest.mark.slow
def test_a_short_run_writes_a_network_that_proposes(tmp_path):
    output, report = _trained("train_panel_finder.py", tmp_path)
    assert report["held_out"]["pictures"] == 6
    chances, corners = PanelNetwork(output).maps(channels(np.full((HEIGHT, WIDTH), 90, np.uint8)))
    assert chances.shape == (HEIGHT // STRIDE, WIDTH // STRIDE)
    assert corners.shape == (HEIGHT // STRIDE, WIDTH // STRIDE, 4, 2)


@pytest.mark.slow
def test_a_short_run_writes_a_network_that_places_corners(tmp_path):
    output, report = _trained("train_corner_finder.py", tmp_path)
    assert set(report["held_out"]) >= {"panels", "median before", "median after"}
    panel = np.float32([(20, 20), (90, 24), (88, 70), (22, 66)])
    (moved,), (chance,) = CornerNetwork(output).settle(np.full((120, 160), 90, np.uint8), [panel])
    assert moved.shape == (4, 2)
    assert 0 <= chance <= 1


@pytest.mark.slow
def test_a_short_run_writes_a_network_that_sees_ticks(tmp_path):
    output, report = _trained("train_tick_reader.py", tmp_path)
    assert report["held_out"]["places"] == 6 * (2 * 27 + 2 * 19)
    for places in (19, 27, 40):
        views = np.zeros((3, 1, ROWS, (places + 2) * SAMPLES), np.float32)
        assert TickNetwork(output).log_odds(views).shape == (3, places)


@pytest.mark.slow
def test_the_files_compute_what_the_networks_do(tmp_path):
    torch = pytest.importorskip("torch")
    from label_onnx import write_corner_finder, write_panel_finder, write_tick_reader
    from panel_network import CornerNetwork as Corners
    from panel_network import PanelNetwork as Panels
    from tick_network import TickNetwork as Ticks

    torch.manual_seed(3)
    rng = np.random.default_rng(4)
    for network, write, shape in (
        (Panels().eval(), write_panel_finder, (1, 2, 64, 96)),
        (Corners().eval(), write_corner_finder, (2, 2, corner_network.HEIGHT, corner_network.WIDTH)),
        (Ticks().eval(), write_tick_reader, (3, 1, tick_network.ROWS, 29 * tick_network.SAMPLES)),
    ):
        for norm in (one for one in network.modules() if isinstance(one, torch.nn.BatchNorm2d)):
            norm.running_mean.uniform_(-0.2, 0.2)
            norm.running_var.uniform_(0.5, 1.5)
        path = tmp_path / "one.onnx"
        write(network, path, {})
        seen = rng.standard_normal(shape, np.float32)
        with torch.no_grad():
            expected = network(torch.from_numpy(seen)).numpy()
        loaded = PanelNetwork(path)
        name = loaded._session.get_inputs()[0].name
        (found,) = loaded._session.run(None, {name: seen})
        assert np.abs(found - expected).max() < 1e-4


def test_the_panels_of_rendered_pictures_are_light_and_in_them(renderer):
    lighter = total = 0
    for _ in range(30):
        one = renderer.fine()
        assert one.image.shape == (HEIGHT * FINE, WIDTH * FINE)
        assert one.image.dtype == np.uint8
        for panel in one.panels:
            total += 1
            assert (panel > -8).all()
            assert (panel < np.array((WIDTH, HEIGHT)) * FINE + 8).all()
            inside, outside = (np.zeros(one.image.shape, np.uint8) for _ in range(2))
            middle = panel.mean(axis=0)
            cv2.fillConvexPoly(inside, np.round(middle + (panel - middle) * 0.9).astype(np.int32), 1)
            cv2.fillConvexPoly(outside, np.round(middle + (panel - middle) * 1.15).astype(np.int32), 1)
            cv2.fillConvexPoly(outside, np.round(middle + (panel - middle) * 1.05).astype(np.int32), 0)
            lighter += one.image[inside > 0].mean() > one.image[outside > 0].mean()
    assert total >= 10
    assert lighter >= 0.8 * total


def test_a_view_shows_a_proposal_in_its_middle_and_gives_its_corners_back():
    panel = np.float32([(40, 30), (130, 36), (124, 92), (44, 88)])
    image = np.zeros((140, 200), np.uint8)
    cv2.fillConvexPoly(image, panel.astype(np.int32), 200)
    seen = view(image, panel)
    x0, y0, x1, y1 = (int(v) for v in corner_network.BOX)
    assert seen[y0 + 3 : y1 - 3, x0 + 3 : x1 - 3].min() == 200
    assert seen[: y0 - 3].max() == 0
    assert placed(panel, np.zeros((4, 2))) == pytest.approx(panel, abs=1e-3)


def test_the_edges_of_rendered_boards_are_lighter_where_they_have_ticks():
    draw = TickRenderer(faces(np.random.default_rng(1), system=False), np.random.default_rng(5))
    lighter = total = 0
    # The rows between the inner and the outer ends of the ticks.
    across = np.linspace(tick_network.FIRST, tick_network.LAST, ROWS)
    rows = (across > -0.9) & (across < -0.1)
    for _ in range(60):
        for one in draw.edges(2):
            assert one.view.shape == (ROWS, (len(one.ticks) + 2) * SAMPLES)
            assert np.isfinite(one.view).all()
            if one.ticks.all() or not one.ticks.any():
                continue
            levels = one.view[rows].reshape(rows.sum(), -1, SAMPLES)[:, 1:-1, SAMPLES // 2 - 1 : SAMPLES // 2 + 1]
            levels = levels.mean(axis=(0, 2))
            lighter += levels[one.ticks].mean() > levels[~one.ticks].mean()
            total += 1
    assert total > 400
    assert lighter >= 0.85 * total
