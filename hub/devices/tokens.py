"""Tokens of devices: random texts of 32 bytes, of which only the SHA-256 digest is kept.

A random token needs no slow hash: nobody can try 2^256 of them. A token is found by its digest, so the time of a
look-up says nothing about how much of a wrong token was right.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

from gevent.lock import Semaphore

from hub.contract.errors import Conflict, ContractError, NotFound
from hub.contract.text import clean
from hub.contract.times import utc_text
from hub.devices.access_repository import RowsById
from hub.devices.device import MAX_NAME
from hub.runtime.log_throttle import LogThrottle
from hub.runtime.secret_file import stored_secret
from hub.store.backend import Row
from hub.store.writer import StoreBusy, Writer

log = logging.getLogger(__name__)

RANDOM_BYTES = 32
MAX_TOKENS = 1000
FULL = f"The hub holds {MAX_TOKENS} tokens, which is all it can; revoke some first."


@dataclass
class Token:
    """One token; times are epoch seconds. `digest` is hexadecimal."""

    id: str
    name: str
    digest: str
    created_at: float
    last_used: float | None = None
    revoked_at: float | None = None

    def row(self) -> dict[str, Any]:
        """The row of the table."""
        return dict(vars(self))

    def shown(self) -> dict[str, Any]:
        """The token for the operator, without its digest."""
        return {
            "id": self.id,
            "name": self.name,
            "created_at": utc_text(self.created_at),
            "last_used": utc_text(self.last_used),
            "revoked_at": utc_text(self.revoked_at),
        }


def digest_of(text: str) -> str:
    """The SHA-256 digest of a token."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def shared_token(path: Path) -> tuple[str, bool]:
    """The token that every device may use, and whether it was made just now. Raises OSError."""
    text, fresh = stored_secret(path, lambda: secrets.token_urlsafe(RANDOM_BYTES))
    if fresh:
        log.info("A token for devices was made; it is in %s.", path)
    return text, fresh


class DeviceTokens:
    """All tokens in memory by digest. `on_revoked` is called when one is no longer valid."""

    def __init__(
        self,
        writer: Writer,
        repository: RowsById,
        shared: str = "",
        on_revoked: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._writer, self._repository, self._on_revoked, self._now = writer, repository, on_revoked, now
        self._note_use = repository.update(["last_used"])
        self._shared = digest_of(shared) if shared else ""
        self._by_digest: dict[str, Token] = {}
        self._by_id: dict[str, Token] = {}
        self._used: set[str] = set()  # ids of tokens whose last use is not stored yet
        self._lock = Semaphore(1)  # held while rows are written: an older state never overwrites a newer one
        self._throttle = LogThrottle(10.0, clock)
        self.unknown = 0

    def load(self) -> None:
        """Load the stored tokens, without those that cannot be read."""
        for token in self._repository.unreadable.load(self._repository.load, _token_of, self._repository.table):
            self._insert(token)

    def reload(self) -> None:
        """Another hub has changed tokens. Raises DatabaseError or LaneBusy."""
        repository = self._repository
        with self._lock:
            tokens = repository.unreadable.readable(repository.load(), _token_of, repository.table)
            before, self._by_id, self._by_digest = self._by_id, {}, {}
            for token in tokens:
                known = before.get(token.id)
                if known is not None:
                    token.last_used = max(filter(None, (token.last_used, known.last_used)), default=None)
                self._insert(token)
        valid = {token.digest for token in tokens if token.revoked_at is None}
        if any(token.revoked_at is None and token.digest not in valid for token in before.values()):
            self._on_revoked()

    def _insert(self, token: Token) -> None:
        self._by_digest[token.digest] = self._by_id[token.id] = token

    def name_of(self, text: str) -> str | None:
        """The name of the device that has this token; None where the token is unknown or revoked."""
        digest = digest_of(text)
        token = self._by_digest.get(digest)
        if token is not None and token.revoked_at is None:
            token.last_used = self._now()
            self._used.add(token.id)
            return token.name
        return "the devices' common token" if self._shared and hmac.compare_digest(digest, self._shared) else None

    def report_unknown(self, address: str) -> None:
        """Count a token that nobody has; it locks nobody out."""
        self.unknown += 1
        if self._throttle.due():
            log.info("%s sent a token that is of no device here; %d such tries so far.", address, self.unknown)

    def make(self, name: object) -> tuple[Token, str]:
        """A new token and its text, which is not kept. Raises ContractError for the name, Conflict, StoreBusy."""
        if len(self._by_id) >= MAX_TOKENS and not self._drop_revoked():
            raise Conflict(FULL)
        text = secrets.token_urlsafe(RANDOM_BYTES)
        token = Token(str(uuid.uuid4()), _name(name), digest_of(text), self._now())
        self._writer.write(self._repository.change([token.row()]))
        self._insert(token)
        return token, text

    def rename(self, token_id: str, name: object) -> Token:
        """Give a token another name. Raises NotFound, ContractError, StoreBusy."""
        return self._change(token_id, name=_name(name))

    def revoke(self, token_id: str) -> Token:
        """Make a token invalid at once, on open connections too. Raises NotFound, StoreBusy."""
        token = self._by_id.get(token_id)
        if token is not None and token.revoked_at is not None:
            return token
        revoked = self._change(token_id, revoked_at=self._now())
        self._on_revoked()
        log.info("The token '%s' was revoked.", revoked.name)
        return revoked

    def _change(self, token_id: str, **values: Any) -> Token:
        with self._lock:
            token = self._by_id.get(token_id)
            if token is None:
                raise NotFound("There is no token with this id.")
            self._writer.write(self._repository.change([replace(token, **values).row()]))
            for key, value in values.items():
                setattr(token, key, value)
        return token

    def _drop_revoked(self) -> bool:
        """Delete the token that was revoked first; whether there was one. Raises StoreBusy."""
        revoked = [token for token in self._by_id.values() if token.revoked_at is not None]
        if not revoked:
            return False
        first = min(revoked, key=lambda token: token.revoked_at or 0.0)
        with self._lock:
            self._writer.write(self._repository.change((), [first.id]))
            self._by_id.pop(first.id, None)
            self._by_digest.pop(first.digest, None)
        return True

    def newest_first(self) -> list[Token]:
        """Every token, the revoked ones last."""
        return sorted(self._by_id.values(), key=lambda token: (token.revoked_at is not None, -token.created_at))

    def flush(self) -> None:
        """Write when tokens were last used. Raises StoreBusy; it is then written later."""
        with self._lock:
            used, self._used = self._used, set()
            rows = [self._by_id[token_id].row() for token_id in used if token_id in self._by_id]
            if not rows:
                return
            try:
                self._writer.write(self._note_use(rows))
            except StoreBusy:
                self._used |= used
                raise

    def status(self) -> dict[str, Any]:
        """For the status page."""
        valid = sum(token.revoked_at is None for token in self._by_id.values())
        return {"valid": valid, "revoked": len(self._by_id) - valid, "unknown_tries": self.unknown}


def _token_of(row: Row) -> Token:
    token = Token(**dict(row))
    token.shown()
    return token


def _name(name: object) -> str:
    text = clean(name)[:MAX_NAME] if isinstance(name, (str, int)) and not isinstance(name, bool) else ""
    if not text:
        raise ContractError(f"name is missing: a text of at most {MAX_NAME} characters, such as the device's name.")
    return text
