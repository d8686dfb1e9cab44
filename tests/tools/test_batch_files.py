"""The batch files under Wine's cmd, with stand-ins for the Pythons that a Windows machine may have."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.batch import Program, Wine, missing_tool, windows, wine
from tests.support.helpers import ROOT

pytestmark = pytest.mark.slow

BATCH_FILES = ("start_system.bat", "run_tests.bat", "tools/run_python.bat")


def needs_wine(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that runs batch files under Wine."""
    return pytest.mark.wine(pytest.mark.skipif(bool(missing_tool()), reason=missing_tool())(test))


@pytest.fixture(scope="module")
def machine() -> Iterator[Wine]:
    with wine() as made:
        yield made


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """The batch files in a folder whose name has a space, parentheses and letters beyond ASCII."""
    folder = tmp_path / "Gate (1) é ü"
    (folder / "tools").mkdir(parents=True)
    for name in BATCH_FILES:
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.mark.parametrize("name", BATCH_FILES)
def test_batch_files_are_ascii_with_windows_line_ends(name: str) -> None:
    content = (ROOT / name).read_bytes()
    content.decode("ascii")
    assert content.count(b"\n") == content.count(b"\r\n") > 3


@needs_wine
@pytest.mark.parametrize("script, tool", [("start_system.bat", "start_system.py"), ("run_tests.bat", "run_tests.py")])
def test_arguments_and_status_pass_through(machine: Wine, gate: Path, tmp_path: Path, script: str, tool: str) -> None:
    py = Program(machine, tmp_path, "py", "-3 0 42\n")
    status, output = machine.cmd(rf'.\{script} --no-browser -k "two words"', gate, [py.folder], GATEHOUSE_NO_PAUSE="1")
    assert status == 42, output
    assert py.calls == [["-3", windows(gate / "tools" / tool), "--no-browser", "-k", "two words"]]


@needs_wine
def test_it_works_from_another_folder(machine: Wine, gate: Path, tmp_path: Path) -> None:
    python = Program(machine, tmp_path, "python", "* 0 0\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    status, output = machine.cmd(r'"%GATE%\start_system.bat"', elsewhere, [python.folder], GATE=windows(gate))
    assert (status, output.strip()) == (0, "")
    assert python.calls == [[windows(gate / "tools" / "start_system.py")]]


@needs_wine
@pytest.mark.parametrize(
    "programs, expected",
    [
        pytest.param({"py": "-3 0 0\n", "python": "* 0 0\n"}, ["py", "-3"], id="the launcher first"),
        pytest.param({"py": "", "python": "* 0 0\n"}, ["python"], id="a launcher without any Python"),
        pytest.param({"python": "* 0 0\n"}, ["python"], id="no launcher"),
        pytest.param({"py": "-3 3 0\n-3.12 0 0\n", "python": "* 3 0\n"}, ["py", "-3.12"], id="old defaults"),
        pytest.param(
            {"py": "-3 0 0\n", "python": "* 9009 0\n"}, ["py", "-3"], id="the Store's stand-in besides a launcher"
        ),
        pytest.param(
            {"python": "* 9009 0\n", "python3": "* 0 0\n"}, ["python3"], id="the Store's stand-in before another"
        ),
    ],
)
def test_a_python_that_is_new_enough_is_found(
    machine: Wine, gate: Path, tmp_path: Path, programs: dict[str, str], expected: list[str]
) -> None:
    made = {name: Program(machine, tmp_path, name, behaviour) for name, behaviour in programs.items()}
    status, output = machine.cmd(r".\start_system.bat", gate, [program.folder for program in made.values()])
    assert (status, output.strip()) == (0, "")
    calls = [[name, *call] for name, program in made.items() for call in program.calls]
    assert calls == [[*expected, windows(gate / "tools" / "start_system.py")]]


@needs_wine
@pytest.mark.parametrize(
    "behaviour, taken", [("* 0 7\n", True), ("* 3 7\n", False), ("* 103 7\n", False)], ids=["good", "old", "broken"]
)
def test_the_python_of_a_release_comes_first(
    machine: Wine, gate: Path, tmp_path: Path, behaviour: str, taken: bool
) -> None:
    own = Program(machine, tmp_path, "python", behaviour)
    own.move_to(gate / "python")
    py = Program(machine, tmp_path, "py", "-3 0 8\n")
    status, output = machine.cmd(r".\start_system.bat --no-browser", gate, [py.folder], GATEHOUSE_NO_PAUSE="1")
    assert (status, output.strip()) == (7 if taken else 8, "")
    tool = windows(gate / "tools" / "start_system.py")
    assert own.calls == ([[tool, "--no-browser"]] if taken else [])
    assert py.calls == ([] if taken else [["-3", tool, "--no-browser"]])


@needs_wine
@pytest.mark.parametrize(
    "programs, words",
    [
        pytest.param({}, "needs Python 3.11 or newer and found none: get the Python install manager from", id="none"),
        pytest.param(
            {"python": "* 9009 0\n"},
            "needs Python 3.11 or newer and found none: get the Python install manager from",
            id="the Store's stand-in",
        ),
        pytest.param({"py": "-3 3 0\n"}, "found only Python 3.9.2", id="too old"),
        pytest.param({"py": "", "python": "* 3 0\n"}, "found only Python 3.9.2", id="too old without a launcher"),
    ],
)
def test_no_fitting_python_is_one_sentence(
    machine: Wine, gate: Path, tmp_path: Path, programs: dict[str, str], words: str
) -> None:
    made = [Program(machine, tmp_path, name, behaviour) for name, behaviour in programs.items()]
    status, output = machine.cmd(
        r".\start_system.bat", gate, [program.folder for program in made], GATEHOUSE_NO_PAUSE="1"
    )
    (sentence,) = output.strip().splitlines()
    assert status == 3 and words in sentence
    assert not any(program.calls for program in made)


@needs_wine
@pytest.mark.parametrize(
    "run_status, environ, waits",
    [
        pytest.param(1, {}, True, id="a failure keeps the window open"),
        pytest.param(0, {}, False, id="success does not"),
        pytest.param(1, {"GATEHOUSE_NO_PAUSE": "1"}, False, id="nobody is there"),
        pytest.param(1, {"CI": "true"}, False, id="a build machine"),
    ],
)
def test_the_window_stays_open_after_a_failure(
    machine: Wine, gate: Path, tmp_path: Path, run_status: int, environ: dict[str, str], waits: bool
) -> None:
    python = Program(machine, tmp_path, "python", f"* 0 {run_status}\n")
    status, output = machine.cmd(r".\start_system.bat", gate, [python.folder], **environ)
    assert status == run_status and ("Press any key" in output) == waits
