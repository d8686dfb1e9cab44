"""`agent.py read` on files of every kind, good and damaged."""

from __future__ import annotations

import os
import struct
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from agent_lib.commands.read_picture import MAX_SIDE, PictureError, decode, load_picture
from tests.support.read import KEYS, VIEW, run, store, view


def every_kind(folder: Path) -> list[Path]:
    """VIEW as every kind of picture that people have."""
    rgb = Image.fromarray(np.ascontiguousarray(VIEW[:, :, ::-1]))
    grey = rgb.convert("L")
    folder.mkdir()
    rgb.save(folder / "plain.jpg", quality=92)
    grey.save(folder / "grey.png")
    rgb.convert("RGBA").save(folder / "opaque.png")
    clear = np.dstack([np.asarray(rgb), np.full(VIEW.shape[:2], 255, np.uint8)])
    clear[:60, :60] = 0
    Image.fromarray(clear).save(folder / "transparent.webp", lossless=True)
    Image.fromarray(np.asarray(grey).astype(np.uint16) * 257).save(folder / "grey16.png")
    Image.fromarray(np.asarray(grey).astype(np.uint16) * 16).save(folder / "grey12.tif")
    (folder / "colour16.png").write_bytes(cv2.imencode(".png", VIEW.astype(np.uint16) * 257)[1].tobytes())
    (folder / "colour16.tif").write_bytes(cv2.imencode(".tif", VIEW.astype(np.uint16) * 257)[1].tobytes())
    rgb.convert("CMYK").save(folder / "cmyk.jpg", quality=92)
    rgb.convert("P").save(folder / "palette.gif")
    rgb.convert("P").save(
        folder / "animated.gif",
        save_all=True,
        append_images=[Image.new("P", rgb.size, 3), Image.new("P", rgb.size, 5)],
        duration=50,
    )
    rgb.save(folder / "bitmap.bmp")
    rgb.save(folder / "no suffix", format="PNG")
    rgb.save(folder / "ป้าย ทะเบียน.jpg", quality=92)
    rgb.save(folder / "پلاک.png")
    # Stored lying on its side, with the note to turn it.
    rgb.rotate(90, expand=True).save(folder / "turned.jpg", quality=92, exif=_turned())
    return sorted(folder.iterdir())


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def png(width: int, height: int) -> bytes:
    """A PNG that announces so many pixels and has none."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.slow
def test_every_kind_of_picture_is_read(tmp_path: Path) -> None:
    files = every_kind(tmp_path / "photos")
    lines, errors = run("photos", folder=tmp_path)
    assert [line["file"] for line in lines] == [str(Path("photos", file.name)) for file in files]
    assert {line["file"]: line["number"] for line in lines} == {line["file"]: "01001" for line in lines}
    for line in lines:
        assert (
            list(line)[:7] == KEYS
            and line["found"] is True
            and line["engine"] == "ppocr"
            and line["score"] > 0.5
            and 0.9 <= line["confidence"] <= 1
            and line["ms"] > 0
        )
    middles = [np.mean(line["corners"], axis=0) for line in lines]
    assert all(np.abs(middle - (480, 270)).max() < 6 for middle in middles), "corners are those of the upright picture"
    assert (
        errors.splitlines()[-1] == f"{len(files)} pictures: {len(files)} with a label, {len(files)} numbers, 0 errors."
    )


def bad(folder: Path) -> dict[str, str]:
    """Files that cannot be read, and a word of what is to be said of each."""
    folder.mkdir()
    whole = cv2.imencode(".jpg", VIEW)[1].tobytes()
    contents = {
        "text.jpg": (b"This is no picture at all.", "not a picture"),
        "empty.png": (b"", "empty"),
        "one.png": (cv2.imencode(".png", VIEW[:1, :1])[1].tobytes(), "1 x 1"),
        "thin.png": (cv2.imencode(".png", VIEW[:2])[1].tobytes(), "960 x 2"),
        "cut.jpg": (whole[: len(whole) // 2], "damaged"),
        "cut.png": (cv2.imencode(".png", VIEW)[1].tobytes()[:5000], "damaged"),
        "hollow.png": (png(800, 600), "damaged"),
        "huge.png": (png(60000, 60000), "too large"),
        "vast.png": (png(2**31 - 1, 2**31 - 1), "too large"),
        "start.gif": (b"GIF89a\x40\x06", "not a picture"),
        "phone.heic": (b"\x00\x00\x00\x18ftypheic" + b"\x00" * 40, "HEIC"),
        "notes.json": (b'{"number": "01001"}', "not a picture"),
        "film.mp4": (b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 400, "not a picture"),
    }
    for name, (data, _) in contents.items():
        (folder / name).write_bytes(data)
    return {name: word for name, (_, word) in contents.items()}


@pytest.mark.slow
def test_bad_input_costs_its_own_line_and_the_rest_is_read(tmp_path: Path) -> None:
    words = bad(tmp_path / "bad")
    (tmp_path / "hollow folder").mkdir()
    last = store(tmp_path / "last.png", VIEW)
    given = [
        "missing.jpg",
        "bad",
        "hollow folder",
        "none*.jpg",
        os.devnull,
        "nul\udcff.jpg" if sys.platform == "linux" else "x.jpg",
        last,
    ]
    lines, errors = run(*given, folder=tmp_path, status=1)
    said = {line["file"]: line.get("error", "") for line in lines}
    assert len(lines) == len(words) + 6
    for name, word in words.items():
        assert word in said[str(Path("bad", name))], name
    assert (
        said["missing.jpg"] == "There is no such file."
        and said["hollow folder"] == "The folder holds no pictures."
        and said["none*.jpg"] == "No file has such a name."
    )
    assert said[os.devnull] == "This is no file that can be read."
    assert lines[-1]["number"] == "01001" and not said[str(last)]
    for line in lines[:-1]:
        assert list(line)[:7] == KEYS and line["error"].endswith(".") and "\n" not in line["error"]
        assert (line["found"], line["number"], line["score"]) == (False, "", 0.0)
    assert f"{len(lines)} pictures: 1 with a label, 1 numbers, {len(lines) - 1} errors." in errors


@pytest.mark.skipif(
    sys.platform == "win32" or not hasattr(os, "geteuid") or os.geteuid() == 0,
    reason="nothing is unreadable for this user",
)
def test_a_file_without_permission(tmp_path: Path) -> None:
    path = store(tmp_path / "a.png", VIEW)
    path.chmod(0)
    assert "cannot be read" in run(path, folder=tmp_path, status=1)[0][0]["error"]


@pytest.mark.slow
def test_fifty_megapixels_are_read(tmp_path: Path) -> None:
    large = cv2.resize(view("73019", width=200), (8640, 5860), interpolation=cv2.INTER_LINEAR)
    for name in ("photo.jpg", "photo.png"):
        Image.fromarray(large[:, :, 1]).save(tmp_path / name, quality=85, compress_level=1)
        image, scale = load_picture(tmp_path / name)
        assert max(image.shape) <= MAX_SIDE and image.ndim == 3 and abs(image.shape[1] * scale - 8640) < 3
    lines, _ = run("photo.jpg", folder=tmp_path)
    assert lines[0]["number"] == "73019" and np.abs(np.mean(lines[0]["corners"], axis=0) - (4320, 2930)).max() < 40, (
        "corners are in the file's own pixels"
    )


@pytest.mark.parametrize("seed", range(40))
def test_any_damage_is_a_picture_or_a_sentence(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kind = (".png", ".jpg", ".tif", ".bmp", ".webp")[seed % 5]
    data = bytearray(cv2.imencode(kind, VIEW[100:200, 300:420])[1].tobytes())
    for _ in range(int(rng.integers(1, 30))):
        data[int(rng.integers(len(data)))] = int(rng.integers(256))
    try:
        image, scale = decode(bytes(data[: int(rng.integers(len(data) // 2, len(data) + 1))]))
    except PictureError as error:
        assert str(error).endswith(".")
    else:
        assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and scale >= 1
