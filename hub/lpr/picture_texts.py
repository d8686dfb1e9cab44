"""JSON of records with their pictures as base64, in pieces: a page of pictures is never whole in memory."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
import pybase64

from hub.store.picture_files import PictureFiles

SEND_BYTES = 64 * 1024  # smaller pieces are sent together


class PictureText:
    """In a value to be sent: the base64 text of a stored picture; null where there is none of this name."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


def object_pieces(value: Any, files: PictureFiles) -> Iterator[bytes]:
    """The JSON of a value that may hold PictureText, in pieces of some size."""
    return _joined(_pieces(value, files))


def list_pieces(
    head: dict[str, Any], key: str, rows: Iterable[Any], rest: dict[str, Any], files: PictureFiles
) -> Iterator[bytes]:
    """The JSON of `{**head, key: [rows], **rest}`, a row at a time."""
    return _joined(_list_pieces(head, key, rows, rest, files))


def _list_pieces(
    head: dict[str, Any], key: str, rows: Iterable[Any], rest: dict[str, Any], files: PictureFiles
) -> Iterator[bytes]:
    yield orjson.dumps(head)[:-1] + b"," + orjson.dumps(key) + b":["
    for number, row in enumerate(rows):
        if number:
            yield b","
        yield from _pieces(row, files)
    yield b"]," + orjson.dumps(rest)[1:]


def _pieces(value: Any, files: PictureFiles) -> Iterator[bytes]:
    token = secrets.token_hex(16)  # stands where a picture goes; no sender can know it
    names: list[str] = []

    def placeholder(found: Any) -> str:
        if not isinstance(found, PictureText):
            raise TypeError(type(found).__name__)
        names.append(found.name)
        return token

    text, *others = orjson.dumps(value, default=placeholder).split(b'"%b"' % token.encode())
    yield text
    for name, text in zip(names, others, strict=True):
        yield from _base64(name, files)
        yield text


def _base64(name: str, files: PictureFiles) -> Iterator[bytes]:
    picture = files.reopen(name, raw=True)
    if picture is None:
        yield b"null"
        return
    yield b'"'
    rest = b""
    for piece in picture:
        data = rest + piece if rest else piece
        whole = len(data) - len(data) % 3
        yield pybase64.b64encode(data[:whole])
        rest = data[whole:]
    yield pybase64.b64encode(rest) + b'"'


def _joined(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of at least SEND_BYTES, but for the last: each piece is a packet of its own."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= SEND_BYTES:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)
