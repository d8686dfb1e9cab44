"""What the checks of access cost: `python bench/access.py [--seconds 5] [--rounds 5]`.

Times `Gate.check` and the check of a record's sender for a POST of a camera from this machine, from a trusted network,
with a device's token, from an admitted address and of an account, in this process. Then measures the records a second
of `bench/ingest.py` (REST, 1 KB) and prints which part of that time the checks take: at most 5 %.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ingest import measure
from ingest_peers import HubPeer
from load import Load

from hub import close, create_app
from hub.access.senders import check_sender
from hub.devices.decisions import Decisions
from hub.settings.file import load as load_settings

LIMIT = 0.05
CALLS = 20_000
RECORD = {"camera_id": "cam", "timestamp": "2026-01-28T10:00:00Z"}
NETWORK, ADMITTED, ELSEWHERE = "192.168.7.20", "192.0.2.9", "192.0.2.5"


def environ(address: str, **more: str) -> dict[str, Any]:
    """The request of a camera from this address."""
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/api/detection",
        "QUERY_STRING": "",
        "REMOTE_ADDR": address,
        "HTTP_HOST": "192.168.7.2:8765" if address != "127.0.0.1" else "127.0.0.1:8765",
        "HTTP_USER_AGENT": "python-requests/2",
        "gatehouse.listener": "lpr",
        **more,
    }


def senders(hub: Any) -> dict[str, dict[str, Any]]:
    """A request of each kind of sender that the hub lets in."""
    token = (hub.settings.instance / "device_token.txt").read_text("utf-8").strip()
    hub.part(Decisions).add(ADMITTED, "cam", "")
    return {
        "this machine": environ("127.0.0.1"),
        "trusted network": environ(NETWORK),
        "device token": environ(ELSEWHERE, HTTP_AUTHORIZATION=f"Bearer {token}"),
        "admitted address": environ(ADMITTED),
    }


def microseconds(hub: Any, request: dict[str, Any], rounds: int) -> float:
    """Median microseconds of the checks of one record."""
    check: Callable[[dict[str, Any]], None] = hub.gate.check
    times = []
    for _ in range(rounds):
        began = perf_counter()
        for _ in range(CALLS):
            fresh = dict(request)
            check(fresh)
            check_sender(hub.gate, fresh, RECORD, "http")
        times.append((perf_counter() - began) / CALLS)
    return statistics.median(times) * 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rates = []
    for _ in range(3):
        with HubPeer() as server:
            rates.append(measure(server, Load("rest", 1, 20, options.seconds, server.port, 1)).rate)
    rate = statistics.median(rates)
    print(f"records/s over REST, 1 KB, 20 cameras: {rate:.0f} (median of {', '.join(f'{one:.0f}' for one in rates)})\n")
    print(f"{'sender':<18} {'us a record':>12} {'share':>8}   limit {LIMIT:.0%}")
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        # One sender stands for many here: its own rate must not be what is measured.
        site = {"HUB_TRUSTED_NETWORKS": "192.168.7.0/24", "HUB_LIMITS_MESSAGES_PER_SECOND": "100000"}
        app = create_app(load_settings(Path(folder) / "instance", {}, site))
        try:
            hub = app.extensions["gatehouse"]
            for name, request in senders(hub).items():
                cost = microseconds(hub, request, options.rounds)
                share = cost * rate / 1e6
                failed |= share > LIMIT
                print(f"{name:<18} {cost:12.1f} {share:8.1%}")
        finally:
            close(app)
    print("\nfalls short" if failed else "\nwithin its limits")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
