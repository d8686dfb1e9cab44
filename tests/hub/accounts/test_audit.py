"""The audit log: who is recorded, and that the page has words for every action."""

from __future__ import annotations

import re
from typing import Any

from tests.support.accounts import accounts_of, first_password
from tests.support.helpers import ROOT

ENTRY = {"plate": "AUD 17", "list": "deny"}
NOTED = re.compile(r"""(?:(?:note_change|_note)\(|audit\.record\([^,]+, )"([a-z.]+)\"""")


def test_a_person_who_is_logged_in_on_the_hubs_own_machine_is_recorded_by_name(app: Any, client: Any) -> None:
    accounts_of(app)
    hub = app.extensions["gatehouse"]
    client.post("/api/watchlist", json=ENTRY)
    password = first_password(hub.settings.instance)
    assert client.post("/login", json={"name": "admin", "password": password}).status_code == 200
    assert client.post("/api/watchlist", json={**ENTRY, "plate": "AUD 18"}).status_code == 201
    rows = {row["target"]: row for row in client.get("/api/audit?what=watchlist").json["audit"]}
    assert (rows["AUD 17"]["who"], rows["AUD 17"]["kind"]) == ("this machine", "local")
    assert (rows["AUD 18"]["who"], rows["AUD 18"]["kind"]) == ("admin", "account")


def test_the_page_has_words_for_every_action() -> None:
    actions = {name for path in (ROOT / "hub").rglob("*.py") for name in NOTED.findall(path.read_text("utf-8"))}
    assert {"device.admit", "device.block", "pairing.refuse", "token.revoke", "login", "account.add"} <= actions
    words = set(re.findall(r'"([a-z.]+)": t\("', (ROOT / "static" / "audit.js").read_text("utf-8")))
    assert actions - words == set()
