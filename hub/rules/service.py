"""Rules of the operators: kept, changed, and fired for what happens."""

from __future__ import annotations

import logging
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any

import orjson
from gevent.event import Event
from gevent.lock import Semaphore

from hub.contract.alerts import AlertKind, Alerts
from hub.contract.bounds import bounded_record
from hub.contract.device_state import DeviceState
from hub.contract.errors import Conflict, NotFound, RequestError
from hub.contract.times import utc_text
from hub.rules.engine import Engine, Fired
from hub.rules.repository import FIRINGS, RULES, WAITING, RuleRepository
from hub.rules.rule import DEFAULTS, Happening, Kind, Rule, read_rule
from hub.rules.silence import Silence
from hub.runtime.offload import offload
from hub.store.backend import Row
from hub.store.errors import DatabaseError
from hub.store.transaction import Transaction
from hub.store.writer import Writer

log = logging.getLogger(__name__)

MAX_RULES = 200
MAX_QUEUE = 2000
LOOK_SECONDS = 15.0  # between two looks at who is silent
MAX_SENTENCE = 500
FIXED = frozenset(rule.id for rule in DEFAULTS)


class Rules:
    """All rules in memory; one greenlet fires them."""

    def __init__(
        self,
        writer: Writer,
        repository: RuleRepository,
        engine: Engine,
        alerts: Callable[[], Alerts],
        on_mail: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.time,
        watch: Callable[[], bool] = lambda: True,
    ) -> None:
        """`on_mail`: a mail waits to be sent. `watch`: whether this hub looks for those that are silent, each time."""
        self._writer, self._repository, self._engine, self._alerts = writer, repository, engine, alerts
        self._on_mail, self._now, self._watch, self._watched = on_mail, now, watch, True
        self._rules: dict[str, Rule] = {rule.id: rule for rule in DEFAULTS}
        self._queue: deque[tuple[float, Callable[[], Happening | None]]] = deque(maxlen=MAX_QUEUE)
        self._wake = Event()
        self._changing = Semaphore(1)
        self._silence = Silence(now())
        self._look_at = monotonic() + LOOK_SECONDS  # when those that are silent are looked for next
        self.fired = self.left_out = 0
        self.problem = ""

    def load(self) -> None:
        """Load the stored rules, without those that cannot be read."""
        unreadable = self._repository.unreadable
        for rule in unreadable.load(self._repository.load, _loaded, RULES):
            self._rules[rule.id] = rule
        self._engine.use(self._rules.values())

    # -- what happens

    def offer(self, kind: Kind, make: Callable[[float], Happening | None], after: float = 0.0) -> None:
        """Something happened; `make` is called later, and only where a rule is about its kind. Never blocks.

        after: seconds to wait first, since it may turn out not to be so.
        """
        if not self._engine.wants(kind):
            return
        now = self._now()
        if len(self._queue) == MAX_QUEUE:
            self.left_out += 1
        self._queue.append((monotonic() + after, lambda: make(now)))
        self._wake.set()

    def captured(self, station: str) -> None:
        """A station has captured a vehicle."""
        self._silence.captured(station, self._now())

    def run(self, devices: list[Callable[[], Iterable[DeviceState]]]) -> None:
        """The greenlet that fires rules."""
        while True:
            first = min((due for due, _ in self._queue), default=self._look_at)
            self._wake.wait(max(0.0, min(self._look_at, first) - monotonic()))
            self._wake.clear()
            self.step(devices)

    def step(self, devices: Iterable[Callable[[], Iterable[DeviceState]]]) -> None:
        """Fire for what waits, and for who is silent."""
        fired: list[Fired] = []
        for _ in range(len(self._queue)):
            due, make = self._queue.popleft()
            if due > monotonic():
                self._queue.append((due, make))
                continue
            try:
                happening = make()
            except (RequestError, DatabaseError) as error:
                log.warning("Rules do not look at something that has happened: %s", error)
                continue
            if happening is not None:
                fired += self._engine.fires(happening)
        if monotonic() >= self._look_at:
            self._look_at = monotonic() + LOOK_SECONDS
            watched, self._watched = self._watched, self._watch()
            if self._watched and not watched:
                self._silence = Silence(self._now())
            for happening in self._silent(devices):
                fired += self._engine.fires(happening)
        if fired:
            self._fire(fired)

    def _silent(self, devices: Iterable[Callable[[], Iterable[DeviceState]]]) -> Iterable[Happening]:
        return self._silence.happenings(devices, self._engine.wants, self._now()) if self._watched else ()

    def reload(self) -> None:
        """Another hub has changed rules. Raises DatabaseError or LaneBusy."""
        with self._changing:
            stored = self._repository.unreadable.readable(self._repository.load(), _loaded, RULES)
            self._rules = {**{rule.id: rule for rule in DEFAULTS}, **{rule.id: rule for rule in stored}}
            self._engine.use(self._rules.values())

    def _fire(self, fired: list[Fired]) -> None:
        rows = [_row(each) for each in fired]
        try:
            self._writer.write(lambda transaction: self._repository.add_firings(transaction, rows))
            self.problem = ""
        except (RequestError, DatabaseError) as error:
            self.problem = str(error)
            log.error("What rules have fired for cannot be stored, and no mail is sent: %s", error)
        self.fired += len(fired)
        for each, row in zip(fired, rows, strict=True):
            log.info("Rule '%s': %s", each.rule.name, row["sentence"])
            told = each.told
            if told.banner or told.webhook or told.mqtt:
                tell = {"banner": told.banner, "webhook": told.webhook, "mqtt": told.mqtt}
                details = {"rule": each.rule.name, "rule_id": each.rule.id, "tell": tell, **each.happening.details}
                subject = f"{each.rule.name}: {each.happening.subject}"
                self._alerts().report(AlertKind.RULE, subject, f"{each.rule.name}: {row['sentence']}", details)
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
        return offload(self._repository.unreadable.page, rows, limit, _firing, FIRINGS)

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return {
            "rules": len(self._rules),
            "enabled": sum(rule.enabled for rule in self._rules.values()),
            "fired": self.fired,
            "waiting": len(self._queue),
            "left_out": self.left_out,
            "problem": self.problem,
        }


def _loaded(row: Row) -> Rule:
    body = orjson.loads(row["body"])
    rule = Rule.model_validate(body)
    if rule.id != row["id"]:
        raise ValueError("it has another id")
    return rule


def _row(fired: Fired) -> dict[str, Any]:
    told, rule = fired.told, fired.rule
    channels = [name for name in ("banner", "webhook", "mqtt") if getattr(told, name)]
    channels += ["mail"] if told.mail else []
    return {
        "id": str(uuid.uuid4()),
        "rule_id": rule.id,
        "rule_name": rule.name,
        "subject": fired.happening.subject[:300],
        "sentence": fired.happening.sentence[:MAX_SENTENCE],
        "channels": orjson.dumps(channels).decode(),
        "received_at": fired.happening.at,
        "mail_to": "\n".join(told.mail),
        "mail_state": WAITING if told.mail else "",
        "mail_problem": "",
        "mail_at": None,
    }


def _firing(row: Row) -> dict[str, Any]:
    channels = orjson.loads(row["channels"])
    if not isinstance(channels, list):
        raise ValueError("channels is no list")
    return {
        "id": row["id"],
        "seq": row["seq"],
        "rule_id": row["rule_id"],
        "rule": row["rule_name"],
        "subject": row["subject"],
        "sentence": row["sentence"],
        "at": utc_text(row["received_at"]),
        "channels": channels,
        "quiet": not channels,
        "mail": {
            "to": row["mail_to"].split("\n") if row["mail_to"] else [],
            "state": row["mail_state"],
            "problem": row["mail_problem"],
            "at": utc_text(row["mail_at"]),
        },
    }
