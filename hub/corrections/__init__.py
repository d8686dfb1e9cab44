"""Corrections: people say what a device should have read. The table is in `hub.store.corrected`, where kinds see it."""
