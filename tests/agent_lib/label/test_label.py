"""Finding and reading the label: where it is, what it says, and silence where there is none."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from agent_lib.label.code_file import load_label_code
from agent_lib.label.reader import LabelError, LabelReader, digit_strip
from agent_lib.label.reading import NOT_FOUND, UNREADABLE
from agent_lib.simulator import scene_label
from agent_lib.simulator.scene import Scene, empty_gate
from tests.support.label import SIZE, clutter, corners_of, other_code, picture

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def reader():
    return LabelReader(SimpleNamespace(engine="auto"), 5)


def _grey(image):
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)


@pytest.mark.parametrize("seed", range(400, 408))
@pytest.mark.parametrize("position", [0.5, 1.0])
def test_number_of_an_arriving_vehicle(reader, seed, position):
    number = f"{np.random.default_rng(seed).integers(100000):05d}"
    scene = Scene(seed, 2, number)
    reading = reader.read(scene.frame(position))
    assert (reading.found, reading.number, reading.reason) == (True, number, "")
    assert reading.raw_text == number
    assert reading.confidence >= 0.9
    assert reading.score >= 0.5
    assert np.abs(reading.corners - scene.label_corners(position)).max() < 2.5


@pytest.mark.parametrize("turn", [0, 180, 12, -9, 90, 171])
def test_any_way_up(reader, turn):
    rng = np.random.default_rng(turn + 500)
    corners = corners_of(280, (900, 560), turn)
    reading = reader.read(picture(scene_label.board("01966", rng), corners, rng))
    assert reading.number == "01966"
    # The first corner is the label's own top left, wherever that has come to lie.
    assert np.abs(reading.corners - corners).max() < 2.5


@pytest.mark.parametrize(("yaw", "pitch"), [(35, 0), (-35, 10), (0, 30), (25, -25)])
def test_turned_away_from_the_camera(reader, yaw, pitch):
    rng = np.random.default_rng([yaw + 90, pitch + 90])
    corners = corners_of(260, (960, 600), 4, yaw, pitch)
    reading = reader.read(picture(scene_label.board("40213", rng), corners, rng))
    assert reading.number == "40213"
    assert np.abs(reading.corners - corners).max() < 2.5


@pytest.mark.parametrize("width", [120, 180, 420, 700])
def test_near_and_far(reader, width):
    rng = np.random.default_rng(width)
    reading = reader.read(picture(scene_label.board("00705", rng), corners_of(width, (960, 540), -5), rng))
    assert reading.number == "00705"


def test_low_light_with_noise(reader):
    rng = np.random.default_rng(8)
    image = picture(
        scene_label.board("86420", rng), corners_of(240, (800, 500), 3, 15), rng, level=0.2, blur=1.2, noise=4
    )
    assert image.mean() < 40
    assert reader.read(image).number == "86420"


def test_a_label_that_fills_the_picture(reader):
    board = scene_label.board("13579", np.random.default_rng(1))
    assert reader.read(board).number == "13579"
    assert reader.read(board[:, :, 0].copy()).number == "13579", "a grey picture is read as well"


def test_rectified_picture_shows_the_label(reader):
    rng = np.random.default_rng(3)
    board = scene_label.board("24680", rng)
    reading = reader.read(picture(board, corners_of(500, (900, 540), 10, 20), rng))
    height, width = reading.picture.shape[:2]
    assert reading.picture.dtype == np.uint8
    assert 480 <= width <= 1191
    assert abs(width / height - 1191 / 842) < 0.01
    expected = _grey(cv2.resize(board, (width, height), interpolation=cv2.INTER_AREA)).ravel()
    assert np.corrcoef(expected, _grey(reading.picture).ravel())[0, 1] > 0.95
    strip = digit_strip(reading.picture, load_label_code())
    assert _grey(strip).min() < 60 < 180 < _grey(strip)[:2].min()


@pytest.mark.parametrize("seed", range(420, 424))
@pytest.mark.parametrize("kind", ["primary", "secondary"])
def test_nothing_in_an_empty_gate(reader, seed, kind):
    reading = reader.read(empty_gate(seed, kind))
    assert (reading.found, reading.number, reading.reason) == (False, "", NOT_FOUND)
    assert reading.corners is None
    assert reading.picture is None


@pytest.mark.parametrize("seed", range(430, 436))
def test_other_boards_with_five_digits_are_not_labels(reader, seed):
    reading = reader.read(clutter(np.random.default_rng(seed)))
    assert (reading.found, reading.number) == (False, "")


@pytest.mark.parametrize("seed", range(440, 448))
def test_a_board_with_another_code_is_not_a_label(reader, seed):
    rng = np.random.default_rng(seed)
    corners = corners_of(float(rng.uniform(160, 500)), (900, 560), float(rng.uniform(-12, 12)))
    reading = reader.read(picture(scene_label.board("12345", rng, other_code(rng)), corners, rng))
    assert (reading.found, reading.number) == (False, "")


@pytest.mark.slow
@pytest.mark.parametrize("index", range(6))
def test_a_label_nobody_can_read_gives_no_number(reader, index):
    for position in (0.6, 1.0, 1.3):
        reading = reader.read(Scene(460 + index, index, None).frame(position))
        assert reading.number == ""
        assert reading.reason == (UNREADABLE if reading.found else NOT_FOUND)


def test_a_smeared_label_is_found_but_unreadable(reader):
    rng = np.random.default_rng(2)
    board = scene_label.board("31415", rng)
    board[250:600, 150:1040] = cv2.blur(board[250:600, 150:1040], (301, 61))
    reading = reader.read(picture(board, corners_of(300, (960, 540)), rng))
    assert (reading.found, reading.number, reading.reason) == (True, "", UNREADABLE)
    assert reading.picture is not None


@pytest.mark.parametrize("number", ["1234", "123456", "7"])
def test_a_number_of_another_length_is_not_reported(reader, number):
    rng = np.random.default_rng(int(number))
    reading = reader.read(picture(scene_label.board(number, rng), corners_of(320, (960, 540)), rng))
    assert (reading.found, reading.number, reading.raw_text) == (True, "", number)


def test_target_digits():
    rng = np.random.default_rng(17)
    image = picture(scene_label.board("4711", rng), corners_of(320, (960, 540)), rng)
    assert LabelReader(SimpleNamespace(engine="ppocr"), 4).read(image).number == "4711"


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (None, "numpy array"),
        (np.zeros((0, 0, 3), np.uint8), "empty"),
        (np.zeros((40, 0), np.uint8), "empty"),
        (np.zeros((20, 20, 3), np.float32), "uint8"),
        (np.zeros((20, 20), np.uint16), "uint8"),
        (np.zeros((20, 20, 4), np.uint8), "shape"),
        (np.zeros(20, np.uint8), "shape"),
        (np.broadcast_to(np.uint8(0), (9000, 9000)), "too large"),
    ],
)
def test_what_is_not_a_frame_is_refused_with_a_sentence(reader, image, says):
    with pytest.raises(LabelError, match=says):
        reader.read(image)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 1), (1, 4000, 3), (3000, 2), (7, 7, 1)])
def test_tiny_pictures_show_no_label(reader, shape):
    assert reader.read(np.full(shape, 90, np.uint8)).reason == NOT_FOUND


def test_pictures_of_nothing_show_no_label(reader):
    rng = np.random.default_rng(5)
    noise = rng.integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    for image in (noise, np.full_like(noise, 255), np.zeros_like(noise)):
        assert not reader.read(image).found
