"""Files that are written whole, under a power cut at every step."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub.runtime.durable_file import make_folder, write_whole
from tests.support.native import MISSING, compiler
from tests.support.power_cut.files import content_after_the_end, contents_after_cuts

PROGRAM = """
import sys
from pathlib import Path
from hub.runtime.durable_file import make_folder, write_whole
folder = Path(sys.argv[1]) / "tls"
make_folder(folder)
for text in (b"first" * 999, b"second" * 999):
    write_whole(folder / "key", text)
"""


@pytest.mark.skipif(compiler() is None, reason=MISSING)
def test_a_file_has_its_old_or_its_new_content(tmp_path: Path) -> None:
    first, second = b"first" * 999, b"second" * 999
    assert contents_after_cuts(tmp_path, "tls/key", PROGRAM) == {None, first, second}
    assert content_after_the_end(tmp_path, "tls/key") == second


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions.")
def test_a_secret_is_for_its_user_only(tmp_path: Path) -> None:
    write_whole(tmp_path / "secret", b"x", secret=True)
    write_whole(tmp_path / "open", b"x")
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0
    assert (tmp_path / "open").stat().st_mode & 0o044


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError):
        make_folder(tmp_path / "file" / "below")
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_a_folder_whose_name_cannot_be_flushed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(handle: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    for _ in range(2):  # the second time it is there already
        with pytest.raises(OSError, match="Input/output error"):
            make_folder(tmp_path / "a")
