"""`python agent.py read IMAGE [IMAGE ...]`: read pictures and print one JSON line for each."""

from __future__ import annotations

import errno
import glob
import json
import logging
import math
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from agent_lib.commands.read_annotate import Annotator
from agent_lib.commands.read_look import AS_IT_IS, look
from agent_lib.commands.read_picture import PictureError, load_picture
from agent_lib.label.reading import FrameReader, LabelReading
from agent_lib.settings import AgentSettings, StationSettings

if TYPE_CHECKING:
    from agent_lib.label.reader import LabelReader

log = logging.getLogger(__name__)

_MANY, _PROGRESS_SECONDS = 2, 2.0
_LOAD_SECONDS = 300.0
_NOT_PICTURES = frozenset({"thumbs.db", "desktop.ini", ".ds_store"})
"""Files that file managers create."""


def read(settings: AgentSettings, images: list[str], annotate: str | None) -> int:
    """Read every picture; the exit status: 0 all could be processed, 1 some could not, 2 a setting is invalid."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    from agent_lib.label.code import LabelCodeError

    try:
        annotator = Annotator(Path(annotate)) if annotate is not None else None
    except OSError as error:
        print(
            f"{annotate}: this folder cannot be made ({error.strerror}); choose another one for --annotate.",
            file=sys.stderr,
        )
        return 2
    try:
        reader = _reader(_station(settings))
    except LabelCodeError as error:
        print(error, file=sys.stderr)
        return 2
    except Exception as error:  # third-party loaders raise anything
        print(f"Labels cannot be read: {str(error) or type(error).__name__}", file=sys.stderr)
        return 1
    files = list(pictures(images, annotator.folder if annotator else None))
    if annotator is not None:
        annotator.spare(path for _, path, problem in files if not problem)
    run = _Run(reader, annotator, sys.stdout, len(files))
    try:
        for name, path, problem in files:
            run.one(name, path, problem)
    except OSError as error:
        # The consumer of the lines may close the pipe (EINVAL on Windows), which is no error to report.
        if error.errno not in (errno.EPIPE, errno.EINVAL):
            print(f"The lines cannot be written ({error.strerror}).", file=sys.stderr)
        # Avoid a second write error when the interpreter flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    run.end()
    return 1 if run.errors else 0


def _station(settings: AgentSettings) -> StationSettings:
    """The first station that reads labels; a note is printed if other stations have different settings."""
    stations = [station for station in settings.stations if station.kind == "weighbridge"] or settings.stations
    if len({(station.ocr, station.capture.target_digits) for station in stations}) > 1:
        print(f"Read with the settings of station {stations[0].name}.", file=sys.stderr)
    return stations[0]


def _reader(station: StationSettings) -> LabelReader:
    """One reader for all pictures. Waits until TrOCR is loaded, so that its readings are the ones printed."""
    from agent_lib.label.reader import LabelReader

    reader = LabelReader(station.ocr, target_digits=station.capture.target_digits)
    if station.ocr.engine == "trocr":
        from agent_lib.ocr.trocr import wait_loaded

        print("TrOCR is being loaded ...", file=sys.stderr, flush=True)
        wait_loaded(station.ocr, _LOAD_SECONDS)
    return reader


def pictures(images: Iterable[str], leave_out: Path | None) -> Iterator[tuple[str, Path, str]]:
    """(name for the line, path, error or "") of every file: folders recursively, and wildcards that the shell left.

    `leave_out` is the folder of annotated pictures, which may be inside a given folder.
    """
    for image in images:
        path = Path(image)
        if _is_folder(path):
            yield from _of_folder(image, path, leave_out)
        elif not os.path.lexists(image) and glob.has_magic(image):
            found = sorted(glob.glob(image))
            yield from pictures(found, leave_out) if found else [(image, path, "No file has such a name.")]
        else:
            yield image, path, ""


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _of_folder(name: str, folder: Path, leave_out: Path | None) -> Iterator[tuple[str, Path, str]]:
    own = leave_out.resolve() if leave_out is not None and leave_out.resolve() != folder.resolve() else None
    problems: list[tuple[str, Path, str]] = []

    def cannot(error: OSError) -> None:
        problems.append(
            (str(error.filename), Path(str(error.filename)), f"The folder cannot be read ({error.strerror}).")
        )

    count = 0
    for where, folders, files in os.walk(folder, onerror=cannot):
        folders[:] = sorted(one for one in folders if own is None or Path(where, one).resolve() != own)
        for file in sorted(files):
            if file.lower() not in _NOT_PICTURES:
                count += 1
                yield str(Path(where, file)), Path(where, file), ""
    yield from problems
    if not count and not problems:
        yield name, folder, "The folder holds no pictures."


class _Run:
    """Reads pictures one by one, prints a line for each and counts."""

    def __init__(self, reader: FrameReader, annotator: Annotator | None, out: TextIO, total: int) -> None:
        self._reader, self._annotator, self._out, self._total = reader, annotator, out, total
        self._done = self._found = self._numbers = self.errors = 0
        self._said = time.monotonic()
        self._ascii = (getattr(out, "encoding", "") or "").lower().replace("-", "") != "utf8"

    def one(self, name: str, path: Path, problem: str) -> None:
        """Process one picture and print its line; an error only affects that line."""
        started = time.perf_counter()
        line: dict[str, Any] = {
            "file": name,
            "found": False,
            "score": 0.0,
            "number": "",
            "confidence": 0.0,
            "engine": "",
            "ms": 0.0,
        }
        image = reading = None
        try:
            if problem:
                raise PictureError(problem)
            image, scale = load_picture(path)
            reading, how = look(self._reader, image)
            line.update(_fields(reading, how, scale))
        except (PictureError, ValueError) as error:
            line["error"] = str(error)
        except Exception as error:  # OpenCV and onnxruntime raise errors of their own
            log.debug("%s could not be read", name, exc_info=True)
            line["error"] = f"The picture could not be looked at ({type(error).__name__}: {error})."
        line["ms"] = round((time.perf_counter() - started) * 1000, 1)
        if self._annotator is not None and reading is not None and image is not None:
            try:
                line["annotated"] = str(self._annotator.write(path, image, reading))
            except OSError as error:
                line["error"] = f"The annotated picture cannot be written ({error.strerror or error})."
        self._out.write(json.dumps(line, ensure_ascii=self._ascii) + "\n")
        self._out.flush()
        self._count(line)

    def _count(self, line: dict[str, Any]) -> None:
        self._done += 1
        self._found += line["found"]
        self._numbers += bool(line["number"])
        self.errors += "error" in line
        if self._done < self._total and time.monotonic() - self._said >= _PROGRESS_SECONDS:
            self._said = time.monotonic()
            print(
                f"{self._done} of {self._total} pictures, {self._numbers} numbers, {self.errors} errors",
                file=sys.stderr,
                flush=True,
            )

    def end(self) -> None:
        """Print the totals, if there was more than one picture."""
        if self._total >= _MANY:
            print(
                f"{self._total} pictures: {self._found} with a label, {self._numbers} numbers, {self.errors} errors.",
                file=sys.stderr,
                flush=True,
            )


def _fields(reading: LabelReading, how: str, scale: float) -> dict[str, Any]:
    """The fields of a LabelReading in the line; `scale` converts its pixels to those of the file."""
    fields: dict[str, Any] = {"found": bool(reading.found), **_seen(reading), "engine": reading.engine}
    if not reading.number:
        fields["reason"] = reading.reason
        if reading.raw_text:
            fields["raw_text"] = reading.raw_text
    if reading.found:
        fields["corners"] = _corners(reading, scale)
    if reading.labels > 1:
        fields["labels"] = [{**_seen(one), "corners": _corners(one, scale)} for one in (reading, *reading.others)]
        fields["message"] = reading.message
    if how != AS_IT_IS:
        fields["looked_at"] = how
    return fields


def _seen(reading: LabelReading) -> dict[str, Any]:
    """Score, number and confidence, the latter rounded down so that 0.9 means at least 0.9."""
    return {
        "score": round(float(reading.score), 3),
        "number": reading.number,
        "confidence": math.floor(float(reading.confidence) * 1e4) / 1e4,
    }


def _corners(reading: LabelReading, scale: float) -> list[list[float]]:
    if reading.corners is None:
        return []
    return [[round(float(value) * scale, 1) for value in corner] for corner in reading.corners]
