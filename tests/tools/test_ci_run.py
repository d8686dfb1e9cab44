"""`.ci/run` on a machine that lacks packages, and with checks that fail."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.scripts import Checkout, write_script

pytestmark = pytest.mark.skipif(os.name == "nt", reason="CI runs on Linux.")


def ci_run(checkout: Checkout, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`.ci/run` in the checkout, until it ends."""
    return subprocess.run(
        ["bash", ".ci/run", *arguments],
        cwd=checkout.folder,
        env=checkout.environ(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )


def everything_is_there(checkout: Checkout) -> None:
    """Programs of these names, each of which succeeds at once."""
    programs = "wine x86_64-w64-mingw32-gcc gcc chromium ip dpkg ldconfig npm apt-get sudo sleep"
    for name in programs.split():
        write_script(checkout.path / name, "exit 0")


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
    done = ci_run(checkout, "-q")
    assert done.returncode == 5 and "tests ran with -q" in done.stdout
    assert "axe-core could not be installed" in done.stdout
    told = re.findall(r"will be skipped: (.*)", done.stdout)
    assert told == ([skipped] if skipped else [])
    assert len(re.findall(r"update$", noted.read_text(), re.MULTILINE)) == updates


def test_ci_ends_with_the_checks_of_the_code_that_fail(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "gate", "gatehouse-probe==1.0\n")
    write_script(checkout.folder / "run_tests.sh", 'echo "tests ran with $*"')
    write_script(checkout.folder / ".ci" / "checks", "echo the checks; exit 3")
    everything_is_there(checkout)
    ran = {}
    for arguments in ("-q", "--no-checks -q"):
        done = ci_run(checkout, *arguments.split())
        ran[arguments] = (done.returncode, "the checks" in done.stdout, "tests ran with -q" in done.stdout)
    assert ran == {"-q": (1, True, False), "--no-checks -q": (0, False, True)}


@pytest.mark.parametrize(
    "failed, first, second, ends, times",
    [
        pytest.param(1, 1, 0, 0, 2, id="passes alone"),
        pytest.param(2, 1, 1, 1, 2, id="fails again"),
        pytest.param(13, 1, 0, 1, 1, id="too many to be a coincidence"),
        pytest.param(0, 1, 0, 1, 1, id="failed without a test that failed"),
        pytest.param(1, 2, 0, 2, 1, id="interrupted"),
        pytest.param(0, 0, 1, 0, 1, id="all passed"),
    ],
)
def test_ci_runs_the_few_that_failed_once_more_and_alone(
    tmp_path: Path, failed: int, first: int, second: int, ends: int, times: int
) -> None:
    checkout = Checkout(tmp_path / "gate", "gatehouse-probe==1.0\n")
    everything_is_there(checkout)
    cache = checkout.folder / ".pytest_cache" / "v" / "cache"
    cache.mkdir(parents=True)
    names = {f"tests/hub/test_gate.py::test_{number}": True for number in range(failed)}
    # As pytest writes it; without a failure it leaves an empty one.
    (cache / "lastfailed").write_text(json.dumps(names, indent=2, ensure_ascii=False), "utf-8")
    write_script(
        checkout.folder / "run_tests.sh",
        f'echo "ran with $*"; case "$*" in *test_gate.py*) exit {second} ;; esac; exit {first}',
    )
    done = ci_run(checkout, "--no-checks", "-q")
    ran = [line for line in done.stdout.splitlines() if line.startswith("ran with")]
    assert done.returncode == ends and ran == ["ran with -q", "ran with -q -n 0 tests/hub/test_gate.py"][:times]
    assert all((name in done.stdout) == (times == 2) for name in names)
