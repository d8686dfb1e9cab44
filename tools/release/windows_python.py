"""An unpacked Windows Python: its version and machine, and whether it can make virtual environments."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.release.errors import ReleaseError

LIBRARY = re.compile(r"python3(\d+)\.dll", re.IGNORECASE)
# The machine of a program's header (Microsoft, "PE Format", Machine Types): sysconfig's, pip's and uv's names for it.
MACHINES = {
    0x8664: ("win-amd64", "win_amd64", "x86_64-pc-windows-msvc"),
    0xAA64: ("win-arm64", "win_arm64", "aarch64-pc-windows-msvc"),
}
PARTS = ("Lib/venv/__init__.py", "Lib/ensurepip/__init__.py")
ADVICE = (
    "unpack one with the Python install manager, `py install --target=FOLDER 3.13`, or take the `tools` folder of the "
    "package python of nuget.org"
)


@dataclass(frozen=True)
class WindowsPython:
    """`version` is "3.13"; `platform` as sysconfig names it, `tag` as wheels do, `triple` as uv does."""

    folder: Path
    version: str
    platform: str
    tag: str
    triple: str

    def files(self) -> Iterator[tuple[str, Path]]:
        """Each file with its path below the folder, without compiled files and Python's own tests."""
        for path in self.folder.rglob("*"):
            name = path.relative_to(self.folder).as_posix()
            parts = name.split("/")
            if not path.is_file() or "__pycache__" in parts or parts[:2] == ["Lib", "test"]:
                continue
            yield name, path


def examine(folder: Path) -> WindowsPython:
    """The Python of a folder. Raises ReleaseError."""
    program = folder / "python.exe"
    if not program.is_file():
        raise ReleaseError(f"{folder} has no python.exe: {ADVICE}.")
    missing = [part for part in PARTS if not (folder / part).is_file()]
    if missing:
        raise ReleaseError(
            f"The Python in {folder} cannot make virtual environments ({missing[0]} is missing, as in python.org's "
            f"embeddable package): {ADVICE}."
        )
    minors = [int(found[1]) for path in folder.iterdir() if (found := LIBRARY.fullmatch(path.name))]
    if len(minors) != 1:
        raise ReleaseError(
            f"{folder} has {len(minors)} files like python313.dll, so its version is not known: {ADVICE}."
        )
    machine = _machine(program)
    if machine not in MACHINES:
        raise ReleaseError(f"{program} is for no machine that Gatehouse runs on (0x{machine:x}); take a 64-bit Python.")
    return WindowsPython(folder, f"3.{minors[0]}", *MACHINES[machine])


def _machine(program: Path) -> int:
    """The machine in the header of a program; 0 where it is none."""
    with program.open("rb") as file:
        head = file.read(0x40)
        if len(head) < 0x40 or head[:2] != b"MZ":
            return 0
        file.seek(struct.unpack_from("<I", head, 0x3C)[0])
        header = file.read(6)
    return struct.unpack_from("<H", header, 4)[0] if len(header) == 6 and header[:4] == b"PE\0\0" else 0
