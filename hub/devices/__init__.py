"""Devices that register themselves and wait for an operator's decision."""
