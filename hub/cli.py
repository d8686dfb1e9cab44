"""The hub's command line: `python app.py [run | check-config | ...] [--instance DIR]`.

Each command is one function.
"""

from __future__ import annotations

import argparse
import io
import logging
import os
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.runtime.log_file import LogFile
from hub.runtime.log_lines import LineFormatter
from hub.runtime.memory import freeze_startup_objects, release_large_buffers
from hub.settings.file import FILE_NAME, SettingsError, load
from hub.settings.model import Settings
from hub.store.errors import DatabaseError
from hub.store.instance_lock import InstanceInUse, InstanceLock

if TYPE_CHECKING:
    from hub.http.serving import Serving

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent
USAGE_STATUS = 2
INTERRUPTED_STATUS = 130
SWITCH_SECONDS = 0.0005  # the writer's thread and the event loop switch thousands of times a second


def main(argv: list[str]) -> int:
    """Run a command; the exit status: 0 after an orderly end, 1 where the hub cannot run, 2 for invalid settings."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    options = _parser().parse_args(argv)
    flags = {"host": options.host, "port": options.port}
    lock = InstanceLock(options.instance)
    try:
        if options.command == "check-config":
            return check_config(options.instance, flags)
        if options.command == "check-models":
            return check_models(options.instance, flags)
        if options.command == "reset-password":
            return reset_password(options.instance, flags, " ".join(options.names))
        if options.command == "make-cert":
            return make_cert(options.instance, options.names)
        lock.acquire()
        settings = load(options.instance, flags)
        check_tls(settings)
        return run(settings, lock)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return USAGE_STATUS
    except InstanceInUse as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        lock.release()


def check_config(instance: Path, flags: Mapping[str, Any]) -> int:
    """Print whether the settings can be used; 0. Raises SettingsError. Writes nothing."""
    check_tls(load(instance, flags, write=False))
    path = instance / FILE_NAME
    print(f"{path} is in order." if path.exists() else f"{path} does not exist yet; the defaults hold.")
    return 0


def check_tls(settings: Settings) -> None:
    """Raise SettingsError where the certificate or its key cannot be used."""
    if not settings.uses_tls:
        return
    from hub.net.tls import server_context

    try:
        server_context(settings.tls_cert_path, settings.tls_key_path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SettingsError(
            f"tls_cert {settings.tls_cert_path} and tls_key {settings.tls_key_path} cannot be used ({reason}); make "
            "them with `python app.py make-cert`, or leave both settings empty."
        ) from error


def make_cert(instance: Path, names: list[str]) -> int:
    """Make the certificate of the hub for this machine's names and addresses, and for `names`; 0, or 1."""
    from hub.net.certificates import AUTHORITY, SERVER, SERVER_KEY, CertificateError, make_certificates
    from hub.net.own_addresses import network_addresses

    folder = instance / "tls"
    host = socket.gethostname()
    try:
        made = make_certificates(folder, ["localhost", host, *network_addresses(), "::1", *names])
    except CertificateError as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"{folder / SERVER} is valid for {', '.join(made)}.\n\n"
        f"1. Write these lines at the top of {instance / FILE_NAME}, and start the hub again:\n"
        f'     tls_cert = "tls/{SERVER}"\n     tls_key = "tls/{SERVER_KEY}"\n'
        f"2. Install {folder / AUTHORITY} as a trusted authority on every device that talks to the hub (docs/tls.md).\n"
        "3. Run this command again when names or addresses have changed, and within 825 days."
    )
    return 0


def check_models(instance: Path, flags: Mapping[str, Any]) -> int:
    """Try the models that find persons and tell them apart; 0 if all can be used, 1 if not, 130 after Ctrl-C.

    Raises SettingsError.
    """
    settings = load(instance, flags, write=False)
    from hub.vision.check import check_models as check

    try:
        return 0 if check(settings.vision, lambda line: print(line, flush=True)) else 1
    except KeyboardInterrupt:
        return INTERRUPTED_STATUS


def reset_password(instance: Path, flags: Mapping[str, Any], name: str) -> int:
    """Print a new password of an account, also while the hub runs; 0, or 1 where that is not possible.

    Raises SettingsError.
    """
    settings = load(instance, flags, write=False)
    from hub.accounts.reset import NoSuchAccount
    from hub.accounts.reset import reset_password as reset

    try:
        account, password = reset(settings.database_path, name)
    except NoSuchAccount as error:
        print(error, file=sys.stderr)
        return 1
    except (OSError, DatabaseError) as error:
        print(f"{settings.database_path} cannot be changed: {error}", file=sys.stderr)
        return 1
    print(f"The new password of {account}, shown this once:\n  {password}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="app.py", description="The Gatehouse hub.")
    parser.add_argument(
        "command",
        nargs="?",
        choices=["run", "check-config", "check-models", "reset-password", "make-cert"],
        default="run",
        help="run (default); check-config: say whether the settings can be used, and end; check-models: try the "
        "models of the section [vision], say time and memory, and end; reset-password: print a new password of the "
        "account NAME, and end; make-cert: make a TLS certificate, for further NAMEs and addresses as well, and end",
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="the account of reset-password; names and addresses of make-cert"
    )
    parser.add_argument(
        "--instance",
        type=Path,
        default=ROOT / "instance",
        metavar="DIR",
        help="folder of settings and data (default: instance)",
    )
    parser.add_argument("--host", metavar="H", help="address to listen on, over the setting `host`")
    parser.add_argument("--port", type=int, metavar="N", help="main port, over the setting `port`")
    return parser


def start_logging(settings: Settings) -> None:
    """Log to hub.log (rotated, UTF-8), and warnings to stderr. Raises OSError."""
    form = LineFormatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    file = LogFile(settings.log_path, maxBytes=settings.log.max_mb * 1024 * 1024, backupCount=5, encoding="utf-8")
    screen = logging.StreamHandler()
    for handler in (file, screen):
        handler.setFormatter(form)
        logging.getLogger().addHandler(handler)
    screen.setLevel(logging.WARNING)
    logging.getLogger().setLevel(settings.log.level)


def run(settings: Settings, lock: InstanceLock) -> int:
    """Serve until a signal arrives, then shut down: answer accepted requests, commit, close.

    `lock` is that of the instance folder, held already.
    """
    release_large_buffers()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        settings.instance.mkdir(parents=True, exist_ok=True)
        start_logging(settings)
        from hub import close, create_app

        app = create_app(settings, lock)
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
    try:
        serving.start()
    except ListenError as error:
        print(error, file=sys.stderr)
        close(app)
        return 1
    freeze_startup_objects()
    _on_signals(serving)
    with suppress(OSError):  # the screen may be a file on a full disk
        print(serving.announcement(), flush=True)
    try:
        serving.wait()
    finally:
        serving.stop()
        close(app)
    log.info("The hub has ended.")
    return 0


def _on_signals(serving: Serving) -> None:
    """Shut down on SIGINT, SIGTERM and Windows' Ctrl-Break; exit immediately on a second one."""
    import gevent

    def on_signal() -> None:
        if serving.ending:
            os._exit(INTERRUPTED_STATUS)
        serving.end()

    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            gevent.signal_handler(getattr(signal, name), on_signal)
