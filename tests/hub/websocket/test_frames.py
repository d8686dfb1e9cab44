"""Frames apart from sockets: the mask, by the C function and by the tables that stand in for it."""

import pytest

from hub.websocket import frames as websocket_frames


@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 125, 2047, 2048, 70_001])
def test_masks_come_off_alike_with_and_without_the_c_function(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    key, data = b"\x12\x9f\x41\x88", bytearray(index * 7 % 256 for index in range(size))
    for position in range(4):
        expected = bytes(byte ^ key[(position + index) % 4] for index, byte in enumerate(data))
        assert bytes(websocket_frames.unmask(data, key, position)) == expected
        with monkeypatch.context() as without:
            without.setattr(websocket_frames, "apply_mask", None)
            assert bytes(websocket_frames.unmask(data, key, position)) == expected
