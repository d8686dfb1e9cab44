"""The shipped nginx over TLS, changed by the command of docs/several-hubs.md, in front of two hubs that speak TLS."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import websocket

from hub.net.certificates import make_certificates
from tests.support import stores
from tests.support.far import PROXY, TRUSTING
from tests.support.front import MISSING, Front, nginx
from tests.support.helpers import ROOT, capture_result, jpeg
from tests.support.hosts import TEST_NETWORK
from tests.support.hubs import one_hub
from tests.support.lpr import Client, g4
from tests.support.tls import OWN, TlsHub

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(nginx() is None, reason=MISSING),
    pytest.mark.skipif(not stores.has_server(), reason=stores.NO_SERVER),
]

COMMAND = re.compile(r"^sed -i '([^']*ssl_[^']*)' /opt/gatehouse/deploy/nginx\.conf$", re.MULTILINE)
SHIPPED_FOLDER = "/opt/gatehouse/deploy/tls"


class Site:
    """nginx, its hubs, and the authority of their certificate."""

    def __init__(self, front: Front, hubs: list[TlsHub], token: str) -> None:
        self.front, self.hubs = front, hubs
        self.url = front.url.replace("http://", "https://")
        self.authority = hubs[0].authority
        self.headers = {"Authorization": f"Bearer {token}"}

    def session(self) -> requests.Session:
        session = self.browser()
        session.headers.update(self.headers)
        return session

    def browser(self) -> requests.Session:
        """A client that trusts the authority alone, and has no token."""
        session = requests.Session()
        session.trust_env = False  # a variable of this machine may name another authority
        session.verify = self.authority
        return session


def over_tls(front: Front, certificates: Path) -> None:
    """Change the configuration of nginx as the documentation says."""
    [script] = COMMAND.findall((ROOT / "docs" / "several-hubs.md").read_text("utf-8"))
    file = front.folder / "nginx.conf"
    subprocess.run(["sed", "-i", script, str(file)], check=True)
    text = file.read_text("utf-8")
    assert text.count(SHIPPED_FOLDER) == 3 and text.count(" ssl;") == 5
    file.write_text(text.replace(SHIPPED_FOLDER, str(certificates)), "utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("tls")
    database = stores.new_database()
    settings = {**TRUSTING, "HUB_TRUSTED_NETWORKS": TEST_NETWORK}
    hubs = [one_hub(folder, number, database, "", kind=TlsHub, **settings) for number in range(2)]
    make_certificates(folder / "tls", OWN)
    for hub in hubs:
        hub.folder.symlink_to(folder / "tls")
    token = (folder / "device_token.txt").read_text("utf-8").strip()
    front = Front(folder / "nginx", hubs, PROXY)
    over_tls(front, folder / "tls")
    try:
        for hub in hubs:
            hub.start()
        with front:
            yield Site(front, hubs, token)
    finally:
        for hub in hubs:
            if hub.process is not None and hub.process.poll() is None:
                hub.stop()
        stores.server(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")


def test_records_logins_and_links(site: Site) -> None:
    body = g4(ocr_results=["TLS 42"], original_image=base64.b64encode(jpeg()).decode())
    answer = site.session().post(f"{site.url}/api/detection", json=body, timeout=10)
    assert answer.status_code == 200, answer.text
    browser = site.browser()
    password = (site.hubs[0].instance / "admin_password.txt").read_text("utf-8").strip()
    login = {"name": "admin", "password": password}
    page = browser.post(f"{site.url}/login", json=login, headers={"Origin": site.url}, timeout=10)
    assert page.status_code == 200, page.text
    assert "; Secure" in page.headers["Set-Cookie"]
    [record] = browser.get(f"{site.url}/api/records", params={"plate": "TLS 42"}, timeout=10).json()["records"]
    picture = record["original_image"]
    images = f"https://127.0.0.1:{site.front.side['images']}"  # hubs of a real site have the ports of nginx
    assert picture.startswith("https://127.0.0.1:")
    answer = browser.get(images + urlsplit(picture).path, timeout=10)
    assert answer.headers["Content-Type"] == "image/jpeg"


@pytest.mark.parametrize("transports", [["polling"], ["websocket"]], ids="+".join)
def test_socketio(site: Site, transports: list[str]) -> None:
    url = f"https://127.0.0.1:{site.front.side['lpr']}"
    client = Client(url, session=site.session(), transports=transports, headers=site.headers, wait_timeout=10)
    try:
        client.emit("lpr_data", g4())
        assert client.hear("lpr_response")["status"] == "success"
    finally:
        client.disconnect()


def test_raw_websockets(site: Site) -> None:
    trust = {"ca_certs": site.authority}
    url = f"wss://127.0.0.1:{site.front.side['results']}/"
    station = websocket.create_connection(url, header=site.headers, sslopt=trust, timeout=10)
    station.send(json.dumps(capture_result(event_id="over TLS")))
    assert json.loads(station.recv())["success"] is True
    station.close()


def test_who_speaks_no_tls_is_told_so(site: Site) -> None:
    answer = requests.get(f"{site.front.url}/api/test", timeout=10)
    assert answer.status_code == 400 and "https://" in answer.json()["message"]


def test_a_hub_with_another_certificate_gets_nothing(site: Site, tmp_path: Path) -> None:
    """What listens in the place of a hub cannot read what devices send."""
    make_certificates(tmp_path / "other", OWN)
    front = Front(tmp_path / "nginx", site.hubs, PROXY)
    over_tls(front, tmp_path / "other")
    with front:
        url = front.url.replace("http://", "https://")
        authority = str(tmp_path / "other" / "authority.pem")
        answer = requests.get(f"{url}/api/test", verify=authority, headers=site.headers, timeout=10)
        assert answer.status_code == 503 and answer.headers["Retry-After"] == "2"
