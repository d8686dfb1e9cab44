"""Sends the mail of rules in its order, again and again until the server takes it or it is too old.

A server that takes a mail for some of its readers only, or for none, delays no other mail: that one waits by itself.
"""

from __future__ import annotations

import logging
import math
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import partial
from pathlib import Path

import gevent
from gevent.event import Event

from hub.contract.delivery import DeliveryState
from hub.contract.errors import RequestError, Unavailable
from hub.contract.times import local_sentence, sentence_time, utc_text
from hub.rules.repository import DELIVERED, FAILED, FIRINGS, WAITING, RuleRepository
from hub.rules.smtp import MailError, Secrets, codes, compose, read_secrets, send
from hub.runtime.offload import offload
from hub.runtime.outage import Outage
from hub.settings.mail import Mail
from hub.store.backend import Row
from hub.store.errors import DatabaseError
from hub.store.writer import Writer

log = logging.getLogger(__name__)

BATCH = 20
POLL_SECONDS = 30.0
BACKOFF_SECONDS = (5.0, 15.0, 60.0, 120.0, 300.0)
NO_SERVER = "no mail server is set; write the section [mail] into hub.toml"


@dataclass
class Refused:
    """A mail that some of its readers do not have. `left`: those that may have it later, from `at` on (epoch seconds);
    `for_good`: the others, with the codes of the server's answers.
    """

    left: list[str]
    for_good: dict[str, int] = field(default_factory=dict)
    tries: int = 0
    at: float = 0.0


class Mailer:
    """One greenlet, one mail at a time; the rows of firings are its queue."""

    def __init__(
        self,
        settings: Mail,
        instance: Path,
        repository: RuleRepository,
        writer: Writer,
        now: Callable[[], float] = time.time,
        zone: tzinfo | None = None,
    ) -> None:
        """`zone`: of the site, whose times mails have."""
        self._settings, self._instance, self._zone = settings, instance, zone
        self._repository, self._writer, self._now = repository, writer, now
        self._wake = Event()
        self._outage = Outage(BACKOFF_SECONDS, now)
        self._refused: dict[str, Refused] = {}  # by the id of the firing
        self.delivered = self.failed = self.waiting = 0
        self.delivered_at: float | None = None

    def wake(self) -> None:
        """A mail waits."""
        self._wake.set()

    def forget(self) -> None:
        """Another hub sends the mail."""
        self._outage.over()
        self._refused.clear()

    def run(self) -> None:
        """The greenlet."""
        while True:
            try:
                pause = self._deliver()
            except (RequestError, DatabaseError) as error:
                pause = self._failed(str(error))
            if pause:
                gevent.sleep(pause)
            else:
                next_at = min((each.at for each in self._refused.values()), default=math.inf)
                self._wake.wait(min(POLL_SECONDS, max(0.1, next_at - self._now())))
            self._wake.clear()

    def _deliver(self) -> float:
        """Send what waits; seconds until the next try, 0 when all was sent but what waits by itself."""
        after, secrets = 0, None
        self.waiting = 0
        while True:
            rows = self._repository.waiting(BATCH, after)
            self.waiting += len(rows)
            if not rows:
                return 0.0
            after = rows[-1]["seq"]
            # A row that cannot be read has no mail; it is counted with the others of its kind.
            for row in self._repository.unreadable.readable(rows, dict, FIRINGS):
                if self._now() - row["received_at"] > self._settings.max_age_hours * 3600:
                    self._done(row, FAILED, row["mail_problem"] or self._outage.problem or NO_SERVER)
                    continue
                if (refused := self._refused.get(row["id"])) is not None and refused.at > self._now():
                    continue
                if not self._settings.host:
                    self._done(row, FAILED, NO_SERVER)
                    continue
                try:
                    secrets = secrets or offload(read_secrets, self._settings, self._instance)
                    self._send(row, secrets)
                except MailError as error:
                    if not error.final:
                        self._note(row, WAITING, str(error))
                        return self._failed(str(error))
                    self._done(row, FAILED, str(error))
            if len(rows) < BATCH:
                return 0.0

    def _send(self, row: Row, secrets: Secrets) -> None:
        to = row["mail_to"].split("\n")
        text = f"{row['sentence']}\n\n{sentence_time(row['received_at'])}\nRule: {row['rule_name']}\n{_hub_name()}\n"
        text = local_sentence(text, self._zone)
        message = compose(self._settings.sender, to, f"{row['rule_name']}: {row['subject']}", text, row["id"][:8])
        mail = self._refused.get(row["id"]) or Refused(to)
        refused = send(self._settings, secrets, message, mail.left)
        if self._outage.over():
            log.info("The mail server %s takes mail again.", self._settings.host)
        mail.for_good.update((address, code) for address, code in refused.items() if code >= 500)
        mail.left = [address for address in refused if address not in mail.for_good]
        if mail.left:
            mail.tries += 1
            mail.at = self._now() + BACKOFF_SECONDS[min(mail.tries, len(BACKOFF_SECONDS)) - 1]
            self._refused[row["id"]] = mail
            self._note(row, WAITING, f"the server does not take it yet for some ({codes(refused)}); it is tried again")
        elif mail.for_good:
            others = "; the others have it" if len(mail.for_good) < len(to) else ""
            self._done(row, FAILED, f"the server refuses the addresses ({codes(mail.for_good)}){others}")
        else:
            self._done(row, DELIVERED, "")

    def _done(self, row: Row, state: str, problem: str) -> None:
        if state == DELIVERED:
            self.delivered += 1
            self.delivered_at = self._now()
        else:
            self.failed += 1
            log.warning("A mail of the rule '%s' is not delivered: %s.", row["rule_name"], problem)
        self._refused.pop(row["id"], None)
        self._note(row, state, problem)
        self.waiting = max(0, self.waiting - 1)

    def _note(self, row: Row, state: str, problem: str) -> None:
        at = self._now() if state == DELIVERED else None
        if state != row["mail_state"] or problem != row["mail_problem"]:
            self._writer.write(
                partial(self._repository.mailed, firing=row["id"], state=state, problem=problem[:300], at=at)
            )

    def _failed(self, reason: str) -> float:
        if self._outage.failed(reason):
            log.warning("The mail server %s takes no mail: %s. It is tried again.", self._settings.host, reason)
        return self._outage.pause

    def test(self, to: str) -> None:
        """Send a mail now, to find out whether it works. Raises Unavailable with a sentence."""
        if not self._settings.host:
            raise Unavailable(f"The mail was not sent: {NO_SERVER}.")
        text = f"This mail was asked for on the page of alarms, to try the way.\n\n{_hub_name()}\n"
        message = compose(self._settings.sender, [to], "Gatehouse: test", text, "test")
        try:
            refused = send(self._settings, offload(read_secrets, self._settings, self._instance), message, [to])
            if refused:
                raise MailError(f"the server refuses the address ({codes(refused)})")
        except MailError as error:
            raise Unavailable(
                f"The mail was not sent: {error}. Check the section [mail] of hub.toml, and the server."
            ) from error

    def delivery(self) -> DeliveryState:
        """How it stands with the mail server."""
        return DeliveryState(
            "mail",
            self._settings.host,
            self._outage.since is not None,
            self.waiting,
            self.delivered,
            0,
            self.failed,
            self.delivered_at,
            self._outage.problem,
        )

    def warnings(self) -> list[str]:
        """A sentence for the operator while no mail can be delivered."""
        since = self._outage.since_when
        if since is None:
            return []
        return [
            f"The mail server {self._settings.host} takes no mail since {utc_text(since)}: "
            f"{self._outage.problem}. Check the section [mail] of hub.toml; what waits is sent when it answers."
        ]

    def status(self) -> dict[str, object]:
        """For the status page."""
        return {
            "host": self._settings.host,
            "delivered": self.delivered,
            "failed": self.failed,
            "waiting": self.waiting,
            "problem": self._outage.problem,
        }


def _hub_name() -> str:
    return f"Gatehouse, {socket.gethostname()}"
