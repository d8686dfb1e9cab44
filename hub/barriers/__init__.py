"""Barriers: a pulse to a relay for a visit that is in order, or because an operator says so."""
