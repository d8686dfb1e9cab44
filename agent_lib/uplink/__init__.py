"""Delivery of results, station status and live pictures to the hub; each transport is one module."""

from agent_lib.uplink.uplink import Uplink

__all__ = ["Uplink"]
