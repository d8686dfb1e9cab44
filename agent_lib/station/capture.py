"""The capture cycle: read the label in frames newer than the tag, and collect the pictures.

See docs/wire/station.md, "The capture result".
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field

from agent_lib.label.reading import FrameReader
from agent_lib.label.vote import LabelVote, Verdict
from agent_lib.label.witnesses import Witnesses
from agent_lib.runtime.arrays import Image
from agent_lib.settings import CaptureSettings
from agent_lib.station.devices import CameraDevice, CapturedFrame, ReaderStatus
from agent_lib.station.shared_label import LabelUnavailable

log = logging.getLogger(__name__)

SUCCESS = "Successfully detected label"
NO_SECONDARY = "Secondary frame not available"

_MIN_FRAME_WAIT, _MAX_FRAME_WAIT = 0.2, 2.0
_DEFAULT_FRAME_SECONDS = 0.5
_LABEL_QUALITY = 92


@dataclass
class Outcome:
    """The outcome of a capture; `pictures` are JPEG bytes by role."""

    success: bool = False
    message: str = ""
    number: str = ""
    raw_text: str = ""
    errors: list[str] = field(default_factory=list)
    attempts: int = 0
    pictures: dict[str, bytes] = field(default_factory=dict)
    cut_short: bool = False


class CaptureCycle:
    """Runs the captures of one station, one at a time."""

    def __init__(
        self,
        settings: CaptureSettings,
        primary: CameraDevice | None,
        secondary: CameraDevice | None,
        label: FrameReader,
        reader: ReaderStatus | None,
        stopping: threading.Event,
    ) -> None:
        self._settings = settings
        self._primary, self._secondary = primary, secondary
        self._label, self._reader = label, reader
        self._stopping = stopping

    def run(self, started: float) -> Outcome:
        """Capture for a tag first read at `started` (time.monotonic()), using only newer frames."""
        outcome = Outcome()
        problems = _Problems()
        frame = self._attempt_all(started, outcome, problems)
        if frame is not None:
            outcome.pictures["primary"] = frame.jpeg()
        after = self._take_secondary(started, outcome)
        self._check_reader(problems)
        rfid = [f"RFID error: {problems.rfid}"] if problems.rfid else []
        several = [problems.labels] if problems.labels else []
        if outcome.success:
            outcome.errors = several + after + rfid
        else:
            primary = [f"Primary camera error: {problems.primary}"] if problems.primary else []
            outcome.errors = [outcome.message, *problems.attempts, *several, *primary, *after, *rfid]
        return outcome

    def _attempt_all(self, started: float, outcome: Outcome, problems: _Problems) -> CapturedFrame | None:
        """Make the attempts and fill in `outcome`; returns the frame that was read, else the last usable one."""
        deadline = started + self._settings.timeout_seconds
        seen, due = started, started
        last: CapturedFrame | None = None
        vote: LabelVote[CapturedFrame] = LabelVote(self._settings.target_digits)
        witnesses = Witnesses(self._label)
        while outcome.attempts < self._settings.max_attempts:
            self._stopping.wait(max(0.0, min(due, deadline) - time.monotonic()))
            now = time.monotonic()
            if self._stopping.is_set():
                outcome.message = f"The agent was stopped after {outcome.attempts} attempts"
                outcome.cut_short = True
                return last
            if now >= deadline:
                outcome.message = f"Timed out after {outcome.attempts} attempts"
                return _conclude(vote, outcome, last)
            due = now + self._settings.retry_interval_seconds
            outcome.attempts += 1
            frame = self._wait_for_frame(seen, deadline)
            if frame is None:
                problems.attempts.append(f"Primary frame not available (attempt {outcome.attempts})")
                problems.primary = self._primary_error() or problems.primary
            else:
                seen = frame.mono
                usable, reason, verdict = self._read(frame, outcome, vote, witnesses, problems)
                last = frame if usable else last
                if verdict is not None:
                    return _succeed(verdict, outcome)
                problems.attempts.append(f"Label detection failed: {reason} (attempt {outcome.attempts})")
            self._check_reader(problems)
        outcome.message = f"Max attempts reached ({self._settings.max_attempts})"
        return _conclude(vote, outcome, last)

    def _wait_for_frame(self, seen: float, deadline: float) -> CapturedFrame | None:
        """A frame newer than `seen`; waits about three frame intervals, or one attempt if the camera is dead."""
        if self._primary is None:
            return None
        timeout = self._settings.retry_interval_seconds
        if not self._primary.error:
            timeout = max(timeout, min(_MAX_FRAME_WAIT, 3 * _frame_seconds(self._primary)))
        timeout = max(_MIN_FRAME_WAIT, timeout)
        return self._primary.wait_newer(seen, max(0.0, min(timeout, deadline - time.monotonic())))

    def _read(
        self,
        frame: CapturedFrame,
        outcome: Outcome,
        vote: LabelVote[CapturedFrame],
        witnesses: Witnesses,
        problems: _Problems,
    ) -> tuple[bool, str, Verdict[CapturedFrame] | None]:
        """Read the label in a frame and count it in the vote; while that is unsure, read all frames so far as one.

        Returns whether the frame can be decoded, the reason if there is no verdict, and the verdict.
        """
        usable = False
        try:
            image = frame.image()
            usable = True
            reading = self._label.read(image)
            verdict = vote.add(reading, frame)
            if verdict is None:
                mean = witnesses.add(image, reading)
                verdict = vote.add_mean(mean, frame, witnesses.beside)
                reading = mean if mean is not None and mean.confidence > reading.confidence else reading
        except Exception as error:  # decoders and recognisers raise anything; the next attempt may succeed
            log.warning("An attempt failed: %s", error, exc_info=not isinstance(error, (ValueError, LabelUnavailable)))
            return usable, str(error).rstrip(".") or type(error).__name__, None
        outcome.raw_text = reading.raw_text or outcome.raw_text
        problems.labels = reading.message or problems.labels
        if reading.picture is not None:
            outcome.pictures["label"] = _jpeg(reading.picture)
        if verdict is None and reading.number:
            return usable, f"Read {reading.number}, not surely enough to report it from one picture", None
        return usable, reading.reason or "Label unreadable", verdict

    def _take_secondary(self, started: float, outcome: Outcome) -> list[str]:
        """Add the second picture; returns the errors if there is none.

        The camera's own thread receives frames all the time: wait only if it is alive and its next frame is due, so
        that a dead camera causes no delay.
        """
        camera = self._secondary
        if camera is None:
            return []
        frame = camera.newest()
        if frame is not None and frame.mono <= started:
            timeout = min(_MAX_FRAME_WAIT, 2 * _frame_seconds(camera)) - (time.monotonic() - frame.mono)
            frame = camera.wait_newer(started, timeout) if timeout > 0 and not camera.error else None
        if frame is None:
            return [NO_SECONDARY, f"Secondary camera error: {camera.error}"] if camera.error else [NO_SECONDARY]
        try:
            frame.image()
            outcome.pictures["secondary"] = frame.jpeg()
        except ValueError as error:
            return [NO_SECONDARY, f"Secondary camera error: {str(error).rstrip('.')}"]
        return []

    def _primary_error(self) -> str:
        return "No camera is configured" if self._primary is None else self._primary.error

    def _check_reader(self, problems: _Problems) -> None:
        if self._reader is None:
            return
        status = self._reader.status()
        # An idle reader is reconnected as a matter of routine: that is no problem.
        if status["error"] and status["state"] not in ("connected", "silent", "stopped"):
            problems.rfid = status["error"]


@dataclass
class _Problems:
    """Problems during a capture: per attempt, several labels in view, of the primary camera, of the reader."""

    attempts: list[str] = field(default_factory=list)
    labels: str = ""
    primary: str = ""
    rfid: str = ""


def _conclude(vote: LabelVote[CapturedFrame], outcome: Outcome, last: CapturedFrame | None) -> CapturedFrame | None:
    """After the last frame: succeed with a number read well enough, or leave the failure as it is."""
    verdict = vote.conclude()
    return last if verdict is None else _succeed(verdict, outcome)


def _succeed(verdict: Verdict[CapturedFrame], outcome: Outcome) -> CapturedFrame:
    """Fill in a success with the pictures that show its number; returns the frame."""
    outcome.success, outcome.message = True, SUCCESS
    outcome.number, outcome.raw_text = verdict.number, verdict.reading.raw_text
    if verdict.reading.picture is not None:
        outcome.pictures["label"] = _jpeg(verdict.reading.picture)
    return verdict.frame


def _frame_seconds(camera: CameraDevice) -> float:
    """Recently measured time between two frames, plus a margin."""
    fps = camera.status().get("fps") or 0.0
    return (1.0 / fps if fps > 0 else _DEFAULT_FRAME_SECONDS) + 0.1


def _jpeg(image: Image) -> bytes:
    import cv2

    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _LABEL_QUALITY])
    if not done:
        raise ValueError("The label's picture cannot be packed as JPEG")
    return data.tobytes()
