"""Stored pictures by name: nothing outside the picture folder is served."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "name",
    [
        "../hub.db",
        "..%2fhub.db",
        "..%5chub.toml",
        "%2e%2e/hub.log",
        "unread/x.bin",
        "/etc/passwd",
        "x.jpg%00.txt",
        "con.jpg",
        "a" * 300 + ".jpg",
        "",
    ],
)
def test_no_way_out_of_the_picture_folder(client, name: str) -> None:
    answer = client.get(f"/images/{name}")
    assert answer.status_code in (404, 308)
    assert b"SQLite" not in answer.data and b"port =" not in answer.data
