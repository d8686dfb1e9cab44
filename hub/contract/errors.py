"""The error body of every transport, and the exceptions that become it."""

from __future__ import annotations

from typing import Any


class RequestError(Exception):
    """A request or record is rejected; `status` is the HTTP status of the response, whatever the transport."""

    default_status = 400

    def __init__(
        self, message: str, errors: list[str] | None = None, status: int | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.errors = errors or []
        self.status = self.default_status if status is None else status
        self.retry_after = retry_after

    def body(self) -> dict[str, Any]:
        """The error body; with `retry_after` (seconds) where the same request may succeed later."""
        return error_body(self.message, self.errors, self.retry_after)


class ContractError(RequestError):
    """The input is not a valid record or request of its kind (400, 413, 415)."""


class Unauthorized(RequestError):
    """The sender is not authenticated (401)."""

    default_status = 401


class NotFound(RequestError):
    """There is no object of this id (404)."""

    default_status = 404


class Conflict(RequestError):
    """The request contradicts what is stored (409)."""

    default_status = 409


class TooManyRequests(RequestError):
    """The sender, or all senders together, exceed a limit (429)."""

    default_status = 429


class Unavailable(RequestError):
    """The hub cannot serve the request now; it may succeed later (503)."""

    default_status = 503


def error_body(message: str, errors: list[str] | None = None, retry_after: int | None = None) -> dict[str, Any]:
    """`{"success": false, "message", "errors"}`, with `retry_after` where it is given."""
    body: dict[str, Any] = {"success": False, "message": message, "errors": errors if errors else [message]}
    if retry_after is not None:
        body["retry_after"] = retry_after
    return body
