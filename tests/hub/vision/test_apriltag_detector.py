"""The detector with pictures of known poses: ids, poses in the firmware's fields, blur, noise, false positives."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from hub.vision.apriltag.detector import AprilTagDetector
from hub.vision.apriltag.pose import POSE_FIELDS, Lens, fields, solve
from tests.support.tag_pictures import View, tag_picture, turned

pytestmark = pytest.mark.slow

SIZE = 10.0


def seen(view: View, size: float | None = SIZE, **more: object) -> list[dict]:
    lens = view.lens if size is not None else {}
    return AprilTagDetector(tag_size_cm=size, **lens, **more).tags(view.grey())


def truth(turn: np.ndarray, shift: np.ndarray) -> dict:
    return fields(turn, shift)


def apart(one: float, other: float) -> float:
    """Degrees between two angles."""
    return abs((one - other + 180) % 360 - 180)


@pytest.mark.parametrize("seed", range(12))
def test_ids_and_poses(seed: int) -> None:
    random = np.random.default_rng(seed)
    distance = random.uniform(25, 90)
    turn = turned(random.uniform(-170, 170), random.uniform(-45, 45), random.uniform(-45, 45))
    shift = np.array([random.uniform(-0.25, 0.25) * distance, random.uniform(-0.18, 0.18) * distance, distance])
    tag_id = int(random.integers(0, 587))
    found = seen(View([(tag_id, SIZE, turn, shift)], seed=seed))
    assert [tag["tag_id"] for tag in found] == [tag_id]
    expected = truth(turn, shift)
    for name in ("yaw", "pitch", "roll"):
        assert apart(found[0][name], expected[name]) < 1.0, name
    # Sideways an angle of 1 degree is 2 % of the distance; the distance itself is far more exact.
    for name in ("x_cm", "y_cm", "z_cm"):
        assert found[0][name] == pytest.approx(expected[name], abs=0.1 + 0.015 * distance), name
    assert found[0]["range_cm"] == pytest.approx(expected["range_cm"], abs=0.1 + 0.002 * distance)
    assert 100 < found[0]["decision_margin"] < 128


def test_the_signs_of_the_firmware() -> None:
    straight = seen(View([(3, SIZE, turned(0, 0, 0), np.array([0.0, 0.0, 40.0]))]))[0]
    assert straight["z_cm"] == pytest.approx(-40, abs=0.2) and abs(straight["x_cm"]) < 1 and abs(straight["y_cm"]) < 1
    assert max(abs(straight[name]) for name in ("yaw", "pitch", "roll")) < 1.5
    # The tag is left of and above the optical axis, so in its frame (x right, y down) the camera is right and below.
    aside = seen(View([(3, SIZE, turned(0, 0, 0), np.array([-8.0, -5.0, 40.0]))]))[0]
    assert aside["x_cm"] == pytest.approx(8, abs=0.6) and aside["y_cm"] == pytest.approx(5, abs=0.6)
    # A tag that lies on its side, turned clockwise in the picture: the firmware's yaw is the rotation in the picture.
    assert seen(View([(3, SIZE, turned(90, 0, 0), np.array([0.0, 0.0, 40.0]))]))[0]["yaw"] == pytest.approx(90, abs=1)


def test_upright_is_what_the_april_tag_project_prints() -> None:
    # tag36_11_00000 of the project begins with this row of bits under its black border (1 is white).
    cells = cv2.resize(tag_picture(0), (10, 10), interpolation=cv2.INTER_AREA)[2:8, 2:8] > 127
    code = 0
    for bit in cells.ravel():
        code = code << 1 | int(bit)
    assert code == 0xD5D628584


def test_every_field_is_a_boards_field_rounded_to_one_decimal() -> None:
    tag = seen(View([(3, SIZE, turned(10, 20, 30), np.array([1.0, 2.0, 40.0]))]))[0]
    assert list(tag) == ["tag_id", "decision_margin", "yaw", "pitch", "roll", "x_cm", "y_cm", "z_cm", "range_cm"]
    assert all(value == round(value, 1) for value in tag.values())


def test_several_tags_by_id() -> None:
    random = np.random.default_rng(5)
    tags = [
        (tag_id, SIZE, turned(*random.uniform(-30, 30, 3)), np.array([x, y, 60.0]))
        for tag_id, x, y in ((586, -20.0, -12.0), (0, 0.0, 10.0), (41, 20.0, -8.0))
    ]
    found = seen(View(tags))
    assert [tag["tag_id"] for tag in found] == [0, 41, 586]
    for tag, (_, _, turn, shift) in zip(found, (tags[1], tags[2], tags[0]), strict=True):
        assert tag["range_cm"] == pytest.approx(truth(turn, shift)["range_cm"], abs=0.4)


@pytest.mark.slow
def test_one_tag_is_reported_once_and_two_with_one_id_twice() -> None:
    """Also on white paper on a grey wall, which is a square around the tag."""
    for seed in range(10):
        random = np.random.default_rng(seed)
        one = (4, SIZE, turned(*random.uniform(-40, 40, 3)), np.array([-1.0, 1.0, random.uniform(28, 40)]))
        assert [tag["tag_id"] for tag in seen(View([one], seed=seed))] == [4]
    two = [(4, SIZE, turned(0, 0, yaw), np.array([x, 0.0, 60.0])) for x, yaw in ((-15.0, 10), (15.0, -10))]
    assert [tag["tag_id"] for tag in seen(View(two))] == [4, 4]


@pytest.mark.parametrize(("blur", "noise"), [(0.0, 0.0), (2.0, 2.0), (0.7, 15.0), (1.5, 10.0)])
def test_blur_and_noise(blur: float, noise: float) -> None:
    turn, shift = turned(25, 10, -20), np.array([2.0, -3.0, 50.0])
    found = seen(View([(17, SIZE, turn, shift)], blur=blur, noise=noise))
    assert [tag["tag_id"] for tag in found] == [17]
    assert found[0]["range_cm"] == pytest.approx(truth(turn, shift)["range_cm"], abs=0.5)
    assert apart(found[0]["yaw"], 25) < 1.5


@pytest.mark.slow
def test_a_small_tag_is_not_thrown_over() -> None:
    """About 25 pixels wide: of its two poses the right one is taken, most of the time exactly."""
    wrong = 0
    for seed in range(20):
        random = np.random.default_rng(100 + seed)
        turn, shift = (
            turned(random.uniform(-170, 170), random.choice([-1, 1]) * random.uniform(25, 45), random.uniform(-40, 40)),
            np.array([5.0, 5.0, 220.0]),
        )
        found = seen(View([(seed, SIZE, turn, shift)], seed=seed))
        if found:
            wrong += apart(found[0]["pitch"], truth(turn, shift)["pitch"]) > 10
    assert wrong <= 2


def test_the_margin_falls_with_the_contrast() -> None:
    view = View([(3, SIZE, turned(5, 5, 5), np.array([0.0, 0.0, 40.0]))], noise=1.0)
    full = seen(view)[0]["decision_margin"]
    faint = seen(View(view.tags, contrast=0.25, noise=1.0))[0]["decision_margin"]
    assert faint == pytest.approx(full / 4, rel=0.1)
    assert seen(View(view.tags, contrast=0.04, noise=1.0)) == []


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_seen_where_nothing_is(seed: int) -> None:
    """Noise, and black squares in white with random bits, which look like tags as much as anything does."""
    random = np.random.default_rng(seed)
    picture = random.integers(0, 256, (480, 640)).astype(np.uint8)
    for _ in range(60):
        x, y, scale = int(random.integers(0, 560)), int(random.integers(0, 400)), int(random.integers(3, 8))
        bits = np.zeros((8, 8), np.uint8)
        bits[1:7, 1:7] = random.integers(0, 2, (6, 6)) * 255
        square = cv2.copyMakeBorder(
            cv2.resize(bits, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST),
            *[scale] * 4,
            cv2.BORDER_CONSTANT,
            value=255,
        )
        height, width = min(square.shape[0], 480 - y), min(square.shape[1], 640 - x)
        picture[y : y + height, x : x + width] = square[:height, :width]
    assert AprilTagDetector().tags(picture) == []


def test_a_tag_cut_by_the_edge_is_no_tag() -> None:
    assert seen(View([(3, SIZE, turned(0, 0, 0), np.array([21.0, 0.0, 40.0]))])) == []


def test_without_a_lens_there_is_no_pose() -> None:
    view = View([(3, SIZE, turned(5, 5, 5), np.array([0.0, 0.0, 40.0]))])
    for tag in (
        seen(view, None)[0],
        AprilTagDetector(tag_size_cm=SIZE).tags(view.grey())[0],
        AprilTagDetector(**view.lens).tags(view.grey())[0],
    ):
        assert tag["tag_id"] == 3 and tag["decision_margin"] > 100 and all(tag[name] is None for name in POSE_FIELDS)


def test_distortion_is_taken_out() -> None:
    turn, shift = turned(10, 15, -10), np.array([16.0, -10.0, 45.0])
    view, bent = View([(9, SIZE, turn, shift)]), [-0.25, 0.08, 0.001, -0.001, 0.0]
    lens = Lens(SIZE, **view.lens)
    height, width = view.height, view.width
    pixels = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).reshape(-1, 1, 2).astype(np.float32)
    straight = cv2.undistortPoints(pixels, lens.matrix, np.array(bent), P=lens.matrix).reshape(height, width, 2)
    picture = cv2.remap(view.grey(), straight, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    expected = truth(turn, shift)
    good = AprilTagDetector(tag_size_cm=SIZE, **view.lens, distortion=bent).tags(picture)[0]
    naive = AprilTagDetector(tag_size_cm=SIZE, **view.lens).tags(picture)[0]
    assert (
        good["range_cm"] == pytest.approx(expected["range_cm"], abs=0.4) and apart(good["roll"], expected["roll"]) < 1.5
    )
    assert abs(naive["range_cm"] - expected["range_cm"]) > 1.0


def test_pictures_as_they_come() -> None:
    view = View([(3, SIZE, turned(5, 5, 5), np.array([0.0, 0.0, 40.0]))])
    detector = AprilTagDetector()
    looked = detector.look(view.jpeg())
    assert (looked["width"], looked["height"], [tag["tag_id"] for tag in looked["tags"]]) == (640, 480, [3])
    for wrong in (b"", b"\xff\xd8\xff\xe0 no picture", view.jpeg()[:200]):
        with pytest.raises(ValueError, match="picture"):
            detector.look(wrong)


def test_a_pose_that_is_none() -> None:
    assert solve(np.zeros((4, 2)), Lens(SIZE, 600, 600, 320, 240)) is None
