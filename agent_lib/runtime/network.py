"""Load a neural network from an ONNX file, to be run on one thread."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, ClassVar, Self

import onnxruntime


class NetworkError(RuntimeError):
    """A network's file cannot be used; the message says which and why."""


def session(path: Path) -> Any:
    """An onnxruntime session on the processor. Raises NetworkError if the file cannot be used."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # The arena never frees a buffer, and runs are just as fast without it.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common base class
        raise NetworkError(f"The network {path} cannot be loaded ({error}).") from error


class Network:
    """A network of which a process needs one instance. Its subclasses are made of a file by default; thread-safe."""

    _shared: ClassVar[Any] = None
    _lock = threading.Lock()

    def __init__(self, path: Path) -> None:
        self._session = session(path)

    @classmethod
    def shared(cls) -> Self:
        """The instance of the process, loaded on the first call. Raises NetworkError if that fails."""
        with cls._lock:
            if cls._shared is None:
                cls._shared = cls()  # type: ignore[call-arg]  # a subclass has a default
            found: Self = cls._shared
            return found
