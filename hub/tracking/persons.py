"""Embeddings that clients send, opened: whose they are, and whether that person was deleted."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from hub.contract.errors import Unavailable
from hub.contract.times import utc_text
from hub.tracking.envelope import Embedding, EmbeddingBox, WrongEmbedding

MAX_CACHED = 256


class Persons:
    """Opens embeddings. A client sends the same one with every frame, so the last ones are cached.

    `deleted_at`: when a person was deleted (epoch seconds, 0.0 where that is not known); None where it was not.
    """

    def __init__(self, box: EmbeddingBox, deleted_at: Callable[[str], float | None]) -> None:
        self._box, self._deleted_at = box, deleted_at
        self._cache: OrderedDict[str, Embedding] = OrderedDict()

    def open(self, text: str) -> Embedding:
        """The embedding in a client's text. Raises WrongEmbedding, also for a deleted person; Unavailable."""
        embedding = self.open_any(text)
        deleted = self._deleted_at(embedding.person)
        if deleted is not None:
            when = f" on {(utc_text(deleted) or '')[:10]}" if deleted else ""
            raise WrongEmbedding(f"This person was deleted{when}; make a new embedding from a photo.")
        return embedding

    def open_any(self, text: str) -> Embedding:
        """The same, of deleted persons too."""
        embedding = self._cache.pop(text, None)
        if embedding is None:
            try:
                embedding = self._box.open(text)
            except (OSError, ValueError) as error:
                raise _key_unusable() from error
        self._cache[text] = embedding
        if len(self._cache) > MAX_CACHED:
            self._cache.popitem(last=False)
        return embedding

    def seal(self, embedding: Embedding) -> str:
        """The text for the client. Raises Unavailable."""
        try:
            return self._box.seal(embedding)
        except (OSError, ValueError) as error:
            raise _key_unusable() from error


def _key_unusable() -> Unavailable:
    return Unavailable(
        "The key for embeddings cannot be read or written; restore the file tracking_key of the instance folder from a "
        "backup, or remove it: embeddings made before are then useless."
    )
