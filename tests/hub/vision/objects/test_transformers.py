"""Operators' transformers models: real, tiny ones whose output is known, and folders that cannot be used."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.settings.vision import Vision
from hub.vision.objects.errors import ModelError
from hub.vision.objects.interfaces import PERSON, VEHICLE, Box
from hub.vision.objects.operator_models import detector_from, encoder_from
from tests.support.vision_models import SIDE, clip, segformer, vit, yolos

pytestmark = pytest.mark.slow

PERSONS = frozenset({PERSON})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of tiny models: yolos, vit, classifier, clip."""
    folder = tmp_path_factory.mktemp("models ไทย")
    for name, make in (("yolos", yolos), ("vit", vit), ("clip", clip)):
        make(folder / name)
    vit(folder / "classifier", classifier=True)
    return folder


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Factory of copies of a model's folder, to be changed."""
    return lambda name: Path(shutil.copytree(folder / name, tmp_path / name))


def detector(path: Path | str, **settings: Any) -> Any:
    return detector_from(Vision(detector=str(path), **settings).model_dump())


def encoder(path: Path | str, **settings: Any) -> Any:
    return encoder_from(Vision(encoder=str(path), **settings).model_dump())


def halves() -> tuple[np.ndarray, list[Box]]:
    """A noisy picture with an orange left half, a box on each half, and one more on the left one."""
    picture = np.random.default_rng(1).integers(0, 255, (200, 160, 3)).astype(np.uint8)
    picture[:, :80] = (20, 120, 250)
    left = Box(0, 0, 80, 200, 0.9, PERSON)
    return picture, [left, Box(80, 0, 160, 200, 0.9, PERSON), Box(10, 20, 40, 100, 0.9, PERSON)]


def test_detector(folder: Path) -> None:
    """All of its three queries find the same box, of which one is left."""
    found = detector(folder / "yolos")
    picture = np.zeros((100, 200, 3), np.uint8)
    (box,) = found.detect(picture, frozenset({PERSON, VEHICLE}))
    assert box.kind == PERSON and box.confidence == pytest.approx(0.8, abs=1e-3)
    assert (box.x1, box.y1, box.x2, box.y2) == pytest.approx((75, 25, 125, 75), abs=0.05)
    assert found.detect(picture, frozenset({VEHICLE})) == []
    assert found.about == "YolosForObjectDetection, class 1 (person) is a person, class 2 (bus) is a vehicle"


def test_classes_by_name(folder: Path, tmp_path: Path) -> None:
    (box,) = detector(
        folder / "yolos", detector_labels=["Cat"], min_confidence=0.05, detector_vehicle_labels=["person"]
    ).detect(np.zeros((80, 80, 3), np.uint8), frozenset({VEHICLE}))
    assert box.kind == VEHICLE
    with pytest.raises(ModelError, match=r"classes \(cat, person, bus\) is in vision.detector_labels \(walker\)"):
        detector(folder / "yolos", detector_labels=["walker"])
    unnamed = yolos(tmp_path / "unnamed", ("LABEL_0", "LABEL_1", "LABEL_2"))
    assert len(detector(unnamed, detector_labels=["1"]).detect(np.zeros((80, 80, 3), np.uint8), PERSONS)) == 1


def test_encoder_puts_out_what_the_model_computes(folder: Path) -> None:
    import torch
    import transformers

    made = encoder(folder / "vit", encoder_scale=0.5)
    picture, boxes = halves()
    vectors = made.encode(picture, boxes)
    assert (made.size, made.scale, vectors.shape, vectors.dtype) == (16, 0.5, (3, 16), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    orange = (torch.tensor([250, 120, 20]) / 255 - 0.5) / 0.5
    pixels = orange[None, :, None, None].expand(1, 3, SIDE, SIDE)
    with torch.inference_mode():
        pooled = transformers.ViTModel.from_pretrained(folder / "vit").eval()(pixels).pooler_output[0].numpy()
    np.testing.assert_allclose(vectors[[0, 2]], [pooled / np.linalg.norm(pooled)] * 2, atol=1e-4)
    assert np.linalg.norm(vectors[0] - vectors[1]) > 0.05
    assert made.encode(picture, []).shape == (0, 16)
    np.testing.assert_allclose(made.encode(picture, boxes * 7)[-3:], vectors, atol=1e-5)


def test_a_pooler_without_weights_is_not_used(folder: Path) -> None:
    """transformers fills it with random numbers, other ones at each start."""
    first, second = (encoder(folder / "classifier") for _ in range(2))
    assert "mean of last_hidden_state" in first.about and "pooler_output" in encoder(folder / "vit").about
    np.testing.assert_allclose(first.encode(*halves()), second.encode(*halves()), atol=1e-6)


def test_a_map_is_averaged(tmp_path: Path) -> None:
    made = encoder(segformer(tmp_path / "map"))
    vectors = made.encode(*halves())
    assert "mean of last_hidden_state, each person stretched to 16 x 32" in made.about and vectors.shape == (3, 16)
    np.testing.assert_allclose(vectors[0], vectors[2], atol=1e-4)
    assert np.linalg.norm(vectors[0] - vectors[1]) > 0.01


def test_a_model_of_pictures_and_texts_sees_head_and_feet(folder: Path) -> None:
    """Only the outer tenths of a tall person differ: the processor's own way would cut them off."""
    made = encoder(folder / "clip")
    plain = np.full((200, 50, 3), 128, np.uint8)
    other = plain.copy()
    other[:20], other[180:] = 0, 255
    box = Box(0, 0, 50, 200, 0.9, PERSON)
    vectors = np.concatenate([made.encode(picture, [box]) for picture in (plain, other)])
    assert made.size == 24 and np.linalg.norm(vectors[0] - vectors[1]) > 0.05


def test_the_name_changes_with_the_weights(folder: Path, copy: Callable[[str], Path], tmp_path: Path) -> None:
    name = encoder(folder / "vit").name
    same = encoder(copy("vit"), encoder_scale=0.1).name
    assert name == same and name.startswith("transformers:vit:")
    others = {
        encoder(vit(tmp_path / "other" / "vit", seed=5)).name,
        encoder(vit(tmp_path / "m" / "vit", image_mean=[0, 0, 0])).name,
    }
    assert len({name, *others}) == 3


def test_folders_that_are_not_whole(copy: Callable[[str], Path]) -> None:
    path = copy("vit")
    (path / "preprocessor_config.json").rename(path / "aside")
    with pytest.raises(ModelError, match="no whole model, its preprocessor_config.json is missing: copy"):
        encoder(path)
    (path / "aside").rename(path / "preprocessor_config.json")
    weights = (path / "model.safetensors").read_bytes()
    (path / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(ModelError, match=r"The encoder in .* cannot be loaded \(.*correct vision.encoder"):
        encoder(path)
    (path / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="its model.safetensors is missing"):
        encoder(path)


def test_weights_of_another_model(copy: Callable[[str], Path]) -> None:
    """transformers would fill what is absent with random numbers and go on."""
    path = copy("vit")
    config = json.loads((path / "config.json").read_text("utf-8"))
    (path / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 2}), "utf-8")
    with pytest.raises(ModelError, match=r"does not fit its config.json .*weights are absent.*such as .*layer"):
        encoder(path)


def test_a_model_of_another_kind(folder: Path) -> None:
    with pytest.raises(ModelError, match=r"The detector in .*vit cannot be loaded .*right kind of model"):
        detector(folder / "vit")


def test_a_model_with_code_of_its_own_is_refused(copy: Callable[[str], Path]) -> None:
    path = copy("vit")
    config = json.loads((path / "config.json").read_text("utf-8"))
    (path / "mine.py").write_text("raise SystemExit('run')\n", "utf-8")
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "mine.Config", "AutoModel": "mine.Model"}}
    (path / "config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(ModelError, match="cannot be loaded"):
        encoder(path)


@pytest.mark.parametrize("name", ["/none/at/all", "./none", "a/b/c", "C:\\models\\vit"])
def test_folders_that_are_not_there(name: str) -> None:
    with pytest.raises(ModelError, match=r"There is no folder .*: correct vision.encoder"):
        encoder(name)


def test_a_hub_id_is_not_downloaded_by_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _no_network)
    with pytest.raises(ModelError, match="someone/tiny is not on this machine: run `python app.py check-models` once"):
        encoder("someone/tiny")


def _no_network(*_: object, **__: object) -> None:
    raise AssertionError("a name was looked up")
