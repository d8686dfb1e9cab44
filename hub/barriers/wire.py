"""One request to a relay, with one time limit for all of it; a stop ends it at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import gevent
from gevent.event import AsyncResult

from hub.barriers.relay import Relay, RelayError
from hub.runtime.spawn import Spawn

Answer: TypeAlias = "AsyncResult[RelayError | None]"
RELEASE_TRIES = 3
RELEASE_PAUSE_SECONDS = 0.3


class Wire:
    """Asks one relay, from one greenlet at a time; each method returns why it failed, None where it did not."""

    def __init__(self, relay: Relay, timeout_seconds: float, spawn: Spawn) -> None:
        self._relay, self._timeout, self._spawn = relay, timeout_seconds, spawn
        self._answer: Answer | None = None

    def open(self, values: Mapping[str, str]) -> RelayError | None:
        """Begin a pulse: asked once, whatever comes of it."""
        answer: Answer = AsyncResult()
        self._answer = answer
        try:
            return self._ask(self._relay.open, values, answer)
        finally:
            self._answer = None

    def release(self, values: Mapping[str, str]) -> RelayError | None:
        """End a pulse: asked up to RELEASE_TRIES times, since a contact that stays closed is worse than a late one."""
        failure = None
        for number in range(RELEASE_TRIES):
            if number:
                gevent.sleep(RELEASE_PAUSE_SECONDS)
            failure = self._ask(self._relay.release, values, AsyncResult())
            if failure is None:
                break
        return failure

    def cut(self) -> None:
        """End an attempt to open now; does nothing where there is none."""
        if self._answer is not None:
            self._answer.set(RelayError("it was stopped before the relay had answered", sent=True))

    def _ask(
        self, request: Callable[[Mapping[str, str]], None], values: Mapping[str, str], answer: Answer
    ) -> RelayError | None:
        def attempt() -> None:
            try:
                request(values)
                answer.set(None)
            except RelayError as error:
                answer.set(error)
            finally:
                if not answer.ready():
                    answer.set(RelayError("the hub could not ask it; its log says more", sent=True))

        greenlet = self._spawn("request to a barrier", attempt)
        try:
            return answer.get(timeout=self._timeout)
        except gevent.Timeout:
            return RelayError(f"it does not answer within {self._timeout:g} seconds", sent=True)
        finally:
            greenlet.kill(block=False)
