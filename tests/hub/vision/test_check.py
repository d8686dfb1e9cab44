"""`python app.py check-models`: models of operators in processes of their own, and what the operator reads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hub.settings.vision import Vision
from hub.vision import check
from tests.support.helpers import ROOT
from tests.support.model_hub import model_hub
from tests.support.onnx_files import OnnxFile
from tests.support.vision_models import vit


@pytest.fixture
def detector(tmp_path: Path) -> Path:
    """A detector that finds one person and one vehicle in every picture."""
    table = np.zeros((1, 8, 60), np.float32)
    table[0, :5, 0], table[0, :7, 1] = (30, 30, 10, 20, 0.9), (70, 30, 30, 20, 0, 0, 0.8)
    return OnnxFile().input("images", (1, 3, 96, 96)).constant("output0", table).write(tmp_path / "finder.onnx")


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    """An encoder that puts out mixtures of the mean colours."""
    file = OnnxFile().input("x", (1, 3, "h", "w")).node("Conv", ["x", "weights"], "y").output("y", (1, 10, "h", "w"))
    weights = np.random.default_rng(1).normal(size=(10, 3, 1, 1)).astype(np.float32)
    return file.tensor("weights", weights).write(tmp_path / "colours.onnx")


def constant_encoder(folder: Path) -> Path:
    """An encoder that puts out the same for every picture."""
    file = OnnxFile().input("x", (1, 3, 32, 16)).constant("y", np.ones((1, 12), np.float32))
    return file.write(folder / "same.onnx")


def run(vision: Vision) -> tuple[bool, str]:
    lines: list[str] = []
    return check.check_models(vision, lines.append), "\n".join(lines)


def test_the_command(tmp_path: Path, detector: Path, encoder: Path) -> None:
    (tmp_path / "hub.toml").write_text(f"[vision]\ndetector = '{detector}'\nencoder = '{encoder}'\n", "utf-8")
    command = [sys.executable, str(ROOT / "app.py"), "check-models", "--instance", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    for part in (
        f"Detector: {detector}",
        "name         onnx:finder.onnx:",
        "used as      YOLO, picture letterboxed to 96 x 96, class 0 is a person, class 2 is a vehicle",
        "ms (median of 9, 640 x 480, one thread)",
        "MB, the whole process with this model alone",
        "result       person (0.90), vehicle (0.80)",
        f"Encoder: {encoder}",
        "vectors of 10 numbers, scale 1",
        "result       10 numbers a person; distance of two figures in different clothes",
        "drawn by the program",
    ):
        assert part in done.stdout
    (tmp_path / "hub.toml").write_text("[vision]\ndetector = 'none.onnx'\n", "utf-8")
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False)
    assert done.returncode == 1
    assert f"CANNOT BE USED  There is no file {ROOT / 'none.onnx'}: correct vision.detector." in done.stdout


def test_an_encoder_that_ignores_the_picture(tmp_path: Path, detector: Path) -> None:
    usable, text = run(Vision(detector=str(detector), encoder=str(constant_encoder(tmp_path))))
    assert not usable and "result       person (0.90)" in text
    assert "CANNOT BE USED  The encoder puts out the same vector for two different pictures" in text


def test_models_too_slow_for_the_hub(detector: Path, encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "ANSWER_SECONDS", 1e-6)
    usable, text = run(Vision(detector=str(detector), encoder=str(encoder)))
    assert not usable and "CANNOT BE USED together: they took 0 s to load and to answer for the first time" in text


def test_progress_and_a_limit(detector: Path, encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "PROGRESS_SECONDS", 0.01)
    usable, text = run(Vision(detector=str(detector), encoder=str(encoder)))
    assert usable and text.count("still at work") > 4
    monkeypatch.setattr(check, "LIMIT_SECONDS", 0.02)
    usable, text = run(Vision(detector=str(detector), encoder=str(encoder)))
    assert not usable and text.count("CANNOT BE USED  Its process ended without a result") == 2


@pytest.mark.slow
def test_a_hub_id_is_downloaded_here_and_used_without_a_network_then(
    tmp_path: Path, detector: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "ANSWER_SECONDS", 600.0)  # torch alone may take long on a busy machine
    model = vit(tmp_path / "model")
    with model_hub(model, tmp_path / "hf", monkeypatch) as asked:
        usable, text = run(Vision(detector=str(detector), encoder="someone/tiny"))
        assert usable and "transformers:tiny:" in text
        assert "downloads someone/tiny, which is not on this machine yet" in capfd.readouterr().out
        fetched = {path.rpartition("/")[2] for path in asked if "/resolve/" in path}
        assert fetched == {path.name for path in model.iterdir()}
        asked.clear()
        usable, text = run(Vision(detector=str(detector), encoder="someone/tiny"))
        assert usable and asked == [], "what is here needs no network"
        usable, text = run(Vision(detector=str(detector), encoder="someone/else"))
        assert not usable and "There is no folder and no model someone/else: correct vision.encoder." in text
    usable, text = run(Vision(detector=str(detector), encoder="someone/third"))
    assert not usable and "cannot be reached: give vision.encoder the folder of a copy" in text
