"""The wheels that a release brings along (make_release.py), so that an installation needs no network.

Runs before anything is installed; the syntax stays that of Python 3.6.
"""

import json
import sys
import sysconfig
from typing import Dict

LIST, ABOUT = "requirements.txt", "wheels.json"


def about(version: str, platform: str) -> Dict[str, str]:
    """Return what wheels.json says: the Python ("3.13") and the platform ("win-amd64") that the wheels are for."""
    return {"python": version, "platform": platform}


class ReleaseWheels:
    """The folder `wheels` of the project: the wheels, the list of them with hashes, and what they are for."""

    def __init__(self, folder):
        self.folder = folder
        self.list = folder / LIST

    def fit(self):
        """Return whether they are here, for this Python and this kind of machine."""
        try:
            made_for = json.loads((self.folder / ABOUT).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return made_for == about("%d.%d" % sys.version_info[:2], sysconfig.get_platform())

    def source(self):
        """Return pip's arguments that make it take the wheels from here and from nowhere else."""
        return ["--isolated", "--no-index", "--find-links", str(self.folder)]

    def requirements(self):
        """Return pip's arguments for all of them. The list is complete, so nothing is resolved."""
        return self.source() + ["--no-deps", "--require-hashes", "-r", str(self.list)]
