"""People's accounts: who logs in with which role. All of them are in memory, each change is durable first."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gevent.lock import RLock

from hub.accounts.account import Account, account_of
from hub.accounts.contract import name_key, normal_password, read_flag, read_name, read_password, read_role
from hub.accounts.passwords import Passwords, random_password
from hub.accounts.repository import ACCOUNTS, AccountRepository
from hub.accounts.throttle import LoginThrottle
from hub.contract.errors import Conflict, ContractError, NotFound, Unauthorized
from hub.store.transaction import Transaction
from hub.store.writer import Writer

log = logging.getLogger(__name__)

MAX_ACCOUNTS = 500
WRONG = "The name or the password is wrong."
CHANGES = frozenset({"role", "disabled"})


class Accounts:
    """Accounts by id and by name. They are never deleted; a disabled one cannot log in and has no sessions."""

    def __init__(
        self,
        writer: Writer,
        repository: AccountRepository,
        passwords: Passwords,
        throttle: LoginThrottle | None = None,
        now: Callable[[], float] = time.time,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_change`: called when somebody may do other things than before."""
        self._writer, self._repository, self._passwords = writer, repository, passwords
        self._throttle = throttle or LoginThrottle()
        self._now = now
        self._on_change = on_change
        self._accounts: dict[str, Account] = {}
        self._by_key: dict[str, Account] = {}
        self._lock = RLock()  # held while an account is changed: the last administrator is counted in it

    def load(self) -> None:
        """Load the stored accounts, without those that cannot be read."""
        for account in self._repository.unreadable.load(self._repository.load, account_of, ACCOUNTS):
            self._keep(account)

    def reload(self) -> None:
        """Another hub has changed accounts. Raises DatabaseError or LaneBusy."""
        with self._lock:
            for account in self._repository.unreadable.readable(self._repository.load(), account_of, ACCOUNTS):
                if self._accounts.get(account.id) != account:
                    self._keep(account)

    def _keep(self, account: Account) -> None:
        self._accounts[account.id] = self._by_key[account.key] = account
        self._on_change()

    def all(self) -> list[Account]:
        """Every account by its name."""
        return sorted(self._accounts.values(), key=lambda account: account.key)

    def by_id(self, account_id: str) -> Account:
        """The account with this id. Raises NotFound."""
        account = self._accounts.get(account_id)
        if account is None:
            raise NotFound("There is no account with this id.")
        return account

    def find(self, account_id: str) -> Account | None:
        """The account with this id."""
        return self._accounts.get(account_id)

    def knows(self, name: str) -> str:
        """The name of the account that somebody means; "" where there is none."""
        account = self._by_key.get(name_key(name))
        return account.name if account else ""

    def knows_stored(self, name: str) -> bool:
        """Whether an account of this name is stored, by this hub or another one. Raises DatabaseError or LaneBusy."""
        return self._newest(name_key(name)) is not None

    def log_in(self, name: Any, password: Any, address: str) -> Account:
        """The account of a name and its password.

        Raises Unauthorized with one sentence for every reason, TooManyRequests, or Unavailable.
        """
        given = normal_password(password)
        if not isinstance(name, str) or not name.strip() or len(name) > MAX_PASTED or given is None:
            raise Unauthorized(WRONG)
        key = name_key(name.strip())
        self._throttle.begin(address, key)
        account = self._newest(key)
        if not self._passwords.verify(account.password_hash if account else None, given):
            raise Unauthorized(WRONG)
        if account is None or self._accounts[account.id] != account or account.disabled:
            raise Unauthorized(WRONG)
        self._throttle.succeeded(address, key)
        return account

    def _newest(self, key: str) -> Account | None:
        """The account as it is stored: the command reset-password changes it while the hub runs."""
        row = self._repository.by_key(key)
        if row is None:
            return None
        for account in self._repository.unreadable.readable([row], account_of, ACCOUNTS):
            known = self._accounts.get(account.id)
            if known is None or account.session_version > known.session_version:
                self._keep(account)
            return self._accounts[account.id]
        return None

    def add(self, data: dict[str, Any]) -> tuple[Account, str]:
        """Add an account: name, role, password; without a password one is made.

        Returns the password where it was made, else "". Raises ContractError, Conflict or Unavailable.
        """
        name, role = read_name(data.get("name")), read_role(data.get("role"))
        password, made = self._password(data.get("password"), name)
        hashed = self._passwords.hash(password)
        with self._lock:
            if name_key(name) in self._by_key:
                raise Conflict("There is an account of this name already.")
            if len(self._accounts) >= MAX_ACCOUNTS:
                raise Conflict(f"The hub has {MAX_ACCOUNTS} accounts, which is all it can have.")
            return self._put(Account(str(uuid.uuid4()), name, role, hashed, False, 1, self._now())), made

    def _password(self, given: Any, name: str) -> tuple[str, str]:
        """The new password, and the same where the hub has made it."""
        if given not in (None, ""):
            return read_password(given, name), ""
        made = random_password()
        return made, made

    def change(self, account_id: str, data: dict[str, Any]) -> tuple[Account, dict[str, Any]]:
        """Change `role` or `disabled`; the account and what is different now.

        Raises ContractError, NotFound, Unavailable, or Conflict for the last administrator.
        """
        if not data or not data.keys() <= CHANGES:
            raise ContractError("role and disabled are what can be changed.", sorted(map(str, data.keys()))[:5])
        with self._lock:
            before = self.by_id(account_id)
            role = read_role(data["role"]) if "role" in data else before.role
            disabled = read_flag(data, "disabled") if "disabled" in data else before.disabled
            # A disabled account has no sessions, and those of before do not come back with it.
            version = before.session_version + (disabled and not before.disabled)
            after = replace(before, role=role, disabled=disabled, session_version=version)
            if before.is_admin and not after.is_admin and sum(one.is_admin for one in self._accounts.values()) == 1:
                raise Conflict(f"{before.name} is the only administrator; make another account an administrator first.")
            changes = {
                key: getattr(after, key) for key in sorted(CHANGES) if getattr(after, key) != getattr(before, key)
            }
            return self._put(after), changes

    def set_password(self, account_id: str, given: Any = None) -> tuple[Account, str]:
        """Give an account another password, which ends its sessions; returned where the hub made it.

        Raises ContractError, NotFound or Unavailable.
        """
        account = self.by_id(account_id)
        password, made = self._password(given, account.name)
        return self._store_password(account_id, password), made

    def change_password(self, account: Account, old: Any, new: Any, address: str) -> Account:
        """Change one's own password, which ends every other session. Raises ContractError, as `log_in`, Unavailable."""
        password = read_password(new, account.name)
        try:
            self.log_in(account.name, old, address)
        except Unauthorized as error:
            raise ContractError("The present password is wrong.", ["old"]) from error
        return self._store_password(account.id, password)

    def _store_password(self, account_id: str, password: str) -> Account:
        hashed = self._passwords.hash(password)
        with self._lock:
            account = self.by_id(account_id)
            return self._put(replace(account, password_hash=hashed, session_version=account.session_version + 1))

    def _put(self, account: Account) -> Account:
        def job(transaction: Transaction) -> None:
            self._repository.replace_account(transaction, account.row())

        self._writer.write(job)
        self._keep(account)
        return account


MAX_PASTED = 1000  # characters of a name that somebody types at the login
