"""Writes the networks of the label as ONNX files, and reads the reader's weights again.

torch's own exporters want two more packages (onnx, onnxscript) that nothing else here needs. The file is one protobuf
message of a few kinds of fields, so it is written directly: field numbers as in ONNX's public `onnx.proto`, IR version
8, operators of version 13.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from label_network import CLASSES, COLUMNS, HEIGHT, HIDDEN, WIDTH, LabelNetwork
from panel_network import OUTPUTS, CornerNetwork, PanelNetwork
from tick_network import TickNetwork

from agent_lib.label.corner_network import HEIGHT as VIEW_HEIGHT
from agent_lib.label.corner_network import WIDTH as VIEW_WIDTH
from agent_lib.label.tick_network import ROWS

IR_VERSION, OPERATORS = 8, 13
FLOAT, INT64 = 1, 7
WHOLE, TEXT, WHOLES = 2, 3, 7
"""Types of an attribute."""


def write_onnx(network: LabelNetwork, path: Path, metadata: dict[str, str]) -> int:
    """Write `network` (in float32, norms folded into the convolutions) with `metadata`; the file's size in bytes."""
    graph = _Graph()
    last = "strip"
    for stage in network.stages():
        i = stage.name
        weight, bias = _folded(stage.convolution, stage.norm)
        pad = [1, 1, 1, 1] if stage.convolution.padding[0] else [0, 0, 0, 0]
        names = [last, graph.tensor(f"w{i}", weight), graph.tensor(f"b{i}", bias)]
        computed = graph.node("Conv", names, f"c{i}", kernel_shape=list(weight.shape[2:]), pads=pad)
        if stage.added:
            computed = graph.node("Add", [last, computed], f"a{i}")
        last = graph.node("Relu", [computed], f"r{i}")
        if stage.pool:
            sizes = list(stage.pool)
            last = graph.node("MaxPool", [last], f"p{i}", kernel_shape=sizes, strides=sizes)
    last = graph.node("Squeeze", [last, graph.tensor("height", np.array([2]))], "columns")
    last = graph.node("Transpose", [last], "along", perm=[2, 0, 1])
    names = [graph.tensor(name, value) for name, value in zip(("gw", "gr", "gb"), _memory(network.memory), strict=True)]
    last = graph.node(
        "GRU", [last, *names], "told", hidden_size=HIDDEN, direction="bidirectional", linear_before_reset=1
    )
    last = graph.node("Transpose", [last], "both", perm=[2, 0, 1, 3])
    last = graph.node("Reshape", [last, graph.tensor("shape", np.array([0, 0, -1]))], "flat")
    weight = network.signs.weight.detach().float().numpy().T
    last = graph.node("MatMul", [last, graph.tensor("sw", weight)], "signs")
    graph.node("Add", [last, graph.tensor("sb", network.signs.bias.detach().float().numpy())], "logits")
    ends = _value("strip", ("strips", 1, HEIGHT, WIDTH)), _value("logits", ("strips", COLUMNS, CLASSES))
    data = _model(graph, "label_reader", *ends, metadata)
    path.write_bytes(data)
    return len(data)


def write_panel_finder(network: PanelNetwork, path: Path, metadata: dict[str, str]) -> int:
    """Write the network that proposes panels, as `write_onnx` does; the file's size in bytes."""
    graph = _Graph()
    last = _convolved(graph, "picture", network)
    weight, bias = (one.detach().float().numpy() for one in (network.last.weight, network.last.bias))
    names = [last, graph.tensor("wl", weight), graph.tensor("bl", bias)]
    graph.node("Conv", names, "panels", kernel_shape=[1, 1], pads=[0, 0, 0, 0])
    ends = _value("picture", (1, 2, "height", "width")), _value("panels", (1, OUTPUTS, "rows", "columns"))
    data = _model(graph, "panel_finder", *ends, metadata)
    path.write_bytes(data)
    return len(data)


def write_corner_finder(network: CornerNetwork, path: Path, metadata: dict[str, str]) -> int:
    """Write the network that places a panel's corners, as `write_onnx` does; the file's size in bytes."""
    graph = _Graph()
    last = graph.node("Flatten", [_convolved(graph, "views", network)], "flat")
    for name, layer in (("first", network.first), ("last", network.last)):
        weight, bias = (one.detach().float().numpy() for one in (layer.weight, layer.bias))
        product = graph.node("MatMul", [last, graph.tensor(f"w_{name}", weight.T)], f"m_{name}")
        last = graph.node("Add", [product, graph.tensor(f"b_{name}", bias)], "corners" if name == "last" else "hidden")
        if name == "first":
            last = graph.node("Relu", [last], "active")
    ends = _value("views", ("views", 2, VIEW_HEIGHT, VIEW_WIDTH)), _value("corners", ("views", OUTPUTS))
    data = _model(graph, "corner_finder", *ends, metadata)
    path.write_bytes(data)
    return len(data)


def write_tick_reader(network: TickNetwork, path: Path, metadata: dict[str, str]) -> int:
    """Write the network that says where an edge has ticks, as `write_onnx` does; the file's size in bytes."""
    graph = _Graph()
    last = "edges"
    for i, (convolution, norm, added) in enumerate(network.stages()):
        computed = _convolution(graph, last, str(i), convolution, norm)
        last = graph.node("Add", [last, computed], f"a{i}") if added else computed
    weight, bias = (one.detach().float().numpy() for one in (network.last.weight, network.last.bias))
    names = [last, graph.tensor("wl", weight), graph.tensor("bl", bias)]
    last = graph.node("Conv", names, "odds", kernel_shape=list(weight.shape[2:]), pads=[0, 0, 0, 0])
    graph.node("Flatten", [last], "ticks")
    ends = _value("edges", ("edges", 1, ROWS, "columns")), _value("ticks", ("edges", "places"))
    data = _model(graph, "tick_reader", *ends, metadata)
    path.write_bytes(data)
    return len(data)


def _convolved(graph: _Graph, last: str, network: PanelNetwork | CornerNetwork) -> str:
    """Add a network's convolutions, each with its norm and a Relu; the name of the last output."""
    for i, (convolution, norm) in enumerate(network.stages()):
        last = _convolution(graph, last, str(i), convolution, norm)
    return last


def _convolution(graph: _Graph, last: str, name: str, convolution: torch.nn.Conv2d, norm: torch.nn.BatchNorm2d) -> str:
    """Add a convolution with its norm and a Relu; the name of the output."""
    weight, bias = _folded(convolution, norm)
    names = [last, graph.tensor(f"w{name}", weight), graph.tensor(f"b{name}", bias)]
    computed = graph.node(
        "Conv",
        names,
        f"c{name}",
        kernel_shape=list(weight.shape[2:]),
        pads=2 * list(convolution.padding),
        strides=list(convolution.stride),
        dilations=list(convolution.dilation),
    )
    return graph.node("Relu", [computed], f"r{name}")


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a file that `write_onnx` wrote, by name. Raises ValueError if it holds none."""
    found = {}
    for graph in _fields(path.read_bytes(), 7):
        for data in _fields(graph, 5):
            sizes = [int(size) for size in _fields(data, 1)]
            kind = "<i8" if next(_fields(data, 2)) == INT64 else "<f4"
            found[bytes(next(_fields(data, 8))).decode("utf-8")] = np.frombuffer(next(_fields(data, 9)), kind).reshape(
                sizes
            )
    if not found:
        raise ValueError(f"{path} has no tensors")
    return found


def load_tensors(network: LabelNetwork, tensors: dict[str, np.ndarray], strips: torch.Tensor) -> None:
    """Give a network the weights of a file (`read_tensors`); raises KeyError or RuntimeError if they do not fit.

    The file's norms are folded into its convolutions: here each norm gets the mean and spread of its inputs for
    `strips` (N, 1, 32, 128), typical of a batch, and undoes them, so that training with norms can go on. Corrections
    that an older file has not stay none.
    """
    with torch.no_grad():
        seen = strips
        for stage in network.stages():
            i, norm = stage.name, stage.norm
            if stage.added and f"w{i}" not in tensors:
                computed = stage.convolution(seen)
                norm.running_mean.copy_(computed.mean(dim=(0, 2, 3)))
                norm.running_var.copy_(computed.var(dim=(0, 2, 3)))
                continue
            stage.convolution.weight.copy_(torch.tensor(tensors[f"w{i}"]))
            computed = stage.convolution(seen)
            norm.running_mean.copy_(computed.mean(dim=(0, 2, 3)))
            norm.running_var.copy_(computed.var(dim=(0, 2, 3)))
            norm.weight.copy_(torch.sqrt(norm.running_var + norm.eps))
            norm.bias.copy_(norm.running_mean + torch.tensor(tensors[f"b{i}"]))
            seen = stage.after(computed + torch.tensor(tensors[f"b{i}"])[None, :, None, None], seen)
        for name, value in _torch_memory(tensors).items():
            getattr(network.memory, name).copy_(torch.tensor(value))
        network.signs.weight.copy_(torch.tensor(tensors["sw"].T.copy()))
        network.signs.bias.copy_(torch.tensor(tensors["sb"]))


def _torch_memory(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What `_memory` made of a GRU's weights, in torch's order of gates again."""
    found = {}
    for way, end in enumerate(("", "_reverse")):
        biases = tensors["gb"][way].reshape(2, -1)
        for name, value in (
            ("weight_ih", tensors["gw"][way]),
            ("weight_hh", tensors["gr"][way]),
            ("bias_ih", biases[0]),
            ("bias_hh", biases[1]),
        ):
            update, reset, new = np.split(value, 3)
            found[f"{name}_l0{end}"] = np.concatenate([reset, update, new])
    return found


def _fields(data: bytes | memoryview, wanted: int) -> Iterator[int | memoryview]:
    """The values of one field of a protobuf message: numbers, or the bytes of texts and messages."""
    data, place = memoryview(data), 0

    def number() -> int:
        nonlocal place
        value, shift = 0, 0
        while True:
            byte = data[place]
            place, value, shift = place + 1, value | (byte & 127) << shift, shift + 7
            if byte < 128:
                return value

    while place < len(data):
        key = number()
        value: int | memoryview = number()
        if key & 7 == 2:
            length = int(value)
            value, place = data[place : place + length], place + length
        if key >> 3 == wanted:
            yield value


def _folded(convolution: torch.nn.Conv2d, norm: torch.nn.BatchNorm2d) -> tuple[np.ndarray, np.ndarray]:
    """One convolution that does what the two do."""
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    weight = convolution.weight * scale[:, None, None, None]
    bias = norm.bias - norm.running_mean * scale
    return weight.detach().float().numpy(), bias.detach().float().numpy()


def _memory(gru: torch.nn.GRU) -> list[np.ndarray]:
    """The GRU's weights in ONNX's order of gates: update, reset, new, where torch has reset, update, new."""

    def ordered(name: str, end: str) -> np.ndarray:
        reset, update, new = getattr(gru, f"{name}_l0{end}").detach().float().numpy().reshape(3, HIDDEN, -1)
        return np.concatenate([update, reset, new])

    ways = ("", "_reverse")
    biases = [np.concatenate([ordered("bias_ih", end), ordered("bias_hh", end)])[:, 0] for end in ways]
    return [
        np.stack([ordered("weight_ih", end) for end in ways]),
        np.stack([ordered("weight_hh", end) for end in ways]),
        np.stack(biases),
    ]


class _Graph:
    """Nodes and tensors, packed as they come."""

    def __init__(self) -> None:
        self.nodes: list[bytes] = []
        self.tensors: list[bytes] = []

    def node(self, kind: str, inputs: list[str], output: str, **attributes) -> str:
        data = b"".join(_text(1, name) for name in inputs) + _text(2, output) + _text(3, output) + _text(4, kind)
        for name, value in attributes.items():
            data += _bytes(5, _text(1, name) + _attribute(value))
        self.nodes.append(data)
        return output

    def tensor(self, name: str, values: np.ndarray) -> str:
        whole = np.issubdtype(values.dtype, np.integer)
        raw = np.ascontiguousarray(values, "<i8" if whole else "<f4").tobytes()
        sizes = b"".join(_number(1, size) for size in values.shape)
        self.tensors.append(sizes + _number(2, INT64 if whole else FLOAT) + _text(8, name) + _bytes(9, raw))
        return name


def _model(graph: _Graph, name: str, start: bytes, end: bytes, metadata: dict[str, str]) -> bytes:
    body = b"".join(_bytes(1, node) for node in graph.nodes) + _text(2, name)
    body += b"".join(_bytes(5, tensor) for tensor in graph.tensors)
    body += _bytes(11, start) + _bytes(12, end)
    said = b"".join(_bytes(14, _text(1, key) + _text(2, value)) for key, value in metadata.items())
    return (
        _number(1, IR_VERSION)
        + _text(2, f"train_{name}")
        + _bytes(7, body)
        + _bytes(8, _text(1, "") + _number(2, OPERATORS))
        + said
    )


def _attribute(value: int | str | list[int]) -> bytes:
    if isinstance(value, str):
        return _text(4, value) + _number(20, TEXT)
    if isinstance(value, int):
        return _number(3, value) + _number(20, WHOLE)
    return b"".join(_number(8, one) for one in value) + _number(20, WHOLES)


def _value(name: str, sizes: tuple[str | int, ...]) -> bytes:
    """A named float tensor of the graph's ends; a size that is a text may be any."""
    shape = b"".join(_bytes(1, _text(2, size) if isinstance(size, str) else _number(1, size)) for size in sizes)
    return _text(1, name) + _bytes(2, _bytes(1, _number(1, FLOAT) + _bytes(2, shape)))


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    data = bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    return bytes([*data, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode("utf-8"))
