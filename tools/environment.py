"""The virtual environment in .venv: made, finished after an interruption, or taken as it is.

Uses the standard library alone, since it runs before anything is installed. The syntax stays readable for Python 3.6, so
that the first import can say in a sentence that such a Python is too old.
"""
import check_python  # isort: skip  (must stay first: it ends the program under an old Python)

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pip_failure
import signals

ROOT = Path(__file__).resolve().parent.parent
HEARTBEAT_SECONDS = 30
OPENCV_PIN = re.compile(r"^opencv-python==([\w.]+)", re.MULTILINE)
COPYING = re.compile(r"^\S+ Installing collected packages", re.MULTILINE)
PROBE = "import sys, pip; print('%d.%d' % sys.version_info[:2])"


class SetupError(Exception):
    """The environment cannot be made; the text is the sentence that says why and what to do."""


def say(sentence):
    """Prints one sentence at once, also where the output is a file and the console cannot show every letter."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(sentence.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except OSError:
        pass  # the terminal is gone; what the sentence goes with, such as stopping everything, must still happen


class Environment:
    """The .venv of one folder: `ensure()` gives the path of its Python once every requirement is installed."""

    def __init__(self, root=ROOT):
        self.root = Path(root)
        self.folder = self.root / ".venv"
        self.requirements = self.root / "requirements.txt"
        self.python = self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        self.stamp = self.folder / "gatehouse.json"
        self.unfinished = self.folder / "gatehouse-unfinished"
        self.pip_log = self.folder / "pip.log"

    def ensure(self):
        """The path of .venv's Python, after making or completing .venv where needed. Raises SetupError."""
        try:
            if not self.is_ready():
                self.folder.mkdir(exist_ok=True)
                with self._lock():
                    if not self.is_ready():
                        self._make()
        except OSError as error:
            raise SetupError(pip_failure.explain_os_error(error, self.folder)) from error
        return self.python

    def is_ready(self):
        """Whether .venv holds exactly what requirements.txt asks for and its Python still runs."""
        try:
            stamp = json.loads(self.stamp.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return not self.unfinished.exists() and stamp == self._wanted(self._version())

    def _wanted(self, version):
        """The stamp that fits requirements.txt (comments and line endings aside) and a Python version such as "3.11"."""
        return {"requirements": hashlib.sha256("\n".join(self._pins()).encode()).hexdigest(), "python": version}

    def _pins(self):
        lines = self.requirements.read_text(encoding="utf-8").splitlines()
        return [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]

    def _version(self):
        """The version ("3.11") of .venv's Python, or "" where it or its pip does not run."""
        try:
            answer = subprocess.run([str(self.python), "-c", PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                    stdin=subprocess.DEVNULL, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return answer.stdout.decode().strip() if answer.returncode == 0 else ""

    def _is_usable(self):
        """Whether pip may go on in this .venv: it runs, is new enough and no installation broke off in it."""
        version = self._version()
        return (bool(version) and tuple(map(int, version.split("."))) >= check_python.FLOOR
                and not self.unfinished.exists())

    def _make(self):
        if not self._is_usable():
            if self.unfinished.exists() or (self.folder / "pyvenv.cfg").exists():
                say("The virtual environment in %s was left unfinished or no longer runs, so it is made anew." % self.folder)
            self._clear()
            self._create()
        self.stamp.unlink(missing_ok=True)
        self._announce()
        self._install(["-r", str(self.requirements)])
        self._settle_opencv()
        draft = self.stamp.with_suffix(".draft")
        draft.write_text(json.dumps(self._wanted(self._version())), encoding="utf-8")
        os.replace(draft, self.stamp)
        say("Everything is installed; the next start reuses it.")

    def _clear(self):
        for entry in self.folder.iterdir():
            if entry.name == self._lock_file.name:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def _create(self):
        say("Making the virtual environment in %s with Python %s ..." % (self.folder, sys.version.split()[0]))
        no_venv = ("This Python (%s) cannot make virtual environments; on Debian and Ubuntu run: sudo apt install "
                   "python%d.%d-venv, elsewhere install Python from https://www.python.org/downloads/, then start this again."
                   % (sys.executable, sys.version_info[0], sys.version_info[1]))
        try:
            import ensurepip  # noqa: F401  (Debian leaves it out of python3 itself)
            import venv  # noqa: F401
        except ImportError as error:
            raise SetupError(no_venv) from error
        self.unfinished.touch()
        made = subprocess.run([sys.executable, "-m", "venv", str(self.folder)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if made.returncode:
            output = made.stdout.decode("utf-8", "replace").strip()
            if "ensurepip" in output:
                raise SetupError(no_venv)
            raise SetupError(pip_failure.explain(output, self.folder) or "The virtual environment could not be made: %s"
                             % (output.splitlines() or ["no reason was given"])[-1])

    def _announce(self):
        """Says before the long wait how long and how large it is; the sizes are those of torch and its libraries."""
        needs_torch = any(pin.startswith("torch==") for pin in self._pins())
        if not needs_torch:
            say("Installing requirements.txt ...")
            return
        # The Linux wheel of torch brings the libraries for graphics cards; a CPU build that is in .venv already is kept.
        download, disk = ("3 GB", 8) if sys.platform.startswith("linux") else ("600 MB", 2)
        say("Installing requirements.txt: the first time this takes some minutes (at most about %s to download and %d GB on "
            "disk, most of it torch)." % (download, disk))
        free = shutil.disk_usage(str(self.root)).free
        if free < disk * 1e9:
            say("Only %.1f GB are free on this disk, which may be too little." % (free / 1e9))

    def _install(self, arguments):
        """Runs pip with its output shown. Raises SetupError with one sentence where it fails.

        The mark `gatehouse-unfinished` stays when pip broke off while it was copying packages, because pip would take
        a half-copied package for an installed one.
        """
        self.unfinished.touch()
        self.pip_log.unlink(missing_ok=True)
        command = [str(self.python), "-m", "pip", "install", "--no-input", "--prefer-binary", "--retries", "3",
                   "--log", str(self.pip_log)] + arguments
        completed = False
        try:
            status = self._watch(command)
            completed = status == 0
        finally:
            output = self._pip_output()
            if completed or not COPYING.search(output):
                self.unfinished.unlink(missing_ok=True)
        if not completed:
            raise SetupError(pip_failure.explain(output, self.folder) or
                             "pip ended with status %d: its reason is in the lines above and in %s." % (status, self.pip_log))

    def _pip_output(self):
        try:
            return self.pip_log.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    @staticmethod
    def _watch(command):
        """Runs a long command, says now and then that it still works, and never leaves it behind. Returns its status."""
        surroundings = dict(os.environ, PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1", PYTHONUNBUFFERED="1")
        began = time.monotonic()
        child = subprocess.Popen(command, env=surroundings, stdin=subprocess.DEVNULL, **signals.ends_with_parent())
        try:
            while True:
                try:
                    return child.wait(HEARTBEAT_SECONDS)
                except subprocess.TimeoutExpired:
                    say("... still installing (%.1f minutes so far)" % ((time.monotonic() - began) / 60))
        finally:
            if child.poll() is None:
                child.terminate()
                try:
                    child.wait(10)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()

    def _settle_opencv(self):
        """Puts the headless OpenCV over the full one where the full one lacks a system library (Linux without libGL).

        Both are installed because rapidocr asks for the headless one; they share their files, so the last one wins.
        """
        pin = OPENCV_PIN.search("\n".join(self._pins()))
        if not pin or not self._import_error("cv2"):
            return
        say("OpenCV does not load on this machine, most likely because it has no libGL, so the OpenCV without windows takes its place.")
        self._install(["--no-deps", "--force-reinstall", "opencv-python-headless==%s" % pin.group(1)])
        error = self._import_error("cv2")
        if error:
            raise SetupError("OpenCV is installed but does not load (%s): on Debian and Ubuntu run: sudo apt install "
                             "libgl1 libglib2.0-0, on Windows install the Microsoft Visual C++ Redistributable, then start "
                             "this again." % error)

    def _import_error(self, module):
        """The last line of what importing a module in .venv prints on failure, or ""."""
        tried = subprocess.run([str(self.python), "-c", "import " + module], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=str(self.folder), check=False)
        if tried.returncode == 0:
            return ""
        return (tried.stdout.decode("utf-8", "replace").strip().splitlines() or ["no reason was given"])[-1]

    @property
    def _lock_file(self):
        return self.folder / "gatehouse.lock"

    @contextlib.contextmanager
    def _lock(self):
        """Keeps a second start (a second double-click during a long installation) waiting until the first is done."""
        with open(str(self._lock_file), "a+b") as handle:
            waiting = False
            while not _try_lock(handle):
                if not waiting:
                    say("Another start is preparing the virtual environment; waiting for it ...")
                    waiting = True
                time.sleep(0.2)
            yield


def _try_lock(handle):
    """Takes the exclusive lock of an open file if it is free; the system frees it when the process ends."""
    try:
        if os.name == "nt":
            import msvcrt
            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
