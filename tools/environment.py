"""The virtual environment in .venv: created, completed after an interruption, or used as it is.

Imports the standard library only, since it runs before anything is installed. The syntax stays that of Python 3.6, so
that the first import can report a Python that is too old in one sentence.
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
import release_wheels
import signals

ROOT = Path(__file__).resolve().parent.parent
HEARTBEAT_SECONDS = 30
OPENCV_PIN = re.compile(r"^opencv-python==([\w.]+)", re.MULTILINE)
COPYING = re.compile(r"^\S+ Installing collected packages", re.MULTILINE)
PROBE = "import sys, pip; print('%d.%d' % sys.version_info[:2])"


class SetupError(Exception):
    """The environment cannot be created; the message says why and what to do."""


def say(sentence):
    """Print one sentence and flush it; characters that the console cannot encode are escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(sentence.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except OSError:
        pass  # the terminal is gone; the caller must go on all the same, for instance to stop everything


class Environment:
    """The .venv of one folder: `ensure()` returns the path of its Python once every requirement is installed."""

    def __init__(self, root=ROOT):
        self.root = Path(root)
        self.folder = self.root / ".venv"
        self.requirements = self.root / "requirements.txt"
        self.wheels = release_wheels.ReleaseWheels(self.root / "wheels")
        self.python = self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        self.stamp = self.folder / "gatehouse.json"
        self.unfinished = self.folder / "gatehouse-unfinished"
        self.pip_log = self.folder / "pip.log"

    def ensure(self):
        """Return the path of .venv's Python, after creating or completing .venv if needed. Raises SetupError."""
        try:
            if not self.is_ready():
                self.folder.mkdir(exist_ok=True)
                with self._lock():
                    if not self.is_ready():
                        self._build()
        except OSError as error:
            raise SetupError(pip_failure.explain_os_error(error, self.folder)) from error
        return self.python

    def is_ready(self):
        """Return whether .venv holds exactly what requirements.txt lists and its Python still runs."""
        try:
            stamp = json.loads(self.stamp.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return not self.unfinished.exists() and stamp == self._wanted(self._version())

    def _wanted(self, version):
        """Return the stamp of the requirements (without comments, line endings) and a Python version such as "3.11"."""
        return {"requirements": hashlib.sha256("\n".join(self._pins()).encode()).hexdigest(), "python": version}

    def _pins(self):
        listed = self.wheels.list if self.wheels.fit() else self.requirements
        lines = listed.read_text(encoding="utf-8").splitlines()
        return [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]

    def _version(self):
        """Return the version ("3.11") of .venv's Python, or "" if it or its pip does not run."""
        try:
            probe = subprocess.run(
                [str(self.python), "-c", PROBE],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL,
                timeout=60,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return probe.stdout.decode().strip() if probe.returncode == 0 else ""

    def _is_usable(self):
        """Return whether pip can continue in this .venv: it runs, is new enough and no installation was interrupted."""
        version = self._version()
        return (
            bool(version) and tuple(map(int, version.split("."))) >= check_python.FLOOR and not self.unfinished.exists()
        )

    def _build(self):
        if not self._is_usable():
            if self.unfinished.exists() or (self.folder / "pyvenv.cfg").exists():
                say(
                    "The virtual environment in %s was left unfinished or no longer runs, so it is made anew."
                    % self.folder
                )
            self._clear()
            self._create()
        self.stamp.unlink(missing_ok=True)
        self._announce()
        self._install(self.wheels.requirements() if self.wheels.fit() else ["-r", str(self.requirements)])
        self._replace_opencv_without_libgl()
        partial = self.stamp.with_suffix(".partial")
        partial.write_text(json.dumps(self._wanted(self._version())), encoding="utf-8")
        os.replace(partial, self.stamp)
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
        no_venv = (
            "This Python (%s) cannot make virtual environments; on Debian and Ubuntu run: sudo apt install "
            "python%d.%d-venv, elsewhere install Python from https://www.python.org/downloads/, then start this again."
            % (sys.executable, sys.version_info[0], sys.version_info[1])
        )
        try:
            import ensurepip  # noqa: F401  (Debian leaves it out of python3 itself)
            import venv  # noqa: F401
        except ImportError as error:
            raise SetupError(no_venv) from error
        self.unfinished.touch()
        made = subprocess.run(
            [sys.executable, "-m", "venv", str(self.folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if made.returncode:
            output = made.stdout.decode("utf-8", "replace").strip()
            if "ensurepip" in output:
                raise SetupError(no_venv)
            raise SetupError(
                pip_failure.explain(output, self.folder)
                or "The virtual environment could not be made: %s"
                % (output.splitlines() or ["no reason was given"])[-1]
            )

    def _announce(self):
        """Print how long the installation takes and how large it is; the sizes are those of torch and its libraries."""
        if self.wheels.fit():
            say("Installing from the wheels that came along; no network is needed ...")
            return
        needs_torch = any(pin.startswith("torch==") for pin in self._pins())
        if not needs_torch:
            say("Installing requirements.txt ...")
            return
        # The Linux wheel of torch brings the CUDA libraries; a CPU build that is already in .venv is kept.
        download, disk = ("3 GB", 8) if sys.platform.startswith("linux") else ("600 MB", 2)
        say(
            "Installing requirements.txt: the first time this takes some minutes (at most about %s to download and "
            "%d GB on disk, most of it torch)." % (download, disk)
        )
        free = shutil.disk_usage(str(self.root)).free
        if free < disk * 1e9:
            say("Only %.1f GB are free on this disk, which may be too little." % (free / 1e9))

    def _install(self, arguments):
        """Run pip and show its output. Raises SetupError with one sentence if it fails.

        The marker `gatehouse-unfinished` stays if pip was interrupted while it copied packages, because pip would take
        a partly copied package for an installed one.
        """
        self.unfinished.touch()
        self.pip_log.unlink(missing_ok=True)
        command = [
            str(self.python),
            "-m",
            "pip",
            "install",
            "--no-input",
            "--prefer-binary",
            "--retries",
            "3",
            "--log",
            str(self.pip_log),
        ] + arguments
        completed = False
        try:
            status = self._run_with_heartbeat(command)
            completed = status == 0
        finally:
            output = self._pip_output()
            if completed or not COPYING.search(output):
                self.unfinished.unlink(missing_ok=True)
        if not completed:
            raise SetupError(
                pip_failure.explain(output, self.folder)
                or "pip ended with status %d: its reason is in the lines above and in %s." % (status, self.pip_log)
            )

    def _pip_output(self):
        try:
            return self.pip_log.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    @staticmethod
    def _run_with_heartbeat(command):
        """Run a long command, print a heartbeat, and never leave it running. Returns its exit status."""
        environ = dict(os.environ, PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1", PYTHONUNBUFFERED="1")
        started = time.monotonic()
        child = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, **signals.stops_with_parent())
        try:
            while True:
                try:
                    return child.wait(HEARTBEAT_SECONDS)
                except subprocess.TimeoutExpired:
                    say("... still installing (%.1f minutes so far)" % ((time.monotonic() - started) / 60))
        finally:
            if child.poll() is None:
                child.terminate()
                try:
                    child.wait(10)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()

    def _replace_opencv_without_libgl(self):
        """Install the headless OpenCV over the full one if the full one lacks a system library (Linux without libGL).

        Both are installed because rapidocr requires the headless one; they share their files, so the last one wins.
        """
        pin = OPENCV_PIN.search("\n".join(self._pins()))
        if not pin or not self._import_error("cv2"):
            return
        say(
            "OpenCV does not load on this machine, most likely because it has no libGL, so the OpenCV without windows "
            "takes its place."
        )
        headless = "opencv-python-headless==%s" % pin.group(1)
        source = self.wheels.source() if self.wheels.fit() else []
        self._install(source + ["--no-deps", "--force-reinstall", headless])
        error = self._import_error("cv2")
        if error:
            raise SetupError(
                "OpenCV is installed but does not load (%s): on Debian and Ubuntu run: sudo apt install "
                "libgl1 libglib2.0-0, on Windows install the Microsoft Visual C++ Redistributable, then start "
                "this again." % error
            )

    def _import_error(self, module):
        """Return the last line that a failed import of a module in .venv prints, or "" if it succeeds."""
        result = subprocess.run(
            [str(self.python), "-c", "import " + module],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=str(self.folder),
            check=False,
        )
        if result.returncode == 0:
            return ""
        return (result.stdout.decode("utf-8", "replace").strip().splitlines() or ["no reason was given"])[-1]

    @property
    def _lock_file(self):
        return self.folder / "gatehouse.lock"

    @contextlib.contextmanager
    def _lock(self):
        """Hold the lock that makes a second start wait until the first has finished the installation."""
        with open(str(self._lock_file), "a+b") as handle:
            waiting = False
            while not _try_lock(handle):
                if not waiting:
                    say("Another start is preparing the virtual environment; waiting for it ...")
                    waiting = True
                time.sleep(0.2)
            yield


def _try_lock(handle):
    """Take the exclusive lock of an open file if it is free; the system releases it when the process ends."""
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
