"""One capture: attempts to read the label in frames newer than the tag, and the pictures (wire/station.md "The capture
result").
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from agent_lib.label.vote import LabelVote, Verdict
from agent_lib.settings import CaptureSettings
from agent_lib.station.shared_label import LabelUnavailable

log = logging.getLogger(__name__)

SUCCESS = "Successfully detected label"
NO_SECONDARY = "Secondary frame not available"

_SHORTEST_PATIENCE, _LONGEST_PATIENCE = 0.2, 2.0
_UNKNOWN_FRAME_SECONDS = 0.5
_LABEL_QUALITY = 92


@dataclass
class Outcome:
    """What a capture came to; `pictures` are JPEG bytes by role."""

    success: bool = False
    message: str = ""
    number: str = ""
    raw_text: str = ""
    errors: list[str] = field(default_factory=list)
    attempts: int = 0
    pictures: dict[str, bytes] = field(default_factory=dict)


class CaptureCycle:
    """Runs captures of one station, one at a time. Cameras and reader are used through their public methods only."""

    def __init__(
        self,
        settings: CaptureSettings,
        primary: Any,
        secondary: Any | None,
        label: Any,
        reader: Any,
        stopping: threading.Event,
    ) -> None:
        self._settings = settings
        self._primary, self._secondary = primary, secondary
        self._label, self._reader = label, reader
        self._stopping = stopping

    def run(self, started: float) -> Outcome:
        """Capture for a tag first read at `started` (time.monotonic()); no frame older than that is used."""
        outcome = Outcome()
        trouble = _Trouble()
        frame = self._attempt_all(started, outcome, trouble)
        if frame is not None:
            outcome.pictures["primary"] = frame.jpeg()
        after = self._take_secondary(started, outcome)
        self._look_at_reader(trouble)
        rfid = [f"RFID error: {trouble.rfid}"] if trouble.rfid else []
        several = [trouble.labels] if trouble.labels else []
        if outcome.success:
            outcome.errors = several + after + rfid
        else:
            primary = [f"Primary camera error: {trouble.primary}"] if trouble.primary else []
            outcome.errors = [outcome.message, *trouble.attempts, *several, *primary, *after, *rfid]
        return outcome

    def _attempt_all(self, started: float, outcome: Outcome, trouble: _Trouble) -> Any | None:
        """Fill in `outcome`; the frame that was read, or else the last that could be looked at."""
        deadline = started + self._settings.timeout_seconds
        seen, due, last = started, started, None
        vote = LabelVote(self._settings.target_digits)
        while outcome.attempts < self._settings.max_attempts:
            self._stopping.wait(max(0.0, min(due, deadline) - time.monotonic()))
            begun = time.monotonic()
            if self._stopping.is_set():
                outcome.message = f"The agent was stopped after {outcome.attempts} attempts"
                return last
            if begun >= deadline:
                outcome.message = f"Timed out after {outcome.attempts} attempts"
                return _conclude(vote, outcome, last)
            due = begun + self._settings.retry_interval_seconds
            outcome.attempts += 1
            frame = self._wait_for_frame(seen, deadline)
            if frame is None:
                trouble.attempts.append(f"Primary frame not available (attempt {outcome.attempts})")
                trouble.primary = self._primary_error() or trouble.primary
            else:
                seen = frame.mono
                usable, reason, verdict = self._read(frame, outcome, vote, trouble)
                last = frame if usable else last
                if verdict is not None:
                    return _succeed(verdict, outcome)
                trouble.attempts.append(f"Label detection failed: {reason} (attempt {outcome.attempts})")
            self._look_at_reader(trouble)
        outcome.message = f"Max attempts reached ({self._settings.max_attempts})"
        return _conclude(vote, outcome, last)

    def _wait_for_frame(self, seen: float, deadline: float) -> Any | None:
        """A frame newer than `seen`; waits about three frame intervals of a live camera, and no longer than an attempt
        for a dead one.
        """
        if self._primary is None:
            return None
        patience = self._settings.retry_interval_seconds
        if not self._primary.error:
            patience = max(patience, min(_LONGEST_PATIENCE, 3 * _frame_seconds(self._primary)))
        patience = max(_SHORTEST_PATIENCE, patience)
        return self._primary.wait_newer(seen, max(0.0, min(patience, deadline - time.monotonic())))

    def _read(
        self, frame: Any, outcome: Outcome, vote: LabelVote, trouble: _Trouble
    ) -> tuple[bool, str, Verdict | None]:
        """Read the label in a frame and let it vote: whether the frame is a picture at all, the reason when there is no
        verdict, and the verdict.
        """
        usable = False
        try:
            image = frame.image()
            usable = True
            reading = self._label.read(image)
        except Exception as error:  # a picture or a recogniser can break in any way; the next attempt may go well
            log.warning("An attempt failed: %s", error, exc_info=not isinstance(error, (ValueError, LabelUnavailable)))
            return usable, str(error).rstrip(".") or type(error).__name__, None
        outcome.raw_text = reading.raw_text or outcome.raw_text
        trouble.labels = reading.message or trouble.labels
        if reading.picture is not None:
            outcome.pictures["label"] = _jpeg(reading.picture)
        verdict = vote.add(reading, frame)
        if verdict is None and reading.number:
            return usable, f"Read {reading.number}, not surely enough to report it from one picture", None
        return usable, reading.reason or "Label unreadable", verdict

    def _take_secondary(self, started: float, outcome: Outcome) -> list[str]:
        """Add the second picture; what to say when there is none.

        The camera's own thread has been taking pictures all the while: only one that is alive and just has not
        sent its next picture is waited for, so that a dead one delays nothing.
        """
        camera = self._secondary
        if camera is None:
            return []
        frame = camera.newest()
        if frame is not None and frame.mono <= started:
            patience = min(_LONGEST_PATIENCE, 2 * _frame_seconds(camera)) - (time.monotonic() - frame.mono)
            frame = camera.wait_newer(started, patience) if patience > 0 and not camera.error else None
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

    def _look_at_reader(self, trouble: _Trouble) -> None:
        status = self._reader.status()
        # A reader that says nothing while no tag is there is reconnected as a matter of course: no loss.
        if status["error"] and status["state"] not in ("connected", "silent", "stopped"):
            trouble.rfid = status["error"]


@dataclass
class _Trouble:
    """What went wrong on the way: per attempt, several labels in view, at the primary camera, at the reader."""

    attempts: list[str] = field(default_factory=list)
    labels: str = ""
    primary: str = ""
    rfid: str = ""


def _conclude(vote: LabelVote, outcome: Outcome, last: Any | None) -> Any | None:
    """No more frames come: succeed with what was read well enough, or leave the failure as it is."""
    verdict = vote.conclude()
    return last if verdict is None else _succeed(verdict, outcome)


def _succeed(verdict: Verdict, outcome: Outcome) -> Any:
    """Fill in a success with the pictures that show its number; the frame."""
    outcome.success, outcome.message = True, SUCCESS
    outcome.number, outcome.raw_text = verdict.number, verdict.reading.raw_text
    if verdict.reading.picture is not None:
        outcome.pictures["label"] = _jpeg(verdict.reading.picture)
    return verdict.frame


def _frame_seconds(camera: Any) -> float:
    """Time between two pictures as measured lately, with some slack."""
    fps = camera.status().get("fps") or 0.0
    return (1.0 / fps if fps > 0 else _UNKNOWN_FRAME_SECONDS) + 0.1


def _jpeg(image: Any) -> bytes:
    import cv2

    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _LABEL_QUALITY])
    if not done:
        raise ValueError("The label's picture cannot be packed as JPEG")
    return data.tobytes()
