"""Embeddings as clients hold them: encrypted and authenticated, with the person and the model that they belong to.

The hub stores no embedding. A client gets this text and sends it back unchanged; its bytes are

    "GH1", the first 4 bytes of the SHA-256 of the key, a nonce (12), then AES-256-GCM over
    count (2, big endian), person (16, a UUID), length of the model's name (1), the name (UTF-8), float32 little endian

with everything before the nonce as associated data. `count` is the number of pictures that the vector is the mean of.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import os
import struct
import uuid
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from hub.contract.base64_text import decode_picture_text
from hub.contract.errors import ContractError
from hub.runtime.secret_file import write_secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

log = logging.getLogger(__name__)

MAGIC = b"GH1"
KEY_BYTES, KEY_ID_BYTES, NONCE_BYTES, TAG_BYTES = 32, 4, 12, 16
MAX_COUNT = 0xFFFF
MAX_VALUES = 8192
_FIXED = struct.Struct(">H16sB")
_HEAD_BYTES = len(MAGIC) + KEY_ID_BYTES
NO_EMBEDDING = "This is no embedding of this hub; make one with POST /upload-embedding."


class WrongEmbedding(ContractError):
    """The text is no embedding that can be used (422)."""

    default_status = 422


@dataclass(frozen=True)
class Embedding:
    """A vector of length 1, the mean of `count` pictures of `person` (a UUID), made by `model`."""

    vector: bytes = field(repr=False)  # float32, little endian
    model: str
    person: str
    count: int

    @cached_property
    def vector_base64(self) -> str:
        """The vector as the vision process takes it."""
        return base64.b64encode(self.vector).decode()

    @property
    def size(self) -> int:
        """The number of values."""
        return len(self.vector) // 4


class EmbeddingBox:
    """Seals and opens embeddings with the key of the instance folder, which is made when it is first needed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def _key(self) -> bytes:
        """Raises OSError; ValueError where the file holds no key."""
        if not self._path.exists():
            write_secret(self._path, base64.b64encode(os.urandom(KEY_BYTES)).decode())
            log.info("A key for embeddings of persons was made; it is in %s.", self._path)
        key = base64.b64decode(self._path.read_text("utf-8").strip(), validate=True)
        if len(key) != KEY_BYTES:
            raise ValueError(f"{self._path} holds no key of {KEY_BYTES} bytes in base64; restore it from a backup.")
        return key

    @cached_property
    def _cipher(self) -> AESGCM:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # takes 45 ms, and most hubs need it never

        return AESGCM(self._key)

    @cached_property
    def _head(self) -> bytes:
        return MAGIC + hashlib.sha256(self._key).digest()[:KEY_ID_BYTES]

    def seal(self, embedding: Embedding) -> str:
        """The text for the client. Raises OSError or ValueError where the key cannot be used."""
        model = embedding.model.encode()[:255]
        person = uuid.UUID(embedding.person).bytes
        plain = _FIXED.pack(min(embedding.count, MAX_COUNT), person, len(model)) + model + embedding.vector
        nonce = os.urandom(NONCE_BYTES)
        return base64.b64encode(self._head + nonce + self._cipher.encrypt(nonce, plain, self._head)).decode()

    def open(self, text: str) -> Embedding:
        """The embedding in a client's text. Raises WrongEmbedding; OSError or ValueError where the key is unusable."""
        data = decode_picture_text(text) or b""
        if not data.startswith(MAGIC) or len(data) < _HEAD_BYTES + NONCE_BYTES + TAG_BYTES + _FIXED.size:
            raise WrongEmbedding(NO_EMBEDDING)
        head, nonce, sealed = data[:_HEAD_BYTES], data[_HEAD_BYTES : _HEAD_BYTES + NONCE_BYTES], data[_HEAD_BYTES:]
        if head != self._head:
            raise WrongEmbedding(
                "This embedding was made by another hub, or before this hub's key was replaced; "
                "make a new one with POST /upload-embedding."
            )
        from cryptography.exceptions import InvalidTag

        try:
            plain = self._cipher.decrypt(nonce, sealed[NONCE_BYTES:], head)
        except InvalidTag as error:
            raise WrongEmbedding(
                "This embedding was altered or cut; send it as POST /upload-embedding answered it, or make a new one."
            ) from error
        count, person, length = _FIXED.unpack_from(plain)
        start = _FIXED.size + length
        vector = plain[start:]
        if not vector or len(vector) % 4 or len(vector) > 4 * MAX_VALUES:
            raise WrongEmbedding(NO_EMBEDDING)
        return Embedding(
            vector, plain[_FIXED.size : start].decode("utf-8", "replace"), str(uuid.UUID(bytes=person)), count
        )
