"""Errors of the store that are no answer to a sender."""

from __future__ import annotations


class DatabaseError(Exception):
    """The database cannot be opened, read or migrated; the text says why, for the operator."""
