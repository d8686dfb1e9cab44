"""Rules of the operators: kept, changed, and fired for what happens."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from time import monotonic
from typing import Any

import gevent
import orjson
from gevent.event import Event
from gevent.lock import Semaphore

from hub.contract.bounds import bounded_record
from hub.contract.device_state import DeviceState
from hub.contract.errors import Conflict, NotFound, RequestError
from hub.rules.engine import MAX_PAUSES, Engine, Fired
from hub.rules.firings import firing_row, firing_shown
from hub.rules.intake import Intake
from hub.rules.repository import FIRINGS, RULES, RuleRepository
from hub.rules.rule import DEFAULTS, Rule, read_rule
from hub.rules.silence import Silence
from hub.runtime.log_throttle import LogThrottle
from hub.runtime.offload import offload
from hub.store.backend import Row
from hub.store.errors import DatabaseError
from hub.store.transaction import Transaction
from hub.store.writer import Writer

log = logging.getLogger(__name__)

MAX_RULES = 200
MAX_UNSTORED = 1000  # what rules have fired for and cannot be stored
LOOK_SECONDS = 15.0  # between two looks at who is silent
POLL_SECONDS = 2.0
GATHER_SECONDS = 0.04  # between two steps; records of this time are looked at together
UNAVAILABLE = (RequestError, DatabaseError)
FIXED = frozenset(rule.id for rule in DEFAULTS)


class Rules:
    """All rules in memory; one greenlet fires them."""

    def __init__(
        self,
        writer: Writer,
        repository: RuleRepository,
        engine: Engine,
        intake: Intake,
        on_fired: Callable[[str], None] = lambda name: None,
        on_mail: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.time,
        leads: Callable[[], bool] = lambda: True,
        alone: bool = True,
        breathe: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_fired`: a rule (its name) has fired, and that is stored. `on_mail`: a mail waits to be sent.

        `leads`: whether rules fire at this hub. `alone`: there is no other one. `breathe` is called after each device
        whose silence is looked at: it lets the event loop go on where that has taken long.
        """
        self._writer, self._repository, self._engine, self._intake = writer, repository, engine, intake
        self._on_fired, self._on_mail, self._now = on_fired, on_mail, now
        self._leads, self._alone, self._breathe = leads, alone, breathe
        self._rules: dict[str, Rule] = {rule.id: rule for rule in DEFAULTS}
        self._unstored: list[Fired] = []
        self._wake = Event()
        self._stepping = Semaphore(1)
        self._throttle = LogThrottle(60.0)
        self._changing = Semaphore(1)
        self._silence = Silence(now())
        self._look_at = monotonic() + LOOK_SECONDS  # when those that are silent are looked for next
        self.look_elsewhere: Callable[[], None] = lambda: None  # for captures that other hubs have stored
        self.fired = 0
        self.problem = ""

    def load(self) -> None:
        """Load the stored rules, without those that cannot be read."""
        unreadable = self._repository.unreadable
        for rule in unreadable.load(self._repository.load, _loaded, RULES):
            self._rules[rule.id] = rule
        self._engine.use(self._rules.values())
        try:
            self._remember()
            self._intake.start() if self._alone else self._intake.start_new()
        except UNAVAILABLE as error:
            log.error("Rules begin later, since the database cannot be used: %s", error)

    def _remember(self) -> None:
        """Load what rules have fired for, for their pauses. Raises DatabaseError or LaneBusy."""
        longest = max((rule.pause_minutes for rule in self._rules.values()), default=0.0) * 60
        for row in reversed(self._repository.recent(self._now() - longest, MAX_PAUSES)):
            self._engine.remember(row["rule_id"], row["subject"], row["received_at"])

    def begin(self) -> None:
        """Rules fire at this hub from now on. Raises DatabaseError or LaneBusy."""
        self._remember()
        self._intake.restart()
        self._intake.look_everywhere()
        self._silence = Silence(self._now())

    def end(self) -> None:
        """Rules fire at another hub from now on."""
        self._intake.restart()
        self._unstored.clear()

    def reload(self) -> None:
        """Another hub has changed rules. Raises DatabaseError or LaneBusy."""
        with self._changing:
            stored = self._repository.unreadable.readable(self._repository.load(), _loaded, RULES)
            for rule in stored:
                self._begin(rule)
            self._rules = {rule.id: rule for rule in (*DEFAULTS, *stored)}
            self._engine.use(self._rules.values())

    def _begin(self, rule: Rule) -> None:
        """What was stored before a rule was made is not for it; the hub at which rules fire sees to that."""
        if self._leads() and rule.enabled and not self._engine.wants(rule.when.kind):
            self._intake.begin(rule.when.kind)

    # -- what happens

    def wake(self, feed: str) -> None:
        """There is something new in a feed. Never blocks."""
        self._intake.due.add(feed)
        self._wake.set()

    def captured(self, station: str) -> None:
        """A station has captured a vehicle."""
        self._silence.captured(station, self._now())

    def run(self, devices: list[Callable[[], Iterable[DeviceState]]]) -> None:
        """The greenlet that fires rules."""
        poll_at = monotonic()
        while True:
            self._wake.wait(max(0.0, poll_at - monotonic()))
            self._wake.clear()
            if monotonic() >= poll_at:  # however busy the hub is: what settles is announced by no event
                poll_at = monotonic() + POLL_SECONDS
                self._intake.look_everywhere()
            self.step(devices)
            gevent.sleep(GATHER_SECONDS)

    def close(self) -> None:
        """Store the positions; what was not looked at is, after the next start."""
        with self._stepping, suppress(*UNAVAILABLE):
            self._store()
            self._intake.save(force=True)

    def step(self, devices: Iterable[Callable[[], Iterable[DeviceState]]]) -> None:
        """Fire for what was stored, and for who is silent; what cannot be stored now is, at the next step."""
        with self._stepping:
            if monotonic() >= self._look_at:
                self._look_at = monotonic() + LOOK_SECONDS
                self.look_elsewhere()
                for happening in self._silence.happenings(devices, self._engine.wants, self._now()):
                    self._unstored += self._engine.fires(happening)
                    self._breathe()
                del self._unstored[MAX_UNSTORED:]
            try:
                self._store()
                self._intake.start()
                for happenings in self._intake.next():
                    for happening in happenings:
                        self._unstored += self._engine.fires(happening)
                    self._store()
                self._intake.save()
                self.problem = ""
            except UNAVAILABLE as error:
                self.problem = str(error)
                if self._throttle.due():
                    log.error("What happens waits for the rules, and no mail is sent: %s", error)

    def _store(self) -> None:
        """Store what rules have fired for, and say so. Raises RequestError or DatabaseError."""
        fired, rows = list(self._unstored), [firing_row(each) for each in self._unstored]
        if not rows:
            return
        self._writer.write(lambda transaction: self._repository.add_firings(transaction, rows))
        self._unstored.clear()
        self.fired += len(rows)
        for each, row in zip(fired, rows, strict=True):
            log.info("Rule '%s': %s", each.rule.name, row["sentence"])
            self._on_fired(each.rule.name)
        if any(row["mail_to"] for row in rows):
            self._on_mail()

    # -- the rules themselves

    def all(self) -> list[dict[str, Any]]:
        """Every rule as shown, those from the start first."""
        return [self.public(rule) for rule in self._rules.values()]

    def get(self, rule_id: str) -> dict[str, Any]:
        """One rule as shown. Raises NotFound."""
        return self.public(self._rule(rule_id))

    def _rule(self, rule_id: str) -> Rule:
        rule = self._rules.get(rule_id)
        if rule is None:
            raise NotFound(f"There is no rule with the id {rule_id[:80]}.")
        return rule

    def add(self, data: dict[str, Any]) -> dict[str, Any]:
        """Add a rule. Raises ContractError for its fields, Conflict where there are too many."""
        rule = read_rule({**bounded_record(data, []), "id": str(uuid.uuid4()), "version": 1})
        with self._changing:
            if len(self._rules) >= MAX_RULES:
                raise Conflict(f"The hub keeps {MAX_RULES} rules, which is all it can; delete some first.")
            return self._put(rule)

    def change(self, rule_id: str, data: dict[str, Any]) -> dict[str, Any]:
        """Change the fields of a rule that are given. Raises ContractError, NotFound, or Conflict.

        `version` has to be that of the rule as its editor saw it: of two editors the second is told.
        """
        data = bounded_record(data, [])
        with self._changing:
            before = self._rule(rule_id)
            if data.get("version") != before.version:
                raise Conflict("Somebody has changed this rule meanwhile. Load it again, then change it.")
            changed = {**before.shown(), **data, "id": rule_id, "version": before.version + 1}
            return self._put(read_rule(changed))

    def _put(self, rule: Rule) -> dict[str, Any]:
        self._begin(rule)
        row = {"id": rule.id, "body": orjson.dumps(rule.shown()).decode(), "changed_at": self._now()}
        self._writer.write(lambda transaction: self._repository.replace(transaction, row))
        self._rules[rule.id] = rule
        self._engine.use(self._rules.values())
        return self.public(rule)

    def remove(self, rule_id: str) -> dict[str, Any]:
        """Delete a rule; as it was shown. Raises NotFound, or Conflict for those that are there from the start."""
        with self._changing:
            rule = self._rule(rule_id)
            if rule_id in FIXED:
                raise Conflict("This rule is there from the start; switch it off instead of deleting it.")

            def job(transaction: Transaction) -> None:
                self._repository.delete(transaction, rule_id)

            self._writer.write(job)
            del self._rules[rule_id]
            self._engine.use(self._rules.values())
            return self.public(rule)

    @staticmethod
    def public(rule: Rule) -> dict[str, Any]:
        """A rule as shown; `fixed`: it is there from the start and cannot be deleted."""
        return {**rule.shown(), "fixed": rule.id in FIXED}

    def history(self, limit: int, before: int | None) -> tuple[list[dict[str, Any]], int | None]:
        """What rules have fired for, newest first, and the cursor of the next page. Raises Unavailable."""
        rows = self._repository.page(limit, before)
        return offload(self._repository.unreadable.page, rows, limit, firing_shown, FIRINGS)

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return {
            "rules": len(self._rules),
            "enabled": sum(rule.enabled for rule in self._rules.values()),
            "fired": self.fired,
            "waiting": len(self._unstored) + self._intake.waiting,
            "left_out": self._intake.left_out,
            "problem": self.problem,
        }


def _loaded(row: Row) -> Rule:
    body = orjson.loads(row["body"])
    rule = Rule.model_validate(body)
    if rule.id != row["id"]:
        raise ValueError("it has another id")
    return rule
