"""The lane of one barrier: its wishes one after another, in a greenlet of its own, so that no other barrier waits."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any, Protocol

from gevent.event import AsyncResult, Event
from gevent.queue import Full, Queue

from hub.barriers.contract import Wish
from hub.barriers.pulse import Pulse, pulse_of
from hub.barriers.wire import Wire
from hub.contract.errors import Conflict, RequestError, TooManyRequests, Unavailable
from hub.contract.times import utc_text
from hub.settings.barriers import Barrier

log = logging.getLogger(__name__)

PENDING = 8
AGAIN_SECONDS = 2.0  # a second press of the same button, or of another operator's
MINUTE = 60.0
MAX_VISITS = 10_000


class Book(Protocol):
    """Where pulses are kept."""

    def begin(self, pulse: Pulse) -> bool:
        """Store a pulse before it is sent; False where an automatic one is a second for its visit.

        Raises Unavailable for an automatic one that cannot be stored.
        """

    def end(self, pulse: Pulse) -> None:
        """Store how it ended; never raises."""


class BarrierLane:
    """Everything about one barrier. `is_stopped`: the stop of all of them. `told(wish, pulse)`: after each pulse."""

    def __init__(
        self,
        barrier: Barrier,
        target: str,
        ends_pulse: bool,
        wire: Wire,
        book: Book,
        is_stopped: Callable[[], bool],
        told: Callable[[Wish, Pulse], None],
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.barrier, self.target = barrier, target
        self._ends_pulse, self._wire, self._book = ends_pulse, wire, book
        self._is_stopped, self._told, self._now, self._monotonic = is_stopped, told, now, monotonic
        self._wishes: Queue[tuple[Wish, AsyncResult[Pulse]]] = Queue(PENDING)
        self._visits: OrderedDict[str, None] = OrderedDict()  # that have opened it, or are about to
        self._starts: deque[float] = deque(maxlen=barrier.per_minute)  # monotonic
        self._idle = Event()
        self._idle.set()
        self._closing = Event()
        self._interrupted: Pulse | None = None
        self.last: Pulse | None = None
        self.refusal = ""  # the last wish of the hub itself that was refused
        self.contact_problem = ""  # why a pulse may not have ended

    def load(self, pulses: list[Pulse]) -> None:
        """Go on with stored pulses, newest first; one that a crash interrupted is ended."""
        for pulse in reversed(pulses):
            if pulse.visit:
                self._remember(pulse.visit)
            age = self._now() - pulse.at
            if 0 <= age < MINUTE:
                self._starts.append(self._monotonic() - age)
        if pulses:
            self.last = pulses[0]
            if pulses[0].ended_at is None:
                self._interrupted = pulses[0]

    def _remember(self, visit: str) -> None:
        self._visits[visit] = None
        self._visits.move_to_end(visit)
        if len(self._visits) > MAX_VISITS:
            self._visits.popitem(last=False)

    # -- wishes

    def offer(self, wish: Wish) -> None:
        """A wish of the hub itself: queued, or left out. Never blocks, never raises."""
        if wish.visit in self._visits:
            return
        try:
            self._check(wish)
            self._wishes.put_nowait((wish, AsyncResult()))
        except RequestError as error:
            self._refused(wish, error.message)
        except Full:
            self._refused(wish, f"The barrier {self.barrier.name} has too many wishes.")
        else:
            self._remember(wish.visit)

    def ask(self, wish: Wish) -> Pulse:
        """A person's wish: the pulse, when it has begun or failed. Raises Conflict, TooManyRequests, Unavailable."""
        self._check(wish)
        begun = self._starts[-1] if self._starts else float("-inf")
        if not self._idle.is_set() or not self._wishes.empty() or self._monotonic() - begun < AGAIN_SECONDS:
            raise Conflict(f"The barrier {self.barrier.name} is opened just now; look whether it opens.")
        result: AsyncResult[Pulse] = AsyncResult()
        self._idle.clear()
        self._wishes.put_nowait((wish, result))
        pulse = result.get()
        assert pulse is not None
        return pulse

    def cut(self) -> None:
        """All barriers are stopped: end an attempt that the relay has not acknowledged."""
        self._wire.cut()

    def close(self, seconds: float) -> None:
        """Take no wish any more, end a pulse now, and wait up to `seconds` until it has ended."""
        self._closing.set()
        self._idle.wait(seconds)

    def _check(self, wish: Wish) -> None:
        """Raise what keeps the wish from opening now."""
        name = self.barrier.name
        if self._closing.is_set():
            raise Unavailable("The hub is stopping; it opens nothing any more.")
        if self._is_stopped():
            raise Conflict("All barriers are stopped. Release them first.")
        if wish.until is not None and self._monotonic() > wish.until:
            raise Conflict(f"It is too late for the barrier {name} to open for this visit.")
        if len(self._starts) == self.barrier.per_minute:
            left = self._starts[0] + MINUTE - self._monotonic()
            if left > 0:
                raise TooManyRequests(
                    f"The barrier {name} may be opened {self.barrier.per_minute} times a minute (per_minute); "
                    f"try again in {int(left) + 1} seconds.",
                    retry_after=int(left) + 1,
                )

    def _refused(self, wish: Wish, why: str) -> None:
        self._visits.pop(wish.visit, None)
        self.refusal = why
        log.info("The barrier %s does not open for the visit %s: %s", self.barrier.name, wish.visit, why)

    # -- the greenlet

    def run(self) -> None:
        """The greenlet of the barrier."""
        self._end_interrupted()
        while True:
            if self._wishes.empty():
                self._idle.set()
            wish, result = self._wishes.get()
            self._idle.clear()
            try:
                self._open(wish, result)
            except RequestError as error:
                if wish.automatic:
                    self._refused(wish, error.message)
                result.set_exception(error)
            finally:
                if not result.ready():
                    result.set_exception(Unavailable("The hub could not open the barrier; its log says more."))

    def _end_interrupted(self) -> None:
        pulse, self._interrupted = self._interrupted, None
        if pulse is None:
            return
        self._idle.clear()
        failure = self._wire.release(pulse.values) if self._ends_pulse else None
        self._note_contact(str(failure) if failure else "")
        pulse.problem = pulse.problem or "The hub ended in the middle of it; look whether the barrier has opened."
        pulse.ended_at = self._now()
        self._book.end(pulse)
        log.warning("The barrier %s was being opened when the hub ended.", self.barrier.name)

    def _open(self, wish: Wish, result: AsyncResult[Pulse]) -> None:
        """Pulse once. Raises RequestError where it was refused before anything was sent."""
        self._check(wish)
        pulse = pulse_of(wish, self.barrier.name, self._now())
        if not self._book.begin(pulse):
            raise Conflict(f"The barrier {self.barrier.name} has opened for this visit already.")
        try:
            self._check(wish)  # the disk may have taken its time, and somebody may have stopped
        except RequestError as error:
            pulse.problem, pulse.ended_at = error.message, self._now()
            self._book.end(pulse)
            raise
        self._starts.append(self._monotonic())
        if wish.visit:
            self._remember(wish.visit)
        pulse.at = self._now()
        failure = self._wire.open(wish.values)
        if failure is not None:
            more = " Look whether it has opened; it is not asked again." if failure.sent else " It is not asked again."
            pulse.problem = f"The relay of the barrier {self.barrier.name} has failed: {failure}.{more}"
        self.last = pulse
        try:
            self._told(wish, pulse)
            result.set(pulse)
        finally:  # whatever fails, no contact stays closed
            self._end(pulse, sent=failure is None or failure.sent)

    def _end(self, pulse: Pulse, sent: bool) -> None:
        """End the pulse after its length, where the hub has to."""
        if sent and self._ends_pulse:
            if not pulse.problem:
                self._closing.wait(self.barrier.pulse_ms / 1000)
            failure = self._wire.release(pulse.values)
            self._note_contact(str(failure) if failure else "")
            if failure is not None:
                pulse.problem = pulse.problem or f"It was opened, but the pulse could not be ended: {failure}."
        pulse.ended_at = self._now()
        self._book.end(pulse)

    def _note_contact(self, reason: str) -> None:
        self.contact_problem = (
            f"The contact of the barrier {self.barrier.name} may still be closed: {reason}. Look at the relay."
            if reason
            else ""
        )
        if reason:
            log.error("%s", self.contact_problem)

    # -- what is shown

    def shown(self) -> dict[str, Any]:
        """The barrier as pages and programs receive it."""
        begun = self._monotonic() - MINUTE
        return {
            "name": self.barrier.name,
            "checkpoint": self.barrier.checkpoint,
            "direction": self.barrier.direction,
            "enabled": self.barrier.enabled,
            "automatic": self.barrier.automatic,
            "kind": self.barrier.kind,
            "target": self.target,
            "busy": not self._idle.is_set(),
            "last": self.last.shown() if self.last is not None else None,
            "error": self.contact_problem or (self.last.problem if self.last is not None else ""),
            "refusal": self.refusal,
            "pulses_last_minute": sum(start > begun for start in self._starts),
            "per_minute": self.barrier.per_minute,
            "checked_at": utc_text(self._now()),
        }
