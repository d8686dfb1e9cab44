"""People's accounts in tests: the first one, log in, and strangers of another address."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests

from hub.accounts.service import Accounts
from tests.support.helpers import HubProcess, wait_for

ELSEWHERE = "192.0.2.7"  # an address of no network of the hub (RFC 5737)
PASSWORD = "correct horse battery"


def first_password(instance: Path) -> str:
    """The password of the account that the first start made."""
    return (instance / "admin_password.txt").read_text("utf-8").strip()


def accounts_of(app: Any) -> Accounts:
    """The accounts of an app, once the first one is made."""
    import gevent

    accounts: Accounts = app.extensions["gatehouse"].part(Accounts)
    with gevent.Timeout(15):
        while not accounts.all():
            gevent.sleep(0.01)
    return accounts


def log_in(hub: HubProcess, name: str = "admin", password: str | None = None) -> requests.Session:
    """A session of a program that logged in, as a page of the hub sends its requests."""
    session = requests.Session()
    session.headers["Origin"] = hub.url
    given = first_password(hub.instance) if password is None else password

    def logged_in() -> bool:
        answer = session.post(f"{hub.url}/login", json={"name": name, "password": given}, timeout=10)
        assert answer.status_code in (200, 401), answer.text
        return answer.status_code == 200

    wait_for(logged_in, what="the login")  # the first account is made a moment after the start
    return session


def add(session: requests.Session, hub: HubProcess, name: str, role: str, password: str = PASSWORD) -> dict[str, Any]:
    """Add an account."""
    answer = session.post(
        f"{hub.url}/api/accounts", json={"name": name, "role": role, "password": password}, timeout=10
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["account"]
