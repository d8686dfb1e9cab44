"""Read and write the hub's settings.

`hub.toml` has the lowest precedence, the environment overrides it, command-line flags override both.
"""

from __future__ import annotations

import json
import logging
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_origin

from pydantic import ValidationError

from hub.runtime.durable_file import make_folder, write_whole
from hub.settings.base import Section
from hub.settings.declared import declared, declared_tables, environment_name, section_class
from hub.settings.model import Settings

log = logging.getLogger(__name__)

FILE_NAME = "hub.toml"
SECRETS = ("token", "secret", "password", "url")


class SettingsError(Exception):
    """A setting is invalid; the text names its origin (file, variable, flag), its key and the reason."""


def load(
    instance: Path, flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None, write: bool = True
) -> Settings:
    """Load the settings of one instance folder.

    `flags` are top-level settings given on the command line (None values are skipped). Writes a default `hub.toml`
    where there is none (unless `write` is False). Raises SettingsError.
    """
    environ = os.environ if environ is None else environ
    path = instance / FILE_NAME
    if write:
        _write_default(instance, path)
    values: dict[str, Any] = {}
    origin: dict[tuple[str, ...], str] = {}
    if path.exists():
        values = _read_file(path)
        for keys in _key_paths(values):
            origin[keys] = str(path)
    for keys, name, value in _from_environment(environ):
        _put(values, keys, value)
        origin[keys] = f"environment variable {name}"
    for key, value in (flags or {}).items():
        if value is not None:
            values[key] = value
            origin[(key,)] = f"--{key}"
    try:
        return Settings(**values, instance=instance)
    except ValidationError as error:
        raise SettingsError("\n".join(_sentence(item, origin, path) for item in error.errors())) from error


def _write_default(instance: Path, path: Path) -> None:
    """Make the instance folder, and the settings file where there is none. Raises SettingsError."""
    try:
        make_folder(instance)
        if not path.exists():
            write_whole(path, template().replace("\n", os.linesep).encode())
    except OSError as error:
        raise SettingsError(
            f"{path}: cannot be written ({error.strerror}); choose another folder with --instance."
        ) from error


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not UTF-8 text; save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}; correct that line (values in quotes, one key a line).") from error
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}).") from error


def _from_environment(environ: Mapping[str, str]) -> list[tuple[tuple[str, ...], str, Any]]:
    """Settings given as HUB_*, each as (keys, variable, value).

    Unknown names of that form are logged, not rejected: they may belong to another program.
    """
    names = {environment_name(section, key): (section, key, field) for section, key, field in declared()}
    found: list[tuple[tuple[str, ...], str, Any]] = []
    for name, text in environ.items():
        if name in names:
            section, key, field = names[name]
            keys = (section, key) if section else (key,)
            found.append((keys, name, _split(text) if get_origin(field.annotation) is list else text))
        elif name.startswith("HUB_"):
            log.warning("%s in the environment is no setting of this hub and is not used.", name)
    if environ.get("IMAGE_SERVER_URL") and "HUB_IMAGES_BASE_URL" not in environ:
        found.append((("images", "base_url"), "IMAGE_SERVER_URL", environ["IMAGE_SERVER_URL"]))
    return found


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _put(values: dict[str, Any], keys: tuple[str, ...], value: Any) -> None:
    for key in keys[:-1]:
        inner = values.get(key)
        if not isinstance(inner, dict):
            inner = values[key] = {}
        values = inner
    values[keys[-1]] = value


def _key_paths(values: Mapping[str, Any], parents: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The path of every key of nested tables, those of the tables included."""
    rows: list[tuple[str, ...]] = []
    for key, value in values.items():
        rows.append((*parents, key))
        if isinstance(value, dict):
            rows.extend(_key_paths(value, (*parents, key)))
    return rows


def _sentence(item: Mapping[str, Any], origin: Mapping[tuple[str, ...], str], path: Path) -> str:
    """One validation error of pydantic as a sentence for the operator; the value of a secret is left out."""
    keys = tuple(str(part) for part in item["loc"])
    where = next((origin[keys[:size]] for size in range(len(keys), 0, -1) if keys[:size] in origin), str(path))
    # Tables of a list are counted from 1: apriltag.detection[1].camera belongs to the first one.
    name = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in item["loc"]).lstrip(".")
    if item["type"] == "extra_forbidden":
        return f"{where}: {name}: there is no such setting; docs/settings.md lists them all."
    reason = item["msg"].removeprefix("Value error, ")
    if not keys:
        return f"{where}: {reason}."
    if item["type"] == "missing":
        return f"{where}: {name}: is missing; add the line."
    if keys[-1] in SECRETS:
        return f"{where}: {name}: {reason[:1].lower()}{reason[1:]} (its value is not shown)."
    shown = repr(item["input"])
    return f"{where}: {name}: {reason[:1].lower()}{reason[1:]} (it is {shown[:80]})."


def template() -> str:
    """The text of a new `hub.toml`: every key with its help as a comment and its default."""
    lines = [
        "# Settings of the Gatehouse hub. Change a value, save as UTF-8 and start the hub again.",
        "# `python app.py check-config` says whether the file can be used.",
        "",
    ]
    last = ""
    for section, key, field in declared():
        if section != last:
            lines += _examples(last)
            lines += [f"[{section}]", f"# {(section_class(section).__doc__ or '').strip()}", ""]
            last = section
        lines += [f"# {field.description}", f"{key} = {_toml(field.default)}", ""]
    return "\n".join(lines + _examples(last))


def _examples(section: str) -> list[str]:
    """One example block for each list of tables in a section, commented out."""
    lines: list[str] = []
    for key, kind in declared_tables(section):
        lines += [f"# {(kind.__doc__ or '').strip()}", f"# [[{_dotted(section, key)}]]"]
        for name, field in kind.model_fields.items():
            value = field.examples[0] if field.examples else field.default
            lines.append(f"# {name} = {_toml(value)}    # {field.description}")
        lines.append("")
    return lines


def _dotted(section: str, key: str) -> str:
    """A setting's name in sentences and in headings of tables: images.port, and port at the top of the file."""
    return f"{section}.{key}" if section else key


def _toml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def table() -> str:
    """The table of the hub's settings in docs/settings.md, in Markdown."""
    lines = ["| setting | environment | default | what it does |", "|---|---|---|---|"]
    for section, key, field in declared():
        cells = (f"`{_dotted(section, key)}`", f"`{environment_name(section, key)}`", f"`{_toml(field.default)}`")
        lines.append(f"| {' | '.join(cells)} | {field.description} |")
    for section in dict.fromkeys(section for section, _, _ in declared()):
        for key, kind in declared_tables(section):
            lines += ["", *_keys_table(_dotted(section, key), kind)]
    return "\n".join(lines) + "\n"


def _keys_table(name: str, kind: type[Section]) -> list[str]:
    lines = [
        f"`[[{name}]]`: {(kind.__doc__ or '').strip()} In the file only.",
        "",
        f"| key of `[[{name}]]` | default | what it does |",
        "|---|---|---|",
    ]
    for key, field in kind.model_fields.items():
        default = "(needed)" if field.is_required() else "" if field.default is None else f"`{_toml(field.default)}`"
        lines.append(f"| `{key}` | {default} | {field.description} |")
    return lines
