"""A person's account."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hub.accounts.contract import name_key
from hub.contract.paging import json_size
from hub.contract.roles import ACCOUNT_ROLES, Principal, Role
from hub.contract.times import utc_text
from hub.store.backend import Row


@dataclass(frozen=True)
class Account:
    """One account as it is stored; `hub.accounts.tables.AccountRow` describes the fields."""

    id: str
    name: str
    role: Role
    password_hash: str = field(repr=False)
    disabled: bool
    session_version: int
    created_at: float

    @cached_property
    def key(self) -> str:
        """The name as it is compared."""
        return name_key(self.name)

    @cached_property
    def principal(self) -> Principal:
        """Who a request of this account is from."""
        return Principal("account", self.name, ACCOUNT_ROLES[self.role])

    @property
    def is_admin(self) -> bool:
        """Whether it may let others in."""
        return self.role is Role.ADMIN and not self.disabled

    def row(self) -> dict[str, Any]:
        """The columns of its row."""
        return {
            "id": self.id,
            "name": self.name,
            "name_key": self.key,
            "role": self.role.value,
            "password_hash": self.password_hash,
            "disabled": self.disabled,
            "session_version": self.session_version,
            "created_at": self.created_at,
        }

    def shown(self) -> dict[str, Any]:
        """As administrators see it, without its hash."""
        return {
            "id": self.id,
            "name": self.name,
            "role": self.role.value,
            "disabled": self.disabled,
            "created_at": utc_text(self.created_at),
        }


def account_of(row: Row) -> Account:
    """The account of a row. Raises ValueError, or what reading a damaged row raises."""
    account = Account(
        id=row["id"],
        name=row["name"],
        role=Role(row["role"]),
        password_hash=row["password_hash"],
        disabled=bool(row["disabled"]),
        session_version=row["session_version"],
        created_at=row["created_at"],
    )
    if account.role not in ACCOUNT_ROLES or account.key != row["name_key"]:
        raise ValueError("its role or the form of its name is unknown")
    json_size(account.shown())
    return account
