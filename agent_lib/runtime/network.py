"""Load a neural network from an ONNX file, to be run on one thread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime


def session(path: Path) -> Any:
    """An onnxruntime session on the processor. Raises onnxruntime's errors if the file cannot be used."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # The arena never frees a buffer, and runs are just as fast without it.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
