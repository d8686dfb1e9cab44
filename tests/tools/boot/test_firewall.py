"""The rules for Windows' firewall and the question for them. The rules are not applied here: Wine's netsh is a stub."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.commands.install_service import ports as ports_of
from hub.settings.file import load
from tools.boot.firewall import ANSWER_FILE, Ports, add_steps, is_allowed, remove_steps, used
from tools.boot.steps import show

PORTS = Ports((3000, 5000), (5200,), ("192.168.1.7/24", "127.0.0.1", "fd00::/8", "192.168.1.0/24"))


class Person:
    """Answers questions in order, and keeps them."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.questions: list[str] = []

    def __call__(self, question: str) -> str:
        self.questions.append(question)
        return self._answers.pop(0)


def test_a_rule_for_each_protocol_limited_to_the_own_networks() -> None:
    lines = show(add_steps("gatehouse-hub", PORTS)).splitlines()
    sources = "remoteip=localsubnet,192.168.1.0/24,fd00::/8"
    assert [line.split("rule ")[1] for line in lines] == [
        "name=gatehouse-hub-tcp",
        "name=gatehouse-hub-udp",
        f"name=gatehouse-hub-tcp dir=in action=allow profile=any protocol=TCP localport=3000,5000 {sources}",
        f"name=gatehouse-hub-udp dir=in action=allow profile=any protocol=UDP localport=5200 {sources}",
    ]
    assert [line.split()[4] for line in show(remove_steps("gatehouse-hub")).splitlines()] == ["delete", "delete"]


def test_no_rule_without_a_port_and_everybody_only_where_the_settings_say_so() -> None:
    lines = show(add_steps("x", Ports((5000,), (), ("0.0.0.0/0",)))).splitlines()
    assert len(lines) == 3 and lines[2].endswith("localport=5000 remoteip=any")
    assert Ports((5000,), (), ("0.0.0.0/0",)).sentence == "Ports TCP 5000, open to everybody"
    assert used([5000, 0, 3000, 5000]) == (3000, 5000)


def test_the_ports_are_those_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text(
        'port = 5001\ntrusted_networks = ["10.0.0.0/8"]\n[lpr]\nport = 0\n[apriltag]\nudp_port = 0\n', "utf-8"
    )
    found = ports_of(load(tmp_path, {}, write=False))
    assert found == Ports((2020, 3000, 5001, 5100), (), ("10.0.0.0/8",))


@pytest.mark.parametrize("typed, allowed", [(["y"], True), (["what?", "NO"], False), (["", "", "", "", ""], False)])
def test_it_is_asked_once(tmp_path: Path, typed: list[str], allowed: bool) -> None:
    person = Person(*typed)
    assert is_allowed(PORTS, tmp_path / "new", person) is allowed
    assert person.questions[0] == (
        "Ports TCP 3000, 5000 and UDP 5200, open to this machine's own networks, 192.168.1.0/24, fd00::/8: "
        "add this to Windows' firewall? [y/n] "
    )
    nobody = Person()
    assert is_allowed(PORTS, tmp_path / "new", nobody) is allowed and nobody.questions == []
    assert is_allowed(PORTS, tmp_path / "new", None) is allowed, "remembered also where nobody can be asked"


def test_other_ports_or_networks_are_another_question(tmp_path: Path) -> None:
    assert is_allowed(PORTS, tmp_path, Person("y"))
    assert not is_allowed(Ports((6000,), ()), tmp_path, Person("n"))
    assert not is_allowed(Ports((6000,), (), ("10.0.0.0/8",)), tmp_path, Person("n"))


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"allowed": true}'])
def test_an_unreadable_answer_is_no_answer(tmp_path: Path, content: str) -> None:
    (tmp_path / ANSWER_FILE).write_text(content, "utf-8")
    assert is_allowed(PORTS, tmp_path, None) is False
    assert is_allowed(PORTS, tmp_path, Person("y")) is True
    assert json.loads((tmp_path / ANSWER_FILE).read_text("utf-8"))["allowed"] is True
