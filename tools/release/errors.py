"""Why no release can be made."""

from __future__ import annotations


class ReleaseError(Exception):
    """A sentence that says why and what to do."""
