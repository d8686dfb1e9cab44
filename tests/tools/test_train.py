"""Training the label reader: a short run writes a loadable file, which computes what the network does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = str(ROOT / "tools")
if TOOLS not in sys.path:
    sys.path.append(TOOLS)

from label_fonts import HEIGHT, faces
from label_measure import MOST_WRONG, _cautious, calibrate, measure
from label_render import UNREADABLE, StripRenderer

from agent_lib.label.code_file import load_label_code
from agent_lib.label.reader import digit_strip
from agent_lib.ocr import Digits
from agent_lib.ocr.crnn import SIGNS, Crnn, tensor


@pytest.fixture(scope="module")
def builtin():
    return faces(np.random.default_rng(1), system=False)


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_a_short_run_writes_a_file_that_loads(tmp_path, processes):
    output = tmp_path / "new" / "reader.onnx"
    command = [
        sys.executable,
        str(ROOT / "tools" / "train_label_reader.py"),
        "--steps",
        "20",
        "--batch",
        "8",
        "--processes",
        str(processes),
        "--measure",
        "20",
        "--output",
        str(output),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "20/20" in ran.stderr
    assert output.stat().st_size < 3_000_000
    assert sorted(path.name for path in output.parent.iterdir()) == ["reader.json", "reader.onnx"]
    report = json.loads(output.with_suffix(".json").read_text(encoding="utf-8"))
    assert report["settings"]["seed"] == 1
    assert (report["settings"]["steps"], report["settings"]["processes"]) == (20, processes)
    assert report["bytes"] == output.stat().st_size
    assert {"easy", "medium", "hard", "extreme", "night"} <= set(report["held_out"])
    digits = Crnn(output).read(np.full((60, 200, 3), 200, np.uint8))
    assert set(digits.text) <= set(SIGNS)
    assert 0 <= digits.confidence <= 1


REFUSED = """
import sys, train_label_reader
for flag in sys.argv[1:]:
    try:
        train_label_reader.main([flag])
    except SystemExit as ended:
        print(ended.code)
"""


@pytest.mark.slow
def test_arguments_that_make_no_sense_are_refused():
    flags = ["--steps=0", "--batch=-3", "--measure=none", "--minutes=-2"]
    ran = subprocess.run(
        [sys.executable, "-c", REFUSED, *flags], capture_output=True, text=True, timeout=300, cwd=TOOLS
    )
    assert (ran.returncode, ran.stdout.split()) == (0, ["2"] * len(flags))
    assert all(f"argument {flag.split('=')[0]}: " in ran.stderr for flag in flags)
    assert "Traceback" not in ran.stderr


def corrected(network):
    """Let the network's corrections, which are none at first, count."""
    import torch

    for norm in network.refined:
        torch.nn.init.uniform_(norm.weight, 0.5, 1.0)


def test_the_file_computes_what_the_network_does(tmp_path):
    import torch  # here: no process that collects this test but runs others needs it
    from label_network import LabelNetwork
    from label_onnx import write_onnx

    torch.manual_seed(3)
    network = LabelNetwork()
    corrected(network)
    for _ in range(3):
        network(torch.randn(16, 1, 32, 128))
    network.eval()
    write_onnx(network, tmp_path / "n.onnx", {"calibration": '{"slope": 1, "offset": 0}'})
    strips = torch.randn(2, 1, 32, 128)
    session = onnxruntime.InferenceSession(str(tmp_path / "n.onnx"), providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map["calibration"]
    with torch.no_grad():
        expected = network(strips).numpy()
    assert np.abs(session.run(None, {"strip": strips.numpy()})[0] - expected).max() < 1e-5
    assert expected.std() > 0.01


def test_training_goes_on_from_a_written_network(tmp_path):
    import torch
    from label_network import LabelNetwork
    from label_onnx import load_tensors, read_tensors, write_onnx

    torch.manual_seed(4)
    network, strips = LabelNetwork(), torch.randn(64, 1, 32, 128)
    corrected(network)
    for _ in range(3):
        network(strips)
    write_onnx(network.eval(), tmp_path / "n.onnx", {})
    again = LabelNetwork().eval()
    load_tensors(again, read_tensors(tmp_path / "n.onnx"), strips)
    with torch.no_grad():
        expected = network(strips)
        assert (again(strips) - expected).abs().max() < 1e-3
        for part in (again.norms, again.refined, again.collapsed):
            part.train()
        assert (again(strips) - expected).abs().max() < 0.05, "a batch's own norms change what the network computes"
    assert expected.std() > 0.01


def test_a_file_without_corrections_is_gone_on_from(tmp_path):
    import torch
    from label_network import LabelNetwork
    from label_onnx import load_tensors, read_tensors, write_onnx

    torch.manual_seed(5)
    network, strips = LabelNetwork(), torch.randn(64, 1, 32, 128)
    network(strips)
    write_onnx(network.eval(), tmp_path / "n.onnx", {})
    older = {name: value for name, value in read_tensors(tmp_path / "n.onnx").items() if "refined" not in name}
    again = LabelNetwork().eval()
    load_tensors(again, older, strips)
    with torch.no_grad():
        assert (again(strips) - network(strips)).abs().max() < 1e-3
    again.train()(strips).square().mean().backward()
    assert all(norm.weight.grad.abs().max() > 0 for norm in again.refined), "the corrections can learn"


def test_a_training_ends_with_its_steps_or_its_minutes(capsys):
    from training import Progress, rate

    steps = Progress(20, 0.0)
    rates, tenths = [], 0
    while not steps.over:
        rates.append(rate(steps.share))
        tenths += steps.step(1.0)
    assert (steps.done, tenths) == (20, 10)
    assert max(rates[:3]) == max(rates) > 0.9
    assert rates[-1] < 0.02
    assert "20/20" in capsys.readouterr().err
    short = Progress(10**9, 1e-10)
    assert not short.over
    short.step(1.0)
    assert short.over


def test_motion_spreads_a_point_along_its_line():
    from label_film import _moved

    point = np.zeros((41, 41), np.float32)
    point[20, 20] = 1.0
    for length, turn in ((1.0, 0.0), (3.5, 0.6), (9.0, 2.2)):
        seen = _moved(point, length, turn)
        y, x = np.indices(seen.shape) - 20.0
        assert seen.sum() == pytest.approx(1.0, abs=1e-5)
        assert float((seen * x).sum()) == pytest.approx(0.0, abs=1e-3)
        along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        # The spread of an even line, and what sharing a place among its pixels adds.
        assert float((seen * along**2).sum()) == pytest.approx(length**2 / 12, abs=0.45)
        assert float((seen * across**2).sum()) < 0.3


def test_faces_need_no_font_of_the_system(builtin):
    assert len(builtin) >= 20
    for face in builtin:
        assert set("0123456789") <= set(face)
        assert all(face[digit].shape[0] == HEIGHT and face[digit].max() > 200 for digit in "0123456789")
        assert len({face[digit].tobytes() for digit in "0123456789"}) == 10


def test_the_same_seed_draws_the_same_strips(builtin):
    one, two = (StripRenderer(builtin, np.random.default_rng(5)) for _ in range(2))
    other = StripRenderer(builtin, np.random.default_rng(6))
    for _ in range(10):
        a, b, c = one.sample(), two.sample(), other.sample()
        assert a.text == b.text
        assert np.array_equal(a.strip, b.strip)
        assert not np.array_equal(a.strip, c.strip)


def test_strips_have_the_size_of_those_cut_from_a_label(builtin):
    strip = StripRenderer(builtin, np.random.default_rng(5)).sample().strip
    cut = digit_strip(np.zeros((339, 480, 3), np.uint8), load_label_code())
    assert np.abs(np.subtract(strip.shape, cut.shape[:2])).max() <= 1
    assert strip.dtype == np.uint8


@pytest.mark.slow
def test_hard_strips_have_signs_that_cannot_be_read(builtin):
    renderer = StripRenderer(builtin, np.random.default_rng(7))
    hard = [renderer.sample(1.0) for _ in range(300)]
    hidden = [one for one in hard if UNREADABLE in one.classes]
    assert 10 < len(hidden) < 150
    assert all("?" in one.text and not one.text.isdigit() for one in hidden)
    assert all(len(one.printed) == len(one.text) for one in hidden)
    assert any(one.printed.isdigit() for one in hidden), "what is printed is known where it is hidden"
    assert {len(one.classes) for one in hard} >= {0, 1, 4, 5, 6, 9}
    assert sum(len(one.classes) == 5 for one in hard) > 150
    easy = [renderer.sample(0.0) for _ in range(60)]
    assert sum(UNREADABLE in one.classes for one in easy) <= 6, "only letters are unreadable on an easy strip"
    assert np.mean([one.strip.std() for one in easy]) > np.mean([one.strip.std() for one in hard])


def test_the_networks_input_has_no_light_in_it():
    rng = np.random.default_rng(2)
    strip = cv2.resize(rng.integers(0, 255, (9, 30), dtype=np.uint8), (337, 103), interpolation=cv2.INTER_LINEAR)
    bright, dark = tensor(strip), tensor(cv2.convertScaleAbs(strip, alpha=0.5, beta=40))
    assert bright.shape == (1, 1, 32, 128)
    assert bright.dtype == np.float32
    assert abs(bright.mean()) < 1e-4
    assert np.corrcoef(bright.ravel(), dark.ravel())[0, 1] > 0.99
    assert np.abs(tensor(np.full((40, 40, 3), 7, np.uint8))).max() == 0


class Guesser:
    """A reader whose confidence is too high: it is right in `share` of its answers."""

    def __init__(self, samples, rng, share, confidence):
        self._answers = {
            id(one.strip): (one.text if rng.random() < share else one.text[1:] + str((int(one.text[-1]) + 1) % 10))
            for one in samples
        }
        self._confidence = confidence

    def read(self, strip):
        return Digits(self._answers[id(strip)], self._confidence)


@pytest.mark.slow
def test_calibration_turns_overconfidence_into_the_share_that_is_right(builtin):
    renderer = StripRenderer(builtin, np.random.default_rng(9))
    drawn = [renderer.sample(0.0) for _ in range(500)]
    samples = [one for one in drawn if len(one.text) == 5 and one.text.isdigit()]
    found = calibrate(Guesser(samples, np.random.default_rng(1), 0.7, 0.99), samples, 5)
    odds = found["slope"] * np.log(0.99 / 0.01) + found["offset"]
    assert abs(1 / (1 + np.exp(-odds)) - 0.7) < 0.07
    report = measure(Guesser(samples, np.random.default_rng(1), 0.7, 0.99), samples, 5)
    assert abs(report["exact"] - 0.7) < 0.07
    assert report["wrong"] == round((1 - report["exact"]) * len(samples))
    assert [step["strips"] for step in report["reliability"]] == [len(samples)]


def test_calibration_is_lowered_until_almost_nothing_reported_is_wrong():
    rng = np.random.default_rng(4)
    odds = np.concatenate([rng.uniform(2, 6, 3000), [5.0] * 9])
    wrong = np.arange(len(odds)) >= 3000
    night = np.arange(len(odds)) % 2 > 0
    found = _cautious({"slope": 1.0, "offset": 1.0}, odds, wrong, night)
    reported = found["slope"] * odds + found["offset"] >= np.log(9)
    assert 0 < reported.sum() < 1000
    assert (wrong & reported).sum() <= MOST_WRONG * reported.sum()
    none = np.zeros(len(odds), bool)
    assert _cautious({"slope": 1.0, "offset": 1.0}, odds, none, night) == {"slope": 1.0, "offset": 1.0}


def test_many_right_strips_by_day_do_not_make_up_for_wrong_ones_by_night():
    rng = np.random.default_rng(5)
    odds = np.concatenate([rng.uniform(2, 6, 9000), rng.uniform(2, 6, 1000), [5.0] * 2])
    night = np.arange(len(odds)) >= 9000
    wrong = np.arange(len(odds)) >= 10000
    found = _cautious({"slope": 1.0, "offset": 1.0}, odds, wrong, night)
    reported = found["slope"] * odds + found["offset"] >= np.log(9)
    assert 0 < reported.sum()
    assert not (wrong & reported).any()
    together = _cautious({"slope": 1.0, "offset": 1.0}, odds, wrong, np.ones(len(odds), bool))
    assert together["offset"] > found["offset"]
