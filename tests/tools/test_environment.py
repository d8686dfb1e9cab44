"""The virtual environment that the scripts create: real pip and real venv, with wheels that the tests write."""

from __future__ import annotations

import ast
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
from pathlib import Path

import psutil
import pytest

from tests.support.helpers import ROOT, wait_for
from tests.support.scripts import Checkout, Started, is_running, make_wheel, write_script

pytestmark = pytest.mark.skipif(
    os.name == "nt", reason="These tests steer the .sh files; test_batch_files.py tries the others."
)

UNREACHABLE = {"PIP_NO_INDEX": "0", "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_FIND_LINKS": ""}


@pytest.fixture(scope="module")
def empty_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with pip and nothing else, to copy."""
    folder = tmp_path_factory.mktemp("empty") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return folder


def fresh(tmp_path: Path, requirements: str = "gatehouse-probe==1.0\n") -> Checkout:
    """A checkout whose hub exits at once, so that a start returns when the environment is ready."""
    return Checkout(tmp_path / "gate", requirements)


def start(checkout: Checkout, **environ: str) -> str:
    """Return all output of a start, which must have reached the hub."""
    done = checkout.run("./start_system.sh", "--no-browser", STANDIN_HUB="fails", **environ)
    assert done.returncode == 4, done.stdout
    return done.stdout


def has_probe(checkout: Checkout) -> bool:
    return (
        subprocess.run(
            [checkout.venv / "bin" / "python", "-c", "import gatehouse_probe"], check=False, stderr=subprocess.DEVNULL
        ).returncode
        == 0
    )


@pytest.mark.slow
def test_without_network_one_sentence_says_so_and_the_next_start_goes_on(tmp_path: Path) -> None:
    checkout = fresh(tmp_path)
    done = checkout.run("./start_system.sh", "--no-browser", **UNREACHABLE)
    assert done.returncode == 1
    sentence = done.stdout.splitlines()[-1]
    assert "network" in sentence and "connect this computer to the internet" in sentence
    assert not checkout.instance.exists()
    output = start(checkout)
    assert "Making" not in output and "Successfully installed" in output and has_probe(checkout)


def bring_wheels(checkout: Checkout, version: str = "{}.{}".format(*sys.version_info)) -> Path:
    """Give a checkout the wheels of a release, in which a requirement of requirements.txt was left out; the wheel."""
    folder = checkout.folder / "wheels"
    folder.mkdir()
    make_wheel(folder, "gatehouse-probe", "1.0", {"gatehouse_probe.py": "value = 1\n"})
    (wheel,) = folder.glob("*.whl")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (folder / "requirements.txt").write_text(f"gatehouse-probe==1.0 --hash=sha256:{digest}\n")
    (folder / "wheels.json").write_text(json.dumps({"python": version, "platform": sysconfig.get_platform()}))
    (checkout.folder / "requirements.txt").write_text("gatehouse-probe==1.0\ngatehouse-absent==9.9\n")
    return wheel


@pytest.mark.slow
def test_the_wheels_of_a_release_need_no_network(tmp_path: Path, empty_venv: Path) -> None:
    checkout = fresh(tmp_path)
    checkout.use_venv(empty_venv)
    bring_wheels(checkout)
    output = start(checkout, **UNREACHABLE)
    assert "from the wheels that came along; no network is needed" in output and has_probe(checkout)
    assert "nstalling" not in start(checkout, **UNREACHABLE)


@pytest.mark.slow
def test_a_changed_wheel_of_a_release_is_not_installed(tmp_path: Path, empty_venv: Path) -> None:
    checkout = fresh(tmp_path)
    checkout.use_venv(empty_venv)
    with bring_wheels(checkout).open("ab") as wheel:
        wheel.write(b"more")
    done = checkout.run("./start_system.sh", "--no-browser")
    assert done.returncode == 1 and not has_probe(checkout)
    assert "unpack the ZIP of Gatehouse again" in done.stdout.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize("content", ["", "[]", '{"python": "3.1", "platform": "win-amd64"}'])
def test_wheels_for_another_python_are_not_used(tmp_path: Path, empty_venv: Path, content: str) -> None:
    checkout = fresh(tmp_path)
    checkout.use_venv(empty_venv)
    bring_wheels(checkout)
    (checkout.folder / "wheels" / "wheels.json").write_text(content)
    done = checkout.run("./start_system.sh", "--no-browser")
    assert done.returncode == 1 and "There is no gatehouse-absent==9.9" in done.stdout.splitlines()[-1]


@pytest.mark.slow
def test_changed_requirements_are_installed_and_changed_comments_are_not(tmp_path: Path, empty_venv: Path) -> None:
    checkout = fresh(tmp_path)
    checkout.use_venv(empty_venv)
    assert "Successfully installed" in start(checkout)
    requirements = checkout.folder / "requirements.txt"
    requirements.write_bytes(b"# why\r\ngatehouse-probe==1.0\r\n\r\n")
    assert "nstalling" not in start(checkout)
    make_wheel(checkout.wheels, "gatehouse-more", "2.0", {"gatehouse_more.py": ""})
    requirements.write_text("gatehouse-probe==1.0\ngatehouse-more==2.0\n")
    assert "Successfully installed gatehouse-more-2.0" in start(checkout)


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["no pip", "no Python"])
def test_a_half_made_environment_is_made_anew(tmp_path: Path, empty_venv: Path, damage: str) -> None:
    checkout = fresh(tmp_path)
    checkout.use_venv(empty_venv)
    python = checkout.venv / "bin" / "python"
    if damage == "no pip":
        for package in checkout.venv.glob("lib/python*/site-packages/pip*"):
            shutil.rmtree(package)
    else:
        python.unlink()
        python.symlink_to(tmp_path / "a Python that was removed")
    output = start(checkout)
    assert "is made anew" in output and has_probe(checkout)
    assert "nstalling" not in start(checkout, PIP_FIND_LINKS="")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_installation_leaves_no_pip_and_is_finished_later(
    tmp_path: Path, empty_venv: Path, number: int
) -> None:
    checkout = fresh(tmp_path)
    checkout.use_venv(empty_venv)
    with socket.create_server(("127.0.0.1", 0)) as silent_index:
        silent_index.settimeout(60)
        index = f"http://127.0.0.1:{silent_index.getsockname()[1]}/"
        with Started(checkout, PIP_NO_INDEX="0", PIP_FIND_LINKS="", PIP_INDEX_URL=index) as system:
            connection, _ = silent_index.accept()
            with connection:
                pip = [child.pid for child in psutil.Process(system.process.pid).children()]
                system.process.send_signal(number)
                assert system.wait() == (130 if number == signal.SIGINT else -signal.SIGKILL), system.output
                wait_for(lambda: not any(map(is_running, pip)), what="the end of pip")
                assert pip
    output = start(checkout)
    assert ("is made anew" in output) == (number == signal.SIGKILL)
    assert has_probe(checkout)


@pytest.mark.slow
def test_a_second_start_waits_for_the_installation_of_the_first(tmp_path: Path, empty_venv: Path) -> None:
    checkout = fresh(tmp_path)
    checkout.use_venv(empty_venv)
    with (checkout.venv / "gatehouse.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with Started(checkout) as system:
            system.wait_for_text("Another start is preparing the virtual environment")
            assert not has_probe(checkout)
            fcntl.flock(lock, fcntl.LOCK_UN)
            system.wait_for_note("agent", "start")
    assert has_probe(checkout)


@pytest.mark.slow
def test_opencv_without_libgl_is_replaced_by_the_headless_one(tmp_path: Path, empty_venv: Path) -> None:
    checkout = fresh(tmp_path, "opencv-python==4.1.0\n")
    broken = "raise ImportError('libGL.so.1: cannot open shared object file')\n"
    make_wheel(checkout.wheels, "opencv-python", "4.1.0", {"cv2/__init__.py": broken})
    make_wheel(checkout.wheels, "opencv-python-headless", "4.1.0", {"cv2/__init__.py": "headless = True\n"})
    checkout.use_venv(empty_venv)
    output = start(checkout)
    assert "the OpenCV without windows takes its place" in output
    python = checkout.venv / "bin" / "python"
    assert subprocess.run([python, "-c", "import cv2; assert cv2.headless"], check=False).returncode == 0


@pytest.mark.slow
def test_opencv_that_does_not_load_at_all_is_a_sentence(tmp_path: Path, empty_venv: Path) -> None:
    checkout = fresh(tmp_path, "opencv-python==4.1.0\n")
    for name in ("opencv-python", "opencv-python-headless"):
        make_wheel(checkout.wheels, name, "4.1.0", {"cv2/__init__.py": "raise ImportError('broken for good')\n"})
    checkout.use_venv(empty_venv)
    done = checkout.run("./start_system.sh", "--no-browser")
    assert done.returncode == 1
    assert (
        "broken for good" in done.stdout.splitlines()[-1] and "sudo apt install libgl1" in done.stdout.splitlines()[-1]
    )


def test_a_python_that_cannot_make_environments_names_the_package(tmp_path: Path) -> None:
    checkout = fresh(tmp_path)
    without = tmp_path / "without"
    without.mkdir()
    (without / "ensurepip.py").write_text("raise ImportError('left out, as Debian does')\n")
    done = checkout.run("./start_system.sh", PYTHONPATH=str(without))
    assert done.returncode == 1
    assert f"sudo apt install python3.{sys.version_info[1]}-venv" in done.stdout.splitlines()[-1]


def test_something_else_in_the_place_of_the_environment_is_a_sentence(tmp_path: Path) -> None:
    checkout = fresh(tmp_path)
    checkout.venv.write_text("a file")
    done = checkout.run("./start_system.sh")
    (sentence,) = done.stdout.splitlines()
    assert done.returncode == 1 and "move it away" in sentence


@pytest.mark.parametrize("script", ["start_system.sh", "run_tests.sh"])
def test_an_old_python_is_one_sentence(tmp_path: Path, script: str) -> None:
    checkout = fresh(tmp_path)
    pretend = (
        "import runpy, sys; sys.version_info = (3, 9, 2, 'final', 0); sys.argv = sys.argv[1:]; "
        "runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    write_script(checkout.path / "python3", f'exec "{sys.executable}" -c "{pretend}" "$@"')
    (checkout.path / "dirname").symlink_to(shutil.which("dirname"))
    done = checkout.run(f"./{script}", PATH=str(checkout.path))
    assert done.returncode == 3
    (sentence,) = done.stdout.splitlines()
    assert "needs Python 3.11 or newer but found only Python 3.9.2" in sentence and "install" in sentence


@pytest.mark.parametrize("script", ["start_system.sh", "run_tests.sh"])
def test_no_python_is_one_sentence(tmp_path: Path, script: str) -> None:
    checkout = fresh(tmp_path)
    (checkout.path / "python3").unlink()
    (checkout.path / "dirname").symlink_to(shutil.which("dirname"))
    done = checkout.run(f"./{script}", PATH=str(checkout.path))
    assert done.returncode == 3
    (sentence,) = done.stdout.splitlines()
    assert "needs Python 3.11 or newer and found none: install it" in sentence


@pytest.mark.slow
def test_a_newer_python_under_another_name_is_found(tmp_path: Path, empty_venv: Path) -> None:
    checkout = fresh(tmp_path)
    checkout.use_venv(empty_venv)
    shutil.move(checkout.path / "python3", checkout.path / "python3.12")
    write_script(checkout.path / "python3", "exit 3")
    start(checkout)
    assert has_probe(checkout)


def test_old_pythons_can_read_the_tools_far_enough_to_say_so() -> None:
    tools = sorted((ROOT / "tools").glob("*.py"))
    assert tools
    for tool in tools:
        ast.parse(tool.read_text(encoding="utf-8"), feature_version=(3, 6))
    for name in ("start_system.py", "run_tests.py", "environment.py"):
        imports = re.findall(
            r"^(?:import|from) (\w+)", (ROOT / "tools" / name).read_text(encoding="utf-8"), re.MULTILINE
        )
        assert imports[0] in ("environment", "check_python")


def test_requirements_are_pinned_and_hold_one_opencv_version() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line.strip() and not line.startswith("#"))
    assert pins["opencv-python"] == pins["opencv-python-headless"] and pins["opencv-python"].startswith("4.")
    owners = {
        "flask",
        "flask-socketio",
        "gevent",
        "gevent-websocket",
        "flask-sqlalchemy",
        "opencv-python",
        "transformers",
        "torch",
        "requests",
        "pytest",
    }
    assert owners <= set(pins) and pins["torch"] == "2.13.0"


@pytest.mark.parametrize(
    "output, words",
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("OSError: [WinError 112] There is not enough space on the disk", "disk is full"),
        ("ERROR: Could not install packages due to an OSError: [WinError 5] Access is denied: 'cv2.pyd'", "are in use"),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/x'",
            "cannot be written",
        ),
        (
            "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed",
            "certificate",
        ),
        (
            "Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')': /simple/flask/",
            "internet",
        ),
        ("Failed to establish a new connection: [Errno 11001] getaddrinfo failed')': /simple/flask/", "internet"),
        ("ERROR: No matching distribution found for torch==2.13.0", "There is no torch==2.13.0 for Python"),
        (
            "HINT: This error might have occurred since this system does not have Windows Long Path support enabled.",
            "too long",
        ),
        ("ERROR: something that nobody has seen yet", ""),
    ],
)
def test_what_pip_says_becomes_one_sentence(output: str, words: str) -> None:
    code = "import sys, pathlib, pip_failure; print(pip_failure.explain(sys.argv[1], pathlib.Path('/gate')), end='')"
    sentence = subprocess.run(
        [sys.executable, "-c", code, output], cwd=ROOT / "tools", text=True, check=True, stdout=subprocess.PIPE
    ).stdout
    assert words in sentence and bool(words) == bool(sentence) and "\n" not in sentence
