"""A site whose devices are all on other hosts: in a trusted network, and let in one by one with a click each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.helpers import HubProcess, wait_for
from tests.support.hosts import TEST_NETWORK, Host, other_hosts
from tests.support.site import STATION, all_accepted, running
from tests.support.site_device import KINDS
from tests.support.tags import TOKEN

pytestmark = pytest.mark.slow

OTHER_TOKEN = "the token of another hub"
PAGE = """
import requests, sys
headers = {"Accept": "text/html"}
answer = requests.get(f"http://{sys.argv[1]}/plates", headers=headers, allow_redirects=False, timeout=10)
print(answer.status_code, answer.headers.get("Location"))
"""
LOG_IN = """
import requests, sys
url, password = sys.argv[1:]
session = requests.Session()
session.headers["Origin"] = url
assert session.post(f"{url}/login", json={"name": "admin", "password": password}, timeout=10).status_code == 200
pages = [session.get(url + path, headers={"Accept": "text/html"}, timeout=10) for path in ("/", "/plates", "/devices")]
print([page.status_code for page in pages])
"""


def test_a_trusted_network_works_unmodified(tmp_path: Path) -> None:
    environ = {"HUB_TRUSTED_NETWORKS": TEST_NETWORK, "HUB_APRILTAG_TOKEN": TOKEN}
    with other_hosts(len(KINDS) + 1) as hosts, HubProcess(tmp_path / "instance", **environ) as hub:
        with running(hub, hosts, tmp_path, TOKEN) as programs:
            all_accepted([hub], programs)
        assert not any(program.refused() for program in programs.values())


def test_each_device_works_unmodified_after_one_click(tmp_path: Path) -> None:
    """The boards have the token of another hub: an operator lets them in by their address."""
    with (
        other_hosts(len(KINDS) + 2) as (desk, *hosts),
        HubProcess(tmp_path / "instance", HUB_APRILTAG_TOKEN=TOKEN) as hub,
        running(hub, hosts, tmp_path, OTHER_TOKEN) as programs,
    ):
        addresses = {program.host.address for program in programs.values()}
        wait_for(lambda: {row["address"] for row in waiting(hub)} == addresses, 90, "all devices' waiting")
        devices = [program for kind, program in programs.items() if kind != STATION]
        wait_for(lambda: all(program.refused() for program in devices), what="every device's refusal")
        assert hub.captures() == [] and hub.get("/api/records")["records"] == []
        for row in waiting(hub):
            answer = requests.post(f"{hub.url}/api/access/devices/{row['id']}/admit", timeout=10)
            assert answer.status_code == 200, answer.text
        all_accepted([hub], programs)
        assert waiting(hub) == []
        colleague_logs_in(hub, desk)


def waiting(hub: HubProcess) -> list[dict[str, Any]]:
    return hub.get("/api/access/devices")["waiting"]


def colleague_logs_in(hub: HubProcess, desk: Host) -> None:
    """A browser at another host is led to the login, and sees the pages after it."""
    assert desk.python(PAGE, f"{desk.hub}:{hub.port}").split() == ["303", "/login?next=/plates"]
    password = (hub.instance / "admin_password.txt").read_text("utf-8").strip()
    assert desk.python(LOG_IN, f"http://{desk.hub}:{hub.port}", password).strip() == "[200, 200, 200]"
