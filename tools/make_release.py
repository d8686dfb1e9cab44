"""Make the ZIP for a Windows PC without Python and without a network.

    python tools/make_release.py --python FOLDER [--output ZIP] [--without torch,transformers]

FOLDER is an unpacked Windows Python (docs/windows.md). The ZIP has it, the wheels of every requirement for its version
with their hashes, and the project at its last commit. uv finds the wheels, hence requirements-dev.txt.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.release import archive  # noqa: E402
from tools.release.errors import ReleaseError  # noqa: E402
from tools.release.project import Project  # noqa: E402
from tools.release.wheels import Index, Wheel, collect, without  # noqa: E402
from tools.release.windows_python import WindowsPython, examine  # noqa: E402
from tools.release_wheels import ABOUT, LIST, about  # noqa: E402

LICENSES = "LICENSES.txt"


def main(arguments: list[str] | None = None) -> int:
    """Make the ZIP; the exit status: 0, or 1 with a sentence."""
    options = _parser().parse_args(arguments)
    try:
        make(options)
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def make(options: argparse.Namespace) -> None:
    """Collect the parts and write the ZIP with its checksum. Raises ReleaseError."""
    python = examine(options.python)
    project = Project(options.project)
    files: dict[str, bytes | Path] = dict(project.files())
    version = tomllib.loads(_text(files, "pyproject.toml"))["project"]["version"]
    target = options.output or Path(f"gatehouse-{version}-{python.platform}.zip")
    requirements, left_out = without(_text(files, LIST), options.without)
    _say_before(python, project, left_out)
    with tempfile.TemporaryDirectory(prefix="gatehouse-wheels-") as folder:
        index = Index(options.index_url, tuple(options.find_links), options.no_index)
        wheels = collect(requirements, left_out, python, index, Path(folder))
        files |= {f"python/{path}": file for path, file in python.files()}
        files |= _wheel_files(wheels, python)
        files[LICENSES] = _licenses(wheels)
        described = {
            "name": "gatehouse",
            "version": version,
            "commit": project.commit,
            "python": python.version,
            "platform": python.platform,
            "left_out": left_out,
        }
        part = target.with_name(f"{target.name}.part")
        with part.open("wb") as file:
            archive.write(file, f"gatehouse-{version}", files, project.time, described)
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    os.replace(part, target)
    target.with_name(f"{target.name}.sha256").write_text(f"{digest}  {target.name}\n", "utf-8")
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB, {len(files)} files, {len(wheels)} wheels, sha256 {digest}")


def _text(files: dict[str, bytes | Path], name: str) -> str:
    content = files.get(name)
    if not isinstance(content, bytes):
        raise ReleaseError(f"The last commit has no {name}.")
    return content.decode("utf-8")


def _say_before(python: WindowsPython, project: Project, left_out: dict[str, str]) -> None:
    print(f"Python {python.version} for {python.platform}, the project at {project.commit[:12]}.", flush=True)
    if project.changed:
        print(f"{project.changed} changed files are not committed, so the ZIP does not have the changes.", flush=True)
    for package, sentence in left_out.items():
        print(f"Without {package}: {sentence}.", flush=True)


def _wheel_files(wheels: list[Wheel], python: WindowsPython) -> dict[str, bytes | Path]:
    """The folder `wheels` as tools/release_wheels.py reads it."""
    described = json.dumps(about(python.version, python.platform))
    pins = "".join(f"{wheel.pin()}\n" for wheel in wheels)
    own: dict[str, bytes | Path] = {f"wheels/{ABOUT}": f"{described}\n".encode(), f"wheels/{LIST}": pins.encode()}
    return own | {f"wheels/{wheel.path.name}": wheel.path for wheel in wheels}


def _licenses(wheels: list[Wheel]) -> bytes:
    rows = [f"{wheel.name} {wheel.version}: {wheel.license()}" for wheel in wheels]
    head = (
        "This ZIP has software of others. Python's license is in the folder python; the texts of the packages' licenses"
    )
    return "\n".join([head, "are in their wheels, in the folder wheels, which are ZIP files.", "", *rows, ""]).encode()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make_release", description="Makes the ZIP for a Windows PC without Python.")
    parser.add_argument("--python", type=Path, required=True, metavar="FOLDER", help="an unpacked Windows Python")
    parser.add_argument(
        "--output", type=Path, metavar="ZIP", help="file to write (default: gatehouse-VERSION-PLATFORM.zip)"
    )
    parser.add_argument(
        "--without",
        type=lambda text: [name for name in text.split(",") if name],
        default=[],
        metavar="NAMES",
        help="packages to leave out, with commas between: torch,transformers,sentencepiece,pytest,hypothesis,"
        "playwright",
    )
    parser.add_argument("--project", type=Path, default=ROOT, metavar="DIR", help="git repository (default: this one)")
    parser.add_argument("--index-url", default="", metavar="URL", help="package index (default: that of uv and pip)")
    parser.add_argument("--find-links", action="append", default=[], metavar="PLACE", help="folder or page with wheels")
    parser.add_argument("--no-index", action="store_true", help="take packages from --find-links only")
    return parser


if __name__ == "__main__":
    sys.exit(main())
