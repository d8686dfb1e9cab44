"""Logins on a hub that asks people of its own machine too: sessions, their end, pages, other origins, the throttle."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import websocket

from hub.accounts.service import WRONG
from hub.accounts.throttle import FREE_TRIES
from tests.support.accounts import PASSWORD, add, first_password, log_in
from tests.support.helpers import HubProcess, wait_for

pytestmark = pytest.mark.stores

COOKIE = "gatehouse_session"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, store: str) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("hub") / "instance", HUB_ACCESS_LOCAL_ADMIN="false") as process:
        yield process


@pytest.fixture(scope="module")
def admin(hub: HubProcess) -> requests.Session:
    return log_in(hub)


def test_the_password_is_printed_once_and_never_logged(hub: HubProcess, admin: requests.Session) -> None:
    password = first_password(hub.instance)
    assert hub.text().count(password) == 1 and str(hub.instance / "admin_password.txt") in hub.text()
    assert password not in (hub.instance / "hub.log").read_text("utf-8")
    for name in ("admin_password.txt", "session_key"):
        assert (hub.instance / name).stat().st_mode & 0o777 == 0o600
    assert (hub.instance / "admin_password.txt").read_text() == password + "\n"


def test_without_a_login_pages_lead_to_it_and_programs_are_told(hub: HubProcess) -> None:
    answer = requests.get(f"{hub.url}/api/accounts", timeout=5)
    assert answer.status_code == 401 and "/login" in answer.json()["message"]
    page = requests.get(f"{hub.url}/plates", headers={"Accept": "text/html"}, timeout=5, allow_redirects=False)
    assert (page.status_code, page.headers["Location"]) == (303, "/login?next=/plates")


def test_the_cookie_is_of_no_use_to_scripts_and_other_sites(hub: HubProcess) -> None:
    body = {"name": "admin", "password": first_password(hub.instance)}
    answer = requests.post(f"{hub.url}/login", json=body, timeout=5)
    assert answer.json() == {"success": True, "message": "Logged in", "name": "admin", "role": "admin"}
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=") and "; HttpOnly" in cookie and "; SameSite=Lax" in cookie
    assert "; Path=/" in cookie and "Expires=" in cookie and "Secure" not in cookie


def test_a_form_logs_in_and_leads_on(hub: HubProcess) -> None:
    form = {"name": "admin", "password": first_password(hub.instance), "next": "/plates?camera=x"}
    session = requests.Session()
    answer = session.post(f"{hub.url}/login", data=form, timeout=5, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/plates?camera=x")
    page = session.get(f"{hub.url}/plates", headers={"Accept": "text/html"}, timeout=5)
    assert page.status_code == 200 and "Log out" in page.text and "no-cache" in page.headers["Cache-Control"]
    form["next"] = "https://evil.example/"
    answer = requests.post(f"{hub.url}/login", data=form, timeout=5, allow_redirects=False)
    assert answer.headers["Location"] == "/"
    form["password"] = "wrong <b>password"
    answer = requests.post(f"{hub.url}/login", data={**form, "name": '"><b>me'}, timeout=5)
    assert answer.status_code == 401 and WRONG in answer.text and "<b>" not in answer.text
    assert answer.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"admin"', b"{", b"name=admin"])
def test_a_body_that_is_no_login(hub: HubProcess, body: bytes) -> None:
    for kind in ("application/json", "text/plain", "multipart/form-data", "application/x-www-form-urlencoded"):
        answer = requests.post(f"{hub.url}/login", data=body, headers={"Content-Type": kind}, timeout=5)
        assert answer.status_code in (400, 401, 411, 415, 429), (body, kind, answer.text)


def test_a_large_body_is_refused_unread(hub: HubProcess) -> None:
    answer = requests.post(f"{hub.url}/login", data=b"name=" + b"x" * 40_000, timeout=5)
    assert answer.status_code in (413, 415)
    answer = requests.post(f"{hub.url}/login", json={"name": "x" * 40_000}, timeout=5)
    assert answer.status_code == 413 and "16 KB" in answer.json()["message"]
    answer = requests.post(f"{hub.url}/login", data=iter([b'{"name": "admin"}']), timeout=5)
    assert answer.status_code == 411


def test_roles_hold(hub: HubProcess, admin: requests.Session) -> None:
    for name, role in (("viewer", "viewer"), ("operator", "operator")):
        add(admin, hub, name, role)
    viewer, operator = log_in(hub, "viewer", PASSWORD), log_in(hub, "operator", PASSWORD)
    for session, statuses in ((viewer, (200, 403, 403)), (operator, (200, 201, 403)), (admin, (200, 201, 200))):
        plate = {"plate": f"AB {id(session)}", "action": "deny"}
        answers = (
            session.get(f"{hub.url}/api/watchlist", timeout=5),
            session.post(f"{hub.url}/api/watchlist", json=plate, timeout=5),
            session.get(f"{hub.url}/api/audit", timeout=5),
        )
        assert tuple(answer.status_code for answer in answers) == statuses
    page = viewer.get(f"{hub.url}/plates", headers={"Accept": "text/html"}, timeout=5).text
    assert "Your account" in page and "Audit log" not in page
    assert "Audit log" in admin.get(f"{hub.url}/plates", headers={"Accept": "text/html"}, timeout=5).text


def test_a_page_of_others_changes_nothing(hub: HubProcess, admin: requests.Session) -> None:
    plate = {"plate": "EVIL 1", "action": "allow"}
    for origin in ("http://evil.example", "null", ""):
        answer = admin.post(f"{hub.url}/api/watchlist", json=plate, headers={"Origin": origin}, timeout=5)
        assert answer.status_code == 403 and answer.json()["message"], origin
    listed = [row["plate"] for row in admin.get(f"{hub.url}/api/watchlist", timeout=5).json()["watchlist"]]
    assert "EVIL 1" not in listed
    body = {"name": "admin", "password": first_password(hub.instance)}
    answer = requests.post(f"{hub.url}/login", json=body, headers={"Origin": "http://evil.example"}, timeout=5)
    assert answer.status_code == 403 and "Set-Cookie" not in answer.headers


def is_logged_in(hub: HubProcess, session: requests.Session) -> bool:
    answer = session.get(f"{hub.url}/api/watchlist", timeout=5)
    assert answer.status_code in (200, 401, 403)
    return answer.status_code == 200


def copy_of(session: requests.Session) -> requests.Session:
    """Another client with the same cookie."""
    other = requests.Session()
    other.cookies.set(COOKIE, session.cookies[COOKIE])
    return other


def test_a_logout_ends_copies_of_the_cookie_and_no_other_session(hub: HubProcess, admin: requests.Session) -> None:
    add(admin, hub, "leaving", "viewer")
    one, other = log_in(hub, "leaving", PASSWORD), log_in(hub, "leaving", PASSWORD)
    copy = copy_of(one)
    assert is_logged_in(hub, copy)
    answer = one.post(f"{hub.url}/logout", timeout=5)
    assert answer.json()["success"] and COOKIE not in one.cookies
    assert not is_logged_in(hub, one) and not is_logged_in(hub, copy) and is_logged_in(hub, other)
    answer = other.post(f"{hub.url}/logout", headers={"Accept": "text/html"}, timeout=5, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")


def test_a_new_password_ends_every_other_session(hub: HubProcess, admin: requests.Session) -> None:
    add(admin, hub, "changing", "viewer")
    one, other = log_in(hub, "changing", PASSWORD), log_in(hub, "changing", PASSWORD)
    form = {"old": PASSWORD, "new": "another passphrase", "again": "another passphrase"}
    for wrong in ({"again": "a typing mistake"}, {"old": "not this one"}, {"new": "short", "again": "short"}):
        assert one.post(f"{hub.url}/account", data={**form, **wrong}, timeout=5).status_code == 400
    assert one.post(f"{hub.url}/account", data=form, timeout=5).status_code == 200
    assert is_logged_in(hub, one) and not is_logged_in(hub, other)
    assert is_logged_in(hub, log_in(hub, "changing", "another passphrase"))


def test_disabling_an_account_ends_its_sessions_for_good(hub: HubProcess, admin: requests.Session) -> None:
    account = add(admin, hub, "dismissed", "operator")
    session = log_in(hub, "dismissed", PASSWORD)
    for disabled in (True, False):
        changed = admin.put(f"{hub.url}/api/accounts/{account['id']}", json={"disabled": disabled}, timeout=5)
        assert changed.json()["account"]["disabled"] is disabled
        assert not is_logged_in(hub, session)
    assert is_logged_in(hub, log_in(hub, "dismissed", PASSWORD))


def test_a_change_of_role_counts_at_once(hub: HubProcess, admin: requests.Session) -> None:
    account = add(admin, hub, "promoted", "viewer")
    session = log_in(hub, "promoted", PASSWORD)
    assert session.get(f"{hub.url}/api/audit", timeout=5).status_code == 403
    admin.put(f"{hub.url}/api/accounts/{account['id']}", json={"role": "admin"}, timeout=5)
    assert session.get(f"{hub.url}/api/audit", timeout=5).status_code == 200


def test_forged_and_damaged_cookies_are_no_session(hub: HubProcess, admin: requests.Session) -> None:
    right = admin.cookies[COOKIE]
    for value in (
        "",
        "x",
        ".",
        "..",
        right[:-1],
        right + "A",
        right.replace(".", "", 1),
        "a" * 5000,
        '"',
        "é".encode().decode("latin-1"),
    ):
        answer = requests.get(f"{hub.url}/api/audit", headers={"Cookie": f"{COOKIE}={value}"}, timeout=5)
        assert answer.status_code == 401, value
    assert requests.get(f"{hub.url}/api/audit", headers={"Cookie": f"a=b; {COOKIE}={right}"}, timeout=5).ok


def test_a_live_page_needs_a_session_and_its_own_origin(hub: HubProcess, admin: requests.Session) -> None:
    cookie = f"Cookie: {COOKIE}={admin.cookies[COOKIE]}"
    address = f"ws://127.0.0.1:{hub.port}/events"
    websocket.create_connection(address, header=[cookie], origin=hub.url, timeout=10).close()
    with pytest.raises(websocket.WebSocketBadStatusException) as caught:
        websocket.create_connection(address, header=[cookie], origin="http://evil.example", timeout=10)
    assert caught.value.status_code == 403


@pytest.mark.slow
def test_sessions_and_logouts_outlast_a_restart_and_expire(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance", HUB_ACCESS_LOCAL_ADMIN="false") as hub:
        staying, leaving = log_in(hub), log_in(hub)
        copy = copy_of(leaving)
        leaving.post(f"{hub.url}/logout", timeout=5)
        hub.stop()
        hub.start()
        assert is_logged_in(hub, staying) and not is_logged_in(hub, copy)
        hub.stop()
        (hub.instance / "session_key").unlink()
        hub.start()
        assert not is_logged_in(hub, staying)


@pytest.mark.slow
def test_whoever_tries_passwords_waits_and_sessions_do_not(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance", HUB_ACCESS_LOCAL_ADMIN="false") as hub:
        session = log_in(hub)
        body = {"name": "admin", "password": "not this one"}
        statuses = [requests.post(f"{hub.url}/login", json=body, timeout=5).status_code for _ in range(FREE_TRIES)]
        assert statuses == [401] * FREE_TRIES
        answer = requests.post(f"{hub.url}/login", json={**body, "password": first_password(hub.instance)}, timeout=5)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
        page = requests.post(f"{hub.url}/login", data=body, timeout=5)
        assert page.status_code == 429 and "Try again in 1 second." in page.text
        assert is_logged_in(hub, session)
        began = time.monotonic()
        body["password"] = first_password(hub.instance)
        wait_for(lambda: requests.post(f"{hub.url}/login", json=body, timeout=5).ok, what="the end of the wait")
        assert time.monotonic() - began < 5
        failed = session.get(f"{hub.url}/api/audit", params={"what": "login.failed"}, timeout=5).json()["audit"]
        assert [(row["who"], row["target"], row["address"]) for row in failed] == [("", "admin", "127.0.0.1")]
