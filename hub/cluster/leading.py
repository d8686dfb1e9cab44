"""Work that runs at one hub at a time: the one that leads. A hub on SQLite is alone and always leads."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gevent
from gevent.event import Event

from hub.runtime.supervisor import Supervisor

log = logging.getLogger(__name__)

END_SECONDS = 1.0  # work that does not end within this time ends with the next thing that it waits for


def _nothing() -> None:
    """Nothing is to be loaded or forgotten."""


@dataclass(frozen=True)
class Work:
    """A task that runs at the hub that leads."""

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    begin: Callable[[], object]
    end: Callable[[], object]


class Leading:
    """Whether this hub leads, and the tasks that run while it does.

    `alone`: no other hub can be on the database, so that tasks are ordinary ones of the supervisor.
    """

    def __init__(self, supervisor: Supervisor, alone: bool) -> None:
        self._supervisor, self.alone = supervisor, alone
        self._leads, self._follows = Event(), Event()
        (self._leads if alone else self._follows).set()

    @property
    def leads(self) -> bool:
        """Whether this hub leads now."""
        return self._leads.is_set()

    def keep(
        self,
        name: str,
        function: Callable[..., Any],
        *args: Any,
        begin: Callable[[], object] = _nothing,
        end: Callable[[], object] = _nothing,
    ) -> None:
        """Run `function` as a task of the supervisor while this hub leads; where it no longer does, it is killed.

        Where there may be other hubs, `begin` is called before it each time, to load what another one has stored
        meanwhile, and `end` after it was killed, to forget what is known.
        """
        if self.alone:
            self._supervisor.keep(name, function, *args)
        else:
            self._supervisor.keep(name, self._while_leading, Work(name, function, args, begin, end))

    def _while_leading(self, work: Work) -> None:
        while True:
            self._leads.wait()
            if self._run_once(work):
                return

    def _run_once(self, work: Work) -> bool:
        """Whether the function has returned by itself. Raises what it raised."""
        failed: list[Exception] = []
        returned: list[bool] = []

        def run() -> None:
            try:
                work.begin()
                work.function(*work.args)
                returned.append(True)
            except Exception as error:  # raised again for the supervisor
                failed.append(error)

        greenlet = self._supervisor.spawn(work.name, run)
        ends: list[Any] = [greenlet, self._follows]
        try:
            gevent.wait(ends, count=1)
        finally:
            greenlet.kill(timeout=END_SECONDS)
            if not self.leads:
                work.end()
        if failed:
            raise failed[0]
        return bool(returned)

    def status(self) -> dict[str, Any]:
        """For the status page of a hub that is alone."""
        return {"leads": self.leads, "alone": self.alone}

    def begin(self) -> None:
        """This hub leads from now on."""
        if not self.leads:
            log.info("This hub leads now: what runs at one hub at a time runs here.")
            self._follows.clear()
            self._leads.set()

    def end(self) -> None:
        """This hub no longer leads."""
        if self.leads and not self.alone:
            log.info("This hub no longer leads.")
            self._leads.clear()
            self._follows.set()
