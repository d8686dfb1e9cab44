"""The wheels of every requirement for another machine: resolved by uv, downloaded by pip, listed with their hashes.

pip alone cannot: with --platform it still evaluates environment markers for the machine that it runs on, so it would
look for Linux' CUDA libraries and leave out colorama.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.parser import Parser
from pathlib import Path

from tools.release.errors import ReleaseError
from tools.release.windows_python import WindowsPython

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
TROCR = "labels are not read with TrOCR, and models of transformers find no persons and vehicles"
# What runs without: the sentence says what does not work then.
OPTIONAL = {
    "torch": TROCR,
    "transformers": TROCR,
    "sentencepiece": TROCR,
    "pytest": "the tests are not in the ZIP",
    "hypothesis": "the tests are not in the ZIP",
    "playwright": "the tests are not in the ZIP",
}


@dataclass(frozen=True)
class Index:
    """Where packages come from: the index of uv and pip unless given, further folders or pages with links."""

    url: str = ""
    links: tuple[str, ...] = ()
    offline: bool = False

    @property
    def arguments(self) -> list[str]:
        """Arguments that uv and pip share."""
        index = ["--no-index"] if self.offline else ["--index-url", self.url] if self.url else []
        return [*index, *(text for link in self.links for text in ("--find-links", link))]


@dataclass(frozen=True)
class Wheel:
    """A downloaded wheel: its file, and what its file name says."""

    path: Path

    @property
    def name(self) -> str:
        """The name of the package, normalised."""
        return normalised(self.path.name.split("-")[0])

    @property
    def version(self) -> str:
        """The version of the package."""
        return self.path.name.split("-")[1]

    def pin(self) -> str:
        """Its line in requirements.txt."""
        with self.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return f"{self.name}=={self.version} --hash=sha256:{digest}"

    def license(self) -> str:
        """The name of its license as its metadata gives it, else where to look."""
        with zipfile.ZipFile(self.path) as wheel:
            (name,) = [one for one in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", one)]
            metadata = Parser().parsestr(wheel.read(name).decode("utf-8", "replace"), headersonly=True)
        classifiers = [
            one.split(" :: ")[-1] for one in metadata.get_all("Classifier", []) if one.startswith("License ::")
        ]
        stated = metadata.get("License-Expression") or ", ".join(classifiers) or metadata.get("License") or ""
        first = stated.strip().splitlines()[:1]
        named = bool(first) and not first[0].startswith("Copyright")
        return first[0][:200] if named else "see the files in the wheel"


def normalised(name: str) -> str:
    """The name of a package as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def without(requirements: str, names: Iterable[str]) -> tuple[str, dict[str, str]]:
    """The requirements without those names, and what does not work then, by name. Raises ReleaseError."""
    left_out = {normalised(name) for name in names}
    required = sorted(left_out - OPTIONAL.keys())
    if required:
        raise ReleaseError(f"Gatehouse does not run without {required[0]}; {', '.join(OPTIONAL)} may be left out.")
    lines = [line for line in requirements.splitlines() if _package(line) not in left_out]
    return "\n".join(lines) + "\n", {name: OPTIONAL[name] for name in sorted(left_out)}


def _package(line: str) -> str:
    found = NAME.match(line.strip())
    return normalised(found[0]) if found else ""


def collect(
    requirements: str, left_out: Iterable[str], python: WindowsPython, index: Index, folder: Path
) -> list[Wheel]:
    """Download the wheels of the requirements into an empty folder; sorted by name. Raises ReleaseError."""
    listed, lock = folder / "requirements.in", folder / "requirements.lock"
    listed.write_text(requirements, "utf-8")
    _run(
        [
            *_uv(),
            "pip",
            "compile",
            "--quiet",
            "--no-header",
            "--no-annotate",
            "--generate-hashes",
            "--only-binary=:all:",
            f"--python-platform={python.triple}",
            f"--python-version={python.version}",
            f"--python={sys.executable}",
            "--no-python-downloads",
            *(f"--no-emit-package={name}" for name in left_out),
            f"--output-file={lock}",
            *index.arguments,
            str(listed),
        ],
        "The requirements cannot be resolved",
    )
    _run(
        [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--require-hashes",
            "--only-binary=:all:",
            f"--platform={python.tag}",
            f"--python-version={python.version}",
            "--implementation=cp",
            f"--dest={folder}",
            *index.arguments,
            "-r",
            str(lock),
        ],
        "The wheels cannot be downloaded",
    )
    wheels = sorted((Wheel(path) for path in folder.glob("*.whl")), key=lambda wheel: wheel.name)
    pinned = {_package(line) for line in lock.read_text("utf-8").splitlines() if NAME.match(line)}
    if {wheel.name for wheel in wheels} != pinned or len(wheels) != len(pinned):
        raise ReleaseError(
            f"{len(wheels)} wheels were downloaded for {len(pinned)} packages; empty {folder} and try again."
        )
    return wheels


def _uv() -> list[str]:
    try:
        from uv import find_uv_bin
    except ImportError as error:
        raise ReleaseError(
            f"uv, which finds wheels for Windows, is missing: {sys.executable} -m pip install -r requirements-dev.txt"
        ) from error
    return [find_uv_bin()]


def _run(command: Sequence[str], failure: str) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReleaseError(f"{failure}: {(done.stderr or done.stdout).strip()[-2000:]}")
