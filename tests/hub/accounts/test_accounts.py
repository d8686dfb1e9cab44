"""Accounts over REST and in the service: added, changed, disabled, passwords, the last administrator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gevent
import pytest

from hub import close, create_app
from hub.accounts.service import MAX_ACCOUNTS, WRONG, Accounts
from hub.contract.errors import Conflict, ContractError, TooManyRequests, Unauthorized
from hub.settings.file import load
from tests.support.accounts import ELSEWHERE, PASSWORD, accounts_of, first_password


@pytest.fixture
def accounts(app: Any) -> Accounts:
    return accounts_of(app)


def test_accounts_are_added_changed_and_listed_by_name(app: Any, client: Any, accounts: Accounts) -> None:
    added = client.post("/api/accounts", json={"name": " Zoë ", "role": "viewer", "password": PASSWORD})
    assert added.status_code == 201 and "password" not in added.json
    account = added.json["account"]
    assert (account["name"], account["role"], account["disabled"]) == ("Zoë", "viewer", False)
    assert [row["name"] for row in client.get("/api/accounts").json["accounts"]] == ["admin", "Zoë"]
    changed = client.put(f"/api/accounts/{account['id']}", json={"role": "operator", "disabled": True}).json["account"]
    assert (changed["role"], changed["disabled"]) == ("operator", True)
    for row in client.get("/api/accounts").json["accounts"]:
        assert row.keys() == {"id", "name", "role", "disabled", "created_at"}


def test_a_made_password_is_answered_once_and_works(client: Any, accounts: Accounts) -> None:
    added = client.post("/api/accounts", json={"name": "bob", "role": "operator"})
    assert added.headers["Cache-Control"] == "no-store"
    assert accounts.log_in("BOB", added.json["password"], "10.0.0.1").name == "bob"
    renewed = client.post(f"/api/accounts/{added.json['account']['id']}/password")
    assert renewed.json["password"] != added.json["password"]
    assert accounts.log_in("bob", renewed.json["password"], "10.0.0.1").name == "bob"
    with pytest.raises(Unauthorized):
        accounts.log_in("bob", added.json["password"], "10.0.0.1")
    assert added.json["password"] not in client.get("/api/audit").text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"name": "bob"}, 400),
        ({"name": "bob", "role": "device"}, 400),
        ({"name": "bob", "role": "viewer", "password": "short"}, 400),
        ({"name": "bob", "role": "viewer", "password": 12345678901}, 400),
        ({"name": {"a": 1}, "role": "viewer"}, 400),
        ({"name": "ADMIN", "role": "viewer"}, 409),
    ],
)
def test_accounts_that_cannot_be_added(client: Any, accounts: Accounts, body: dict[str, Any], status: int) -> None:
    answer = client.post("/api/accounts", json=body)
    assert answer.status_code == status and answer.json["message"].endswith(".")
    assert len(accounts.all()) == 1


def test_changes_that_cannot_be_made(client: Any, accounts: Accounts) -> None:
    path = f"/api/accounts/{accounts.all()[0].id}"
    for body in ({}, {"name": "other"}, {"role": "open"}, {"disabled": "yes"}, {"disabled": 1}, {"password": PASSWORD}):
        assert client.put(path, json=body).status_code == 400, body
    assert client.put("/api/accounts/none", json={"disabled": True}).status_code == 404
    assert client.post("/api/accounts/none/password").status_code == 404
    assert client.delete(path).status_code == 405


def test_the_last_administrator_stays_one(accounts: Accounts) -> None:
    admin = accounts.all()[0]
    for change in ({"disabled": True}, {"role": "operator"}):
        with pytest.raises(Conflict, match="admin is the only administrator"):
            accounts.change(admin.id, change)
    second, _ = accounts.add({"name": "second", "role": "admin", "password": PASSWORD})
    accounts.change(second.id, {"disabled": True})
    with pytest.raises(Conflict):
        accounts.change(admin.id, {"disabled": True})
    accounts.change(second.id, {"disabled": False})
    # Two at the same time: one of them has to stay.
    refused = []

    def disable(account_id: str) -> None:
        try:
            accounts.change(account_id, {"disabled": True})
        except Conflict:
            refused.append(account_id)

    gevent.joinall([gevent.spawn(disable, one.id) for one in accounts.all()], raise_error=True)
    assert len(refused) == 1 and [one.id for one in accounts.all() if one.is_admin] == refused


def test_one_sentence_for_unknown_names_wrong_passwords_and_disabled_accounts(accounts: Accounts) -> None:
    bob, _ = accounts.add({"name": "bob", "role": "viewer", "password": PASSWORD})
    accounts.change(bob.id, {"disabled": True})
    tries = [("nobody", PASSWORD), ("admin", PASSWORD), ("bob", PASSWORD), ("admin", ""), ("", ""), (None, None)]
    tries += [("x" * 5000, PASSWORD), ("admin", "x" * 5000), (["admin"], {"a": 1})]
    for number, (name, password) in enumerate(tries):
        with pytest.raises(Unauthorized, match=f"^{WRONG}$"):
            accounts.log_in(name, password, f"10.0.0.{number}")


def test_an_unknown_name_costs_as_much_work_as_a_wrong_password(app: Any, accounts: Accounts) -> None:
    """Each try hashes once with the same parameters, whatever is wrong with it."""
    lane = app.extensions["gatehouse"].lanes.passwords
    bob, _ = accounts.add({"name": "bob", "role": "viewer", "password": PASSWORD})
    accounts.change(bob.id, {"disabled": True})
    for number, name in enumerate(("nobody", "admin", "bob")):
        before = lane.done
        with pytest.raises(Unauthorized):
            accounts.log_in(name, "wrong password", f"10.0.0.{number}")
        assert lane.done == before + 1
    from hub.accounts.passwords import NOBODY

    stored = accounts.all()[0].password_hash
    assert stored.split("$")[0] == NOBODY.split("$")[0] and len(stored) == len(NOBODY)


def test_a_right_password_works_again_after_the_wait(accounts: Accounts, app: Any) -> None:
    password = first_password(app.extensions["gatehouse"].settings.instance)
    for _ in range(5):
        with pytest.raises(Unauthorized):
            accounts.log_in("admin", "wrong password", ELSEWHERE)
    with pytest.raises(TooManyRequests) as caught:
        accounts.log_in("admin", password, ELSEWHERE)
    assert caught.value.retry_after == 1
    assert accounts.log_in("admin", password, "192.0.2.8").name == "admin"  # another address
    clock = accounts._throttle._addresses
    clock._now = accounts._throttle._pairs._now = lambda: __import__("time").monotonic() + 1.1
    assert accounts.log_in("admin", password, ELSEWHERE).name == "admin"


def test_accounts_are_bounded_in_number(accounts: Accounts) -> None:
    admin = accounts.all()[0]
    for number in range(MAX_ACCOUNTS - 1):
        accounts._accounts[str(number)] = admin
    with pytest.raises(Conflict, match="all it can have"):
        accounts.add({"name": "one more", "role": "viewer", "password": PASSWORD})


def test_ones_own_password_needs_the_present_one(accounts: Accounts, app: Any) -> None:
    password = first_password(app.extensions["gatehouse"].settings.instance)
    admin = accounts.log_in("admin", password, "10.0.0.1")
    with pytest.raises(ContractError, match="present password is wrong"):
        accounts.change_password(admin, "another password", PASSWORD, "10.0.0.1")
    with pytest.raises(ContractError, match="10 to 200"):
        accounts.change_password(admin, password, "short", "10.0.0.1")
    changed = accounts.change_password(admin, password, PASSWORD, "10.0.0.1")
    assert changed.session_version == admin.session_version + 1
    assert accounts.log_in("admin", PASSWORD, "10.0.0.1") == changed


def test_accounts_are_there_after_a_restart_and_the_first_one_is_not_made_again(tmp_path: Path) -> None:
    settings = load(tmp_path / "instance", {}, {})
    app = create_app(settings)
    made = accounts_of(app).all()
    notes = app.extensions["gatehouse"].start_notes
    password = first_password(settings.instance)
    assert sum(password in note for note in notes) == 1
    assert settings.admin_password_path.stat().st_mode & 0o777 == 0o600
    close(app)
    settings.admin_password_path.unlink()
    app = create_app(settings)
    try:
        accounts = accounts_of(app)
        assert accounts.all() == made and not settings.admin_password_path.exists()
        assert not any("Log in from" in note for note in app.extensions["gatehouse"].start_notes)
        assert accounts.log_in("admin", password, "10.0.0.1") == made[0]
    finally:
        close(app)


def test_an_account_that_cannot_be_read_is_left_out_and_no_new_administrator_is_made(tmp_path: Path) -> None:
    import sqlite3

    settings = load(tmp_path / "instance", {}, {})
    app = create_app(settings)
    accounts_of(app)
    close(app)
    settings.admin_password_path.unlink()
    with sqlite3.connect(settings.database_path) as connection:
        connection.execute("UPDATE accounts SET role = 'emperor'")
    connection.close()
    app = create_app(settings)
    try:
        hub = app.extensions["gatehouse"]
        assert hub.part(Accounts).all() == [] and hub.reader.unreadable.counts()["accounts"] == 1
        assert not settings.admin_password_path.exists()
        with pytest.raises(Unauthorized):
            hub.part(Accounts).log_in("admin", PASSWORD, "10.0.0.1")
    finally:
        close(app)
