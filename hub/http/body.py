"""Request bodies: bounded, parsed by content type, large ones on a native thread so as not to block the event loop."""

from __future__ import annotations

import io
from typing import Any

from flask import Request
from werkzeug.exceptions import HTTPException
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from hub.contract.errors import ContractError, RequestError
from hub.http.answers import current_hub
from hub.net.wsgi import CUT
from hub.runtime.offload import offload

MAX_PARTS = 50


def read_body(request: Request) -> bytes:
    """Read the whole body. Raises RequestError where it ends early (400) or is too large (413)."""
    try:
        return request.get_data(cache=False, parse_form_data=False)
    except HTTPException as error:
        raise RequestError(str(error.description), status=error.code or 400) from error
    except OSError as error:
        raise ContractError(CUT) from error


def json_object(request: Request) -> dict[str, Any]:
    """Parse the body as a JSON object. Raises RequestError (400, 413, 415)."""
    kind = request.mimetype
    if kind and kind != "application/json" and not kind.endswith("+json") and kind != "text/json":
        raise ContractError(
            f"The content type {kind[:80]} is not taken here; send JSON as application/json.", status=415
        )
    return current_hub().json.decode_object(read_body(request))


def multipart(request: Request) -> tuple[dict[str, str], dict[str, bytes]]:
    """Parse a multipart body: text fields and files by part name (the client's file names are ignored).

    Raises RequestError (400, 413).
    """
    fields, files = multipart_files(request)
    return fields, dict(reversed(files))  # the first of each name


def multipart_files(request: Request) -> tuple[dict[str, str], list[tuple[str, bytes]]]:
    """The same, with every file of a part name that occurs more than once."""
    body = read_body(request)
    return offload(_parse_multipart, body, request.content_type or "")


def _parse_multipart(body: bytes, content_type: str) -> tuple[dict[str, str], list[tuple[str, bytes]]]:
    """On a native thread."""
    mimetype, options = parse_options_header(content_type)
    boundary = options.get("boundary", "")
    if not boundary:
        raise ContractError("The multipart body names no boundary in its content type.")
    if not body:
        raise ContractError("No data provided: the multipart body is empty.")
    if f"--{boundary}--".encode("latin-1", "replace") not in body[-len(boundary) - 4096 :]:
        raise ContractError("The multipart body is cut off: its closing boundary is missing; send the request again.")
    parser = FormDataParser(
        stream_factory=lambda *_args, **_sizes: io.BytesIO(),
        max_form_memory_size=len(body),
        max_form_parts=MAX_PARTS,
        silent=False,
    )
    try:
        _, form, files = parser.parse(io.BytesIO(body), mimetype, len(body), options)
    except HTTPException as error:
        raise ContractError(f"The multipart body has more than {MAX_PARTS} parts.", status=413) from error
    except ValueError as error:
        raise ContractError(f"The multipart body cannot be read ({error}).") from error
    return form.to_dict(), [(key, file.read()) for key, file in files.items(multi=True)]
