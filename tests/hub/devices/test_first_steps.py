"""The page of first steps: addresses and ports of this hub, and what to set where nobody else reaches it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub import close, create_app
from hub.devices.first_steps import own_addresses
from hub.settings.file import load

HTML = {"Accept": "text/html"}


def shown(instance: Path, base: str = "http://localhost:5000", **environ: str) -> str:
    app = create_app(load(instance, {}, environ))
    try:
        answer = app.test_client().get("/first-steps", headers=HTML, base_url=base)
        assert answer.status_code == 200
        return answer.get_data(as_text=True)
    finally:
        close(app)


def test_the_page_names_the_addresses_and_what_lets_devices_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = ["127.0.0.1", "10.1.2.3", "192.168.7.4"]
    monkeypatch.setattr("hub.devices.first_steps.network_addresses", lambda: found)
    text = shown(tmp_path / "instance")
    assert "10.1.2.3" in text and "192.168.7.4" in text and "127.0.0.1" not in text
    assert 'trusted_networks = ["<span class="network">10.1.2.0/24</span>"]' in text
    assert 'host = "0.0.0.0"' not in text and "http://" in text and "hub.toml" in text


def test_a_hub_that_listens_here_only_says_what_to_set_first(tmp_path: Path) -> None:
    text = shown(tmp_path / "instance", HUB_HOST="127.0.0.1", HUB_TRUSTED_NETWORKS="192.168.3.0/24")
    assert 'host = "0.0.0.0"' in text and "192.168.3.0/24" in text and 'class="network"' not in text


@pytest.mark.parametrize(
    ("listens_on", "host", "expected"),
    [
        ("0.0.0.0", "192.168.7.4", ["192.168.7.4", "10.1.2.3"]),
        ("0.0.0.0", "localhost", ["10.1.2.3", "192.168.7.4"]),
        ("192.168.7.4", "localhost", ["192.168.7.4"]),
        ("127.0.0.1", "127.0.0.1", ["127.0.0.1"]),
    ],
)
def test_the_address_by_which_the_reader_came_is_first(
    monkeypatch: pytest.MonkeyPatch, listens_on: str, host: str, expected: list[str]
) -> None:
    found = ["127.0.0.1", "10.1.2.3", "192.168.7.4"]
    monkeypatch.setattr("hub.devices.first_steps.network_addresses", lambda: found)
    assert [own.address for own in own_addresses(listens_on, host)] == expected
