"""Routes of the languages: the words for scripts, and the choice of a reader."""

from __future__ import annotations

from urllib.parse import parse_qsl

from flask import Blueprint, Response, redirect, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from hub.access.declare import role
from hub.contract.errors import ContractError, RequestError
from hub.contract.roles import Role
from hub.http.answers import part
from hub.http.body import read_body
from hub.http.local_path import local_path_of
from hub.languages.catalogs import ScriptWords
from hub.languages.choice import COOKIE, LANGUAGES

languages = Blueprint("languages", __name__)

FORM = "application/x-www-form-urlencoded"
MAX_BODY = 1024
YEAR_SECONDS = 365 * 24 * 3600


@languages.get("/languages/<code>.json")
@role(Role.OPEN)
def words(code: str) -> Response:
    """The words of a language for scripts; with `v`, their version, browsers keep them for good."""
    known = part(ScriptWords)
    if code not in LANGUAGES:
        raise NotFound
    version = known.version(code)
    response = Response(known.body(code), content_type="application/json; charset=utf-8")
    response.set_etag(version)
    lasting = request.args.get("v") == version
    response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable" if lasting else "no-cache"
    response.make_conditional(request)
    return response


@languages.post("/language")
@role(Role.OPEN)
def choose() -> BaseResponse:
    """Keep the language of a reader in a cookie and lead back to the page where it was chosen."""
    if request.content_length is None:
        raise RequestError("The request names no length of its body (Content-Length).", status=411)
    if request.content_length > MAX_BODY:
        raise ContractError(f"The body is larger than the {MAX_BODY} bytes that are taken here.", status=413)
    if request.mimetype != FORM:
        raise ContractError(f"A form is expected ({FORM}).", status=415)
    code = dict(parse_qsl(read_body(request).decode("ascii", "replace"))).get("language", "")
    if code not in LANGUAGES:
        raise ContractError(f"language is one of {', '.join(LANGUAGES)}.", ["language"])
    response = redirect(local_path_of(request.headers.get("Referer", "")), 303)
    response.set_cookie(
        COOKIE, code, max_age=YEAR_SECONDS, path="/", secure=request.is_secure, httponly=True, samesite="Lax"
    )
    return response
