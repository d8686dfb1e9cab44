"""Rules of a real hub: who is told, over real sockets, and what becomes of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.helpers import HubProcess, capture_result, wait_for
from tests.support.mail_server import MailServer, mail_server
from tests.support.webhooks import receiver

pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as made:
        yield made


def hub_with(tmp_path: Path, server: MailServer, **environ: str) -> HubProcess:
    made = {
        "HUB_MAIL_HOST": "127.0.0.1",
        "HUB_MAIL_PORT": str(server.port),
        "HUB_MAIL_SECURITY": "none",
        "HUB_MAIL_SENDER": "gate@example.com",
        "HUB_MAIL_TIMEOUT_SECONDS": "1",
        **environ,
    }
    return HubProcess(tmp_path / "instance", **made)


def ask(hub: HubProcess, method: str, path: str, body: Any = None) -> requests.Response:
    return requests.request(method, f"{hub.url}/api/rules{path}", json=body, timeout=20)


def add(hub: HubProcess, **changes: Any) -> dict[str, Any]:
    body = {"name": "No number", "when": {"kind": "capture_failed"}, "pause_minutes": 0, **changes}
    answer = ask(hub, "POST", "", body)
    assert answer.status_code == 201, answer.text
    rule: dict[str, Any] = answer.json()["rule"]
    return rule


def fail(hub: HubProcess, number: int = 1) -> None:
    body = capture_result(event_id=f"{number}", station=f"station {number}", success=False, number="")
    assert requests.post(f"{hub.url}/api/captures", json=body, timeout=10).status_code == 201


def history(hub: HubProcess) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask(hub, "GET", "/history").json()["history"]
    return found


def alarms(hub: HubProcess) -> list[dict[str, Any]]:
    found = requests.get(f"{hub.url}/api/alerts", params={"kind": "rule"}, timeout=10).json()["alerts"]
    return list(found)


def test_a_rule_tells_those_that_it_names(tmp_path: Path, server: MailServer) -> None:
    with receiver() as target, hub_with(tmp_path, server, HUB_WEBHOOK_URL=target.url) as hub:
        add(hub, then={"banner": True, "webhook": False, "mail": ["boss@example.com", "gate@example.org"]})
        fail(hub)
        wait_for(lambda: server.mails, what="the mail")
        [alarm] = wait_for(lambda: alarms(hub), what="the alarm")
        assert alarm["acknowledged_at"] is None and "station 1" in alarm["sentence"]
        [sent] = wait_for(lambda: [one for one in history(hub) if one["mail"]["state"] == "delivered"])
        assert sent["channels"] == ["banner", "mail"]
        assert sent["mail"]["to"] == ["boss@example.com", "gate@example.org"]
        wait_for(lambda: "capture_failed" in target.kinds(), what="the message of the failed capture itself")
        time.sleep(0.5)
        assert "rule" not in target.kinds()
    [mail] = server.mails
    assert mail["To"] == "boss@example.com, gate@example.org" and "station 1" in mail["Subject"]
    assert "read no number" in mail.get_content()


def test_a_rule_without_a_banner_asks_nobody_to_look(tmp_path: Path, server: MailServer) -> None:
    with receiver() as target, hub_with(tmp_path, server, HUB_WEBHOOK_URL=target.url) as hub:
        add(hub, then={"banner": False, "webhook": True})
        fail(hub)
        wait_for(lambda: "rule" in target.kinds(), what="the message")
        [alarm] = alarms(hub)
        assert alarm["acknowledged_by"] == "rule"


def test_a_rule_for_a_checkpoint_counts_where_an_operator_has_named_it(tmp_path: Path, server: MailServer) -> None:
    """The station sends its own name, which is not that of the checkpoint."""
    with hub_with(tmp_path, server) as hub:
        label = {"kind": "station", "id": "station 1", "checkpoint": "North gate"}
        assert requests.put(f"{hub.url}/api/devices/labels", json=label, timeout=10).status_code == 200
        add(hub, when={"kind": "capture_failed", "checkpoint": "north gate"}, then={"banner": True})
        fail(hub, 2)
        fail(hub, 1)
        wait_for(lambda: history(hub), what="the rule")
        assert [one["subject"].rpartition(" at ")[2] for one in history(hub)] == ["station 1"]


def test_mail_waits_for_a_server_that_is_away_over_a_restart(tmp_path: Path, server: MailServer) -> None:
    server.answers["MAIL"] = "451 later"
    with hub_with(tmp_path, server) as hub:
        add(hub, then={"banner": False, "mail": ["boss@example.com"]})
        fail(hub)
        [waiting] = wait_for(lambda: [one for one in history(hub) if one["mail"]["problem"]], what="a failure")
        assert waiting["mail"]["state"] == "waiting" and "451" in waiting["mail"]["problem"]
        hub.kill()
    server.answers.clear()
    with hub:
        wait_for(lambda: server.mails, what="the mail")
        wait_for(lambda: history(hub)[0]["mail"]["state"] == "delivered")
    assert len(server.mails) == 1


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"RCPT": "550 nobody here"}, "550"),
        ({"DATA": "554 no"}, "554"),
    ],
)
def test_what_the_server_refuses_for_good_delays_no_other_mail(
    tmp_path: Path, server: MailServer, answers: dict[str, str | None], said: str
) -> None:
    server.answers.update(answers)
    with hub_with(tmp_path, server) as hub:
        add(hub, then={"banner": False, "mail": ["boss@example.com"]})
        fail(hub, 1)
        [failed] = wait_for(lambda: [one for one in history(hub) if one["mail"]["state"] == "failed"])
        assert said in failed["mail"]["problem"]
        server.answers.clear()
        fail(hub, 2)
        wait_for(lambda: server.mails, what="the next mail")


def test_a_mail_that_one_of_its_readers_cannot_have_yet_goes_to_the_others_once(
    tmp_path: Path, server: MailServer
) -> None:
    server.answers["full@example.com"] = "452 mailbox full"
    with hub_with(tmp_path, server) as hub:
        add(hub, then={"banner": False, "mail": ["full@example.com", "boss@example.com"]})
        fail(hub, 1)
        [waiting] = wait_for(lambda: [one for one in history(hub) if "452" in one["mail"]["problem"]])
        assert waiting["mail"]["state"] == "waiting" and "boss" not in waiting["mail"]["problem"]
        fail(hub, 2)
        wait_for(lambda: server.taken.count("boss@example.com") == 2, what="the next mail")
        server.answers.clear()
        wait_for(lambda: {one["mail"]["state"] for one in history(hub)} == {"delivered"}, 20, what="the second try")
    assert sorted(server.taken) == ["boss@example.com"] * 2 + ["full@example.com"] * 2


def test_a_mail_that_one_of_its_readers_cannot_have_at_all_says_who_has_it(tmp_path: Path, server: MailServer) -> None:
    server.answers["gone@example.com"] = "550 nobody here"
    with hub_with(tmp_path, server) as hub:
        add(hub, then={"banner": False, "mail": ["gone@example.com", "boss@example.com"]})
        fail(hub)
        [failed] = wait_for(lambda: [one for one in history(hub) if one["mail"]["state"] == "failed"])
        assert "gone@example.com: 550" in failed["mail"]["problem"] and "the others" in failed["mail"]["problem"]
    assert server.taken == ["boss@example.com"]


@pytest.mark.parametrize("answers", [{"EHLO": None}, {"DATA": ""}, {"EHLO": "250 " + "x" * 100_000}])
def test_a_server_that_misbehaves_holds_nobody_up(
    tmp_path: Path, server: MailServer, answers: dict[str, str | None]
) -> None:
    server.answers.update(answers)
    with hub_with(tmp_path, server) as hub:
        answer = ask(hub, "POST", "/mail-test", {"to": "boss@example.com"})
        assert answer.status_code == 503 and "[mail]" in answer.json()["message"]
        assert hub.get("/status")["event_loop"]["longest_ms"] < 500
        server.answers.clear()
        assert ask(hub, "POST", "/mail-test", {"to": "boss@example.com"}).status_code == 200
    assert len(server.mails) == 1


def test_without_a_mail_server_it_is_said(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance") as hub:
        answer = ask(hub, "POST", "/mail-test", {"to": "boss@example.com"})
        assert answer.status_code == 503 and "hub.toml" in answer.json()["message"]
        add(hub, then={"mail": ["boss@example.com"]})
        fail(hub)
        [failed] = wait_for(lambda: [one for one in history(hub) if one["mail"]["state"] == "failed"])
        assert "hub.toml" in failed["mail"]["problem"]


def test_rules_are_changed_deleted_and_outlive_a_restart(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance") as hub:
        fixed = ask(hub, "GET", "").json()["rules"]
        assert [one["id"] for one in fixed] == ["camera-silent", "station-silent"]
        assert all(one["enabled"] and one["fixed"] for one in fixed)
        rule = add(hub)
        path = f"/{rule['id']}"
        changed = ask(hub, "PUT", path, {"version": 1, "enabled": False})
        assert changed.status_code == 200 and changed.json()["rule"]["version"] == 2
        late = ask(hub, "PUT", path, {"version": 1, "name": "mine"})
        assert late.status_code == 409 and "meanwhile" in late.json()["message"]
        assert ask(hub, "PUT", path, {"version": 2, "when": {"kind": "?"}}).status_code == 400
        assert ask(hub, "PUT", "/camera-silent", {"version": 1, "enabled": False}).status_code == 200
        assert ask(hub, "DELETE", "/camera-silent").status_code == 409
        gone = add(hub, name="gone")
        assert ask(hub, "DELETE", f"/{gone['id']}").status_code == 200
        assert ask(hub, "GET", f"/{gone['id']}").status_code == 404
    with hub:
        rules = {one["id"]: one for one in ask(hub, "GET", "").json()["rules"]}
        assert not rules["camera-silent"]["enabled"] and rules["station-silent"]["enabled"]
        assert rules[rule["id"]]["name"] == "No number" and not rules[rule["id"]]["enabled"]
        assert gone["id"] not in rules
        actions = [one["action"] for one in hub.get("/api/audit")["audit"]]
        assert {"rule.add", "rule.change", "rule.delete"} <= set(actions)


def test_a_stored_rule_that_cannot_be_read_stops_nothing(tmp_path: Path) -> None:
    import sqlite3

    with HubProcess(tmp_path / "instance") as hub:
        add(hub)
    with sqlite3.connect(hub.instance / "hub.db") as connection:
        connection.execute("INSERT INTO rules VALUES ('broken', '{', 0)")
    connection.close()
    with hub:
        assert len(ask(hub, "GET", "").json()["rules"]) == 3
        fail(hub)
        wait_for(lambda: history(hub), what="the rule that can be read")
