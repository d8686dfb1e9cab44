"""Properties of sealed embeddings: what was sealed is opened, and what was altered is not opened as anything else."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.tracking.envelope import MAX_COUNT, MAX_VALUES, Embedding, EmbeddingBox, WrongEmbedding
from tests.support.generated import texts

EMBEDDINGS = st.builds(
    lambda numbers, model, person, count: Embedding(
        struct.pack(f"<{len(numbers)}f", *numbers), model, str(person), count
    ),
    st.lists(st.floats(width=32), min_size=1, max_size=40),
    st.text(max_size=60),
    st.uuids(version=None),
    st.integers(1, MAX_COUNT),
)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddingBox]:
    yield EmbeddingBox(Path(tmp_path_factory.mktemp("box")) / "key")


@given(embedding=EMBEDDINGS)
def test_what_was_sealed_is_opened(box: EmbeddingBox, embedding: Embedding) -> None:
    assert box.open(box.seal(embedding)) == embedding


@given(data=st.data(), embedding=EMBEDDINGS)
def test_an_altered_text_is_refused_or_the_same_embedding(
    box: EmbeddingBox, data: st.DataObject, embedding: Embedding
) -> None:
    """The same: base64 has more than one text for some bytes (line breaks, its other alphabet, unused bits)."""
    text = box.seal(embedding)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start, min(len(text), start + 6)))
    put = data.draw(st.text(st.sampled_from("AZaz09+/-_= \n"), max_size=6) | texts(6))
    try:
        opened = box.open(text[:start] + put + text[end:])
    except WrongEmbedding as error:
        assert error.status == 422 and str(error)
        return
    assert opened == embedding


@given(text=st.text(max_size=200) | st.binary(max_size=400).map(bytes.hex) | texts())
def test_any_other_text_is_refused(box: EmbeddingBox, text: str) -> None:
    with pytest.raises(WrongEmbedding):
        box.open(text)


@given(size=st.integers(0, 12), whole=st.booleans())
def test_a_vector_that_no_model_makes_is_refused(box: EmbeddingBox, size: int, whole: bool) -> None:
    vector = bytes(4 * (MAX_VALUES + 1 + size)) if whole else bytes(4 * size + 1 + size % 3)
    with pytest.raises(WrongEmbedding):
        box.open(box.seal(Embedding(vector, "m", str(uuid.UUID(int=1)), 1)))
