"""Tokens of devices: hashed at rest, found by their digest, revoked at once; how the gate recognises them."""

from __future__ import annotations

import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest

from hub.contract.errors import ContractError, NotFound
from hub.contract.roles import Role
from hub.devices.identifiers import TokenIdentifier
from hub.devices.service import Devices
from hub.devices.tokens import DeviceTokens, shared_token
from tests.support.access import Services


@pytest.fixture
def services(app) -> Services:
    return Services(app, shared="common-token-of-the-devices")


def test_a_token_is_known_by_its_digest_only(app, services: Services, tmp_path: Path) -> None:
    token, text = services.tokens.make("Camera at the gate")
    assert len(text) >= 43 and services.tokens.name_of(text) == "Camera at the gate"
    services.now += 30
    assert services.tokens.name_of(text) and token.last_used == services.now
    services.tokens.flush()
    assert services.tokens.name_of(text + "x") is None and services.tokens.name_of("") is None
    assert services.tokens.name_of("common-token-of-the-devices")
    again = Services(app)
    assert again.tokens.name_of(text) == "Camera at the gate"
    assert again.tokens.name_of("common-token-of-the-devices") is None
    with closing(sqlite3.connect(tmp_path / "instance" / "hub.db")) as database:
        [row] = database.execute("SELECT * FROM access_tokens").fetchall()
    assert text not in str(row) and token.digest in row
    assert text not in str([token.shown() for token in services.tokens.newest_first()])


def test_a_revoked_token_is_a_strangers_also_after_a_restart(app, services: Services) -> None:
    token, text = services.tokens.make("a")
    _, other = services.tokens.make("b")
    services.tokens.name_of(text)
    services.tokens.revoke(token.id)
    assert services.notified == 1
    services.tokens.flush()  # the last use that was still to be written must not bring it back
    for tokens in (services.tokens, Services(app).tokens):
        assert tokens.name_of(text) is None and tokens.name_of(other) == "b"
    assert services.tokens.rename(token.id, "was a").name == "was a"
    for name in ("", None, 7.5, True):
        with pytest.raises(ContractError):
            services.tokens.make(name)
    with pytest.raises(NotFound):
        services.tokens.revoke("nothing")


@pytest.mark.parametrize(
    "environ",
    [
        {"HTTP_AUTHORIZATION": "TOKEN"},
        {"HTTP_AUTHORIZATION": "Bearer TOKEN"},
        {"HTTP_X_API_KEY": "TOKEN"},
        {"HTTP_AUTHORIZATION": "Basic something", "HTTP_X_API_KEY": "TOKEN"},
        {"gatehouse.token": "TOKEN"},
        {"wsgi.websocket": object(), "QUERY_STRING": "a=b&token=TOKEN"},
    ],
)
def test_every_way_to_bring_a_token(app, services: Services, environ: dict[str, object]) -> None:
    _, text = services.tokens.make("cam")
    identifier = TokenIdentifier(services.tokens, app.extensions["gatehouse"].part(Devices))
    given = {key: value.replace("TOKEN", text) if isinstance(value, str) else value for key, value in environ.items()}
    wrong = {
        key: value.replace("TOKEN", "x" * 43) if isinstance(value, str) else value for key, value in environ.items()
    }
    for _ in range(100):
        assert identifier.identify({**wrong, "REMOTE_ADDR": "10.0.0.1"}) is None
    found = identifier.identify({**given, "REMOTE_ADDR": "10.0.0.1"})  # no number of wrong ones locks the right one out
    assert found.name == "cam" and found.allows(Role.DEVICE) and found.ids is None
    assert services.tokens.unknown == 100


def test_the_key_of_an_approved_registration_is_a_token_until_it_is_rejected(app, services: Services) -> None:
    registrations = app.extensions["gatehouse"].part(Devices)
    identifier = TokenIdentifier(services.tokens, registrations)
    device = registrations.register({"serial_number": "edge-1"}, "10.0.0.9")
    key = registrations.decide(device["id"], True)["fields"]["api_key"]
    assert identifier.identify({"HTTP_X_API_KEY": key}).name == "edge-1"
    registrations.decide(device["id"], False)
    assert identifier.identify({"HTTP_X_API_KEY": key}) is None


def test_the_common_token_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "device_token.txt"
    text, fresh = shared_token(path)
    assert fresh and path.read_text() == f"{text}\n" and len(text) >= 43
    assert shared_token(path) == (text, False)
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_tokens_of_open_doors_are_not_counted_as_unknown(client, app) -> None:
    """`POST /apriltag` takes the token of boards, which is no device's."""
    tokens = app.extensions["gatehouse"].part(DeviceTokens)
    far = {"REMOTE_ADDR": "192.0.2.5"}
    header = {"Authorization": "Bearer of-a-board"}
    client.post("/apriltag", json={"tag_id": 1}, headers=header, environ_base=far)
    assert tokens.unknown == 0
    assert client.post("/api/detection", json={}, headers=header, environ_base=far).status_code == 401
    assert tokens.unknown == 1
