"""The command line of the agent. Heavy modules are imported on demand, so that `--help` is fast."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tools.boot.commands import add_arguments

if TYPE_CHECKING:
    from agent_lib.settings import AgentSettings

log = logging.getLogger(__name__)

_EPILOG = """\
python agent.py          run; without a configured station the simulated gate
python agent.py check    try hub, reader and cameras once and say what works
python agent.py pair --hub URL
                         ask a hub to let this agent in, show the code for its operator, and
                         write the token into agent.toml; a hub with a certificate of its
                         own authority: --hub https://... --ca FILE
python agent.py read IMAGE [IMAGE ...]
                         find and read the label in pictures or folders of pictures, one line
                         of JSON each; nothing runs or is written but what --annotate asks for
python agent.py install-service
                         start the agent with the machine, without a logged-in user, and now;
                         remove-service ends that
python agent.py stop     end the agent that runs on the folder, in order

Settings stand in agent.toml of the instance folder, written at the first start.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status: 0 success, 1 failure, 2 invalid flag or setting."""
    options = _options(argv)
    for stream in (sys.stdout, sys.stderr):
        # A Windows console may not support all characters; print what it supports.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        return _dispatch(options)
    except KeyboardInterrupt:
        # Ctrl-C before the signal handlers are installed, or during a check.
        return 130


def _dispatch(options: argparse.Namespace) -> int:
    from agent_lib.settings.file import load
    from agent_lib.settings.parse import SettingsError

    names = ("instance", "config", "hub", "ca", "simulate", "seed", "captures")
    flags = {key: getattr(options, key) for key in names}
    reads = options.command == "read"
    try:
        settings = load(flags, first_start=options.command not in _WITHOUT_WRITING)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    if reads:
        from agent_lib.commands.read import read

        return read(settings, options.images, options.annotate)
    if options.command in _SERVICE:
        from agent_lib.commands import service

        run = service.install_service if options.command == "install-service" else service.remove_service
        return run(settings, options)
    if options.command == "pair":
        from agent_lib.commands.pair import pair

        return pair(settings, lambda line: print(line, flush=True), new_ca=options.ca is not None)
    return _COMMANDS[options.command or "run"](settings)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    """The parsed options; pictures and flags may be in any order. Exits with status 2 if they do not fit."""
    parser = _parser()
    options = parser.parse_intermixed_args(argv)
    if options.command == "read" and not options.images:
        parser.error("read needs the name of a picture or folder")
    if options.command != "read" and (options.images or options.annotate is not None):
        parser.error(f"{options.images[0] if options.images else '--annotate'}: pictures go with the command read only")
    if options.command not in _SERVICE and any(vars(options).get(key) for key in ("name", "show", "user", "root")):
        parser.error("--name, --print, --user and --root go with install-service and remove-service only")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="agent.py",
        description="The station agent of Gatehouse.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "command",
        nargs="?",
        choices=["run", "check", "pair", "read", "stop", *_SERVICE],
        metavar="COMMAND",
        help="run (default), check, pair, read, stop, install-service or remove-service",
    )
    parser.add_argument("images", nargs="*", metavar="IMAGE", help="with read: pictures, or folders of them")
    parser.add_argument(
        "--annotate", metavar="DIR", help="with read: write each picture with what was found into this folder"
    )
    parser.add_argument("--instance", metavar="DIR", help="folder of the agent's data and settings (default: instance)")
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="settings file instead of DIR/agent.toml: TOML, or JSON of the original station",
    )
    parser.add_argument("--hub", metavar="URL", help="address of the hub (default: http://127.0.0.1:5000)")
    parser.add_argument(
        "--ca",
        metavar="FILE",
        help="authority of the hub's certificate (PEM), where it is not one that this machine trusts; pair keeps it",
    )
    parser.add_argument(
        "--simulate", action="store_true", default=None, help="run the simulated gate even where devices are configured"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="seed of the simulated vehicles")
    parser.add_argument(
        "--captures", type=_count, metavar="N", help="end after N captures, when the hub has every result"
    )
    add_arguments(parser.add_argument_group("flags of install-service and remove-service"))
    return parser


def _count(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError("must be a whole number from 1 on")
    return number


def _run(settings: AgentSettings) -> int:
    from agent_lib.commands.run import Agent
    from agent_lib.runtime.lock import InstanceBusy
    from agent_lib.runtime.log_setup import set_up_log
    from agent_lib.runtime.memory import release_large_buffers

    release_large_buffers()
    config = settings.log
    path = settings.instance / "agent.log"
    set_up_log(path, config.level, config.format, config.max_mb * 1_000_000, config.keep, config.max_days)
    for warning in settings.warnings:
        log.warning("%s", warning)
    agent = Agent(settings)
    agent.handle_signals()
    _print_summary(settings)
    try:
        status = agent.run()
    except (InstanceBusy, OSError) as error:
        print(error, file=sys.stderr)
        status = 1
    logging.shutdown()
    if threading.active_count() > 1:
        # A thread blocked in native code by a dead device would crash or delay the interpreter's shutdown.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status


def _check(settings: AgentSettings) -> int:
    from agent_lib.commands.check import check

    logging.basicConfig(level=logging.CRITICAL)
    print(f"Settings: {settings.config_path}", flush=True)
    for warning in settings.warnings:
        print(warning)
    if settings.simulated:
        print(_simulation_sentence(settings))
    works = check(settings, lambda line: print(line, flush=True))
    print("Everything works." if works else "Not everything works; see above.", flush=True)
    if threading.active_count() > 1:
        os._exit(0 if works else 1)
    return 0 if works else 1


def _stop(settings: AgentSettings) -> int:
    from agent_lib.commands.service import stop

    return stop(settings)


def _print_summary(settings: AgentSettings) -> None:
    hub = settings.hub
    print(
        f"Results go to {hub.websocket_url if hub.raw else hub.base}; settings: {settings.config_path}; log: "
        f"{settings.instance / 'agent.log'}",
        flush=True,
    )
    if settings.simulated:
        print(_simulation_sentence(settings), flush=True)
    for station in [] if settings.simulated else settings.stations:
        cameras = ", ".join(
            camera.address
            for camera in (station.camera, station.secondary_camera)
            if camera.configured and station.kind == "weighbridge"
        )
        reader = f"{station.rfid.host}:{station.rfid.port}" if station.rfid.configured else "none"
        print(f"Station {station.name} ({station.kind}): reader {reader}; cameras {cameras or 'none'}", flush=True)


def _simulation_sentence(settings: AgentSettings) -> str:
    if any(station.configured for station in settings.stations):
        return "The simulated gate runs, since that was asked for."
    path: Path = settings.config_path
    line = '"rfid": {"host": "192.168.1.2"}' if path.suffix.lower() == ".json" else 'host = "192.168.1.2"  under [rfid]'
    return f"No station is configured: this is the simulated gate. For a real reader write  {line}  in {path}"


_COMMANDS = {"run": _run, "check": _check, "stop": _stop}
_SERVICE = ("install-service", "remove-service")
_WITHOUT_WRITING = ("read", "stop", *_SERVICE)
