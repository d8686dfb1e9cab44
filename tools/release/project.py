"""The files of the project as they were committed last, without what only developers need."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

from tools.release.errors import ReleaseError

LEFT_OUT_FOLDERS = ("tests/", "bench/", ".ci/")
LEFT_OUT = (
    ".editorconfig",
    ".gitattributes",
    ".gitignore",
    ".importlinter",
    ".pre-commit-config.yaml",
    "requirements-dev.txt",
    "run_tests.bat",
    "run_tests.sh",
)


class Project:
    """A git repository at its last commit."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.commit = self._git("rev-parse", "HEAD").strip()
        self.time = int(self._git("log", "-1", "--format=%ct"))  # epoch seconds
        self.changed = len(self._git("status", "--porcelain", "--untracked-files=no").splitlines())

    def files(self) -> dict[str, bytes]:
        """The content of each file, by its path; line ends are those that a checkout would have."""
        archive = subprocess.run(
            ["git", "archive", "--format=tar", "HEAD"], cwd=self.root, capture_output=True, check=True
        )
        content: dict[str, bytes] = {}
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
            for member in tar:
                file = tar.extractfile(member) if member.isfile() else None
                if file is not None and not member.name.startswith(LEFT_OUT_FOLDERS) and member.name not in LEFT_OUT:
                    content[member.name] = file.read()
        return content

    def _git(self, *arguments: str) -> str:
        try:
            done = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise ReleaseError(f"{self.root} is no git repository with a commit ({error}).") from error
        return done.stdout
