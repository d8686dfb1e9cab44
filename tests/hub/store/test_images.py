"""Picture files: safe names, nothing overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.store.images import ImageStore, picture_name
from hub.store.transaction import Transaction


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("E20034", "E20034_primary_5.jpg"),
        ("../../etc/passwd", "etcpasswd_primary_5.jpg"),
        ("", "NOTAG_primary_5.jpg"),
        ("--", "NOTAG_primary_5.jpg"),
        ("ทะเบียน", "NOTAG_primary_5.jpg"),
        ("C:\\x", "Cx_primary_5.jpg"),
        ("A" * 10_000, "A" * 64 + "_primary_5.jpg"),
    ],
)
def test_picture_names(tag: str, name: str) -> None:
    assert picture_name(tag, "primary", 5, ".jpg") == name


def test_pictures_are_never_overwritten(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    store.prepare()
    transaction = Transaction(None)  # type: ignore[arg-type]
    first = store.put(transaction, "T", "primary", 5, ".jpg", b"one")
    assert first == "T_primary_5.jpg" and len(transaction.on_failure) == 1
    assert store.put(transaction, "T", "primary", 5, ".jpg", b"one") == first
    second = store.put(transaction, "T", "primary", 5, ".jpg", b"two")
    assert (second, (tmp_path / first).read_bytes()) == ("T_primary_6.jpg", b"one")
    (tmp_path / "rest.part").write_bytes(b"half")
    store.prepare()
    assert not list(tmp_path.glob("*.part"))
