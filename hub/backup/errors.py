"""Errors of backups and restorations; each text is a sentence with the next step."""

from __future__ import annotations

IN_POSTGRESQL = (
    "Records and pictures are in PostgreSQL (store.url), which has tools of its own: back it up with pg_dump, and copy "
    "the instance folder with settings and secrets (docs/postgresql.md)."
)
"""Why there are neither backups nor checks of a hub whose database is PostgreSQL."""


class BackupError(Exception):
    """A backup could not be made, or one cannot be restored."""


class ArchiveDamaged(BackupError):
    """A file is not a whole backup of this program."""


class Stopped(BackupError):
    """The work was stopped before it was done."""
