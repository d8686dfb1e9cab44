"""Packs: pictures survive failed commits and partial writes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub.store.packs import PackStore
from hub.store.transaction import Transaction
from tests.support.lpr import PICTURE


class _Commit:
    """A transaction's hooks without a database."""

    def __init__(self) -> None:
        self.transaction = Transaction(None)  # type: ignore[arg-type]

    def commit(self) -> None:
        for finish in self.transaction.before_commit.values():
            finish()

    def fail(self) -> None:
        for step in self.transaction.on_failure:
            step()


def test_packs_survive_failed_commits_and_torn_tails(tmp_path: Path) -> None:
    packs = PackStore(tmp_path / "pictures", max_bytes=2000)
    packs.prepare()
    good, bad = _Commit(), _Commit()
    first = packs.put_all(good.transaction, [(PICTURE, ".jpg")])[0]
    good.commit()
    lost = packs.put_all(bad.transaction, [(PICTURE + b"x", ".jpg")])[0]
    bad.fail()
    assert packs.read(first) == (PICTURE, "image/jpeg") and packs.read(lost) is None
    packs.close()
    with open(packs.path(1), "ab") as torn:
        torn.write(b"half a picture")
    again = PackStore(tmp_path / "pictures", max_bytes=2000)
    again.prepare()
    commit = _Commit()
    names = [again.put_all(commit.transaction, [(PICTURE + bytes([number]), ".jpg")])[0] for number in range(10)]
    commit.commit()
    assert again.read(first) == (PICTURE, "image/jpeg")
    assert [again.read(name)[0][-1] for name in names] == list(range(10))
    many = _Commit()
    assert again.put_all(many.transaction, [(PICTURE, ".jpg")])[0].startswith("k000002-")
    many.commit()
    os.unlink(again.path(1))
    assert again.read(first) is None
    for hostile in ("../hub.db", "k000001-0-00000000.jpg", "k" * 500, "k000002-0-00000000.bin", ""):
        assert again.read(hostile) is None
    again.close()


@pytest.mark.parametrize("how", ["writev", "part of it", "no writev"])
def test_many_pictures_are_appended_at_once_however_the_system_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    if how == "no writev":
        monkeypatch.delattr(os, "writev", raising=False)
    elif not hasattr(os, "writev"):
        pytest.skip("This system has no writev.")
    elif how == "part of it":
        whole = os.writev
        monkeypatch.setattr(os, "writev", lambda handle, parts: whole(handle, parts[:1] + [parts[1][:100]]))
    packs = PackStore(tmp_path)
    packs.prepare()
    commit = _Commit()
    pictures = [(PICTURE + bytes([number % 256]) * (number * 37 % 9000), ".jpg") for number in range(1200)] + [
        (PICTURE + bytes(300_000), ".jpg")
    ]
    names = packs.put_all(commit.transaction, pictures)
    commit.commit()
    assert [packs.read(name) for name in names] == [(data, "image/jpeg") for data, _ in pictures]
    assert packs.put_all(commit.transaction, []) == []
    packs.close()
