"""Pages of lists that are limited in bytes."""

from __future__ import annotations

import pytest

from hub.contract.paging import json_size, page_of


def test_pages_end_by_bytes_and_by_rows_and_go_on() -> None:
    items = ["x" * 100] * 25
    start: int | None = 0
    pages = []
    while start is not None:
        rows, start = page_of(items, start, 4, lambda text: {"text": text}, max_bytes=350)
        pages.append(len(rows))
    assert sum(pages) == 25 and max(pages) == 3


def test_an_item_larger_than_a_page_is_one_of_its_own() -> None:
    rows, following = page_of(["x" * 1000, "y", "z"], 0, 10, lambda text: {"text": text}, max_bytes=350)
    assert (len(rows), following) == (1, 1)
    assert page_of(["a"], 5, 10, lambda text: {"text": text}) == ([], None)


def test_what_cannot_be_encoded_inside_a_reply_is_left_out() -> None:
    deep: object = None
    for _ in range(250):
        deep = [deep]
    with pytest.raises(TypeError):
        json_size(deep)
    rows, following = page_of([deep, 1], 0, 10, lambda value: {"value": value})
    assert (rows, following) == ([{"value": 1}], None)
    assert json_size({"a": 1}) == len('{"a":1}')
