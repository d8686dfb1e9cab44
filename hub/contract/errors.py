"""The one error body, and the errors that become it."""

from __future__ import annotations

from typing import Any


class ContractError(Exception):
    """What came cannot be a record or a request; `status` is the HTTP status of the answer."""

    def __init__(
        self, message: str, errors: list[str] | None = None, status: int = 400, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.errors = errors or []
        self.status = status
        self.retry_after = retry_after

    def body(self) -> dict[str, Any]:
        """`{"success": false, "message", "errors"}`; with `retry_after` (seconds) where the same may succeed later."""
        return error_body(self.message, self.errors, self.retry_after)


def error_body(message: str, errors: list[str] | None = None, retry_after: int | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"success": False, "message": message, "errors": errors if errors else [message]}
    if retry_after is not None:
        body["retry_after"] = retry_after
    return body
