"""Small libraries in C that tests load into other programs (LD_PRELOAD); Linux with a C compiler only."""

from __future__ import annotations

import atexit
import functools
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MISSING = "needs Linux on a 64-bit processor and a C compiler: apt-get install gcc libc6-dev"


@functools.cache
def compiler() -> str | None:
    """The C compiler that can be used, or None."""
    if not sys.platform.startswith("linux") or sys.maxsize < 2**32:
        return None
    return shutil.which("gcc") or shutil.which("cc")


@functools.cache
def compile_library(source: Path) -> Path:
    """The library of a C file, compiled once for each process. Raises RuntimeError with what the compiler says."""
    found = compiler()
    if found is None:
        raise RuntimeError(MISSING)
    folder = Path(tempfile.mkdtemp(prefix="gatehouse-native-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / f"{source.stem}.so"
    made = subprocess.run(
        [found, "-shared", "-fPIC", "-O2", "-o", str(path), str(source), "-ldl", "-lpthread"],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise RuntimeError(f"{source.name} cannot be compiled: {made.stderr[-2000:]}")
    return path
