"""Generate the text of a new `agent.toml` and the documentation's table of settings from the declarations."""

from __future__ import annotations

import json

from agent_lib.settings.devices import CameraSettings, CaptureSettings, OcrSettings, RfidSettings, Section
from agent_lib.settings.model import AgentSettings, HubSettings, LogSettings, OutboxSettings, StationSettings

DEVICES: dict[str, type[Section]] = {
    "rfid": RfidSettings,
    "camera": CameraSettings,
    "secondary_camera": CameraSettings,
    "capture": CaptureSettings,
    "ocr": OcrSettings,
}
"""Tables of one station, at the top level or inside [[stations]]."""

TABLES: dict[str, type[Section]] = {**DEVICES, "hub": HubSettings, "outbox": OutboxSettings, "log": LogSettings}
STATION_KEYS = ("name", "kind")
TOP_KEYS = (
    "simulate",
    "simulate_pause",
    "seed",
    "simulate_fleet",
    "simulate_night",
    "simulate_scale_port",
    "simulate_register",
)


def template() -> str:
    """The text of a new `agent.toml`: every key with its help as a comment and its default."""
    lines = [
        "# Settings of the Gatehouse station agent. Change a value, save as UTF-8 and start the agent again.",
        "# `python agent.py check` tries hub, reader and cameras and says what works.",
        "",
    ]
    lines += _keys(AgentSettings, TOP_KEYS)
    lines += [
        "[station]",
        "# The name and kind of the station. For several stations use [[stations]] as shown at the end.",
        "",
    ]
    lines += _keys(StationSettings, STATION_KEYS)
    for section, model in TABLES.items():
        lines.append(f"[{section}]")
        if section == "secondary_camera":
            lines += [
                "# A second camera. What is not given here is taken from [camera], except the address (host, url, "
                "index).",
                "",
            ]
            lines += _keys(model, tuple(model.model_fields), live=("host", "url"))
        else:
            lines += [f"# {' '.join((model.__doc__ or '').split())}", ""]
            lines += _keys(model, tuple(model.model_fields))
    lines += [
        "# Several stations in one agent: one [[stations]] block each. The tables above are the defaults of all of "
        "them.",
        "#",
        "# [[stations]]",
        '# name = "east gate"',
        "# [stations.rfid]",
        '# host = "192.168.1.2"',
        "# [stations.camera]",
        '# host = "192.168.1.3"',
        "",
    ]
    return "\n".join(lines)


def _keys(model: type[Section], keys: tuple[str, ...], live: tuple[str, ...] | None = None) -> list[str]:
    lines = []
    for key in keys:
        field = model.model_fields[key]
        off = field.default is None or (live is not None and key not in live)
        value = json.dumps(0 if field.default is None else field.default, ensure_ascii=False)
        lines += [f"# {field.description}", f"{'# ' if off else ''}{key} = {value}", ""]
    return lines


def table() -> str:
    """The documentation's table of the agent's settings, in Markdown."""
    rows = [("", key, AgentSettings.model_fields[key]) for key in TOP_KEYS]
    rows += [("station", key, StationSettings.model_fields[key]) for key in STATION_KEYS]
    rows += [
        (section, key, field)
        for section, model in TABLES.items()
        if section != "secondary_camera"
        for key, field in model.model_fields.items()
    ]
    lines = ["| setting | default | what it does |", "|---|---|---|"]
    for section, key, field in rows:
        name = f"{section}.{key}" if section else key
        default = "" if field.default is None else f"`{json.dumps(field.default, ensure_ascii=False)}`"
        lines.append(f"| `{name}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"
