"""deploy/compose.yaml, deploy/Dockerfile and deploy/nginx.conf fit together and fit the hub; nothing is started."""

from __future__ import annotations

import ipaddress
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from hub.settings.access import Access
from hub.settings.declared import declared, environment_name
from hub.settings.model import Settings
from tests.support.front import CONFIGURATION, FOLDER
from tests.support.helpers import ROOT, HubProcess

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
HUBS = {name: service for name, service in SERVICES.items() if name.startswith("hub-")}
NGINX = CONFIGURATION.read_text("utf-8")
SETTINGS = Settings()
TCP = {SETTINGS.port, *SETTINGS.side_ports.values()}
UDP = SETTINGS.apriltag.udp_port
DOCKER = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
OPTIONAL = ROOT / "hub" / "vision" / "objects"  # models that an operator may add (docs/tracking_models.md)


def test_nginx_serves_every_port_of_a_hub() -> None:
    assert {int(port) for port in re.findall(r"listen (\d+);", NGINX)} == TCP
    assert [int(port) for port in re.findall(r"listen (\d+) udp;", NGINX)] == [UDP]
    published = {f"{port}:{port}" for port in TCP} | {f"{UDP}:{UDP}/udp"}
    assert set(SERVICES["nginx"]["ports"]) == published


def test_nginx_knows_every_hub_for_every_port() -> None:
    for block in re.findall(r"upstream \w+_(\d+) \{(.*?)\}", NGINX, re.DOTALL):
        port, lines = block
        assert set(re.findall(r"server ([\w-]+):(\d+) ", lines)) == {(hub, port) for hub in HUBS}
    assert len(re.findall(r"upstream ", NGINX)) == len(TCP) + 1


def test_hubs_believe_nginx_and_nobody_else() -> None:
    address = SERVICES["nginx"]["networks"]["hubs"]["ipv4_address"]
    (network,) = COMPOSE["networks"]["hubs"]["ipam"]["config"]
    fixed = [service["networks"]["hubs"]["ipv4_address"] for service in (*HUBS.values(), SERVICES["nginx"])]
    assert len(HUBS) == 2 and len(set(fixed)) == 3
    for one in map(ipaddress.ip_address, fixed):
        assert one in ipaddress.ip_network(network["subnet"]) and one not in ipaddress.ip_network(network["ip_range"])
    for hub in HUBS.values():
        assert hub["environment"]["HUB_ACCESS_TRUSTED_PROXY"] == address
        assert "ports" not in hub
    assert Access(trusted_proxy=address).trusted_proxy == address


def test_hubs_are_given_settings_that_they_have() -> None:
    names = {environment_name(section, key) for section, key, _ in declared()}
    for hub in HUBS.values():
        assert set(hub["environment"]) <= names
        assert hub["environment"]["HUB_STORE_URL"].endswith("@database/gatehouse")


def test_hubs_have_a_folder_of_their_own_each_and_the_same_secrets() -> None:
    paths = [
        SETTINGS.session_key_path,
        SETTINGS.token_path,
        SETTINGS.device_token_path,
        SETTINGS.webhook_secret_path,
        SETTINGS.tracking_key_path,
    ]
    secrets = [f"./secrets/{path.name}:/var/lib/gatehouse/{path.name}:ro" for path in paths]
    for name, hub in HUBS.items():
        assert hub["volumes"] == [f"{name}:/var/lib/gatehouse", *secrets]
    assert {*HUBS, "database"} == set(COMPOSE["volumes"])


def test_nginx_may_write_where_its_configuration_says() -> None:
    assert SERVICES["nginx"]["tmpfs"] == [FOLDER]
    assert {path.rpartition("/")[0] for path in re.findall(r"(?:_path|pid) (/\S+);", NGINX)} == {FOLDER}
    unit = (ROOT / "deploy" / "gatehouse-nginx.service").read_text("utf-8")
    assert f"RuntimeDirectory={FOLDER.removeprefix('/run/')}\n" in unit


def test_images_are_named_by_tag_without_a_registry() -> None:
    images = [service["image"] for name, service in SERVICES.items() if name not in HUBS]
    assert all(re.fullmatch(r"[a-z]+:[\d.]+", image) for image in images)
    assert re.findall(r"^FROM (\S+)$", DOCKER, re.MULTILINE) == ["python:3.11-slim"]


def test_the_image_has_every_package_that_the_hub_imports() -> None:
    left_out = re.search(r"grep -vE '\^\((.*)\)=='", DOCKER)
    assert left_out is not None
    imported = {
        found
        for file in (ROOT / "hub").rglob("*.py")
        if OPTIONAL not in file.parents
        for found in re.findall(r"^\s*(?:from|import) (\w+)", file.read_text("utf-8"), re.MULTILINE)
    }
    assert imported.isdisjoint(left_out[1].split("|"))


@pytest.mark.slow
def test_the_image_has_every_file_of_the_hub(tmp_path: Path) -> None:
    """A hub runs from the files that the image has."""
    program = tmp_path / "program"
    for source in re.findall(r"^COPY (\S+) ", DOCKER, re.MULTILINE):
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, program / source, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            program.mkdir(exist_ok=True)
            shutil.copy(ROOT / source, program / source)
    hub = HubProcess(tmp_path / "instance", real=True)
    hub.script = program / "app.py"
    with hub:
        assert all(hub.get(path) for path in ("/status", "/api/records"))
        assert requests.get(f"{hub.url}/", headers={"Accept": "text/html"}, timeout=10).status_code == 200
        assert hub.stop() == 0
