"""Sessions of people: which account a session belongs to, and whether it goes on."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

from hub.accounts.account import Account
from hub.accounts.cookie import SessionCookie
from hub.accounts.repository import ENDED, AccountRepository
from hub.accounts.service import Accounts
from hub.contract.roles import Principal
from hub.net.wsgi import Environ
from hub.store.backend import Row
from hub.store.transaction import Transaction
from hub.store.writer import Writer

USER_KEY = "_user_id"  # where Flask-Login keeps what `token_of` returns
ID_KEY = "session_id"


class Sessions:
    """A session names its account and that account's `session_version`, and has an id of its own.

    It ends when its cookie expires, when it is logged out, and when the account is disabled or gets another password.
    """

    def __init__(
        self,
        writer: Writer,
        repository: AccountRepository,
        accounts: Accounts,
        seconds: float,
        now: Callable[[], float] = time.time,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """`seconds`: after which a cookie expires. `on_change`: called when a session was logged out."""
        self._writer, self._repository, self._accounts = writer, repository, accounts
        self._seconds, self._now, self._on_change = seconds, now, on_change
        self._ended: dict[str, float] = {}  # session id -> when its cookie expires

    def load(self) -> None:
        """Load the sessions that were logged out."""
        self._ended = dict(self._repository.unreadable.load(self._repository.load_ended, _loaded, ENDED))

    def reload(self) -> None:
        """Another hub has logged sessions out. Raises DatabaseError or LaneBusy."""
        ended = dict(self._repository.unreadable.readable(self._repository.load_ended(), _loaded, ENDED))
        if ended.keys() - self._ended.keys():
            self._ended = {**self._ended, **ended}
            self._on_change()

    @staticmethod
    def new_id() -> str:
        """The id of a new session."""
        return secrets.token_urlsafe(12)

    @staticmethod
    def token_of(account: Account) -> str:
        """What a session keeps of its account."""
        return f"{account.id}:{account.session_version}"

    def by_token(self, token: object) -> Account | None:
        """The account of a token, unless it is disabled or the token is of an earlier version."""
        account_id, _, version = str(token).rpartition(":")
        account = self._accounts.find(account_id)
        if account is None or account.disabled or version != str(account.session_version):
            return None
        return account

    def account_of(self, session: Mapping[str, Any]) -> Account | None:
        """The account of a session; None where the session has ended."""
        session_id = session.get(ID_KEY)
        if not isinstance(session_id, str) or session_id in self._ended:
            return None
        return self.by_token(session.get(USER_KEY))

    def end(self, session: Mapping[str, Any]) -> None:
        """Log a session out for good, copies of its cookie included. Raises Unavailable."""
        session_id = session.get(ID_KEY)
        if not isinstance(session_id, str) or session_id in self._ended:
            return
        now = self._now()
        expires_at = now + self._seconds

        def job(transaction: Transaction) -> None:
            self._repository.end_session(transaction, session_id, expires_at, now)

        self._ended = {one: when for one, when in self._ended.items() if when >= now}
        self._ended[session_id] = expires_at
        self._on_change()
        self._writer.write(job)


class SessionIdentifier:
    """Finds the account of a request by its session cookie, from memory."""

    def __init__(self, cookie: SessionCookie, sessions: Sessions) -> None:
        self._cookie, self._sessions = cookie, sessions

    def identify(self, environ: Environ) -> Principal | None:
        """The principal of the request's session; None where it has none that goes on."""
        session = self._cookie.read(environ)
        account = None if session is None else self._sessions.account_of(session)
        return None if account is None else account.principal


def _loaded(row: Row) -> tuple[str, float]:
    return row["id"], row["expires_at"]
