"""Whether other users of the machine can read what they should not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from hub.doctor.case import Case
from hub.doctor.finding import Check, Finding, ok, warn
from hub.net.certificates import AUTHORITY_KEY


def check(case: Case) -> Iterator[Finding]:
    """Look at the permissions of each file with a secret."""
    if os.name == "nt":
        yield ok(f"On Windows the permissions of the folder {case.folder.resolve()} hold.")
        return
    there = [path for path in _secrets(case) if path.is_file()]
    open_ = [path for path in there if path.stat().st_mode & 0o077]
    if open_:
        yield warn(f"Others may read {len(open_)} files with secrets: chmod 600 {' '.join(map(str, open_))}")
    else:
        yield ok(f"{len(there)} files with secrets, readable by their owner only.")


def _secrets(case: Case) -> list[Path]:
    settings = case.settings
    tls = [settings.tls_key_path, settings.tls_key_path.with_name(AUTHORITY_KEY)] if settings.uses_tls else []
    return [
        settings.device_token_path,
        settings.token_path,
        settings.tracking_key_path,
        settings.session_key_path,
        settings.admin_password_path,
        *tls,
    ]


CHECK = Check("secrets", check)
