"""Doorbells: a button at a gate that tells the hub when somebody presses it."""
