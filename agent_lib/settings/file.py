"""Load the agent's settings: a file, overridden by the environment, overridden by flags."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent_lib.runtime.durable_files import make_folder, replace_durably, sync_folder
from agent_lib.settings.devices import CameraSettings, RfidSettings, Section
from agent_lib.settings.model import AgentSettings, StationSettings
from agent_lib.settings.parse import SettingsError, is_json, parse_json, parse_toml, read_text
from agent_lib.settings.template import DEVICES, STATION_KEYS, TABLES, TOP_KEYS, template

FILE_NAME = "agent.toml"

_ENVIRONMENT = {
    "WEBSOCKET_URL": ("hub", "websocket_url"),
    "GATEHOUSE_TOKEN": ("hub", "token"),
    "GATEHOUSE_CA": ("hub", "ca"),
    "IMAGE_SERVER_URL": ("hub", "image_server_url"),
    "AGENT_SIMULATE_PAUSE": ("simulate_pause",),
    "AGENT_SIMULATE_FLEET": ("simulate_fleet",),
    "AGENT_SIMULATE_NIGHT": ("simulate_night",),
}
_CAMERA_ADDRESS = ("host", "url", "index")


def load(
    flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None, first_start: bool = True
) -> AgentSettings:
    """The settings of one agent.

    `flags` are the command-line options, None if not given: instance, config, hub, ca, simulate, seed, captures.
    Without `config` the file is agent.toml of the instance folder, created if missing. Without `first_start` nothing
    is written, and a missing file means the defaults. A relative `hub.ca` is in the instance folder, the flag in the
    current one. Raises SettingsError.
    """
    given = {key: value for key, value in (flags or {}).items() if value is not None}
    environ = os.environ if environ is None else environ
    instance = Path(given.get("instance", "instance")).absolute()
    path = Path(given["config"]).absolute() if "config" in given else instance / FILE_NAME
    if first_start:
        _first_start(instance, None if "config" in given else path)
    text = "" if not first_start and "config" not in given and not path.exists() else read_text(path)
    json_format = is_json(path, text)
    collector = _Collector(path, strict=not json_format)
    collector.add_file(parse_json(path, text) if json_format else parse_toml(path, text))
    for name, keys in _ENVIRONMENT.items():
        if environ.get(name, "").strip():
            collector.add(keys, environ[name], f"environment variable {name}")
    if "hub" in given:
        collector.add(("hub", "url"), given["hub"], "--hub")
    if "ca" in given:
        collector.add(("hub", "ca"), str(Path(given["ca"]).absolute()), "--ca")
    for key in ("simulate", "seed"):
        if key in given:
            collector.add((key,), given[key], f"--{key}")
    return collector.settings(instance=instance, captures=given.get("captures"))


class _Collector:
    """Collects values of file, environment and flags, checked per table so that an error names the key as written."""

    def __init__(self, path: Path, strict: bool) -> None:
        self.path, self.strict = path, strict
        self.values: dict[str, Any] = {}
        self.errors: list[str] = []
        self.warnings: list[str] = []

    def add_file(self, raw: dict[str, Any]) -> None:
        """Check and keep the content of the settings file."""
        raw = _without_nulls(raw)
        self.values["stations"] = []
        station = _as_table(raw.pop("station", {}), "name")
        raw["hub"] = _as_table(raw.get("hub", {}), "url")
        rows = raw.pop("stations", [])
        for key, value in raw.items():
            if key in TABLES:
                self._table(key, value, (key,))
            elif key in TOP_KEYS:
                self.add((key,), value, str(self.path))
            else:
                self._unknown((key,))
        self.values["station"] = self._station(station, ("station",), devices=False)
        if not isinstance(rows, list):
            self._error(str(self.path), ("stations",), "must be a list of tables, each headed [[stations]]", rows)
            rows = []
        for number, row in enumerate(rows):
            self.values["stations"].append(
                self._station(_as_table(row, "name"), (f"stations[{number + 1}]",), devices=True)
            )

    def add(self, keys: tuple[str, ...], value: Any, origin: str) -> None:
        """Check and keep a single value."""
        model: type[Section] = TABLES[keys[0]] if len(keys) == 2 else AgentSettings
        checked = self._checked(model, {keys[-1]: value}, keys[:-1], origin)
        target = self.values.setdefault(keys[0], {}) if len(keys) == 2 else self.values
        target.update(checked)

    def _table(self, key: str, value: Any, place: tuple[str, ...], into: dict[str, Any] | None = None) -> None:
        model = TABLES[key]
        table = _as_camera(value) if model is CameraSettings else _as_reader(value) if model is RfidSettings else value
        target = self.values if into is None else into
        if isinstance(table, dict):
            target.setdefault(key, {}).update(self._checked(model, table, place, str(self.path)))
        else:
            self._error(str(self.path), place, "must be a table of settings", value)

    def _station(self, table: Any, place: tuple[str, ...], devices: bool) -> dict[str, Any]:
        """Check one [station] or [[stations]] table; only the latter may contain devices."""
        kept: dict[str, Any] = {}
        if not isinstance(table, dict):
            self._error(str(self.path), place, "must be a name or a table with name and kind", table)
            return kept
        for key, value in table.items():
            if key in STATION_KEYS:
                kept.update(self._checked(StationSettings, {key: value}, place, str(self.path)))
            elif devices and key in DEVICES:
                self._table(key, value, (*place, key), kept)
            else:
                self._unknown((*place, key))
        return kept

    def _checked(
        self, model: type[Section], table: dict[str, Any], place: tuple[str, ...], origin: str
    ) -> dict[str, Any]:
        """The given and valid values of `table`, converted; errors and unknown keys are recorded."""
        known = set(model.model_fields) | ({"rtsp_url"} if model is CameraSettings else set())
        for key in [key for key in table if key not in known]:
            self._unknown((*place, key))
        if model is CameraSettings and "rtsp_url" in table:
            spelled = table["rtsp_url"]
            table = {
                **{key: value for key, value in table.items() if key != "rtsp_url"},
                "url": table.get("url") or spelled,
            }
        good = {key: value for key, value in table.items() if key in model.model_fields}
        try:
            section = model(**good)
        except ValidationError as error:
            for item in error.errors():
                keys = tuple(str(part) for part in item["loc"])
                self._error(origin, (*place, *keys), _reason(item), item["input"])
            return {}
        return {key: getattr(section, key) for key in good}

    def _unknown(self, keys: tuple[str, ...]) -> None:
        name = ".".join(keys)
        if self.strict:
            self.errors.append(f"{self.path}: {name}: there is no such setting; remove the line or correct its name.")
        else:
            self.warnings.append(f"{self.path}: {name}: this agent has no such setting; it is not used.")

    def _error(self, origin: str, keys: tuple[str, ...], reason: str, value: Any) -> None:
        # An invalid secret (given as a number, say) must not be printed.
        shown = "" if keys[-1] in ("password", "token", "url", "rtsp_url") else f" (it is {str(repr(value))[:80]})"
        self.errors.append(f"{origin}: {'.'.join(keys)}: {reason}{shown}.")

    def settings(self, instance: Path, captures: int | None) -> AgentSettings:
        """The merged settings. Raises SettingsError if there were errors."""
        stations = self._stations()
        names = [str(station["name"]) for station in stations]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.errors.append(f"{self.path}: stations: two stations are called {name!r}; give each a name of its own.")
        if self.errors:
            raise SettingsError("\n".join(self.errors))
        hub = self.values["hub"] = self.values.get("hub", {})
        if hub.get("ca"):
            hub["ca"] = str(instance / hub["ca"])
        tables = {key: self.values[key] for key in ("hub", "outbox", "log") if key in self.values}
        plain = {key: self.values[key] for key in TOP_KEYS if key in self.values}
        own = {
            "instance": instance,
            "captures": captures,
            "config_path": self.path,
            "warnings": tuple(self.warnings),
        }
        return AgentSettings.model_validate({**plain, **tables, "stations": stations, **own})

    def _stations(self) -> list[dict[str, Any]]:
        """Each station as one dict: top-level tables are defaults, and a second camera inherits from the first."""
        base = {key: self.values.get(key, {}) for key in DEVICES}
        rows = self.values["stations"] or [{}]
        found = []
        for number, row in enumerate(rows, start=1):
            merged = {key: _over(base[key], row.get(key, {})) for key in DEVICES}
            given = merged["secondary_camera"]
            inherited = {key: value for key, value in merged["camera"].items() if key not in _CAMERA_ADDRESS}
            merged["secondary_camera"] = (
                {**inherited, **given} if any(_has(given, key) for key in _CAMERA_ADDRESS) else {}
            )
            found.append({"name": f"station-{number}", **self.values.get("station", {}), **row, **merged})
            if len(rows) > 1 and "name" not in row:
                found[-1]["name"] = f"station-{number}"
        return found


def _has(table: Mapping[str, Any], key: str) -> bool:
    return table.get(key) not in (None, "")


def _over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Merge `own` over `base`; a camera's own address replaces that of the base, in whatever form."""
    if any(_has(own, key) for key in _CAMERA_ADDRESS):
        base = {key: value for key, value in base.items() if key not in _CAMERA_ADDRESS}
    return {**base, **own}


def _reason(item: Mapping[str, Any]) -> str:
    reason = item["msg"].removeprefix("Value error, ")
    return f"{reason[:1].lower()}{reason[1:]}"


def _without_nulls(value: Any) -> Any:
    """`value` without keys whose value is null: in JSON, null means the same as leaving the key out."""
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def _as_table(value: Any, key: str) -> Any:
    return {key: value} if isinstance(value, str) else value


def _as_camera(value: Any) -> Any:
    """Convert a camera given as one text or number, as in the original station, to a table."""
    if isinstance(value, str):
        return {"url" if "/" in value or "\\" in value else "host": value}
    return {"index": value} if isinstance(value, int) and not isinstance(value, bool) else value


def _as_reader(value: Any) -> Any:
    if isinstance(value, str):
        host, separator, port = value.rpartition(":")
        return {"host": host, "port": port} if separator and ":" not in host else {"host": value}
    return value


def _first_start(instance: Path, path: Path | None) -> None:
    try:
        make_folder(instance)
        if path is not None and not path.exists():
            replace_durably(path, template().replace("\n", os.linesep).encode())
            sync_folder(path.parent)
    except OSError as error:
        raise SettingsError(
            f"{instance}: cannot be written ({error.strerror}); choose another folder with --instance."
        ) from error
