"""The built-in detector: its anchors, its windows, its model file."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import cv2
import numpy as np
import pytest

from hub.vision.objects import ssd
from hub.vision.objects.anchors import anchors
from hub.vision.objects.interfaces import PERSON, Box
from hub.vision.objects.ssd import MODEL_FILE, MODEL_SHA256, SsdDetector, decode, split
from hub.vision.objects.suppression import drop_parts, iou, merge_views, suppress
from tests.support.people import RED, frame

PERSONS = frozenset({PERSON})


def test_there_are_1917_anchors_in_the_order_of_the_network():
    boxes = anchors()
    assert boxes.shape == (1917, 4)
    np.testing.assert_allclose(boxes[0], [0.5 / 19, 0.5 / 19, 0.1, 0.1], atol=1e-6)
    np.testing.assert_allclose(boxes[1, 2:], [0.2 / 2**0.5, 0.2 * 2**0.5], atol=1e-6)
    np.testing.assert_allclose(boxes[3, :2], [0.5 / 19, 1.5 / 19], atol=1e-6)
    np.testing.assert_allclose(boxes[-1], [0.5, 0.5, (0.95 * 1.0) ** 0.5, (0.95 * 1.0) ** 0.5], atol=1e-6)


def test_an_encoding_of_zeros_is_the_anchor():
    anchor = np.array([[0.5, 0.4, 0.2, 0.1]], np.float32)
    np.testing.assert_allclose(decode(np.zeros((1, 4), np.float32), anchor), [[0.35, 0.4, 0.45, 0.6]], atol=1e-6)
    moved = decode(np.array([[10, -10, 5 * np.log(2), 0]], np.float32), anchor)
    np.testing.assert_allclose(moved, [[0.25, 0.5, 0.35, 0.9]], atol=1e-6)


def test_of_overlapping_boxes_the_most_confident_is_kept():
    corners = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10]], np.float32)
    kept = suppress(corners, np.array([0.5, 0.8, 0.6], np.float32), PERSON)
    assert [(box.x1, round(box.confidence, 1)) for box in kept] == [(1, 0.8), (20, 0.6)]


def test_legs_in_the_box_of_a_person_are_not_a_person():
    person, legs = Box(0, 0, 40, 100, 0.6, PERSON), Box(2, 50, 38, 101, 0.5, PERSON)
    beside = Box(25, 0, 65, 100, 0.5, PERSON)
    assert drop_parts([person, legs, beside]) == [person, beside]
    assert drop_parts([]) == []


@pytest.mark.parametrize(("size", "count"), [((640, 480), 2), ((1920, 1080), 2), ((480, 480), 1), ((480, 640), 1)])
def test_wide_pictures_have_two_windows_that_overlap(size, count):
    windows = split(*size)
    assert len(windows) == count
    assert windows[0][0] == 0 and windows[-1][1] == size[0]
    assert count == 1 or windows[0][1] - windows[1][0] == pytest.approx(0.2 * size[0], abs=2)


def test_a_person_seen_whole_in_one_window_is_not_there_cut_off_as_well():
    whole, half = Box(340, 100, 400, 300, 0.5, PERSON), Box(338, 102, 383.5, 300, 0.9, PERSON)
    boxes, cut = merge_views([[half], [whole]], [(0, 384), (256, 640)], 640)
    assert (boxes, cut) == ([whole], False)
    assert merge_views([[half], []], [(0, 384), (256, 640)], 640) == ([half], True)


@pytest.mark.parametrize("x", [150, 320, 384, 500])
def test_a_person_anywhere_in_the_picture_is_found_once(x):
    who = replace(RED, x=x)
    found = [box for box in SsdDetector().detect(frame([who]), PERSONS) if box.confidence > 0.43]
    assert len(found) == 1
    box = np.array([found[0].x1, found[0].y1, found[0].x2, found[0].y2])
    assert iou(box, np.array([who.box]))[0] > 0.6


def test_a_person_wider_than_the_overlap_of_the_windows_is_not_cut():
    small = frame([replace(RED, x=160, feet=230, height=150)], 320, 240)
    large = cv2.resize(small, (640, 480), interpolation=cv2.INTER_CUBIC)
    first = SsdDetector().detect(large, PERSONS)[0]
    assert first.x2 - first.x1 > 100 and first.y2 - first.y1 > 250


def test_the_model_file_is_the_one_of_its_notice():
    digest = hashlib.sha256(MODEL_FILE.read_bytes()).hexdigest()
    assert digest == MODEL_SHA256
    assert digest in (MODEL_FILE.parent / "NOTICE").read_text("utf-8")


def test_a_damaged_model_file_is_refused_with_a_sentence(tmp_path, monkeypatch):
    damaged = tmp_path / MODEL_FILE.name
    damaged.write_bytes(MODEL_FILE.read_bytes()[:-1])
    monkeypatch.setattr(ssd, "MODEL_FILE", damaged)
    with pytest.raises(RuntimeError, match="is damaged; copy it"):
        SsdDetector()
