"""Windows' cmd as far as Wine has it, and a stand-in for python.exe and py.exe that notes how it was called."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COMPILER = "x86_64-w64-mingw32-gcc"

# Beside the program lie behaviour.txt, with lines "FIRST-ARGUMENT CHECK-STATUS RUN-STATUS" ("*" fits every first
# argument), and notes.txt, which gets a line of tab-separated arguments for each call.
STANDIN = r"""
#include <stdio.h>
#include <string.h>
#include <windows.h>

static void beside(wchar_t *path, const wchar_t *name) {
    GetModuleFileNameW(NULL, path, MAX_PATH);
    wcscpy(wcsrchr(path, L'\\') + 1, name);
}

int wmain(int count, wchar_t **arguments) {
    wchar_t path[MAX_PATH];
    char text[4096], wanted[64];
    int checking = 0, check_status, run_status;
    beside(path, L"notes.txt");
    FILE *notes = _wfopen(path, L"ab");
    for (int i = 1; i < count; i++) {
        WideCharToMultiByte(CP_UTF8, 0, arguments[i], -1, text, sizeof text, NULL, NULL);
        fprintf(notes, i > 1 ? "\t%s" : "%s", text);
        checking |= strstr(text, "check_python.py") != NULL;
    }
    fputc('\n', notes);
    fclose(notes);
    WideCharToMultiByte(CP_UTF8, 0, count > 1 ? arguments[1] : L"", -1, text, sizeof text, NULL, NULL);
    beside(path, L"behaviour.txt");
    FILE *behaviour = _wfopen(path, L"rb");
    while (fscanf(behaviour, "%63s %d %d", wanted, &check_status, &run_status) == 3) {
        if (strcmp(wanted, "*") != 0 && strcmp(wanted, text) != 0) continue;
        if (checking && check_status == 3) fprintf(stderr, "found only Python 3.9.2\n");
        if (checking && check_status == 9009)
            fprintf(stderr, "run without arguments to install from the Microsoft Store\n");
        return checking ? check_status : run_status;
    }
    return 103;
}
"""


def missing_tool() -> str:
    """The sentence for a skip where Wine or the cross compiler is not installed, else ""."""
    for program, package in (("wine", "wine"), (COMPILER, "gcc-mingw-w64-x86-64")):
        if not shutil.which(program):
            return f"{program} is missing: sudo apt install {package}"
    return ""


def windows(path: Path) -> str:
    """The path as Windows programs see it under Wine."""
    return "Z:" + str(path).replace("/", "\\")


class Wine:
    """A Wine prefix and the compiled stand-in."""

    def __init__(self, folder: Path) -> None:
        # C.UTF-8 is what lets Wine see file names with letters beyond ASCII; without DISPLAY it opens no window.
        self.environ = {
            name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY", "CI")
        }
        self.environ |= {
            "WINEPREFIX": str(folder / "prefix"),
            "WINEDEBUG": "-all",
            "LC_ALL": "C.UTF-8",
            "WINEDLLOVERRIDES": "mscoree=;mshtml=;winemenubuilder.exe=",
        }
        self.line = folder / "line.bat"
        self.standin = folder / "standin.exe"
        source = folder / "standin.c"
        source.write_text(STANDIN)
        subprocess.run([COMPILER, "-municode", "-O1", "-o", self.standin, source], check=True)
        self._run("wineboot", "-i")
        # While one program runs, Wine's own services stay; else every command would start them anew.
        self._keeper = subprocess.Popen(
            ["wine", "cmd", "/c", "echo up & pause"],
            env=self.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._keeper.stdout.readline()

    def _run(self, *command: str, **more: object) -> subprocess.CompletedProcess[bytes]:
        # A file and no pipe: Wine's services inherit the output of whatever came first and would keep a pipe open.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=120,
                check=False,
                **{"env": self.environ, **more},
            )
            output.seek(0)
            return subprocess.CompletedProcess(command, done.returncode, output.read())

    def cmd(self, line: str, folder: Path, programs: list[Path], **environ: str) -> tuple[int, str]:
        """The exit status and output of one line of ASCII, run by cmd in a folder with these folders on PATH.

        The line travels in a batch file, because Wine escapes the quotes of a command line. Batch files are called as
        `.\\NAME`: Wine's cmd takes the bare name `start_system.bat` for its own START.
        """
        self.line.write_bytes(f"@{line}\r\n".encode("ascii"))
        more = {**self.environ, **environ}
        if programs:
            more["WINEPATH"] = ";".join(map(windows, programs))
        done = self._run("wine", "cmd", "/c", windows(self.line), cwd=folder, env=more)
        return done.returncode, done.stdout.decode("utf-8", "replace").replace("\r\n", "\n")

    def close(self) -> None:
        """Ends the processes of this prefix, of nobody else's."""
        self._run("wineserver", "-k")
        self._keeper.communicate()
        self._run("wineserver", "-w")


@contextmanager
def wine() -> Iterator[Wine]:
    """A prefix of several hundred MB, hence removed at the end rather than left to pytest."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-wine-", ignore_cleanup_errors=True) as folder:
        machine = Wine(Path(folder))
        try:
            yield machine
        finally:
            machine.close()


class Program:
    """One stand-in program on the PATH of cmd, in a folder of its own."""

    def __init__(self, machine: Wine, folder: Path, name: str, behaviour: str) -> None:
        self.folder = folder / f"{name} program"
        self.folder.mkdir()
        shutil.copy(machine.standin, self.folder / f"{name}.exe")
        (self.folder / "behaviour.txt").write_text(behaviour)

    def move_to(self, folder: Path) -> None:
        """Put it into a folder that is not on PATH, which must not be there yet."""
        self.folder = self.folder.rename(folder)

    @property
    def calls(self) -> list[list[str]]:
        """The arguments of each call that was not the question for its version."""
        notes = self.folder / "notes.txt"
        lines = notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []
        return [line.split("\t") for line in lines if "check_python.py" not in line]
