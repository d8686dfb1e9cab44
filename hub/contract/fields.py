"""What the readers of every sender's object share: the object, what is wrong with it, and its texts."""

from __future__ import annotations

from typing import Any

from hub.contract.errors import ContractError
from hub.contract.text import clean

MAX_TEXT = 2000


class SenderFields:
    """One sender's object. A field that is read leaves `data`.

    A value that cannot be used is named in `warnings` and kept in `extra`.
    """

    def __init__(self, data: dict[str, Any], warnings: list[str] | None = None) -> None:
        self.data = dict(data)
        self.warnings: list[str] = [] if warnings is None else warnings
        self.extra: dict[str, Any] = {}

    def warn(self, key: str, value: Any, why: str) -> None:
        """Note that the value of `key` was not used, and keep it."""
        self.warnings.append(f"{key} {why}")
        self.extra[key] = value

    def text(self, key: str, limit: int = MAX_TEXT, strict: bool = False) -> str:
        """A text, cut to `limit` characters; "" where there is none.

        A longer one is rejected where `strict`. Raises ContractError.
        """
        value = self.data.pop(key, None)
        if value is None:
            return ""
        if not is_scalar(value):
            self.warn(key, value, "is not a text and was left out")
            return ""
        cleaned = clean(value)
        if len(cleaned) > limit:
            if strict:
                raise ContractError(f"{key} has {len(cleaned)} characters; at most {limit} are taken.")
            self.warnings.append(f"{key} was cut to {limit} characters")
        return cleaned[:limit]


def is_scalar(value: Any) -> bool:
    """Whether a value is a text or a number; true and false are neither."""
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)
