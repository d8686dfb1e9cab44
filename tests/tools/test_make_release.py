"""The ZIP for a PC without Python: made from a small repository and wheels of the test's own, without a network."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.batch import Program, missing_tool, windows, wine
from tests.support.helpers import ROOT
from tests.support.scripts import make_wheel

uv = pytest.importorskip("uv", reason="uv is missing: pip install -r requirements-dev.txt")

pytestmark = pytest.mark.slow

TOP = "gatehouse-1.2.3"
AMD64, ARM64, X86 = 0x8664, 0xAA64, 0x14C
SCRIPTS = ("start_system.bat", "start_system.sh", "run_tests.sh", "tools")


def make_python(folder: Path, minor: int = 13, machine: int = AMD64) -> Path:
    """A folder like an unpacked Windows Python, with the headers of programs and nothing behind them."""
    program = b"MZ" + bytes(0x3A) + struct.pack("<I", 0x40) + b"PE\0\0" + struct.pack("<H", machine) + bytes(100)
    for name in ("python.exe", "python3.dll", f"python3{minor}.dll"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(program)
    for name in ("venv/__init__.py", "ensurepip/__init__.py", "test/test_os.py", "__pycache__/os.cpython-313.pyc"):
        (folder / "Lib" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "Lib" / name).write_text("", "utf-8")
    (folder / "LICENSE.txt").write_text("the license\n", "utf-8")
    return folder


class Repository:
    """A project with this one's start scripts, and an index of wheels in a folder."""

    def __init__(self, tmp_path: Path) -> None:
        self.tmp_path = tmp_path
        self.folder, self.wheels = tmp_path / "project", tmp_path / "index"
        self.wheels.mkdir()
        for name in SCRIPTS:
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, self.folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(ROOT / name, self.folder / name)
        self.write("pyproject.toml", '[project]\nname = "gatehouse"\nversion = "1.2.3"\n')
        self.write("requirements.txt", "# why\ngate-core==1.0\ntorch==2.0\n")
        self.write(".gitattributes", "*.bat text eol=crlf\n")
        self.write("tests/test_x.py", "")
        self.write("bench/x.py", "")
        self.write("hub/__init__.py", '"""The hub."""\n')
        make_wheel(self.wheels, "gate-core", "1.0", {"gate_core.py": ""})
        make_wheel(self.wheels, "torch", "2.0", {"torch.py": ""})
        self.git("init", "-q")
        self.commit()

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text, "utf-8")

    def git(self, *arguments: str) -> None:
        identity = {
            f"GIT_{who}_{what}": "x@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        date = {"GIT_AUTHOR_DATE": "1769581721 +0000", "GIT_COMMITTER_DATE": "1769581721 +0000"}
        subprocess.run(["git", *arguments], cwd=self.folder, env={**os.environ, **identity, **date}, check=True)

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "x")

    def make(self, *flags: str, python: Path) -> subprocess.CompletedProcess[str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "UV_"))}
        place = ["--no-index", "--find-links", str(self.wheels), "--project", str(self.folder)]
        return subprocess.run(
            [sys.executable, str(ROOT / "tools" / "make_release.py"), "--python", str(python), *place, *flags],
            cwd=self.tmp_path,
            env={**clean, "UV_CACHE_DIR": str(self.tmp_path / "cache"), "PIP_CONFIG_FILE": os.devnull},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_it_has_the_python_the_wheels_and_the_project(repository: Repository, tmp_path: Path) -> None:
    # What only Windows requires, and a wheel for it beside one for this system.
    made_for = (
        'Requires-Dist: gate-extra==2.0; sys_platform == "win32"\nRequires-Dist: gate-cuda; sys_platform == "linux"\n'
    )
    make_wheel(repository.wheels, "gate-core", "1.0", {"gate_core.py": ""}, metadata=made_for + "License: MIT\n")
    make_wheel(repository.wheels, "gate-extra", "2.0", {"gate_extra.py": ""}, tag="cp313-cp313-win_amd64")
    make_wheel(repository.wheels, "gate-extra", "2.0", {"gate_extra.py": ""}, tag="cp313-cp313-manylinux_2_17_x86_64")
    done = repository.make("--output", "gate.zip", python=make_python(tmp_path / "python"))
    assert done.returncode == 0, done.stderr
    digest = hashlib.sha256((tmp_path / "gate.zip").read_bytes()).hexdigest()
    assert (tmp_path / "gate.zip.sha256").read_text("utf-8") == f"{digest}  gate.zip\n" and digest in done.stdout
    with zipfile.ZipFile(tmp_path / "gate.zip") as archive:
        names = [name.removeprefix(f"{TOP}/") for name in archive.namelist()]
        content = {name: archive.read(f"{TOP}/{name}") for name in names}
        assert archive.testzip() is None
        assert {info.date_time for info in archive.infolist()} == {(2026, 1, 28, 6, 28, 41 // 2 * 2)}
    wheels = {name for name in names if name.endswith(".whl")}
    assert wheels == {
        "wheels/gate_core-1.0-py3-none-any.whl",
        "wheels/gate_extra-2.0-cp313-cp313-win_amd64.whl",
        "wheels/torch-2.0-py3-none-any.whl",
    }
    assert {"python/python.exe", "python/LICENSE.txt", "python/Lib/venv/__init__.py", "hub/__init__.py"} <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "bench/", ".git", "python/Lib/test", "run_tests"))]
    assert not [name for name in names if "__pycache__" in name]
    assert names[-1] == "MANIFEST.json" and names[:-1] == sorted(names[:-1])
    assert b"\r\n" in content["start_system.bat"] and b"\r\n" not in content["start_system.sh"]
    assert json.loads(content["wheels/wheels.json"]) == {"python": "3.13", "platform": "win-amd64"}
    pins = dict(line.split(" --hash=sha256:") for line in content["wheels/requirements.txt"].decode().splitlines())
    assert list(pins) == ["gate-core==1.0", "gate-extra==2.0", "torch==2.0"]
    assert pins["gate-core==1.0"] == hashlib.sha256(content["wheels/gate_core-1.0-py3-none-any.whl"]).hexdigest()
    manifest = json.loads(content["MANIFEST.json"])
    assert manifest["files"] == {name: hashlib.sha256(content[name]).hexdigest() for name in names[:-1]}
    assert (manifest["version"], manifest["python"], manifest["left_out"]) == ("1.2.3", "3.13", {})
    assert b"gate-core 1.0: MIT\n" in content["LICENSES.txt"]


def test_the_same_commit_makes_the_same_file(repository: Repository, tmp_path: Path) -> None:
    python = make_python(tmp_path / "python")
    assert repository.make("--output", "one.zip", python=python).returncode == 0
    os.utime(python / "python.exe", (1, 1))
    (repository.folder / "hub" / "__init__.py").write_text("not committed\n", "utf-8")
    done = repository.make("--output", "two.zip", python=python)
    assert "1 changed files are not committed" in done.stdout
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_what_is_left_out_is_said(repository: Repository, tmp_path: Path) -> None:
    (repository.wheels / "torch-2.0-py3-none-any.whl").unlink()
    python = make_python(tmp_path / "python")
    done = repository.make(python=python)
    assert done.returncode == 1 and "The requirements cannot be resolved" in done.stderr and "torch" in done.stderr
    done = repository.make("--without", "torch,transformers", python=python)
    assert done.returncode == 0, done.stderr
    assert "Without torch: labels are not read with TrOCR" in done.stdout
    with zipfile.ZipFile(tmp_path / "gatehouse-1.2.3-win-amd64.zip") as archive:
        assert list(json.loads(archive.read(f"{TOP}/MANIFEST.json"))["left_out"]) == ["torch", "transformers"]
    done = repository.make("--without", "gate-core", python=python)
    assert done.returncode == 1 and "does not run without gate-core" in done.stderr


def test_a_wheel_that_the_list_does_not_know_is_not_packed(repository: Repository, tmp_path: Path) -> None:
    repository.write("requirements.txt", "gate-core==1.0\ngate-none==1.0\n")
    repository.commit()
    done = repository.make(python=make_python(tmp_path / "python"))
    assert done.returncode == 1 and "gate-none" in done.stderr
    assert not list(tmp_path.glob("*.zip*"))


@pytest.mark.parametrize(
    "damage, words",
    [
        ("python.exe", "has no python.exe"),
        ("Lib/venv/__init__.py", "cannot make virtual environments"),
        ("python313.dll", "has 0 files like python313.dll"),
    ],
)
def test_a_folder_that_is_no_whole_python(repository: Repository, tmp_path: Path, damage: str, words: str) -> None:
    python = make_python(tmp_path / "python")
    (python / damage).unlink()
    done = repository.make(python=python)
    assert done.returncode == 1 and words in done.stderr and "py install --target" in done.stderr


def test_a_python_of_32_bits(repository: Repository, tmp_path: Path) -> None:
    done = repository.make(python=make_python(tmp_path / "python", machine=X86))
    assert done.returncode == 1 and "take a 64-bit Python" in done.stderr


def test_an_arm_python_gets_arm_wheels(repository: Repository, tmp_path: Path) -> None:
    repository.write("requirements.txt", "gate-extra==2.0\n")
    repository.commit()
    for tag in ("cp314-cp314-win_amd64", "cp314-cp314-win_arm64"):
        make_wheel(repository.wheels, "gate-extra", "2.0", {"gate_extra.py": ""}, tag=tag)
    done = repository.make(python=make_python(tmp_path / "python", 14, ARM64))
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(tmp_path / "gatehouse-1.2.3-win-arm64.zip") as archive:
        assert [name for name in archive.namelist() if name.endswith(".whl")] == [
            f"{TOP}/wheels/gate_extra-2.0-cp314-cp314-win_arm64.whl"
        ]


@pytest.mark.wine
@pytest.mark.skipif(bool(missing_tool()), reason=missing_tool())
def test_the_unpacked_zip_starts_with_its_own_python_under_wine(repository: Repository, tmp_path: Path) -> None:
    with wine() as machine:
        own = Program(machine, tmp_path, "python", "* 0 0\n")
        make_python(own.folder / "more")
        for path in (own.folder / "more").iterdir():
            if path.name != "python.exe":
                path.rename(own.folder / path.name)
        done = repository.make("--output", "gate.zip", python=own.folder)
        assert done.returncode == 0, done.stderr
        with zipfile.ZipFile(tmp_path / "gate.zip") as archive:
            archive.extractall(tmp_path / "PC (1) é")
        folder = tmp_path / "PC (1) é" / TOP
        status, output = machine.cmd(r".\start_system.bat --no-browser", folder, [])
        assert (status, output.strip()) == (0, "")
        notes = (folder / "python" / "notes.txt").read_text("utf-8").splitlines()
        assert notes[-1].split("\t") == [windows(folder / "tools" / "start_system.py"), "--no-browser"]
