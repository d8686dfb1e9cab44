"""The outcome of sending a result, and the back-off between tries."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

REFUSED_FOR_GOOD = frozenset({400, 413, 415, 422})
"""HTTP statuses that reject a result permanently; every other failure is retried."""

NOT_LET_IN = frozenset({401, 403})
"""HTTP statuses of a hub that does not know this agent, or blocks it: an operator decides, and nothing is lost."""

_MAX_RETRY_AFTER = 300.0


@dataclass(frozen=True)
class Delivered:
    """The other side has stored it."""

    duplicate: bool = False


@dataclass(frozen=True)
class Refused:
    """The other side will never accept it."""

    reason: str


@dataclass(frozen=True)
class Later:
    """It was not accepted now. `answered`: the other side responded about this result; `retry_after` in seconds.
    `let_in`: False where the hub answers that it does not know this agent.
    """

    reason: str
    retry_after: float | None = None
    answered: bool = False
    let_in: bool = True

    @property
    def reached(self) -> bool:
        """Whether the other side itself answered: it runs, and cannot accept now."""
        return self.answered or self.retry_after is not None

    @property
    def about_hub(self) -> bool:
        """Whether no result can be accepted now, so that all wait in their order; False: it failed at this one."""
        return not self.answered or self.retry_after is not None


Answer = Delivered | Refused | Later


def read_answer(body: Any) -> Answer | None:
    """The outcome in the hub's answer (a dict); None if it is no such answer.

    `retry_after` says that the hub cannot accept now, whatever its value; without it the result is rejected for good.
    """
    if not isinstance(body, dict):
        return None
    success, retry_after = body.get("success"), body.get("retry_after")
    if success is True:
        return Delivered(bool(body.get("duplicate")))
    if retry_after is not None and (success is False or body.get("status") == "error"):
        return Later(describe(body), seconds(retry_after) or 0.0, answered=True)
    return Refused(describe(body)) if success is False else None


def describe(body: dict[str, Any]) -> str:
    """The reason in the hub's error body, one line of at most 500 characters."""
    errors = body.get("errors")
    parts = [body.get("message") or "refused without a reason", *(errors if isinstance(errors, list) else [])]
    texts: list[str] = []
    for part in parts:
        text = part if isinstance(part, str) else json.dumps(part, ensure_ascii=False, default=str)
        if text not in texts:
            texts.append(text)
    return " ".join("; ".join(texts).split())[:500]


def seconds(value: Any) -> float | None:
    """Retry-After in seconds, bounded; None if it is no number (a date, say)."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return min(max(number, 0.0), _MAX_RETRY_AFTER) if number == number else None


class Backoff:
    """Exponential back-off with jitter of a quarter, so that agents that lost the same hub do not return together."""

    def __init__(self, first: float, longest: float, factor: float = 1.7) -> None:
        self._first, self._longest, self._factor = first, longest, factor
        self._next = first

    def reset(self) -> None:
        """Restart with the shortest wait, after a success."""
        self._next = self._first

    def take(self) -> float:
        """The next wait in seconds."""
        wait, self._next = self._next, min(self._next * self._factor, self._longest)
        return wait * random.uniform(0.75, 1.25)
