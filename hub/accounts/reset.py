"""A new password from the command line, also while the hub runs: it reads the account again at the next login."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import select

from hub.accounts.account import account_of
from hub.accounts.audit import entry
from hub.accounts.audit_repository import AUDIT_LOG
from hub.accounts.contract import name_key
from hub.accounts.passwords import hash_password, random_password
from hub.accounts.repository import ACCOUNTS
from hub.contract.roles import Principal, Role
from hub.settings.model import Settings
from hub.store.backend import Backend, Connection
from hub.store.errors import DatabaseError
from hub.store.migrations.runner import migrate
from hub.store.open import existing_store
from hub.store.statements import insert

OPERATOR = Principal("local", "command line", frozenset(Role))


class NoSuchAccount(Exception):
    """There is no account of the name; the text is for the operator."""


def reset_password(settings: Settings, name: str) -> tuple[str, str]:
    """Give an account a random password; the account's name and the password.

    Its sessions end: those of a running hub with the next login of the account. Raises NoSuchAccount, DatabaseError or
    OSError.
    """
    database = settings.database_path
    if not settings.store.url and not database.exists():
        raise NoSuchAccount(f"{database} does not exist: start the hub once, it makes the account admin.")
    backend = existing_store(settings).backend
    migrate(backend)
    password = random_password()
    hashed = hash_password(password)
    try:
        connection = backend.connect()
        try:
            return _store(backend, connection, name, hashed), password
        finally:
            connection.close()
    except backend.errors as error:
        raise DatabaseError(str(error)) from error


def _store(backend: Backend, connection: Connection, name: str, hashed: str) -> str:
    connection.begin()
    try:
        query = backend.compile(select(ACCOUNTS).where(ACCOUNTS.columns.name_key == name_key(name.strip())))
        row = connection.execute(query.sql, query.params).fetchone()
        if row is None:
            raise NoSuchAccount(_unknown(backend, connection, name))
        changed: dict[str, Any] = {
            **dict(row),
            "password_hash": hashed,
            "session_version": row["session_version"] + 1,
        }
        account = account_of(changed)
        connection.execute(backend.replace(ACCOUNTS), changed)
        connection.execute(
            insert(backend, AUDIT_LOG), entry(time.time(), OPERATOR, "account.password", account.name, None, "")
        )
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return account.name


def _unknown(backend: Backend, connection: Connection, name: str) -> str:
    query = backend.compile(select(ACCOUNTS.columns.name).order_by(ACCOUNTS.columns.name_key).limit(20))
    names = ", ".join(row["name"] for row in connection.execute(query.sql, query.params).fetchall())
    return f"There is no account {name!r}. " + (f"There are: {names}." if names else "The hub has none yet.")
