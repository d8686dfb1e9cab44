"""Small ONNX files for tests, written as protobuf by hand: field numbers as in ONNX's public `onnx.proto`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

IR_VERSION, OPERATORS = 8, 13
TYPES = {np.dtype(np.float32): 1, np.dtype(np.uint8): 2, np.dtype(np.int64): 7, np.dtype(np.float16): 10}
Shape = tuple[int | str, ...]


class OnnxFile:
    """A graph to which inputs, constants, nodes and outputs are added; `write` makes the file."""

    def __init__(self) -> None:
        self._graph = b""
        self._metadata = b""

    def input(self, name: str, shape: Shape, kind: type = np.float32) -> OnnxFile:
        """A side of `shape` that is a text may be any."""
        self._graph += _bytes(11, _value(name, shape, kind))
        return self

    def output(self, name: str, shape: Shape, kind: type = np.float32) -> OnnxFile:
        self._graph += _bytes(12, _value(name, shape, kind))
        return self

    def tensor(self, name: str, values: np.ndarray) -> OnnxFile:
        sizes = b"".join(_number(1, size) for size in values.shape)
        self._graph += _bytes(
            5, sizes + _number(2, TYPES[values.dtype]) + _bytes(8, name.encode()) + _bytes(9, values.tobytes())
        )
        return self

    def node(self, kind: str, inputs: list[str], output: str) -> OnnxFile:
        names = b"".join(_bytes(1, name.encode()) for name in inputs)
        self._graph += _bytes(1, names + _bytes(2, output.encode()) + _bytes(4, kind.encode()))
        return self

    def constant(self, name: str, values: np.ndarray, shape: Shape | None = None) -> OnnxFile:
        """An output that has these values whatever the input is."""
        self.tensor(f"{name}_values", values).node("Identity", [f"{name}_values"], name)
        return self.output(name, shape or values.shape, values.dtype.type)

    def metadata(self, key: str, value: str) -> OnnxFile:
        self._metadata += _bytes(14, _bytes(1, key.encode()) + _bytes(2, value.encode()))
        return self

    def write(self, path: Path) -> Path:
        operators = _bytes(8, _bytes(1, b"") + _number(2, OPERATORS))
        body = _number(1, IR_VERSION) + _bytes(7, self._graph + _bytes(2, b"test")) + operators + self._metadata
        path.write_bytes(body)
        return path


def _value(name: str, shape: Shape, kind: type) -> bytes:
    sides = b"".join(_bytes(1, _number(1, one) if isinstance(one, int) else _bytes(2, one.encode())) for one in shape)
    tensor = _number(1, TYPES[np.dtype(kind)]) + _bytes(2, sides)
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, tensor))


def _varint(value: int) -> bytes:
    data = bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    return bytes([*data, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value
