"""The start and test scripts, run as real processes in a scratch copy of the checkout with stand-in programs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.helpers import wait_for
from tests.support.scripts import Checkout, RealCheckout, Started, is_running
from tests.support.tls import make_certificate

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.name == "nt", reason="The .sh files are for Linux and macOS; test_batch_files.py tries the others."
    ),
]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout whose environment the first start has made, in a folder with an awkward name."""
    checkout = Checkout(tmp_path_factory.mktemp("installed") / "Gate (1) é")
    with Started(checkout) as system:
        system.wait_for_note("agent", "start")
        system.process.send_signal(signal.SIGINT)
        assert system.wait() in (0, 130)
        assert "Making the virtual environment" in system.output and "Successfully installed" in system.output
    return checkout


@pytest.fixture
def checkout(installed: Checkout) -> Iterator[Checkout]:
    """The installed checkout with an instance folder in which nothing has happened yet."""
    journal = installed.instance / "journal.jsonl"
    journal.unlink(missing_ok=True)
    yield installed
    journal.unlink(missing_ok=True)


def test_a_second_start_reuses_everything(checkout: Checkout) -> None:
    pip_log = checkout.venv / "pip.log"
    before = pip_log.stat().st_mtime_ns
    # Without its wheels an installation could only fail.
    with Started(checkout, PIP_FIND_LINKS="") as system:
        (hub,) = system.wait_for_note("hub", "start")
        (agent,) = system.wait_for_note("agent", "start")
        system.wait_for_text("the agent's own words")
        assert "nstalling" not in system.output
    assert pip_log.stat().st_mtime_ns == before
    python = str(checkout.venv / "bin" / "python")
    assert [hub["python"], agent["python"]] == [python, python]
    assert agent["arguments"] == ["--instance", str(checkout.instance), "--hub", hub["url"]]


def test_the_instance_folder_is_given_to_both(checkout: Checkout, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [str(checkout.folder / "start_system.sh"), "--no-browser", "--instance", "elsewhere"],
        cwd=tmp_path,
        env=checkout.environ(STANDIN_HUB="fails"),
        stdout=subprocess.PIPE,
        text=True,
    )
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 4, output
    assert (tmp_path / "elsewhere").is_dir()


@pytest.mark.parametrize(
    "number, whole_group, in_background",
    [
        pytest.param(signal.SIGINT, False, False, id="the launcher alone"),
        pytest.param(signal.SIGINT, True, False, id="Ctrl-C in a terminal"),
        pytest.param(signal.SIGINT, False, True, id="a background job, where SIGINT comes in ignored"),
        pytest.param(signal.SIGTERM, False, False, id="SIGTERM"),
    ],
)
def test_one_signal_ends_the_agent_and_then_the_hub(
    checkout: Checkout, number: int, whole_group: bool, in_background: bool
) -> None:
    with Started(checkout, ignore_sigint=in_background) as system:
        system.wait_for_note("agent", "start")
        system.wait_for_text("the agent's own words")
        if whole_group:
            os.killpg(system.process.pid, number)
        else:
            system.process.send_signal(number)
        assert system.wait(20) in (0, 130), system.output
        assert [note["who"] for note in checkout.journal(event="end")] == ["agent", "hub"]
        assert not any(is_running(note["pid"]) for note in checkout.journal())


def test_a_second_ctrl_c_kills_what_does_not_end(checkout: Checkout) -> None:
    with Started(checkout, STANDIN_AGENT="stubborn") as system:
        system.wait_for_note("agent", "start")
        system.process.send_signal(signal.SIGINT)
        system.wait_for_text("Stopping the agent and the hub")
        system.process.send_signal(signal.SIGINT)
        assert system.wait(6) == 130  # without the second one the agent would have been given 8 s
        assert "what did not end by itself was killed" in system.output
        left = [note["pid"] for note in checkout.journal()] + [
            note["child"] for note in checkout.journal("agent", "child")
        ]
        assert len(left) > 3 and not any(map(is_running, left))


def test_a_killed_agent_is_started_again(checkout: Checkout) -> None:
    with Started(checkout) as system:
        (first,) = system.wait_for_note("agent", "start")
        os.kill(first["pid"], signal.SIGKILL)
        again = system.wait_for_note("agent", "start", 2)[1]
        assert again["arguments"] == first["arguments"] and again["pid"] != first["pid"]
        assert "The agent ended unexpectedly (signal 9); it is started again in 1 s." in system.output
        assert len(checkout.journal("hub", "start")) == 1


def test_a_killed_hub_is_started_again_and_the_agent_follows_it(checkout: Checkout) -> None:
    with Started(checkout) as system:
        system.wait_for_note("agent", "start")
        os.kill(checkout.journal("hub", "start")[0]["pid"], signal.SIGKILL)
        agent = system.wait_for_note("agent", "start", 2)[1]
        assert agent["arguments"][-1] == checkout.journal("hub", "start")[1]["url"]
        assert "The hub ended unexpectedly (signal 9)" in system.output


def test_a_hub_that_ends_at_once_ends_everything(checkout: Checkout) -> None:
    with Started(checkout, STANDIN_HUB="fails") as system:
        assert system.wait() == 4
        assert "Port 5000 is taken" in system.output
        assert "The hub ended before it answered (status 4)" in system.output
    assert not checkout.journal("agent")


def test_a_ready_file_of_another_hub_is_not_believed(checkout: Checkout) -> None:
    with Started(checkout) as system:
        (old,) = system.wait_for_note("hub", "start")
        system.wait_for_note("agent", "start")
        (checkout.instance / "journal.jsonl").unlink()
        # The first hub still answers and its file is still there when the second one comes up.
        with Started(checkout) as second:
            (agent,) = second.wait_for_note("agent", "start")
            assert agent["arguments"][-1] == checkout.journal("hub", "start")[0]["url"] != old["url"]


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="Only Linux can end a child when its parent is killed."
)
def test_nothing_outlives_a_killed_launcher(checkout: Checkout) -> None:
    with Started(checkout) as system:
        system.wait_for_note("agent", "start")
        system.process.kill()
        system.wait()
        wait_for(
            lambda: not any(is_running(note["pid"]) for note in checkout.journal()), what="the end of hub and agent"
        )


def test_the_tests_get_their_arguments_and_their_status_comes_back(checkout: Checkout, tmp_path: Path) -> None:
    package = tmp_path / "pytest"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(
        "import json, os, sys\nprint(json.dumps([sys.argv[1:], os.getcwd()]))\nsys.exit(7)\n"
    )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    own = ["-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"] if cores > 1 else []
    for arguments, more in (
        (["-k", "two words"], own),
        (["-n", "4"], []),
        (["--pdb", "-k", "x"], []),
        (["tools/run_tests.py::test", "-q"], []),
        (["./tools"], []),
    ):
        done = checkout.run("./run_tests.sh", *arguments, PYTHONPATH=str(tmp_path))
        assert done.returncode == 7, done.stdout
        assert json.loads(done.stdout.splitlines()[-1]) == [[*more, *arguments], str(checkout.folder)]


@pytest.fixture
def real(tmp_path: Path) -> RealCheckout:
    checkout = RealCheckout(tmp_path)
    if not checkout.is_ready():
        pytest.skip(
            "The environment in .venv is not the one that ./run_tests.sh makes, and this test installs nothing."
        )
    return checkout


def test_one_command_shows_the_whole_gate(real: RealCheckout) -> None:
    with Started(real) as system:
        system.wait_for_text("Gatehouse is running")
        capture = wait_for(lambda: newest_success(real.url), 90, f"a capture; the output was:\n{system.output}")
        vehicles = [json.loads(line) for line in (real.instance / "simulated_vehicles.jsonl").read_text().splitlines()]
        assert capture["number"] in [vehicle["number"] for vehicle in vehicles if vehicle["tag"] == capture["tag"]]
        for kind in ("primary", "secondary", "label"):
            picture = requests.get(capture[f"{kind}_image_url"], timeout=10)
            assert picture.status_code == 200 and picture.content.startswith(b"\xff\xd8"), kind
        assert len(real.processes()) >= 3
        system.process.send_signal(signal.SIGINT)
        assert system.wait(20) in (0, 130), system.output
        assert real.processes() == []
        assert "nstalling" not in system.output and "Everything has ended." in system.output


def newest_success(url: str, verify: str | bool = True) -> dict[str, object] | None:
    with requests.Session() as session:
        session.trust_env, session.verify = False, verify
        captures = session.get(f"{url}/api/captures", params={"success": "true"}, timeout=10).json()["captures"]
    return captures[0] if captures else None


def test_a_hub_with_a_certificate_of_the_site_gets_the_captures(real: RealCheckout) -> None:
    make_certificate(real.instance / "tls")
    (real.instance / "hub.toml").write_text('tls_cert = "tls/server.pem"\ntls_key = "tls/server-key.pem"\n', "utf-8")
    url = real.url.replace("http:", "https:")
    with Started(real) as system:
        system.wait_for_text(f"Gatehouse is running: open {url}/ in a browser")
        authority = str(real.instance / "tls" / "authority.pem")
        wait_for(lambda: newest_success(url, authority), 90, f"a capture; the output was:\n{system.output}")


def test_a_certificate_of_another_authority_is_no_reason_to_wait_for_the_hub(
    real: RealCheckout, tmp_path: Path
) -> None:
    make_certificate(tmp_path / "company", ["localhost"])
    make_certificate(real.instance / "tls")  # an authority from before, which has not signed what is served
    lines = [f'tls_{kind} = "{tmp_path}/company/server{end}.pem"' for kind, end in (("cert", ""), ("key", "-key"))]
    (real.instance / "hub.toml").write_text("\n".join(lines), "utf-8")
    with Started(real, GATEHOUSE_CA=str(tmp_path / "company" / "authority.pem")) as system:
        system.wait_for_text("Gatehouse is running: open https://localhost:")
        system.wait_for_text("delivered over socketio")


def test_a_taken_port_is_a_sentence_and_nothing_starts(real: RealCheckout) -> None:
    with socket.create_server(("127.0.0.1", int(real.ports["HUB_PORT"]))), Started(real) as system:
        assert system.wait() not in (0, 130)
        assert real.ports["HUB_PORT"] in system.output and "The hub ended before it answered" in system.output
        assert real.processes() == []
