"""What names, roles and passwords of accounts are accepted."""

from __future__ import annotations

import unicodedata
from typing import Any

from hub.contract.errors import ContractError
from hub.contract.roles import ACCOUNT_ROLES, Role

MAX_NAME = 60
MIN_PASSWORD, MAX_PASSWORD = 10, 200


def name_key(name: str) -> str:
    """The form in which names are compared: without differences of case and of Unicode composition."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def read_name(value: Any) -> str:
    """The name of a new account. Raises ContractError."""
    name = unicodedata.normalize("NFC", value.strip()) if isinstance(value, str) else ""
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise ContractError(f"name is a text of 1 to {MAX_NAME} printable characters.", ["name"])
    return name


def read_role(value: Any) -> Role:
    """The role of an account. Raises ContractError."""
    for role in ACCOUNT_ROLES:
        if value == role.value:
            return role
    raise ContractError(f"role is one of {', '.join(ACCOUNT_ROLES)}.", ["role"])


def read_flag(data: dict[str, Any], key: str) -> bool:
    """A field that is true or false. Raises ContractError."""
    value = data[key]
    if not isinstance(value, bool):
        raise ContractError(f"{key} is true or false.", [key])
    return value


def read_password(value: Any, name: str) -> str:
    """A new password for the account `name`. Raises ContractError."""
    password = normal_password(value)
    if password is None or len(password) < MIN_PASSWORD:
        raise ContractError(
            f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters; choose another.", ["password"]
        )
    if name_key(password) == name_key(name) or len(set(password)) < 4:
        raise ContractError("This password is too easy to guess; choose another.", ["password"])
    return password


def normal_password(value: Any) -> str | None:
    """A password that somebody typed, in one Unicode form for all keyboards; None where it cannot be one."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_PASSWORD:
        return None
    try:
        value.encode()
    except UnicodeEncodeError:
        return None
    return unicodedata.normalize("NFC", value)
