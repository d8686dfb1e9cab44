"""Barriers: relays that the hub pulses for visits that are in order, or when an operator says so."""
