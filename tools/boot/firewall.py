"""Windows' firewall: the rules for the hub's ports, limited to its own networks, and the answer that allowed them."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tools.boot.steps import Run, Step

ANSWER_FILE = "firewall.json"
LOCAL = "localsubnet"  # netsh's word for every network that this machine is in


@dataclass(frozen=True)
class Ports:
    """What the hub listens on, and the networks that may reach it besides those that the machine is in."""

    tcp: tuple[int, ...]
    udp: tuple[int, ...]
    networks: tuple[str, ...] = ()

    @property
    def sources(self) -> str:
        """The addresses as netsh writes them; "any" where a setting lets everybody in."""
        wanted = [LOCAL]
        for text in self.networks:
            network = ipaddress.ip_network(text, strict=False)
            if network.prefixlen == 0:
                return "any"
            if not network.is_loopback:
                wanted.append(str(network))
        return ",".join(dict.fromkeys(wanted))

    @property
    def sentence(self) -> str:
        """What the rules allow, for the person who is asked."""
        kinds = [
            f"{name} {', '.join(map(str, numbers))}"
            for name, numbers in (("TCP", self.tcp), ("UDP", self.udp))
            if numbers
        ]
        sources = self.sources.split(",")
        who = "everybody" if sources == ["any"] else ", ".join(["this machine's own networks", *sources[1:]])
        return f"Ports {' and '.join(kinds)}, open to {who}"

    def as_json(self) -> dict[str, object]:
        """What is remembered with the answer."""
        return {"tcp": list(self.tcp), "udp": list(self.udp), "sources": self.sources}


def used(ports: Iterable[int]) -> tuple[int, ...]:
    """The ports that are fixed: 0 is none, or any that is free. Sorted, each once."""
    return tuple(sorted({port for port in ports if port}))


def rule_names(name: str) -> dict[str, str]:
    """The names of the rules of a service, by protocol."""
    return {protocol: f"{name}-{protocol.lower()}" for protocol in ("TCP", "UDP")}


def add_steps(name: str, ports: Ports) -> list[Step]:
    """Replace the rules of a service."""
    steps = remove_steps(name)
    for protocol, numbers in (("TCP", ports.tcp), ("UDP", ports.udp)):
        if numbers:
            rule = (
                f"name={rule_names(name)[protocol]}",
                "dir=in",
                "action=allow",
                "profile=any",
                f"protocol={protocol}",
                f"localport={','.join(map(str, numbers))}",
                f"remoteip={ports.sources}",
            )
            steps.append(Run(("netsh", "advfirewall", "firewall", "add", "rule", *rule)))
    return steps


def remove_steps(name: str) -> list[Step]:
    """Remove the rules of a service, where there are some."""
    return [
        Run(("netsh", "advfirewall", "firewall", "delete", "rule", f"name={rule}"), may_fail=True)
        for rule in rule_names(name).values()
    ]


def is_allowed(ports: Ports, instance: Path, ask: Callable[[str], str] | None) -> bool:
    """Whether the person lets the rules be added.

    Asked once for the same ports; the instance folder keeps the answer. `ask` prints a question and returns what was
    typed; None where nobody can be asked: then nothing is added, and the question comes another time.
    """
    file = instance / ANSWER_FILE
    try:
        remembered = json.loads(file.read_text("utf-8"))
        if remembered["ports"] == ports.as_json():
            return bool(remembered["allowed"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not asked yet, or unreadable: then the question comes again
    if ask is None:
        return False
    allowed = _yes_or_no(ask, f"{ports.sentence}: add this to Windows' firewall? [y/n] ")
    remember(ports, instance, allowed)
    return allowed


def remember(ports: Ports, instance: Path, allowed: bool) -> None:
    """Keep the answer. Raises OSError."""
    instance.mkdir(parents=True, exist_ok=True)
    (instance / ANSWER_FILE).write_text(json.dumps({"allowed": allowed, "ports": ports.as_json()}) + "\n", "utf-8")


def _yes_or_no(ask: Callable[[str], str], question: str) -> bool:
    for _ in range(5):
        answer = ask(question).strip().lower()
        if answer in ("y", "yes", "n", "no"):
            return answer[0] == "y"
    return False
