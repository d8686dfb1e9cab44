"""Decisions of operators about visits that wait: confirm, correct, reject."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.contract.bounds import bounded_record
from hub.contract.errors import Conflict, ContractError
from hub.contract.roles import Principal
from hub.contract.text import clean
from hub.contract.times import sentence_time, utc_text
from hub.contract.visits import CAPTURE, CORRECT, DECISION, DECISIONS, DETECTION, STATES
from hub.visits.parts import UNAVAILABLE
from hub.visits.service import VisitService
from hub.visits.values import put_value
from hub.visits.visit import Cause, Decision, Visit

MAX_NOTE, MAX_ID, MAX_VALUE = 500, 80, 100
MAX_VALUES = 10
MAX_INDEX = 999


@dataclass(frozen=True)
class Asked:
    """What an operator wants. `values`: corrections, each with kind, id, index and value."""

    decision: str
    note: str
    seen_state: str
    vehicle: str
    values: list[dict[str, Any]]


class Decisions:
    """`correct`: stores a correction of a record (`hub.corrections`)."""

    def __init__(
        self,
        visits: VisitService,
        correct: Callable[[dict[str, Any], Principal], Any],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._visits, self._correct, self._now = visits, correct, now

    def decide(self, visit_id: str, data: dict[str, Any], author: Principal) -> Visit:
        """Decide about a visit that waits. Raises ContractError, NotFound, Conflict, StoreBusy or DatabaseError."""
        asked = read(data)
        with self._visits.lock:
            self._visits.refresh()
            visit = self._visits.find(visit_id)
            self._check(visit, asked)
            who = clean(author.name or author.kind)[:200]
            for value in asked.values:
                self._correct({**value, "note": asked.note}, author)
            decided_state = "" if asked.decision == CORRECT else visit.state
            try:
                for value in asked.values:
                    put_value(visit, value["kind"], value["id"], value["index"], value["value"])
                visit.claimed = asked.vehicle or visit.claimed
                visit.decision = Decision(asked.decision, who, self._now(), asked.note, decided_state)
                self._visits.save([visit], causes={visit.id: Cause(DECISION, who)})
            except UNAVAILABLE:
                self._visits.forget()
                raise
            return visit

    @staticmethod
    def _check(visit: Visit, asked: Asked) -> None:
        decision = visit.decision
        if not visit.waits:
            if decision is None:
                raise Conflict(
                    f"This visit is {visit.state} and waits for nobody; only mismatch and denied are decided."
                )
            raise Conflict(
                f"{decision.by} has decided this already: {decision.decision}, at {sentence_time(decision.at)}.",
                [f"decision: {decision.decision}", f"by: {decision.by}", f"at: {utc_text(decision.at)}"],
            )
        if asked.seen_state and asked.seen_state != visit.state:
            raise Conflict(
                f"This visit is {visit.state} now, and was {asked.seen_state} when you saw it. Look at it again.",
                [f"state: {visit.state}"],
            )
        known = {(each.kind, each.id) for each in visit.records}
        for value in asked.values:
            if (value["kind"], value["id"]) not in known:
                raise ContractError("Only evidence of this visit can be corrected with it.", [f"id: {value['id']!r}"])
        vehicles = [each["id"] for each in [visit.vehicle, *visit.others] if each is not None]
        if asked.vehicle and asked.vehicle not in vehicles:
            raise ContractError(
                "vehicle is the id of a vehicle that evidence of this visit belongs to. Register the tag or plate that "
                "was read for another one, or correct what was read.",
                [f"vehicle: {asked.vehicle!r}"],
            )


def read(data: Mapping[str, Any]) -> Asked:
    """What a client sends. Raises ContractError that names each invalid field."""
    sent = bounded_record(dict(data), [])
    errors: list[str] = []
    decision = sent.get("decision")
    if decision not in DECISIONS:
        errors.append(f"decision is {', '.join(DECISIONS[:-1])} or {DECISIONS[-1]}")
    note, state, vehicle = (sent.get(key) or "" for key in ("note", "seen_state", "vehicle"))
    if not isinstance(note, str) or len(note) > MAX_NOTE:
        errors.append(f"note is a text of at most {MAX_NOTE} characters")
    if state not in ("", *STATES):
        errors.append(f"seen_state is one of {', '.join(STATES)}")
    if not isinstance(vehicle, str) or len(vehicle) > MAX_ID:
        errors.append("vehicle is the id of a vehicle")
    values = sent.get("values") or []
    if not isinstance(values, list) or len(values) > MAX_VALUES:
        errors.append(f"values is a list of at most {MAX_VALUES} corrections")
        values = []
    corrections = [_value(each, errors) for each in values]
    if decision == CORRECT and not (corrections or vehicle):
        errors.append("correct needs values, each with kind, id, index and value, or a vehicle")
    if decision != CORRECT and (corrections or vehicle):
        errors.append("values and vehicle are for the decision correct")
    if errors:
        raise ContractError("The decision cannot be taken: " + "; ".join(errors) + ".", errors)
    return Asked(str(decision), clean(note), str(state), vehicle, corrections)


def _value(value: Any, errors: list[str]) -> dict[str, Any]:
    given = value if isinstance(value, dict) else {}
    kind, record_id, index, text = given.get("kind"), given.get("id"), given.get("index", 0), given.get("value")
    if kind not in (CAPTURE, DETECTION) or not isinstance(record_id, str) or not 0 < len(record_id) <= MAX_ID:
        errors.append(f"a value has a kind ({CAPTURE} or {DETECTION}) and the id of the record")
    if type(index) is not int or not 0 <= index <= MAX_INDEX:
        errors.append("index counts the plates of a detection from 0")
    if not isinstance(text, str) or len(text) > MAX_VALUE:
        errors.append(f"value is a text of at most {MAX_VALUE} characters")
    return {"kind": kind, "id": record_id, "index": index, "value": " ".join(clean(text).split())}
