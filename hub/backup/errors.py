"""Errors of backups and restorations; each text is a sentence with the next step."""

from __future__ import annotations


class BackupError(Exception):
    """A backup could not be made, or one cannot be restored."""


class ArchiveDamaged(BackupError):
    """A file is not a whole backup of this program."""


class Stopped(BackupError):
    """The work was stopped before it was done."""
