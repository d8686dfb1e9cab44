"""Settings of operators' models: lists by environment, and the sentences for invalid values."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.settings.file import SettingsError, load


def test_lists_by_environment(tmp_path: Path) -> None:
    environ = {
        "HUB_VISION_DETECTOR_INPUT": "416, 320",
        "HUB_VISION_ENCODER_STD": "0.5,0.5,0.25",
        "HUB_VISION_DETECTOR_LABELS": "person, 3",
    }
    vision = load(tmp_path, {}, environ).vision
    assert (vision.detector_input, vision.encoder_std) == ([416, 320], [0.5, 0.5, 0.25])
    assert vision.detector_labels == ["person", "3"]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("detector_input = [640]", "has two numbers, width and height, each from 16 to 2048"),
        ("encoder_input = [8, 4000]", "has two numbers, width and height, each from 16 to 2048"),
        ("detector_mean = [0.5, 0.5]", "has three numbers, red, green and blue, each from -10 to 10"),
        ("encoder_mean = [0.5, 0.5, nan]", "has three numbers, red, green and blue, each from -10 to 10"),
        ("encoder_std = [0.5, 0.5, 0.0]", "has three numbers, red, green and blue, each from 0.001 to 10"),
        ("detector_labels = []", "at least 1 item"),
        ("detector_labels = ['']", "names or numbers of classes"),
        ("detector_vehicle_labels = ['a\\tb']".replace("'", '"'), "names or numbers of classes"),
        ("detector = ' model.onnx'", "without spaces at its ends"),
        ("detector_scores = 'relu'", "'softmax' or 'sigmoid'"),
        ("encoder_scale = 0", "greater than 0"),
    ],
)
def test_invalid_values(tmp_path: Path, line: str, sentence: str) -> None:
    (tmp_path / "hub.toml").write_text(f"[vision]\n{line}\n", "utf-8")
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, {}, {})
    assert f"vision.{line.split(' ')[0]}" in str(caught.value) and sentence in str(caught.value)
