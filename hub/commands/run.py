"""`python app.py run`, or no command: serve until a signal arrives."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hub.commands import workers
from hub.commands.check_config import check_tls
from hub.commands.command import INTERRUPTED_STATUS, Command, setting_flags
from hub.live.relay import RelayUnusable
from hub.runtime.collector import Collector
from hub.runtime.log_lines import JsonFormatter, LineFormatter
from hub.runtime.memory import forget_spawners, release_large_buffers
from hub.runtime.recent_lines import RecentLines
from hub.runtime.service_manager import ServiceManager
from hub.runtime.stop_request import end_on_request
from hub.runtime.worker_place import WorkerPlace, worker_place
from hub.settings.file import SettingsError, load
from hub.settings.model import Settings
from hub.store.errors import DatabaseError, StoreUnusable
from hub.store.instance_lock import FILE_NAME as LOCK_FILE
from hub.store.instance_lock import InstanceLock
from tools.boot.stop_request import StopRequest
from tools.logs.log_file import LogFile
from tools.signals import may_repeat, on_console_close, stop_signals

if TYPE_CHECKING:
    from hub.http.serving import Serving

log = logging.getLogger(__name__)

LINE = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
SWITCH_SECONDS = 0.0005  # the writer's thread and the event loop switch thousands of times a second


def run(options: argparse.Namespace) -> int:
    """Serve with the settings of the instance folder; the exit status. Raises SettingsError and InstanceInUse."""
    place, count = worker_place(), getattr(options, "workers", None)
    lock = InstanceLock(options.instance, place.file(LOCK_FILE))
    lock.acquire()
    try:
        if not place.is_worker:
            finish_restore(options.instance)
        settings = load(options.instance, setting_flags(options))
        check_tls(settings)
        if count is None or place.is_worker:
            return serve(settings, lock, place)
        workers.check(settings, count)
        start_logging(settings, place)
        return workers.supervise(settings, count)
    finally:
        lock.release()


def finish_restore(instance: Path) -> None:
    """Finish a restoration that was interrupted between the old data and the new. Raises SettingsError."""
    from hub.backup.switch import PLAN, finish

    if not (instance / PLAN).exists():
        return
    try:
        finish(instance)
    except (OSError, ValueError, LookupError) as error:
        raise SettingsError(
            f"{instance / PLAN}: a restoration was interrupted and cannot be finished ({error}); free what holds the "
            "files of the folder and start again."
        ) from error


def start_logging(settings: Settings, place: WorkerPlace) -> RecentLines:
    """Log to hub.log (rotated, UTF-8), and warnings to stderr; the newest lines in memory. Raises OSError."""
    config, root = settings.log, logging.getLogger()
    form = JsonFormatter() if config.format == "json" else LineFormatter(LINE)
    file = LogFile(
        settings.log_path.with_name(place.file(settings.log_path.name)),
        config.max_mb * 1024 * 1024,
        config.keep,
        config.max_days,
    )
    screen, recent = logging.StreamHandler(), RecentLines()
    for handler in (file, screen, recent):
        handler.setFormatter(form)
        root.addHandler(handler)
    screen.setLevel(logging.WARNING)
    root.setLevel(config.level)
    return recent


def serve(settings: Settings, lock: InstanceLock, place: WorkerPlace) -> int:
    """Serve until a signal arrives, then shut down: answer accepted requests, commit, close.

    `lock` is that of the instance folder, held already.
    """
    release_large_buffers()
    forget_spawners()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        settings.instance.mkdir(parents=True, exist_ok=True)
        recent = start_logging(settings, place)
        from hub import close, create_app

        app = create_app(settings, lock)
        app.extensions["gatehouse"].add(recent)
    except (StoreUnusable, RelayUnusable) as error:
        print(error, file=sys.stderr)
        return 1
    except (OSError, DatabaseError) as error:
        print(
            f"The instance folder {settings.instance} cannot be used ({error}); choose another with --instance "
            "or free it.",
            file=sys.stderr,
        )
        return 1
    from hub.http.server import ListenError
    from hub.http.serving import Serving

    serving = Serving(app, settings)
    _on_signals(serving)  # before hub.ready.json invites others to send one
    collector = Collector()
    collector.start()  # before anybody waits for an answer
    try:
        serving.start()
    except ListenError as error:
        print(error, file=sys.stderr)
        close(app)
        return 1
    if place.number <= 1:  # the others say the same
        with suppress(OSError):  # the screen may be a file on a full disk
            print(serving.announcement(), flush=True)
    manager = ServiceManager()
    supervisor = app.extensions["gatehouse"].supervisor
    supervisor.keep("collector", collector.run)
    if manager.ping_seconds:
        supervisor.keep("service manager", manager.keep_alive)
    if place.is_worker:
        supervisor.keep("input", _end_with_input, serving)
    else:
        supervisor.keep("stop request", end_on_request, StopRequest(settings.instance, "hub"), serving.end)
    manager.ready()
    try:
        serving.wait()
    finally:
        manager.stopping()
        serving.stop()
        close(app)
    log.info("The hub has ended.")
    return 0


def _end_with_input(serving: Serving) -> None:
    """Shut down when the input of this process ends: the one that supervises it has ended."""
    from gevent.os import make_nonblocking, nb_read

    make_nonblocking(0)
    while nb_read(0, 1):
        pass
    serving.end()


def _on_signals(serving: Serving) -> None:
    """Shut down on SIGINT, SIGTERM, SIGHUP (the terminal is closed) and Windows' Ctrl-Break; exit on a second one.

    The end of Windows' console window and of its session is the same request.
    """
    import gevent

    def on_signal(number: int) -> None:
        if serving.ending and not may_repeat(number):
            os._exit(INTERRUPTED_STATUS)
        serving.end()

    for number in stop_signals():
        gevent.signal_handler(number, on_signal, number)
    loop = gevent.get_hub().loop
    on_console_close(lambda: loop.run_callback_threadsafe(serving.end))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The number of processes."""
    parser.add_argument(
        "--workers",
        type=int,
        default=argparse.SUPPRESS,
        metavar="N",
        help="serve with N processes on the same ports, where PostgreSQL and Redis are used",
    )


COMMAND = Command("run", "serve until Ctrl-C (what happens without a command)", run, add_arguments)
