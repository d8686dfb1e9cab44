"""Embeddings as clients hold them: sealed, opened, altered, of another key; and means of vectors."""

from __future__ import annotations

import base64
import math
import os
import stat
import struct
import sys
import uuid
from pathlib import Path

import pytest

from hub.contract.errors import Unavailable
from hub.tracking.envelope import Embedding, EmbeddingBox, WrongEmbedding
from hub.tracking.persons import Persons
from hub.tracking.vectors import mean

PERSON = str(uuid.UUID(int=7))


def vector(*values: float) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


EMBEDDING = Embedding(vector(0.6, 0.8), "hsv-stripes-2", PERSON, 3)


def test_what_was_sealed_is_opened_after_a_restart(tmp_path: Path) -> None:
    text = EmbeddingBox(tmp_path / "key").seal(EMBEDDING)
    assert EmbeddingBox(tmp_path / "key").open(text) == EMBEDDING
    assert EmbeddingBox(tmp_path / "key").open(f" {text[:40]}\n{text[40:]} ") == EMBEDDING
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_no_two_texts_are_alike_and_nothing_can_be_read_from_them(tmp_path: Path) -> None:
    box = EmbeddingBox(tmp_path / "key")
    one, two = box.seal(EMBEDDING), box.seal(EMBEDDING)
    assert one != two
    assert b"stripes" not in base64.b64decode(one) and EMBEDDING.vector not in base64.b64decode(one)


def test_every_altered_byte_is_noticed(tmp_path: Path) -> None:
    box = EmbeddingBox(tmp_path / "key")
    data = base64.b64decode(box.seal(EMBEDDING))
    for position in range(len(data)):
        altered = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
        with pytest.raises(WrongEmbedding):
            box.open(base64.b64encode(altered).decode())


@pytest.mark.parametrize("text", ["", "x", "AAAA", "?" * 100, base64.b64encode(os.urandom(2080)).decode()])
def test_what_is_no_embedding(tmp_path: Path, text: str) -> None:
    with pytest.raises(WrongEmbedding, match="no embedding of this hub"):
        EmbeddingBox(tmp_path / "key").open(text)


def test_an_embedding_of_another_key_and_a_cut_one_say_so(tmp_path: Path) -> None:
    text = EmbeddingBox(tmp_path / "one").seal(EMBEDDING)
    with pytest.raises(WrongEmbedding, match="another hub"):
        EmbeddingBox(tmp_path / "two").open(text)
    with pytest.raises(WrongEmbedding, match="altered or cut"):
        EmbeddingBox(tmp_path / "one").open(text[:-8])


def test_a_deleted_person_is_refused_and_may_still_be_named(tmp_path: Path) -> None:
    deleted: dict[str, float] = {}
    persons = Persons(EmbeddingBox(tmp_path / "key"), deleted.get)
    text = persons.seal(EMBEDDING)
    assert persons.open(text) == EMBEDDING
    deleted[PERSON] = 1769581721.0
    with pytest.raises(WrongEmbedding, match="deleted on 2026-01-28"):
        persons.open(text)
    assert persons.open_any(text).person == PERSON


@pytest.mark.parametrize("content", ["", "short", base64.b64encode(b"x" * 31).decode(), "\u0e01"])
def test_a_damaged_key_is_named_and_not_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tracking_key"
    path.write_text(content, "utf-8")
    with pytest.raises(Unavailable, match="tracking_key"):
        Persons(EmbeddingBox(path), lambda person: None).seal(EMBEDDING)
    assert path.read_text("utf-8") == content


def test_means_have_length_one_and_weights() -> None:
    assert mean([(vector(2.0, 0.0), 1)]) == vector(1.0, 0.0)
    mixed = struct.unpack("<2f", mean([(vector(1.0, 0.0), 3), (vector(0.0, 1.0), 1)]))
    assert mixed == pytest.approx((3 / math.sqrt(10), 1 / math.sqrt(10)))


def test_means_of_nothing_in_common_are_refused() -> None:
    for parts in ([(vector(1.0), 1), (vector(1.0, 0.0), 1)], [(vector(1.0), 1), (vector(-1.0), 1)], []):
        with pytest.raises(WrongEmbedding):
            mean(parts)
