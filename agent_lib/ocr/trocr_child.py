"""The TrOCR child process: `python -m agent_lib.ocr.trocr_child`, started and ended by `trocr_process`.

It reads requests from standard input, answers on standard output (`trocr_wire`) and exits when its input ends, so it
never outlives the agent. As a separate process it can take minutes to load, use gigabytes or be killed by the operating
system without affecting the station.
"""

from __future__ import annotations

import os
import queue
import sys
from typing import Any, BinaryIO

from agent_lib.ocr.trocr_wire import Message, WireError, receive, send
from agent_lib.runtime.supervisor import Supervisor

ENVIRONMENT = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "DISABLE_SAFETENSORS_CONVERSION": "1",
    "TOKENIZERS_PARALLELISM": "false",
    # A dead connection must end the download.
    "HF_HUB_ETAG_TIMEOUT": "10",
    "HF_HUB_DOWNLOAD_TIMEOUT": "20",
    # Leave the other cores to the cameras.
    "OMP_NUM_THREADS": "1",
}


def main() -> int:
    """Serve until the input ends; returns exit status 1 if the model cannot be loaded."""
    requests, answers = _take_pipes()
    inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
    Supervisor().run("requests", lambda: _listen(requests, inbox))
    order, _ = inbox.get()
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        from agent_lib.ocr.trocr_model import TrOcrModel, folder_of

        folder = folder_of(order["model_id"], lambda text: send(answers, {"state": "note", "text": text}))
        model = TrOcrModel(folder, order["int8"])
    except Exception as error:  # torch, transformers and broken files raise anything
        send(answers, {"state": "failed", "text": _sentence(error)})
        return 1
    _silence()
    send(answers, {"state": "ready", "text": model.note})
    while True:
        order, pixels = inbox.get()
        send(answers, {"id": order["id"], **_read(model, order, pixels)})


def _read(model: Any, order: dict[str, Any], pixels: bytes) -> dict[str, Any]:
    import numpy as np

    text, confidence = model.read(np.frombuffer(pixels, np.uint8).reshape(order["shape"]), order["tokens"])
    return {"text": text, "confidence": confidence}


def _listen(requests: BinaryIO, inbox: queue.SimpleQueue[Message]) -> None:
    """Receive requests, also while the model loads or reads; exit the process at the end of the pipe."""
    try:
        while (message := receive(requests)) is not None:
            inbox.put(message)
    except (OSError, WireError) as error:
        print(f"TrOCR's process ends: {error}", file=sys.stderr, flush=True)
    os._exit(0)


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Reserve stdin and stdout for messages: whatever a library prints goes to stderr instead."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if sys.platform == "win32":
        import msvcrt

        for pipe in (requests, answers):
            msvcrt.setmode(pipe, os.O_BINARY)
    return os.fdopen(requests, "rb"), os.fdopen(answers, "wb")


def _silence() -> None:
    """Discard further output of libraries: nobody reads it, and the file would grow for months."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(nothing, number)
    os.close(nothing)


def _sentence(error: Exception) -> str:
    """The first line of an error's message, at most 300 characters."""
    from agent_lib.ocr import OcrError

    if isinstance(error, OcrError):
        return str(error)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no more is known'}"[:300]


if __name__ == "__main__":
    sys.exit(main())
