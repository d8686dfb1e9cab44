"""The description of the HTTP interface: /openapi.json for programs, /docs for people."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass

from flask import Blueprint, Flask, Response, request
from gevent.lock import Semaphore

from hub.access.declare import role
from hub.contract.json_text import encode
from hub.contract.roles import Role
from hub.http.answers import part
from hub.http.page import page
from hub.runtime.offload import offload
from hub.runtime.version import project_version

docs = Blueprint("docs", __name__)


@dataclass(frozen=True)
class DocumentText:
    """The document as JSON, the same compressed, and its entity tag."""

    json: bytes
    gzipped: bytes
    tag: str


class OpenApiText:
    """The document, made at the first request on a native thread and then cached."""

    def __init__(self, app: Flask, described_in: list[str]) -> None:
        """`described_in`: the modules with the operations of the routes."""
        self._app, self._described_in = app, described_in
        self._made: DocumentText | None = None
        self._lock = Semaphore(1)

    def get(self) -> DocumentText:
        """The text in both forms."""
        with self._lock:
            if self._made is None:
                self._made = offload(self._make)
            return self._made

    def _make(self) -> DocumentText:
        # Imported here: the start of the hub need not wait for it.
        from hub.openapi.document import build
        from hub.openapi.operation import Operations

        text = encode(build(self._app, Operations.of(self._described_in), project_version()))
        tag = hashlib.blake2b(text, digest_size=12).hexdigest()
        return DocumentText(text, gzip.compress(text, mtime=0), tag)


@docs.get("/openapi.json")
@role(Role.OPEN, any_origin=True)
def openapi() -> Response:
    """This description of every address, for programs."""
    made = part(OpenApiText).get()
    # A tenth of the size: the page /docs would be the heaviest of all without.
    compressed = request.accept_encodings["gzip"] > 0
    response = Response(made.gzipped if compressed else made.json, content_type="application/json")
    if compressed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = "no-cache"
    response.set_etag(f"{made.tag}-gzip" if compressed else made.tag)
    response.make_conditional(request)
    return response


@docs.get("/docs")
@role(Role.OPEN, any_origin=True)
def read() -> Response:
    """The same as a page; data from /openapi.json."""
    return page("docs.html")
