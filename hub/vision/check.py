"""`python app.py check-models`: try the models of the section [vision], each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from hub.settings.vision import Vision
from hub.vision.child import ROOT, describe_end
from hub.vision.process import ANSWER_SECONDS

PARTS = ("detector", "encoder")
PROGRESS_SECONDS = 5.0
LIMIT_SECONDS = 3600.0
"""A first download over a slow connection takes long."""
HONESTY = (
    "The picture is drawn by the program. This shows that a model can be used and how fast it is here, not how well it "
    "finds people or tells them apart."
)


def check_models(vision: Vision, say: Callable[[str], None]) -> bool:
    """Whether all models can be used; `say` gets the lines for the operator, progress included."""
    seconds = [_check(part, vision.model_dump(), say) for part in PARTS]
    total = sum(one or 0.0 for one in seconds)
    if total > ANSWER_SECONDS:
        say(
            f"CANNOT BE USED together: they took {total:.0f} s to load and to answer for the first time, and the hub "
            f"ends its vision process after {ANSWER_SECONDS:g} s without an answer. Choose smaller models, or a faster "
            "machine."
        )
    say(HONESTY)
    return None not in seconds and total <= ANSWER_SECONDS


def _check(part: str, options: dict[str, Any], say: Callable[[str], None]) -> float | None:
    """Seconds until the first answer; None for a model that cannot be used."""
    say(f"{part.capitalize()}: {options[part] or 'built in'}")
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as errors:
        file = Path(folder) / "result.json"
        status = _run(part, options, file, errors, say)
        try:
            result = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError):
            result = {"error": f"Its process ended without a result ({describe_end(status, errors)})."}
    for line in _report(result):
        say(f"  {line}")
    return None if "error" in result else float(result["load_seconds"] + result["first_seconds"])


def _run(part: str, options: dict[str, Any], file: Path, errors: IO[bytes], say: Callable[[str], None]) -> int | None:
    """Run the process, with a line of progress now and then; its exit status, None where it had to be ended."""
    command = [sys.executable, "-m", "hub.vision.check_child", part, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors, cwd=ROOT) as process:
        question: bytes | None = json.dumps(options).encode()
        began = time.monotonic()
        try:
            while (passed := time.monotonic() - began) < LIMIT_SECONDS:
                try:
                    process.communicate(question, timeout=PROGRESS_SECONDS)
                    return process.returncode
                except subprocess.TimeoutExpired:
                    question = None
                    say(f"  still at work ({passed + PROGRESS_SECONDS:.0f} s)")
            return None
        finally:
            process.kill()


def _report(result: dict[str, Any]) -> list[str]:
    if "error" in result:
        return [f"CANNOT BE USED  {result['error']}"]
    lines = [f"name         {result['name']}"]
    if result["about"]:
        lines.append(f"used as      {result['about']}")
    return [
        *lines,
        f"load time    {result['load_seconds']:.1f} s, first picture {_milliseconds(result['first_seconds'])}",
        f"one picture  {_milliseconds(result['median_seconds'])} (median of {result['runs']}, 640 x 480, one thread)",
        f"memory       {result['megabytes']:.0f} MB, the whole process with this model alone",
        f"result       {result['found']}",
    ]


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.{1 if seconds < 0.01 else 0}f} ms"
