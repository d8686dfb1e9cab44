"""Senders of datagrams: served after one click, like those of every other transport."""

from __future__ import annotations

from typing import Any

from hub.apriltag.access import DatagramSenders
from hub.devices.decisions import Decisions
from hub.devices.known_devices import KnownDevices

BOARD = "192.168.7.9"


def test_a_board_over_udp_waits_and_is_served_until_it_is_blocked(app: Any) -> None:
    hub = app.extensions["gatehouse"]
    senders, known, decisions = DatagramSenders(hub.gate), hub.part(KnownDevices), hub.part(Decisions)
    assert senders.admits("127.0.0.1") and not senders.admits(BOARD)
    [device] = known.in_state("waiting")
    assert (device.address, device.transport, device.claimed) == (BOARD, "udp", "")
    decisions.admit(device.id)
    assert senders.admits(BOARD) and not senders.admits("192.168.7.10")
    decisions.block(device.id)
    assert not senders.admits(BOARD)
    assert [one.address for one in known.in_state("waiting")] == ["192.168.7.10"]
