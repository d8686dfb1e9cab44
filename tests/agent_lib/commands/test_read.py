"""`agent.py read` as an operator uses it: real processes."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent_lib import ocr, settings
from agent_lib.commands.read_picture import decode, load_picture
from agent_lib.runtime.lock import InstanceLock
from agent_lib.station.shared_label import LabelUnavailable, SharedLabelReader
from tests.support.read import BOARD, ROOT, VIEW, run, store, view


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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

        def read_at(self, image: np.ndarray, place: LabelReading) -> LabelReading:
            return place

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


@pytest.mark.slow
def test_lines_stay_json_where_the_output_knows_few_letters(tmp_path: Path) -> None:
    store(tmp_path / "ป้าย 😀 é.png", VIEW)
    lines, _ = run("ป้าย 😀 é.png", folder=tmp_path, env={**os.environ, "PYTHONIOENCODING": "cp874", "PYTHONUTF8": "0"})
    assert lines[0]["file"] == "ป้าย 😀 é.png" and lines[0]["number"] == "01001"


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_star_that_the_shell_left(tmp_path: Path) -> None:
    for name in ("a1.png", "a2.png", "b.png", "a[1].png"):
        store(tmp_path / name, VIEW)
    lines, _ = run("a?.png", "a[1].png", folder=tmp_path)
    assert [line["file"] for line in lines] == ["a1.png", "a2.png", "a[1].png"]


@pytest.mark.slow
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
