"""`agent.py read` as an operator uses it: real files of every kind, real processes."""

from __future__ import annotations

import io
import json
import os
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from agent_lib import ocr, settings
from agent_lib.commands.read_picture import MAX_SIDE, PictureError, decode, load_picture
from agent_lib.runtime.lock import InstanceLock
from agent_lib.simulator.scene_label import board, place
from agent_lib.station.shared_label import LabelUnavailable, SharedLabelReader
from tests.support.label import corners_of

ROOT = Path(__file__).resolve().parents[3]
KEYS = ["file", "found", "score", "number", "confidence", "engine", "ms"]


def view(*numbers: str, size: tuple[int, int] = (960, 540), width: int = 260) -> np.ndarray:
    """A grey place with boards side by side, BGR."""
    image = np.full((size[1], size[0], 3), 128, np.uint8)
    for index, number in enumerate(numbers):
        centre = (size[0] * (index + 1) / (len(numbers) + 1), size[1] / 2)
        place(board(number, np.random.default_rng(index)), corners_of(width, centre, 3, 10, 5), image)
    return image


VIEW = view("01001")
BOARD = board("20417", np.random.default_rng(7))


def run(
    *arguments: object, folder: Path, config: str = '[ocr]\nengine = "ppocr"\n', status: int | None = 0, **more: Any
) -> tuple[list[dict[str, Any]], str]:
    """The lines and what stood on stderr; an empty `config` leaves the settings as they are without a file."""
    flags = []
    if config:
        (folder / "settings.toml").write_text(config, "utf-8")
        flags = ["--config", str(folder / "settings.toml")]
    done = subprocess.run(
        [
            sys.executable,
            "-X",
            "dev",
            "-W",
            "ignore::DeprecationWarning",
            str(ROOT / "agent.py"),
            "read",
            *flags,
            *map(str, arguments),
        ],
        cwd=folder,
        capture_output=True,
        timeout=120,
        **more,
    )
    errors = done.stderr.decode("utf-8", "replace")
    assert "Traceback" not in errors and (status is None or done.returncode == status), errors
    return [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()], errors


def store(path: Path, image: np.ndarray, **more: Any) -> Path:
    """Write BGR pixels by Pillow, whose kinds are more than OpenCV's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.ascontiguousarray(image[:, :, ::-1]) if image.ndim == 3 else image).save(path, **more)
    return path


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


@pytest.mark.parametrize("width", [300, 1191, 3000])
def test_a_label_that_fills_the_whole_picture(tmp_path: Path, width: int) -> None:
    size = (width, round(width * 842 / 1191))
    straight = cv2.resize(BOARD, size, interpolation=cv2.INTER_AREA)
    margin = round(width * 0.05)
    pictures = {
        "straight": straight,
        "turned": cv2.rotate(straight, cv2.ROTATE_90_CLOCKWISE),
        "upside down": cv2.rotate(straight, cv2.ROTATE_180),
        "cut": straight[margin // 4 : -margin // 4, margin // 4 : -margin // 4],
        "cut to the ticks": straight[margin:-margin, margin:-margin],
    }
    files = [store(tmp_path / f"{name}.png", image) for name, image in pictures.items()]
    lines, _ = run(*files, folder=tmp_path)
    assert {Path(line["file"]).stem: line["number"] for line in lines} == dict.fromkeys(pictures, "20417")
    corners = np.array(lines[0]["corners"])
    assert np.abs(corners - [(0, 0), (size[0], 0), size, (0, size[1])]).max() < 0.02 * width


def test_nothing_is_invented(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    plain = np.full((540, 960, 3), 128, np.uint8)
    cv2.putText(plain, "12345", (250, 300), cv2.FONT_HERSHEY_SIMPLEX, 5, (10, 10, 10), 14)
    noise = rng.integers(0, 255, (300, 400, 3), dtype=np.uint8)
    files = [
        store(tmp_path / "text.png", plain),
        store(tmp_path / "noise.png", noise),
        store(tmp_path / "dark.png", np.zeros((200, 300, 3), np.uint8)),
        store(tmp_path / "digits only.png", BOARD[250:600, 200:990]),
    ]
    lines, _ = run(*files, folder=tmp_path)
    for line in lines:
        assert (line["found"], line["number"], line["confidence"], line["reason"]) == (
            False,
            "",
            0.0,
            "No label found",
        ) and "error" not in line


def test_several_labels_and_a_number_that_is_not_reported(tmp_path: Path) -> None:
    two = store(tmp_path / "two.png", view("01001", "55512", size=(1280, 540)))
    lines, _ = run(two, folder=tmp_path)
    assert {one["number"] for one in lines[0]["labels"]} == {"01001", "55512"} and "2 labels are in view" in lines[0][
        "message"
    ]
    assert (
        lines[0]["labels"][0]["corners"] == lines[0]["corners"]
        and lines[0]["labels"][0]["number"] == lines[0]["number"]
    )
    assert np.abs(np.mean(lines[0]["labels"][1]["corners"], axis=0) - np.mean(lines[0]["corners"], axis=0)).max() > 300
    lines, _ = run(two, folder=tmp_path, config='[ocr]\nengine = "ppocr"\n[capture]\ntarget_digits = 6\n')
    assert (
        lines[0]["found"]
        and lines[0]["number"] == ""
        and lines[0]["raw_text"] in ("01001", "55512")
        and lines[0]["reason"]
    )


def test_annotated_pictures(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    store(photos / "ป้าย.png", VIEW)
    store(photos / "deep" / "ป้าย.png", VIEW)
    store(photos / "none.png", np.full((90, 120, 3), 128, np.uint8))
    before = {path: path.read_bytes() for path in photos.rglob("*.png")}
    lines, _ = run("photos", "--annotate", "photos/seen", folder=tmp_path)
    assert sorted(Path(line["annotated"]).name for line in lines) == ["none-read.jpg", "ป้าย-read-2.jpg", "ป้าย-read.jpg"]
    for line in lines:
        drawn, original = (
            decode((tmp_path / line["annotated"]).read_bytes())[0],
            load_picture(tmp_path / line["file"])[0],
        )
        assert drawn.shape == original.shape
        changed = np.abs(drawn.astype(int) - original).max(axis=2) > 60
        assert changed.any()
        if line["number"]:
            green = (drawn[:, :, 1].astype(int) - drawn[:, :, 0] > 70) & (
                drawn[:, :, 1].astype(int) - drawn[:, :, 2] > 70
            )
            for x, y in np.array(line["corners"]).round().astype(int):
                assert green[y - 6 : y + 7, x - 6 : x + 7].any(), "the outline goes through the corners"
    again, _ = run("photos", "--annotate", "photos/seen", folder=tmp_path)
    assert [line["file"] for line in again] == [line["file"] for line in lines], "our own pictures are not read again"
    assert {path: path.read_bytes() for path in photos.rglob("*.png")} == before


def test_annotating_never_overwrites_a_picture_that_was_given(tmp_path: Path) -> None:
    source = store(tmp_path / "a-read.jpg", VIEW)
    store(tmp_path / "a.jpg", VIEW)
    store(tmp_path / "A-READ-2.jpg", VIEW)
    before = source.read_bytes()
    lines, _ = run("a.jpg", "a-read.jpg", "A-READ-2.jpg", "--annotate", ".", folder=tmp_path)
    assert [line["annotated"] for line in lines] == [
        "a-read-3.jpg",
        "a-read-read.jpg",
        "A-READ-2-read.jpg",
    ] and source.read_bytes() == before


def test_a_folder_for_annotating_that_cannot_be_made(tmp_path: Path) -> None:
    picture = store(tmp_path / "a.png", VIEW)
    lines, errors = run(picture, "--annotate", picture / "x", folder=tmp_path, status=2)
    assert not lines and "choose another one for --annotate" in errors


def test_it_neither_writes_nor_locks_nor_needs_an_instance(tmp_path: Path) -> None:
    picture = store(tmp_path / "a.png", VIEW)
    lines, _ = run(picture, "--instance", "nowhere", folder=tmp_path, config="")
    assert (
        lines[0]["number"] == "01001" and not (tmp_path / "nowhere").exists() and not (tmp_path / "instance").exists()
    )
    home = tmp_path / "home"
    home.mkdir()
    (home / "agent.toml").write_text('[ocr]\nengine = "ppocr"\n[capture]\ntarget_digits = 4\n', "utf-8")
    lock = InstanceLock(home)
    lock.acquire()
    try:
        before = sorted(path.name for path in home.iterdir())
        lines, _ = run(picture, "--instance", home, folder=tmp_path, config="")
        assert lines[0]["number"] == "" and lines[0]["raw_text"] == "01001", "the settings of the instance count"
        assert sorted(path.name for path in home.iterdir()) == before
    finally:
        lock.release()


@pytest.mark.parametrize(
    ("arguments", "config", "words"),
    [
        ((), "", "read needs the name of a picture or folder"),
        (("a.png", "--config", "none.toml"), "", "there is no such file"),
        (
            ("a.png",),
            '[ocr]\nengine = "tesseract"\n',
            "ocr.engine: must be auto, crnn, ppocr or trocr (it is 'tesseract')",
        ),
    ],
)
def test_wrong_flags_and_settings_are_status_2(
    tmp_path: Path, arguments: tuple[str, ...], config: str, words: str
) -> None:
    store(tmp_path / "a.png", VIEW)
    lines, errors = run(*arguments, folder=tmp_path, config=config, status=2)
    assert not lines and words in errors


def test_pictures_go_with_read_only(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "agent.py"), "check", "a.png", "--instance", str(tmp_path / "i")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (
        done.returncode == 2
        and "pictures go with the command read only" in done.stderr
        and not (tmp_path / "i").exists()
    )


def test_each_line_comes_as_soon_as_it_is_known(tmp_path: Path) -> None:
    for number in range(60):
        store(tmp_path / "many" / f"{number:03}.jpg", VIEW)
    (tmp_path / "s.toml").write_text('[ocr]\nengine = "ppocr"\n', "utf-8")
    with subprocess.Popen(
        [sys.executable, str(ROOT / "agent.py"), "--config", "s.toml", "read", "many"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert json.loads(process.stdout.readline())["number"] == "01001"
        assert process.poll() is None, "59 are still to be read"
        # Nobody reads on, as after `| head -1`.
        process.stdout.close()
        errors = process.stderr.read().decode()
        assert process.wait(60) == 1 and "Traceback" not in errors and "Exception" not in errors


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk to write to")
def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    picture = store(tmp_path / "a.png", VIEW)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, str(ROOT / "agent.py"), "read", str(picture)],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1 and done.stderr == "The lines cannot be written (No space left on device).\n"


def test_progress_of_many_files_is_on_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from agent_lib.commands import read as read_command
    from agent_lib.label.reading import LabelReading

    class Slow:
        def read(self, image: np.ndarray) -> LabelReading:
            return LabelReading()

    path = store(tmp_path / "a.png", np.full((64, 64, 3), 128, np.uint8))
    out = io.StringIO()
    one = read_command._Run(Slow(), None, out, 3)
    one._said -= 10
    for _ in range(3):
        one.one("a.png", path, "")
    one.end()
    assert len(out.getvalue().splitlines()) == 3
    assert capsys.readouterr().err.splitlines() == [
        "1 of 3 pictures, 0 numbers, 0 errors",
        "3 pictures: 0 with a label, 0 numbers, 0 errors.",
    ]


def test_lines_stay_json_where_the_output_knows_few_letters(tmp_path: Path) -> None:
    store(tmp_path / "ป้าย 😀 é.png", VIEW)
    lines, _ = run("ป้าย 😀 é.png", folder=tmp_path, env={**os.environ, "PYTHONIOENCODING": "cp874", "PYTHONUTF8": "0"})
    assert lines[0]["file"] == "ป้าย 😀 é.png" and lines[0]["number"] == "01001"


def test_the_sites_own_label_code(tmp_path: Path) -> None:
    picture = store(tmp_path / "a.png", VIEW)
    code = json.loads((ROOT / "agent_lib" / "data" / "label_code.json").read_text("utf-8"))
    (tmp_path / "own.json").write_text(json.dumps(code), "utf-8")
    assert run(picture, folder=tmp_path, config='[ocr]\nlabel_code = "own.json"\n')[0][0]["number"] == "01001"
    for edge, along, places in (("top", "x", 26), ("bottom", "x", 26), ("left", "y", 18), ("right", "y", 18)):
        code[edge][along] = sorted({45 * place for place in range(places)} - set(code[edge][along]))
    (tmp_path / "own.json").write_text(json.dumps(code), "utf-8")
    lines, _ = run(picture, folder=tmp_path, config='[ocr]\nlabel_code = "own.json"\n')
    assert not lines[0]["number"], "with another code this is not the site's label"
    lines, errors = run(picture, folder=tmp_path, config='[ocr]\nlabel_code = "none.json"\n', status=2)
    assert not lines and "none.json" in errors


def test_a_station_says_a_wrong_label_code_in_a_sentence(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    shared = SharedLabelReader(settings.OcrSettings(label_code=str(tmp_path / "none.json")), 5)
    for _ in range(2):
        with pytest.raises(LabelUnavailable, match="Cannot read the label code .*none.json"):
            shared.read(VIEW)
    assert not caplog.records, "the capture and the start say it; a traceback says nothing more"


def test_a_star_that_the_shell_left(tmp_path: Path) -> None:
    for name in ("a1.png", "a2.png", "b.png", "a[1].png"):
        store(tmp_path / name, VIEW)
    lines, _ = run("a?.png", "a[1].png", folder=tmp_path)
    assert [line["file"] for line in lines] == ["a1.png", "a2.png", "a[1].png"]


def test_trocr_that_cannot_be_loaded_is_said_once_and_the_rest_is_read(tmp_path: Path) -> None:
    store(tmp_path / "a.png", VIEW)
    shutil.copy(tmp_path / "a.png", tmp_path / "b.png")
    lines, errors = run(
        "a.png", "b.png", folder=tmp_path, config='[ocr]\nengine = "trocr"\nmodel_id = "./no such folder"\n'
    )
    assert [line["number"] for line in lines] == ["01001", "01001"] and all(line["engine"] != "trocr" for line in lines)
    assert (
        errors.count("TrOCR cannot be used") == 1
        and "There is no folder ./no such folder: correct ocr.model_id." in errors
    )


def test_the_settings_know_the_engines_there_are() -> None:
    assert tuple(ocr.ENGINES) == settings.ENGINES
    assert settings.OcrSettings(engine=" TrOCR ").engine == "trocr"


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
