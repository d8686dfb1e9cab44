"""Errors of the database that stop the hub, or a request, and are not answers to a sender."""

from __future__ import annotations


class DatabaseError(Exception):
    """The database cannot be opened, read or migrated; the text is the reason, for the operator."""
