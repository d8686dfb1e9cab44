"""Change single values of a TOML settings file as text, so that comments and order stay as they are."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

from agent_lib.runtime.durable_files import sync_folder
from agent_lib.settings.parse import SettingsError, parse_toml, read_text

_HEADER = re.compile(r"^[ \t]*\[\[?[^\]]*\]\]?[ \t]*(?:#.*)?$")


def set_values(path: Path, table: str, values: dict[str, str]) -> None:
    """Write texts into a table of a TOML file, which is replaced as a whole; other users may not read it then.

    Raises SettingsError where the file cannot be read, written, or changed without changing something else.
    """
    _replace(path, text_with(path, table, values))


def text_with(path: Path, table: str, values: dict[str, str]) -> str:
    """What `set_values` would write. Raises SettingsError as that does."""
    before = read_text(path)
    text = before
    for key, value in values.items():
        text = _with_value(text, table, key, value)
    expected = parse_toml(path, before)
    current = expected.get(table, {})
    if isinstance(current, dict):
        expected[table] = {**current, **values}
        try:
            if parse_toml(path, text) == expected:
                return text
        except SettingsError:
            pass  # a table of this name is there in another form; the sentence below says what to do
    keys = ", ".join(values)
    raise SettingsError(f"{path}: {table} is written in a form that is not changed here; write {keys} under [{table}].")


def _with_value(text: str, table: str, key: str, value: str) -> str:
    """`text` with one key of a table set; the table is added at the end where it is missing."""
    newline = "\r\n" if "\r\n" in text else "\n"
    line = f"{key} = {json.dumps(value)}"
    lines = text.splitlines()
    start = next((i for i, row in enumerate(lines) if re.match(rf"^[ \t]*\[[ \t]*{table}[ \t]*\]", row)), None)
    if start is None:
        return newline.join([*lines, "", f"[{table}]", line, ""])
    end = next((i for i in range(start + 1, len(lines)) if _HEADER.match(lines[i])), len(lines))
    for i in range(start + 1, end):
        if re.match(rf"^[ \t]*{key}[ \t]*=", lines[i]):
            lines[i] = line
            return newline.join([*lines, ""])
    return newline.join([*lines[: start + 1], line, *lines[start + 1 :], ""])


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        # Windows ignores the mode; there the folder's permissions apply.
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        _keep_owner(path, part)
        os.replace(part, path)
        sync_folder(path.parent)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be written ({error.strerror}).") from error


def _keep_owner(path: Path, part: Path) -> None:
    """Let the owner of the file be that of the new one, where this user may do that."""
    if sys.platform == "win32":
        return
    owner = path.stat()
    if owner.st_uid != os.getuid():
        os.chown(part, owner.st_uid, owner.st_gid)
