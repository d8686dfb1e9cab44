"""The shipped units of systemd say what `install-service` says, and systemd takes them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.support.front import CONFIGURATION, MISSING, PORTS, nginx, rendered
from tests.support.helpers import ROOT, free_ports, wait_for
from tools.boot.program import Program
from tools.boot.systemd import Place, unit

UNITS = sorted((ROOT / "deploy").glob("*.service"))
OWN = ("ExecStart=", "WorkingDirectory=", "User=")
"""What says where the files are and who runs them."""


def service(text: str) -> list[str]:
    """The lines of a unit's section [Service], without comments."""
    section = text.split("[Service]")[1].split("\n[")[0]
    return [line for line in section.splitlines() if line and not line.startswith("#")]


def test_the_hubs_unit_has_the_lines_of_install_service() -> None:
    program = Program("hub", "app.py", Path("/var/lib/gatehouse/a"), "gatehouse-hub", (), tells_when_ready=True)
    written = service(unit(program, Place(Path("/etc/systemd/system"), "gatehouse")))
    shipped = service((ROOT / "deploy" / "gatehouse-hub@.service").read_text("utf-8"))
    assert [line for line in shipped if not line.startswith(OWN)] == [
        line for line in written if not line.startswith(OWN)
    ]
    assert [line.partition("=")[0] + "=" for line in shipped if line.startswith(OWN)] == list(OWN)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing: apt install systemd")
@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_systemd_takes_the_unit(file: Path, tmp_path: Path) -> None:
    """With programs that are here in the place of those that it starts."""
    text = file.read_text("utf-8")
    for program in ("/opt/gatehouse/.venv/bin/python", "/usr/sbin/nginx"):
        text = text.replace(f"={program} ", "=/bin/true ")
    copy = tmp_path / file.name.replace("@", "@a")
    copy.write_text(text.replace("/opt/gatehouse\n", "/\n"), "utf-8")
    done = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False)
    assert str(copy) not in done.stderr and file.name not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(nginx() is None, reason=MISSING)
def test_nginx_runs_without_root_and_its_log_goes_to_the_socket_of_the_journal() -> None:
    """The unit's own command line, as another user where the test is root."""
    line = re.search(
        r"^ExecStart=(.*)$", (ROOT / "deploy" / "gatehouse-nginx.service").read_text("utf-8"), re.MULTILINE
    )
    assert line is not None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        nobody = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        (folder / "nginx.conf").write_text(rendered(ports, [nobody], folder, "127.0.0.2"), "utf-8")
        command = line[1].replace(str(Path("/opt/gatehouse") / CONFIGURATION.relative_to(ROOT)), f"{folder}/nginx.conf")
        assert f"{folder}/nginx.conf" in command
        journal, stdout = socket.socketpair()
        user = "nobody" if os.geteuid() == 0 else None
        process = subprocess.Popen(shlex.split(command), stdout=stdout, stderr=stdout, user=user, cwd="/")
        stdout.close()
        try:

            def answer() -> bytes:
                try:
                    with socket.create_connection(("127.0.0.1", ports["main"]), 5) as sock:
                        sock.sendall(
                            b"GET /api/test?token=secret HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                        )
                        return sock.makefile("rb").read()
                except ConnectionRefusedError:
                    assert process.poll() is None, journal.recv(65536)
                    return b""

            assert b"503 Service" in wait_for(answer, 10)
            journal.settimeout(10)
            log = ""
            while f"127.0.0.1 {ports['main']} GET /api/test 503" not in log:
                log += journal.recv(65536).decode()
            assert "secret" not in log
        finally:
            process.terminate()
            process.wait(20)
            journal.close()
