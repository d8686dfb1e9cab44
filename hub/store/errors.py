"""Errors of the database that stop the hub, or a request."""

from __future__ import annotations

from hub.contract.errors import Unavailable


class DatabaseError(Exception):
    """The database cannot be opened, read or migrated; the text is the reason, for the operator."""


class DatabaseUnreadable(Unavailable, DatabaseError):
    """Rows cannot be read (503): a part of the file is damaged, or the disk or the database fails."""


class StoreUnusable(DatabaseError):
    """The database cannot be used at the start; the text is a whole sentence with the next step."""
