"""Make hub/vision/models/ssd_mobilenetv2_oidv4.onnx again: `python convert_person_detector.py PACKAGE OUT`.

The hub needs none of this. In an empty folder, with this file's path for TOOL:

    npm pack @mediapipe/objectron@0.4.1675468480
    python -m venv convert
    convert/bin/pip install tf2onnx==1.17.0 onnx==1.17.0 tensorflow-cpu==2.21.0
    convert/bin/python TOOL mediapipe-objectron-0.4.1675468480.tgz ssd_mobilenetv2_oidv4.onnx

PACKAGE is the file that npm has packed. Checks the sha256 of the network in it, converts it with tf2onnx, and keeps its
float16 weights as float16, each behind a Cast: half the size, the same results. Other versions of tf2onnx write other
bytes for the same network, so MODEL_SHA256 of hub/vision/objects/ssd.py changes with the file.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ASSETS = "package/objectron_solution_packed_assets.data"
START, END = 184, 9987912
"""Where the network is in the assets, as objectron_solution_packed_assets_loader.js says."""
TFLITE_SHA256 = "d0a5255bf8c4f5a0bc4240741a76c41d5e939f7655078f945f50ab53a9375da6"
OPSET = "13"
LEAST_VALUES = 16
"""Of a tensor that is worth a Cast."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path, help="the .tgz file of npm")
    parser.add_argument("out", type=Path, help="the ONNX file to write")
    options = parser.parse_args()
    network = read_network(options.package)
    with tempfile.TemporaryDirectory() as folder:
        source, large = Path(folder, "network.tflite"), Path(folder, "network.onnx")
        source.write_bytes(network)
        command = ["-m", "tf2onnx.convert", "--opset", OPSET, "--tflite", str(source), "--output", str(large)]
        subprocess.run([sys.executable, *command], check=True)
        content = halve(large)
    options.out.write_bytes(content)
    print(f"{options.out}: {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}")
    return 0


def read_network(package: Path) -> bytes:
    """The TFLite file in the npm package. Raises SystemExit where it is not the one expected."""
    with tarfile.open(package) as archive:
        member = archive.extractfile(ASSETS)
        if member is None:
            raise SystemExit(f"{package} has no file {ASSETS}.")
        network = member.read()[START:END]
    digest = hashlib.sha256(network).hexdigest()
    if digest != TFLITE_SHA256:
        raise SystemExit(f"The network in {package} has the sha256 {digest}, not {TFLITE_SHA256}.")
    return network


def halve(path: Path) -> bytes:
    """The model with every large float32 tensor that float16 holds exactly stored as float16 behind a Cast."""
    import numpy as np
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(str(path))
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        half = values.astype(np.float16)
        if values.size >= LEAST_VALUES and np.array_equal(half.astype(np.float32), values):
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(half, f"{name}_h"))
            casts.append(helper.make_node("Cast", [f"{name}_h"], [name], f"{name}_cast", to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model.SerializeToString()


if __name__ == "__main__":
    sys.exit(main())
