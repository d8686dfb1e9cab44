"""`python app.py check-config`: say whether the settings can be used."""

from __future__ import annotations

import argparse

from hub.commands.command import Command, setting_flags
from hub.settings.file import FILE_NAME, SettingsError, load
from hub.settings.model import Settings


def check_config(options: argparse.Namespace) -> int:
    """Print whether the settings can be used; 0. Raises SettingsError. Writes nothing."""
    check_tls(load(options.instance, setting_flags(options), write=False))
    path = options.instance / FILE_NAME
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


COMMAND = Command("check-config", "say whether the settings can be used, and end", check_config)
