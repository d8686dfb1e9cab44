"""Settings that turn the fast paths off, for troubleshooting."""

from __future__ import annotations

from pydantic import Field

from hub.settings.base import Section


class FastPaths(Section):
    """Shortcuts for what arrives by the thousand; each off takes the ordinary way to the same answers and rows."""

    rest: bool = Field(True, description="Answer records over HTTP in front of Flask; false: by Flask's routes.")
    socketio: bool = Field(
        True,
        description=(
            "Read and answer text events of cameras without python-socketio's packets; false: by python-socketio."
        ),
    )
    commit: bool = Field(
        True, description="Store the detections of a commit by one statement; false: record by record."
    )
