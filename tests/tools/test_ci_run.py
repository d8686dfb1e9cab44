"""`.ci/run` on a machine that lacks packages, and with checks that fail."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.scripts import Checkout, write_script

pytestmark = pytest.mark.skipif(os.name == "nt", reason="CI runs on Linux.")


@pytest.mark.parametrize(
    "apt, skipped, updates",
    [
        pytest.param("exit 100", "libgl1 libglib2.0-0", 2, id="no right to install"),
        pytest.param(
            'case "$*" in *libglib2*) exit 100 ;; esac',
            "libglib2.0-0",
            2,
            id="a package that this release does not know",
        ),
        pytest.param("exit 0", "", 1, id="everything is installed"),
    ],
)
def test_ci_goes_on_without_what_cannot_be_installed(tmp_path: Path, apt: str, skipped: str, updates: int) -> None:
    checkout = Checkout(tmp_path / "gate", "gatehouse-probe==1.0\n")
    write_script(checkout.folder / "run_tests.sh", 'echo "tests ran with $*"; exit 5')
    write_script(checkout.folder / ".ci" / "checks", "exit 0")
    noted = tmp_path / "apt"
    for name in ("wine", "x86_64-w64-mingw32-gcc", "gcc", "chromium", "ip", "dpkg", "ldconfig"):
        write_script(checkout.path / name, "exit 0")  # everything is there but the two libraries
    for name, body in {
        "apt-get": f'echo "$@" >>"{noted}"; {apt}',
        "npm": "exit 1",
        "sudo": 'shift; exec "$@"',
        "sleep": "exit 0",
    }.items():
        write_script(checkout.path / name, body)
    done = subprocess.run(
        ["bash", ".ci/run", "-q"],
        cwd=checkout.folder,
        env=checkout.environ(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 5 and "tests ran with -q" in done.stdout
    assert "axe-core could not be installed" in done.stdout
    told = re.findall(r"will be skipped: (.*)", done.stdout)
    assert told == ([skipped] if skipped else [])
    assert len(re.findall(r"update$", noted.read_text(), re.MULTILINE)) == updates


def test_ci_ends_with_the_checks_of_the_code_that_fail(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "gate", "gatehouse-probe==1.0\n")
    write_script(checkout.folder / "run_tests.sh", 'echo "tests ran with $*"')
    write_script(checkout.folder / ".ci" / "checks", "echo the checks; exit 3")
    for name in (
        "wine",
        "x86_64-w64-mingw32-gcc",
        "gcc",
        "chromium",
        "ip",
        "dpkg",
        "ldconfig",
        "npm",
        "apt-get",
        "sudo",
        "sleep",
    ):
        write_script(checkout.path / name, "exit 0")
    ran = {}
    for arguments in ("-q", "--no-checks -q"):
        done = subprocess.run(
            ["bash", ".ci/run", *arguments.split()],
            cwd=checkout.folder,
            env=checkout.environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
        ran[arguments] = (done.returncode, "the checks" in done.stdout, "tests ran with -q" in done.stdout)
    assert ran == {"-q": (1, True, False), "--no-checks -q": (0, False, True)}
