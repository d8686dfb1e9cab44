"""The folder of recorded videos: names only, nothing outside it, one sentence for all that cannot be searched."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from hub.contract.errors import NotFound
from hub.tracking.videos import UNKNOWN, VideoFolder, is_picture


@pytest.fixture
def folder(tmp_path: Path) -> VideoFolder:
    made = VideoFolder(tmp_path / "videos")
    made.folder.mkdir()
    (tmp_path / "outside.mp4").write_bytes(b"outside")
    (tmp_path / "outside.txt").write_bytes(b"outside")
    for name in ("b.mp4", "a.AVI", "gate 1 กขค.mkv", "still.jpg", "notes.txt", ".hidden.mp4"):
        (made.folder / name).write_bytes(b"12345")
    (made.folder / "folder.mp4").mkdir()
    (made.folder / "folder.mp4" / "inner.mp4").write_bytes(b"inner")
    return made


def test_the_files_that_may_be_searched(folder: VideoFolder) -> None:
    files = folder.files()
    assert [file.name for file in files] == ["a.AVI", "b.mp4", "gate 1 กขค.mkv", "still.jpg"]
    assert files[0].bytes == 5 and files[0].modified > 1e9
    for file in files:
        assert folder.resolve(file.name) == (folder.folder / file.name).resolve()
    assert is_picture(folder.resolve("still.jpg")) and not is_picture(folder.resolve("a.AVI"))


@pytest.mark.parametrize(
    "name",
    [
        "missing.mp4",
        "../outside.mp4",
        "..\\outside.mp4",
        "videos/b.mp4",
        "./b.mp4",
        "folder.mp4/inner.mp4",
        "folder.mp4",
        "/etc/passwd",
        "C:b.mp4",
        "b.mp4:stream.mp4",
        "file:b.mp4",
        "notes.txt",
        ".hidden.mp4",
        "b.mp4\0.mp4",
        "b",
        "",
        ".",
        "..",
        "x" * 252 + ".mp4",
        "ไ" * 250 + ".mp4",
        "\ud800.mp4",
    ],
)
def test_everything_else_has_one_sentence(folder: VideoFolder, name: str) -> None:
    with pytest.raises(NotFound) as raised:
        folder.resolve(name)
    assert raised.value.message == UNKNOWN and raised.value.status == 404


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_links_stay_in_the_folder(folder: VideoFolder, tmp_path: Path) -> None:
    links = {
        "out.mp4": tmp_path / "outside.mp4",
        "text.mp4": tmp_path / "outside.txt",
        "notes.mp4": folder.folder / "notes.txt",
        "circle.mp4": folder.folder / "circle.mp4",
        "nowhere.mp4": tmp_path / "nowhere.mp4",
        "in.mp4": folder.folder / "b.mp4",
    }
    for name, target in links.items():
        (folder.folder / name).symlink_to(target)
    os.mkfifo(folder.folder / "pipe.mp4")
    assert folder.resolve("in.mp4") == (folder.folder / "b.mp4").resolve()
    assert [name for name in (file.name for file in folder.files()) if name in links or name == "pipe.mp4"] == [
        "in.mp4"
    ]
    for name in [*(links.keys() - {"in.mp4"}), "pipe.mp4"]:
        with pytest.raises(NotFound):
            folder.resolve(name)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    folder = VideoFolder(tmp_path / "none")
    assert folder.files() == []
    with pytest.raises(NotFound):
        folder.resolve("a.mp4")
