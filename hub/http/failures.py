"""Flask error handlers: every failure of a request becomes the error body."""

from __future__ import annotations

import logging

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from hub.context import Hub
from hub.contract.errors import RequestError, error_body
from hub.contract.json_text import encode
from hub.net.wsgi import FAILED

log = logging.getLogger(__name__)

SENTENCES = {
    404: "There is nothing at this address; see GET / for what there is.",
    405: "This address does not take {method}; it takes {allowed}.",
    413: "The body is larger than this hub takes.",
}


def respond(status: int, message: str, errors: list[str] | None = None, retry_after: int | None = None) -> Response:
    """The error body as a response, with `Retry-After` where it is given."""
    response = Response(
        encode(error_body(message, errors, retry_after)), status=status, content_type="application/json"
    )
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def register(app: Flask, hub: Hub) -> None:
    """Add the error handlers to the application."""

    @app.errorhandler(RequestError)
    def rejected(error: RequestError) -> Response:
        return respond(error.status, error.message, error.errors, error.retry_after)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> BaseResponse:
        code = error.code or 500
        if code < 400:
            return error.get_response()
        allowed = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
        sentence = SENTENCES.get(code, error.description or error.name).format(method=request.method, allowed=allowed)
        response = respond(code, sentence)
        if allowed:
            response.headers["Allow"] = allowed
        return response

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        log.exception("%s %s failed.", request.method, request.path)
        return respond(500, FAILED)
