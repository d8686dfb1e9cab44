"""All barriers: who may open them, when they open by themselves, and the stop of all of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from hub.barriers.contract import (
    HUB,
    MAX_NOTE,
    MAX_VISIT,
    Wish,
    is_in_order,
    seconds_left,
    shows,
    values_of,
)
from hub.barriers.lane import BarrierLane
from hub.barriers.pulse import Pulse
from hub.barriers.stop import GlobalStop
from hub.contract.alerts import AlertKind, Alerts
from hub.contract.audit import Audit
from hub.contract.errors import Conflict, ContractError, NotFound, RequestError
from hub.contract.roles import Principal
from hub.contract.text import clean
from hub.contract.visits import Visits
from hub.live.events import VisitChanged
from hub.runtime.time_limit import time_limit
from hub.store.errors import DatabaseError

log = logging.getLogger(__name__)

VISIT_SECONDS = 1.0  # a person does not wait longer for what the visit says
CLOSE_SECONDS = 3.0
STOP, RELEASE = "barrier.stop", "barrier.release"  # in the audit log


class Barriers:
    """The barriers of the settings. `on_change`: called with the state that pages show."""

    def __init__(
        self,
        stop: GlobalStop,
        audit: Audit,
        alerts: Callable[[], Alerts],
        visits: Callable[[], Visits],
        on_change: Callable[[dict[str, Any]], None],
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stop, self._audit, self._alerts, self._visits = stop, audit, alerts, visits
        self._on_change, self._now, self._monotonic = on_change, now, monotonic
        self._lanes: dict[str, BarrierLane] = {}
        self._adopted: int | None = None  # the newest entry of the audit log that was looked at

    def adopt(self) -> None:
        """Stop or release all barriers as the newest entry of the audit log says: another hub may have written it.

        A stop that this hub knows from its file is not released by an entry from before its start. Raises Unavailable
        or DatabaseError.
        """
        entry = self._audit.newest_of(STOP, RELEASE)
        known, self._adopted = self._adopted, 0 if entry is None else entry["seq"]
        if entry is None or entry["seq"] == known:
            return
        stopped = entry["action"] == STOP
        if (stopped or known is not None) and self._stop.adopt(stopped, entry["received_at"], entry["who"]):
            log.warning("All barriers: %s by %s at another hub.", entry["action"], entry["who"])
            for lane in self._lanes.values() if stopped else ():
                lane.cut()
            self.publish()
            self._stop.keep()

    def add(self, lane: BarrierLane) -> None:
        """Add a barrier."""
        self._lanes[lane.barrier.name] = lane

    @property
    def any_enabled(self) -> bool:
        """Whether the hub may open one at all."""
        return any(lane.barrier.enabled for lane in self._lanes.values())

    # -- by itself

    def on_visit(self, event: VisitChanged) -> None:
        """Open the automatic barriers of the checkpoint, each once for a visit that is in order and not too old."""
        visit = event.shown
        visit_id = str(visit.get("id") or "")
        if not 0 < len(visit_id) <= MAX_VISIT or not is_in_order(visit):
            return
        for lane in self._lanes.values():
            barrier = lane.barrier
            if not (barrier.enabled and barrier.automatic and shows(visit, barrier)):
                continue
            left = seconds_left(visit, barrier, self._now())
            if left <= 0:
                log.info("The barrier %s does not open for the visit %s: it is too old.", barrier.name, visit_id)
                continue
            lane.offer(Wish(HUB, True, visit_id, values_of(visit, barrier), self._monotonic() + left))

    # -- by people

    def open(self, name: str, sent: dict[str, Any], principal: Principal, address: str) -> Pulse:
        """Open a barrier for a person; what came of it. A wish that is refused is in the audit log as well.

        `sent`: {"visit"?, "note"?}. Raises NotFound, ContractError, Conflict, TooManyRequests, Unavailable.
        """
        lane = self._lanes.get(name)
        if lane is None:
            raise NotFound(f"There is no barrier {name[:80]!r}; GET /api/barriers names them.")
        visit, note = _text(sent, "visit", MAX_VISIT), _text(sent, "note", MAX_NOTE)
        try:
            if not lane.barrier.enabled:
                raise Conflict(f"The barrier {name} is turned off; set enabled = true in its block [[barriers]].")
            values = values_of({"id": visit, **self._visit(visit)}, lane.barrier)
            return lane.ask(Wish(principal, False, visit, values, None, note, address))
        except RequestError as error:
            detail = {"visit": visit, "note": note, "reason": error.message}
            self._audit.record(principal, "barrier.refuse", name, _said(detail), address)
            raise

    def _visit(self, visit_id: str) -> dict[str, Any]:
        """What is known of a visit; nothing where it cannot be read now. Raises NotFound."""
        found: dict[str, Any] = {}
        if visit_id:
            try:
                with time_limit(VISIT_SECONDS):
                    found = self._visits().visit(visit_id)
            except NotFound:
                raise
            except (RequestError, DatabaseError, KeyError) as error:
                log.warning("A barrier opens without what the visit %s says: %s", visit_id, error)
        return found

    def set_stopped(self, stopped: bool, principal: Principal, address: str) -> bool:
        """Stop all barriers or release them; whether that is a change. Counts at once, whatever else is busy."""
        if stopped:
            # In memory before anything that waits: attempts that nobody has acknowledged end as well.
            changed = self._stop.begin(True, principal.name)
            for lane in self._lanes.values():
                lane.cut()
        else:
            changed = self._stop.begin(False, principal.name)
        if changed:
            self._audit.record(principal, STOP if stopped else RELEASE, "all barriers", {}, address)
        self.publish()
        self._stop.keep()
        return changed

    # -- what is said

    def told(self, wish: Wish, pulse: Pulse) -> None:
        """A pulse was sent, or its relay has failed: audit, alert, pages."""
        detail = {"visit": wish.visit, "note": wish.note, "problem": pulse.problem}
        action = "barrier.fail" if pulse.problem else "barrier.open"
        self._audit.record(wish.principal, action, pulse.barrier, _said(detail), wish.address)
        if pulse.problem:
            self._alerts().report(
                AlertKind.BARRIER_FAILED, pulse.barrier, pulse.problem, {"visit": wish.visit, "by": pulse.who}
            )
        self.publish()

    def publish(self) -> None:
        """Tell pages of the state as it is now."""
        shown = self.shown()
        for barrier in shown["barriers"]:
            del barrier["target"]  # the addresses of relays are not for every page
        self._on_change(shown)

    def shown(self) -> dict[str, Any]:
        """Every barrier and the stop, for pages and programs."""
        return {
            **self._stop.state.shown(),
            "problem": self._stop.problem,
            "enabled": self.any_enabled,
            "barriers": [lane.shown() for lane in self._lanes.values()],
        }

    def warnings(self) -> list[str]:
        """Sentences for the operator."""
        contacts = [lane.contact_problem for lane in self._lanes.values() if lane.contact_problem]
        return [*([self._stop.problem] if self._stop.problem and self.any_enabled else []), *contacts]

    def close(self) -> None:
        """End the pulses that last."""
        lanes: Sequence[BarrierLane] = list(self._lanes.values())
        for lane in lanes:
            lane.close(0)
        with time_limit(CLOSE_SECONDS):
            for lane in lanes:
                lane.close(CLOSE_SECONDS)


def _text(sent: dict[str, Any], key: str, most: int) -> str:
    value = sent.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or len(clean(value)) > most:
        raise ContractError(f"{key} is a text of at most {most} characters.", [f"{key}: {str(value)[:80]!r}"])
    return clean(value)


def _said(detail: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in detail.items() if value}
